"""Static SQL: references, rewriting, positions. Never needs an engine."""
