"""The Pulumi program: the guide's recommended architecture as Kubernetes resources."""
