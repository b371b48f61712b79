"""Several finishing steps in one pass: decoded once, encoded once.

Invariant: the frames are those that the steps would have given one after another, with files
between them.
"""
