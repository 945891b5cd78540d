"""The hub-side Python."""
