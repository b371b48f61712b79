"""Movement in closed form: where the camera and the lights are at a time.

Invariant: a position depends on the time and on the look, never on the frame before. Only exact
arithmetic is used, so positions agree to the last bit on any machine.
"""

from __future__ import annotations

import math


def sway(turns: float) -> float:
    """A smooth wave in [-1, 1] with period 1, at rest at both ends of its swing (eased)."""
    x = turns - math.floor(turns + 0.5)
    y = 8.0 * x - 16.0 * x * abs(x)
    return 0.775 * y + 0.225 * y * abs(y)


def glide(t: float, period: float, phase: float) -> float:
    """Two waves of unrelated periods: wanders in [-1, 1] without repeating soon."""
    return 0.68 * sway(t / period + phase) + 0.32 * sway(t / (period * 0.618) + 1.7 * phase)
