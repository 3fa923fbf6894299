"""What a new user does, done for real: the commands of docs/getting-started.md, in a clean clone."""
