"""A film judged by its numbers: against a reference, and by itself.

Invariant: whatever is found is said with where it is, how much it is and how much was allowed.
"""
