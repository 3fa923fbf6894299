"""What surrounds the routes: client address, limits, problem documents, access log."""
