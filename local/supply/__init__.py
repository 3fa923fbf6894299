"""What the images are made of: an SBOM of each, its licences, and what is known against it (docs/supply-chain.md)."""
