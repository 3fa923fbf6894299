"""The embedded one-node Kubernetes cluster: upstream components as processes in namespaces of their own."""
