"""Hearing: what a sound does from frame to frame of a film."""
