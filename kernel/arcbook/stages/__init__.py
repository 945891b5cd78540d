"""Declarations of the stage types, one file each, grouped in bundles found through entry points."""
