"""One module per magic, named after it. Its docstring is the magic's help page, `run` is what it does."""
