"""Backup and restore: all that the portal keeps, in one archive that fits any database."""
