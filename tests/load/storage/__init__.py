"""What a mint, a caller and a pod leave behind: bytes in Postgres and its log, bytes in Redis, series in Prometheus."""
