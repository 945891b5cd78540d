"""The `arc` kernel: a thin ipykernel subclass."""
