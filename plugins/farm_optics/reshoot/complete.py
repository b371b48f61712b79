"""What no sheet covers, completed from what lies around it.

Invariant: pixels that are known are never changed; far ones count for more than near ones, because what
comes into view behind a thing belongs to what is behind.

Source: S. Gortler et al., "The Lumigraph", 1996 (push-pull).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.light import Light

Power = NDArray[np.float32]


def completed(light: Light, known: NDArray[np.bool_], power: Power) -> Light:
    """The light (3, H, W) with every pixel that is not ``known`` made up."""
    if known.all() or not known.any():
        return light
    far = np.percentile(power[known], 10) + 1e-4
    weight = np.where(known, (far / np.maximum(power, far)) ** 3, 0).astype(np.float32)
    made = _pushed(light * weight, weight)
    return np.where(known, light, made).astype(np.float32)


def _pushed(total: Light, weight: Power) -> Light:
    """Means of a square where there is no weight of a pixel's own, from ever wider squares."""
    height, width = weight.shape
    if min(height, width) < 2 or weight.all():
        return total / np.maximum(weight, np.float32(1e-9))
    even = ((0, height % 2), (0, width % 2))
    sums, mass = np.pad(total, ((0, 0), *even)), np.pad(weight, even)
    small = _quartered(sums)
    less = _quartered(mass[None])[0]
    # A square that is full counts as one pixel: else what is wide would outweigh what is close.
    scale = np.where(less > 1, 1 / np.maximum(less, np.float32(1e-9)), 1).astype(np.float32)
    coarse = _doubled(_pushed(small * scale, less * scale))[:, :height, :width]
    share = np.minimum(weight, 1)
    return (total + (1 - share) * coarse) / (weight + 1 - share)


def _quartered(values: Light) -> Light:
    return values[:, ::2, ::2] + values[:, 1::2, ::2] + values[:, ::2, 1::2] + values[:, 1::2, 1::2]


def _doubled(values: Light) -> Light:
    """Twice the size, evenly between the pixels."""
    for axis in (1, 2):
        before = np.concatenate([values.take([0], axis), values], axis).take(
            range(values.shape[axis]), axis
        )
        after = np.concatenate([values, values.take([-1], axis)], axis).take(
            range(1, values.shape[axis] + 1), axis
        )
        early, late = 0.75 * values + 0.25 * before, 0.75 * values + 0.25 * after
        shape = list(values.shape)
        shape[axis] *= 2
        values = np.stack([early, late], axis + 1).reshape(shape).astype(np.float32)
    return values
