"""What a laptop or CI needs and a cloud already has: tools, a one-node cluster, images, and the stack `local` on it."""
