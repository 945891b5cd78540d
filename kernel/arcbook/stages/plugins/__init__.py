"""Declarations of the plugin types: those that compute values, and those that act around every stage."""
