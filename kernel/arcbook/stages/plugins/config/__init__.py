"""Plugins that compute values for `${name}` before anything else."""
