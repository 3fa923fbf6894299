"""What a laptop or CI needs and a cloud already has: the tools, a one-node cluster, the images, and the stack `local` on it."""
