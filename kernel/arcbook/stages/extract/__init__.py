"""Stages that read outside data into views."""
