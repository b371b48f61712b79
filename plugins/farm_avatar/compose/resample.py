"""A part of a picture at another size, its edges anywhere between two pixels.

Invariant: a flat picture stays flat, moves of less than a pixel are seen, and nothing flickers when
a picture is made smaller: every source pixel under a target pixel counts.

The filter is a triangle as wide as the larger of the two pixels.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm_avatar.compose.planes import Plane, Planes

Window = tuple[float, float, float, float]
"""x, y, width, height of a part, in pixels of the source."""


def resample(source: Planes, window: Window, target: Planes) -> None:
    """Write the part ``window`` of ``source`` to all of ``target``."""
    x, y, width, height = window
    for number, (plane, out) in enumerate(zip(source, target, strict=True)):
        shrink = 0.5 if number else 1.0
        across = _taps(plane.shape[1], out.shape[1], x * shrink, width * shrink)
        down = _taps(plane.shape[0], out.shape[0], y * shrink, height * shrink)
        _plane(plane, out, *across, *down)


def scaled(plane: Plane, size: tuple[int, int]) -> Plane:
    """One whole plane at another size (width, height)."""
    out = np.empty((size[1], size[0]), np.uint8)
    across = _taps(plane.shape[1], size[0], 0.0, float(plane.shape[1]))
    down = _taps(plane.shape[0], size[1], 0.0, float(plane.shape[0]))
    _plane(plane, out, *across, *down)
    return out


@lru_cache(maxsize=32)
def _taps(
    size: int, target: int, start: float, length: float
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """First source index int32 (target,) and weights float32 (target, taps) that sum to one."""
    scale = length / target
    reach = max(1.0, scale)
    middles = start + (np.arange(target) + 0.5) * scale - 0.5
    count = min(size, int(np.ceil(2 * reach)) + 1)
    first = np.clip(np.floor(middles - reach).astype(int) + 1, 0, size - count)
    at = first[:, None] + np.arange(count)
    # A middle beyond the edge takes the edge itself.
    inside = np.clip(middles, 0, size - 1)
    weights = np.maximum(0.0, 1.0 - np.abs(at - inside[:, None]) / reach)
    weights /= weights.sum(axis=1, keepdims=True)
    return first.astype(np.int32), weights.astype(np.float32)


@kernel
def _plane(source, out, lefts, across, tops, down):
    rows, columns = out.shape
    high = down.shape[1]
    begin, end = tops[0], tops[rows - 1] + high
    wide = np.empty((end - begin, columns), np.float32)
    taps = across.shape[1]
    for row in range(begin, end):
        line = source[row]
        for column in range(columns):
            left = lefts[column]
            total = np.float32(0.0)
            for tap in range(taps):
                total += across[column, tap] * np.float32(line[left + tap])
            wide[row - begin, column] = total
    total_line = np.empty(columns, np.float32)
    for row in range(rows):
        total_line[:] = np.float32(0.5)
        top = tops[row] - begin
        for tap in range(high):
            weight = down[row, tap]
            for column in range(columns):
                total_line[column] += weight * wide[top + tap, column]
        for column in range(columns):
            out[row, column] = np.uint8(total_line[column])
