"""Normalising: any readable media as the farm's inter-stage media.

Invariant: what leaves here has a constant rate, square pixels, an even size, stands upright, is
progressive, SDR and tagged BT.709; whatever was changed on the way is written down.
"""
