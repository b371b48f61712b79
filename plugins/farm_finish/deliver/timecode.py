"""Moments as timecodes.

Invariant: frame ``n`` is called ``n``: codes count frames and drop none, as editors read them at
whole rates.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil


def timecode(moment_s: Fraction, fps: Fraction) -> str:
    """``HH:MM:SS:FF`` of the frame shown at ``moment_s``, without dropped numbers."""
    base = max(1, ceil(fps))
    frame = round(moment_s * fps)
    seconds, frames = divmod(frame, base)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    digits = max(2, len(str(base - 1)))
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}:{frames:0{digits}d}"
