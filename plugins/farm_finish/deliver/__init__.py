"""Delivery: what a film leaves the farm as, from codecs and ladders to contact sheets.

Invariant: whatever form is asked for, the pictures are upright, in the colours that were meant, one
for each moment of a constant rate; and the bytes depend on the film and the parameters alone.
"""
