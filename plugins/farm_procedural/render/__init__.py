"""Rendering: a script and a frame number become planes of pixels.

Invariant: nothing here knows prompts or knowledge, and no frame knows another.
"""
