"""Grading: a film's colours through corrections and a look-up table, and grain over them.

Invariant: a grade that changes nothing gives the pictures back to the bit, tagged as what they are.
"""
