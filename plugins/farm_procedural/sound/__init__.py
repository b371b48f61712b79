"""Sound for a script: music, noise and hits that follow the picture to the frame.

Invariant: the samples depend on the script alone, and nothing heavy is imported from here.
"""
