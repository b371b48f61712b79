"""Colours for places that nobody has seen, from those around them.

Invariant: what is known stays to the bit; what is not is a mean of what is known near it, so that
there is never a hole.

The push and pull of S. Gortler et al., "The Lumigraph", 1996: ever coarser means downwards, and upwards
again where finer ones are missing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.light import Light

_LARGEST_HOLE = 0.04
"""Share of a character up to which a gap in its matte is a hole."""


def filled(light: Light, known: NDArray[np.bool_]) -> Light:
    """Light (C, H, W) whose unknown pixels flow in from the known ones (H, W)."""
    if known.all():
        return light
    weight = known.astype(np.float32)
    if not known.any():
        return np.broadcast_to(light.mean(axis=(1, 2), keepdims=True), light.shape).astype(
            np.float32
        )
    smooth = _pulled(light * weight, weight)
    return np.where(known, light, smooth).astype(np.float32)


def _pulled(total: Light, weight: NDArray[np.float32]) -> Light:
    height, width = weight.shape
    if min(height, width) < 2 or weight.all():
        return total / np.maximum(weight, np.float32(1e-9))
    even = ((0, height % 2), (0, width % 2))
    small, less = _quartered(np.pad(total, ((0, 0), *even))), _quartered(np.pad(weight, even)[None])
    # A square that is full counts as one pixel: else what is wide would outweigh what is close.
    scale = np.where(less > 1, 1 / np.maximum(less, np.float32(1e-9)), 1).astype(np.float32)
    coarse = _doubled(_pulled(small * scale, (less * scale)[0]))[:, :height, :width]
    return (total + (1 - np.minimum(weight, 1)) * coarse) / (weight + 1 - np.minimum(weight, 1))


def _quartered(values: Light) -> Light:
    return values[:, ::2, ::2] + values[:, 1::2, ::2] + values[:, ::2, 1::2] + values[:, 1::2, 1::2]


def _doubled(values: Light) -> Light:
    """Twice the size, evenly between the pixels."""
    for axis in (1, 2):
        count = values.shape[axis]
        before = values.take(np.maximum(np.arange(count) - 1, 0), axis)
        after = values.take(np.minimum(np.arange(count) + 1, count - 1), axis)
        shape = list(values.shape)
        shape[axis] *= 2
        pair = [0.75 * values + 0.25 * before, 0.75 * values + 0.25 * after]
        values = np.stack(pair, axis + 1).reshape(shape).astype(np.float32)
    return values


def without_holes(alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """A matte (H, W) whose small gaps are closed that neither the sides nor the top of the picture
    lead to."""
    outside = np.zeros(alpha.shape, np.uint8)
    _reach(alpha, outside)
    gaps = (outside == 0) & (alpha < 0.95)
    if not 0 < gaps.sum() < _LARGEST_HOLE * alpha.sum():
        return alpha
    return np.where(gaps, np.float32(1), alpha)


@kernel
def _reach(alpha, outside):
    """outside: 1 where a way over what is not solid leads from the sides or the top."""
    height, width = alpha.shape
    limit = np.float32(0.95)
    for row in range(height):
        for column in range(width):
            edge = row == 0 or column == 0 or column == width - 1
            if edge and alpha[row, column] < limit:
                outside[row, column] = 1
    grows = True
    turn = 0
    while grows:
        grows = False
        for down in range(height):
            row = down if turn % 2 == 0 else height - 1 - down
            for along in range(width):
                column = along if turn % 4 < 2 else width - 1 - along
                if outside[row, column] or alpha[row, column] >= limit:
                    continue
                near = row > 0 and outside[row - 1, column]
                near = near or (row < height - 1 and outside[row + 1, column])
                near = near or (column > 0 and outside[row, column - 1])
                if near or (column < width - 1 and outside[row, column + 1]):
                    outside[row, column] = 1
                    grows = True
        turn += 1
