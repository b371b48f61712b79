"""Movement in closed form: curves of easing, waves, turns, and where a shot's clock stands.

Invariant: a value depends on the time alone, never on the frame before. Only exact arithmetic is
used (no library sine), so positions agree to the last bit on any machine.
"""

from __future__ import annotations

import math

from farm_procedural.script import Easing


def sway(turns: float) -> float:
    """A smooth wave in [-1, 1] with period 1, at rest at both ends of its swing (eased)."""
    x = turns - math.floor(turns + 0.5)
    y = 8.0 * x - 16.0 * x * abs(x)
    return 0.775 * y + 0.225 * y * abs(y)


def glide(t: float, period: float, phase: float) -> float:
    """Two waves of unrelated periods: wanders in [-1, 1] without repeating soon."""
    return 0.68 * sway(t / period + phase) + 0.32 * sway(t / (period * 0.618) + 1.7 * phase)


def direction(degrees: float) -> tuple[float, float]:
    """Cosine and sine of an angle, to 1e-9."""
    quarter = math.floor(degrees / 90.0 + 0.5)
    x = (degrees - 90.0 * quarter) * (math.pi / 180.0)
    s = x * x
    sin = x * (1 - s / 6 * (1 - s / 20 * (1 - s / 42 * (1 - s / 72 * (1 - s / 110)))))
    cos = 1 - s / 2 * (1 - s / 12 * (1 - s / 30 * (1 - s / 56 * (1 - s / 90 * (1 - s / 132)))))
    return ((cos, sin), (-sin, cos), (-cos, -sin), (sin, -cos))[quarter % 4]


def eased(easing: Easing, p: float) -> float:
    """Progress 0-1 as seen under an easing; it starts at 0 and ends at 1 (elastic overshoots)."""
    p = min(max(p, 0.0), 1.0)
    q = 1.0 - p
    if easing == "in":
        return p * p * p
    if easing == "out":
        return 1.0 - q * q * q
    if easing == "in-out":
        return p * p * p * (p * (6.0 * p - 15.0) + 10.0)
    if easing == "bounce":
        # Falls to its place and jumps twice more, each time lower.
        for start, width, height in ((0.0, 0.4, 1.0), (0.4, 0.35, 0.25), (0.75, 0.25, 0.06)):
            if p <= start + width:
                x = (p - start) / width
                return x * x if start == 0.0 else 1.0 - height * 4.0 * x * (1.0 - x)
        return 1.0
    if easing == "elastic":
        return 1.0 - q * q * q * (0.5 + 0.5 * sway(0.25 + 2.5 * p)) if p < 1.0 else 1.0
    if easing == "pulse":
        # Four steps, each with a soft landing.
        step = math.floor(4.0 * p)
        x = 4.0 * p - step
        return min((step + x * x * (3.0 - 2.0 * x)) / 4.0, 1.0)
    return p


def beat(t: float, bpm: float) -> float:
    """How hard the pulse hits at ``t`` s of the film: 1 on the beat, then dying away; 0 for none."""
    if bpm <= 0.0:
        return 0.0
    x = t * bpm / 60.0
    rest = 1.0 - (x - math.floor(x))
    return rest * rest * rest


def swelled(t: float, length: float, start: float, stop: float, easing: Easing) -> float:
    """Seconds of movement gone by at ``t`` of a shot that swells from one energy to another.

    The speed is never negative; a shot of even energy and linear easing runs at its own clock.
    """
    p = t / length if length > 0 else 0.0
    steady = t * (start + (stop - start) * 0.5 * p)
    if easing == "linear":
        return steady
    mean = 0.5 * (start + stop) * length
    return 0.55 * steady + 0.45 * mean * (eased(easing, p) if p < 1.0 else p)
