"""The rules of minting, free of HTTP and of the database."""
