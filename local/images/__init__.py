"""The container images: one Debian base, and every image of the bundle on it or on nothing at all."""
