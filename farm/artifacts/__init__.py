"""Artifacts: immutable, content-addressed files, what they are, and how long they stay."""
