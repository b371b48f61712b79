"""Means over squares around each pixel, at a cost that does not grow with the square.

Invariant: squares are cut at the edges of the picture, so a flat picture stays flat.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel


def boxed(plane: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """float32 (H, W): the mean of the (2 radius + 1) squared pixels around each pixel."""
    out = np.empty(plane.shape, np.float32)
    means(np.ascontiguousarray(plane, np.float32), radius, out)
    return out


@kernel
def means(plane, radius, out):
    """The same for kernels: from float32 (H, W) into ``out``."""
    height, width = plane.shape
    # In float64: sums that slide over a picture would drift in float32.
    sums = np.zeros(width, np.float64)
    for row in range(-radius, height):
        enters, leaves = row + radius, row - radius - 1
        if 0 <= enters < height:
            for column in range(width):
                sums[column] += plane[enters, column]
        if leaves >= 0:
            for column in range(width):
                sums[column] -= plane[leaves, column]
        if row < 0:
            continue
        high = min(row + radius, height - 1) - max(row - radius, 0) + 1
        total = 0.0
        for column in range(min(radius, width)):
            total += sums[column]
        for column in range(width):
            if column + radius < width:
                total += sums[column + radius]
            if column - radius - 1 >= 0:
                total -= sums[column - radius - 1]
            wide = min(column + radius, width - 1) - max(column - radius, 0) + 1
            out[row, column] = np.float32(total / (wide * high))
