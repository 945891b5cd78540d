"""Stages that make views from views."""
