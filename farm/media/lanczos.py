"""Resizing with Lanczos's filter, and sharpening that draws no halos.

Invariant: a flat picture stays flat to the bit of float32, and no enlarged value lies further
outside those of its nearest source pixels than a small share of their range.

Source of the filter: C. Duchon, "Lanczos Filtering in One and Two Dimensions", 1979.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.light import Light

LOBES = 3
HALO = np.float32(0.08)
"""Share of the range of the nearest source pixels by which a value may leave it."""
Indices = NDArray[np.int32]


@lru_cache(maxsize=16)
def taps(size: int, target: int, scale: float, shift: float) -> tuple[Indices, Light]:
    """Source indices int32 (target, taps) and weights float32 (target, taps) that sum to one.

    Output ``i`` lies at ``(i + 0.5) / scale - 0.5 + shift`` of the source, whose edge is repeated.
    """
    reach = LOBES * max(1.0, 1.0 / scale)
    places = (np.arange(target) + 0.5) / scale - 0.5 + shift
    first = np.floor(places - reach).astype(int) + 1
    at = first[:, None] + np.arange(2 * int(np.ceil(reach)))
    away = (at - places[:, None]) * min(1.0, scale)
    weights = np.where(np.abs(away) < LOBES, np.sinc(away) * np.sinc(away / LOBES), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.clip(at, 0, size - 1).astype(np.int32), weights.astype(np.float32)


def resized(
    plane: Light, width: int, height: int, shift: tuple[float, float] = (0.0, 0.0)
) -> Light:
    """A float32 plane at another size. shift : in source pixels, across and down."""
    rows, columns = plane.shape
    across = taps(columns, width, width / columns, shift[0])
    down = taps(rows, height, height / rows, shift[1])
    wide = np.empty((rows, width), np.float32)
    _across(plane, wide, *across)
    out = np.empty((height, width), np.float32)
    _down(wide, out, *down)
    return out


def sharpened(luma: Light, source: Light, amount: float) -> Light:
    """The change that makes an enlarged luma plane crisp, float32 of its shape.

    source : the luma before it was enlarged; its nearest pixels bound what may come out.
    """
    change = np.empty_like(luma)
    step = max(1, round(luma.shape[1] / source.shape[1] / 2))
    low, high = np.empty_like(source), np.empty_like(source)
    _bounds(source, low, high)
    _sharpen(luma, low, high, np.float32(amount), step, change)
    return change


@kernel
def _across(plane, out, at, weights):
    count = at.shape[1]
    for row in range(plane.shape[0]):
        for column in range(len(at)):
            total = np.float32(0.0)
            for tap in range(count):
                total += weights[column, tap] * plane[row, at[column, tap]]
            out[row, column] = total


@kernel
def _down(plane, out, at, weights):
    width = plane.shape[1]
    for row in range(len(at)):
        line = out[row]
        line[:] = np.float32(0.0)
        for tap in range(at.shape[1]):
            weight, source = weights[row, tap], plane[at[row, tap]]
            for column in range(width):
                line[column] += weight * source[column]


@kernel
def _bounds(source, low, high):
    height, width = source.shape
    for row in range(height):
        above, below = max(row - 1, 0), min(row + 1, height - 1)
        for column in range(width):
            left, right = max(column - 1, 0), min(column + 1, width - 1)
            least = most = source[row, column]
            for y in range(above, below + 1):
                for x in range(left, right + 1):
                    value = source[y, x]
                    least = value if value < least else least
                    most = value if value > most else most
            low[row, column] = least
            high[row, column] = most


@kernel
def _sharpen(luma, low, high, amount, step, change):
    height, width = luma.shape
    rows, columns = low.shape
    quarter, half = np.float32(0.25), np.float32(0.5)
    nearest = np.empty(width, np.int32)
    for column in range(width):
        nearest[column] = min((2 * column + 1) * columns // (2 * width), columns - 1)
    for row in range(height):
        above, below = luma[max(row - step, 0)], luma[min(row + step, height - 1)]
        line = luma[row]
        source = min((2 * row + 1) * rows // (2 * height), rows - 1)
        soft = np.empty(width, np.float32)
        for column in range(width):
            soft[column] = quarter * (above[column] + below[column]) + half * line[column]
        for column in range(width):
            left, right = soft[max(column - step, 0)], soft[min(column + step, width - 1)]
            blur = quarter * (left + right) + half * soft[column]
            value = line[column] + amount * (line[column] - blur)
            least, most = low[source, nearest[column]], high[source, nearest[column]]
            slack = HALO * (most - least)
            value = min(max(value, least - slack), most + slack)
            change[row, column] = value - line[column]
