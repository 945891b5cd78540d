"""Arc's typing schemas, and their compilation to SQL expressions."""
