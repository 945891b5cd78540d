"""Journal, record, resume; papermill's engine and translator for arc notebooks."""
