"""The restore drill: a second database cluster from the backups of the first, compared with it, and removed again."""
