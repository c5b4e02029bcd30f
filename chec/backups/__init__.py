"""Backups of the database, and putting one back: all of it or nothing, with its trail."""
