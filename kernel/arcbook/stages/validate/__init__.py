"""Stages that fail the job when a condition does not hold."""
