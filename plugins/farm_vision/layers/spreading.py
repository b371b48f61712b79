"""Known values spread over what is not known: smooth, and quick for holes of any size.

Invariant: a known value is not changed; what is spread lies within the known values.

Push and pull over a pyramid: S. Gortler et al., "The Lumigraph", 1996, section 3.4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.boxes import boxed
from farm.media.compiled import kernel
from farm.media.flow import bilinear

Values = NDArray[np.float32]

_RIM = 6
"""Pixels to both sides of the edge of a hole whose tones are compared."""
_TONE = np.float32(40)
_LEAST = np.float32(0.02)


def spread(values: Values, known: NDArray[np.bool_]) -> Values:
    """float32 (C, H, W) with every pixel that is not known filled; zeros if none is known."""
    weight = known.astype(np.float32)
    return _filled(values * weight, weight)


def toned(picture: Values, hole: NDArray[np.bool_]) -> Values:
    """A hole float32 (3, H, W), 0 to 255, that was filled with texture, brought to the tone of what
    lies around it. A large difference is another thing, and stays."""
    inside = hole.astype(np.float32)
    share = boxed(inside, _RIM)
    rim = hole & (share < 1 - _LEAST)
    if not rim.any():
        return picture
    steps = []
    for plane in picture:
        within = boxed(plane * inside, _RIM) / np.maximum(share, _LEAST)
        beyond = boxed(plane * (1 - inside), _RIM) / np.maximum(1 - share, _LEAST)
        apart = beyond - within
        steps.append(np.where(np.abs(apart) < _TONE, apart, 0))
    change = spread(np.stack(steps).astype(np.float32), rim)
    return np.where(hole, picture + change, picture).astype(np.float32)


def _filled(sums: Values, weight: Values) -> Values:
    """sums : values times their weight, 0 to 1. Values where the weight is 1, else mixed."""
    means = sums / np.maximum(weight, np.float32(1e-6))
    if weight.min() >= 1 or max(weight.shape) <= 1:
        return means
    coarse = _filled(_halved(sums), _halved(weight[None])[0])
    out = np.empty_like(means)
    _push(means, weight, coarse, out)
    return out


def _halved(planes: Values) -> Values:
    """Mean of each block of four, and for weights at most what full blocks have, at least a little
    more than nothing where one is known: so that one known pixel counts as known soon."""
    count, height, width = planes.shape
    even = np.zeros((count, (height + 1) // 2 * 2, (width + 1) // 2 * 2), np.float32)
    even[:, :height, :width] = planes
    return (
        even[:, ::2, ::2] + even[:, 1::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, 1::2]
    ) * np.float32(0.25)


@kernel
def _push(means, weight, coarse, out):
    height, width = weight.shape
    half, one, four = np.float32(0.5), np.float32(1.0), np.float32(4.0)
    for row in range(height):
        y = (np.float32(row) + half) * half - half
        for column in range(width):
            x = (np.float32(column) + half) * half - half
            share = min(weight[row, column] * four, one) if weight[row, column] < one else one
            for channel in range(means.shape[0]):
                value = means[channel, row, column]
                if share < one:
                    wide = bilinear(coarse[channel], x, y)
                    value = share * value + (one - share) * wide
                out[channel, row, column] = value
