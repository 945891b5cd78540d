"""Stages that write views outside."""
