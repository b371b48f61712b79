"""Sparse or noisy maps made whole without crossing the edges of a picture.

Invariant: every value that comes out is a mean of values that went in, so no map leaves its range.

Source: E. Gastal and M. Oliveira, "Domain Transform for Edge-Aware Image and Video Processing",
2011 (its recursive filter), on weights and weighted values, which makes it a completion as well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel

Values = NDArray[np.float32]
_ROUNDS = 3
_LEAST = np.float32(1e-6)


def spread(values: Values, weights: Values, grey: Values, reach: float, tone: float) -> Values:
    """Weighted means along the picture. reach : pixels; tone : levels of grey that are an edge."""
    mass = weights.astype(np.float32) + _LEAST * _LEAST
    total = (values * mass).astype(np.float32)
    across = 1 + reach / tone * np.abs(np.diff(grey, axis=1, prepend=grey[:, :1]))
    down = 1 + reach / tone * np.abs(np.diff(grey, axis=0, prepend=grey[:1]))
    for turn in range(_ROUNDS):
        sigma = reach * np.sqrt(3.0) * 2 ** (_ROUNDS - turn - 1) / np.sqrt(4**_ROUNDS - 1)
        fall = np.float32(np.exp(-np.sqrt(2.0) / sigma))
        for plane in (total, mass):
            _along(plane, np.power(fall, across, dtype=np.float32))
            _down(plane, np.power(fall, down, dtype=np.float32))
    return (total / np.maximum(mass, _LEAST * _LEAST)).astype(np.float32)


@kernel
def _along(plane, fall):
    height, width = plane.shape
    for row in range(height):
        for column in range(1, width):
            rest = plane[row, column - 1] - plane[row, column]
            plane[row, column] += fall[row, column] * rest
        for column in range(width - 2, -1, -1):
            rest = plane[row, column + 1] - plane[row, column]
            plane[row, column] += fall[row, column + 1] * rest


@kernel
def _down(plane, fall):
    height, width = plane.shape
    for row in range(1, height):
        for column in range(width):
            rest = plane[row - 1, column] - plane[row, column]
            plane[row, column] += fall[row, column] * rest
    for row in range(height - 2, -1, -1):
        for column in range(width):
            rest = plane[row + 1, column] - plane[row, column]
            plane[row, column] += fall[row + 1, column] * rest


def crisp(power: Values, grey: Values, reach: int, tone: float) -> Values:
    """A map whose ramps at edges become steps where the picture has its own.

    Near a jump a pixel joins the near or the far side, as those around that look like it do.
    """
    out = power
    for _ in range(2):
        made = np.empty_like(out)
        _vote(out, grey, reach, np.float32(1 / (2 * tone * tone)), made)
        out = made
    return out


@kernel
def _vote(power, grey, reach, fall, out):
    height, width = power.shape
    least, jump = np.float32(1e-6), np.float32(1.25)
    for row in range(height):
        for column in range(width):
            own = power[row, column]
            low, high = own, own
            for dy in range(-reach, reach + 1):
                y = min(max(row + dy, 0), height - 1)
                for dx in range(-reach, reach + 1):
                    x = min(max(column + dx, 0), width - 1)
                    low, high = min(low, power[y, x]), max(high, power[y, x])
            if high <= jump * max(low, least):
                out[row, column] = own
                continue
            middle = np.sqrt(max(low, least) * high)
            far, near = np.float32(0.0), np.float32(0.0)
            of_far, of_near = np.float32(0.0), np.float32(0.0)
            for dy in range(-reach, reach + 1):
                y = min(max(row + dy, 0), height - 1)
                for dx in range(-reach, reach + 1):
                    x = min(max(column + dx, 0), width - 1)
                    value, apart = power[y, x], grey[y, x] - grey[row, column]
                    # Ramps have no say: the nearer a value is to either end, the surer its side.
                    side = (value - middle) / (high - middle if value > middle else middle - low)
                    away = np.float32(dy * dy + dx * dx) / np.float32(reach * reach)
                    weight = np.exp(-apart * apart * fall - away) * side * side
                    if value > middle:
                        near += weight
                        of_near += weight * value
                    else:
                        far += weight
                        of_far += weight * value
            if near + far < least:
                out[row, column] = own
            elif near > far:
                out[row, column] = of_near / near
            else:
                out[row, column] = of_far / far
