"""Text to instruction: what a prompt asks for, with the words that decided it.

Invariant: pure functions of the text and of the learned words handed in; standard library only.
"""
