"""Tests of the kernel, each in a process of its own."""
