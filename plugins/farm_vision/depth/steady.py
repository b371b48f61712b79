"""Maps that belong together: one scale for a shot, and no flicker along the motion.

Invariant: a map depends on the maps before it in its shot and never on another shot; what is metric
is never rescaled. Where the flow is not certain the past has no say, so nothing drags behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from farm.media.compiled import kernel
from farm.media.flow import Field, bilinear
from farm_vision.depth.frames import Estimate, Frame, Power

TYPICAL_M = 3.0
"""Median distance that a shot is given whose scale nobody knows."""
_RANGE_M = (1.0, 20.0)
"""Distances given to the nearest and farthest of a shot of which only the order is known."""


def steadied(
    pairs: Iterable[tuple[Frame, Estimate]], smoothing: float
) -> Iterator[tuple[Frame, Estimate]]:
    """The maps on one scale for each shot, smoothed along the motion."""
    before: Power | None = None
    free = ""
    for frame, estimate in pairs:
        power = np.maximum(estimate.power, np.float32(0.0))
        if before is None or frame.first or frame.back is None or estimate.free != free:
            # Another method within a shot starts from the range that the shot already has.
            power = _begun(power, estimate.free, None if frame.first else before)
        else:
            there = frame.there
            assert there is not None
            moved, sure = followed(before, frame.back, there)
            nearer = np.float32(estimate.approach)
            ratio, power = _aligned(power, moved, sure, estimate.free, nearer)
            moved = moved / np.maximum(1 - moved * nearer / ratio, np.float32(0.2))
            _blend(power, moved, sure, np.float32(smoothing))
        before, free = power, estimate.free
        yield frame, replace(estimate, power=power)


def followed(before: Power, back: Field, there: Field) -> tuple[Power, Power]:
    """The map before as it is seen now, and 0.0 to 1.0 how certain that is of each pixel."""
    moved, sure = np.empty_like(before), np.empty_like(before)
    _follow(before, back, there, moved, sure)
    return moved, sure


def _begun(power: Power, free: str, before: Power | None) -> Power:
    if free == "shift":
        low, high = np.percentile(power, (2, 98))
        near, far = (1 / metres for metres in _RANGE_M)
        if before is not None:
            far, near = np.percentile(before, (2, 98))
        scale = (near - far) / max(float(high - low), 1e-6)
        # Beyond what the range covers a linear map would pass infinity; it ends there.
        return np.maximum((power - low) * scale + far, np.float32(0)).astype(np.float32)
    if free == "scale":
        goal = float(np.median(before)) if before is not None else 1 / TYPICAL_M
        return (power * (goal / max(float(np.median(power)), 1e-6))).astype(np.float32)
    return power


def _aligned(
    power: Power, moved: Power, sure: Power, free: str, nearer: np.float32
) -> tuple[np.float32, Power]:
    """The factor to the scale of the map before, and the map on it.

    Medians and spreads, and no regression: that would shrink every map a little against noise, and
    a shot would go flat.
    """
    if not free:
        return np.float32(1), power
    known = sure > 0.5
    if np.count_nonzero(known) < 0.05 * known.size:
        known = np.ones_like(known)
    now, then = power[known], moved[known]
    if free == "scale":
        was = now / np.maximum(1 + now * nearer, np.float32(0.2))
        ratio = _bounded(float(np.median(then)) / max(float(np.median(was)), 1e-6))
        return ratio, power * ratio
    middle, goal = float(np.median(now)), float(np.median(then))
    spread = float(np.abs(now - middle).mean())
    ratio = _bounded(float(np.abs(then - goal).mean()) / spread if spread > 1e-6 else 1.0)
    level = (power - np.float32(middle)) * ratio + np.float32(goal)
    return ratio, np.maximum(level, np.float32(0))


def _bounded(ratio: float) -> np.float32:
    return np.float32(ratio if 1e-3 < ratio < 1e3 else 1.0)


@kernel
def _follow(before, back, there, moved, sure):
    height, width = before.shape
    one = np.float32(1.0)
    for row in range(height):
        for column in range(width):
            u, v = back[row, column, 0], back[row, column, 1]
            x, y = np.float32(column) + u, np.float32(row) + v
            moved[row, column] = bilinear(before, x, y)
            du = bilinear(there[:, :, 0], x, y) + u
            dv = bilinear(there[:, :, 1], x, y) + v
            off = du * du + dv * dv
            trust = one / (one + off * off * np.float32(16.0))
            if x < 0 or y < 0 or x > width - 1 or y > height - 1:
                trust = np.float32(0.0)
            sure[row, column] = trust


@kernel
def _blend(power, moved, sure, smoothing):
    """The past has less of a say the more the two differ: an edge in one of them is no flicker."""
    height, width = power.shape
    for row in range(height):
        for column in range(width):
            now, then = power[row, column], moved[row, column]
            apart = abs(now - then) / (np.float32(0.15) * max(now, then) + np.float32(1e-6))
            share = smoothing * sure[row, column] / (np.float32(1.0) + apart * apart)
            power[row, column] = now + share * (then - now)
