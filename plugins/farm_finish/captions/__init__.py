"""Captions: speech to timed words, words to cues, cues into files, pictures and tracks.

Invariant: a cue says when it is shown in whole milliseconds after the first picture of the film, and
nothing that comes after its making moves it.
"""
