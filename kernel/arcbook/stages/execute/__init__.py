"""Stages that act without making a view."""
