"""Tests of the magics and what they show."""
