"""Extraction: any film becomes numbers of one documented schema.

Invariant: what is measured depends on the decoded pixels and samples alone, never on the number of
threads or on how the film was made.
"""
