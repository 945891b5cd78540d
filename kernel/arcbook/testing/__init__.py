"""Tests of jobs: rows in place of stages, expected rows, and the stages between them run on one warm engine."""
