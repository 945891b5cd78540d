"""The command `arcbook`: one module per command, found by name."""
