"""Vocabulary shared by every part: places, problems, failures, settings, masking. Imports only the standard library."""
