"""Making a test of what a stage did: its input rows, fewer and masked, and what came of them."""
