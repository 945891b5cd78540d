"""Folders that files are written into: on this machine, and on S3."""
