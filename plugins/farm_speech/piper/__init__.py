"""Piper, in a process of its own."""
