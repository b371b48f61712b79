"""Creation: an instruction, and what was learned, become a film on paper.

Invariant: pure and light; nothing in here reads a file, a clock or a random source.
"""
