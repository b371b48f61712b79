"""Learning: what films turned out to be like, kept with names, and used by the next one.

Invariant: what is learned is only ever added, under names that follow from its content, so that any
number of engines may learn at once without losing or doubling anything.
"""
