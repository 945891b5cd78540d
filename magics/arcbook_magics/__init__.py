"""The IPython extension: `%load_ext arcbook_magics`."""
