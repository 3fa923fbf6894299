"""The pinned tools of the embedded cluster and of Pulumi, built from Go modules where PATH does not have them."""
