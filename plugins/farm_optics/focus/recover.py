"""Sharpening of what a known lens blurred, as far as it goes.

Invariant: only the blur that the lens is known to have made is undone, and only up to the noise: what
the blur erased does not come back, and near edges in depth the result is left softer than elsewhere.

Source: N. Wiener's filter for a disc, at many sizes of blur between which each pixel is mixed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.light import Light
from farm_optics.focus.aperture import Aperture, disc

NOISE = 0.004
"""Power of the noise against that of the picture."""
LARGEST = 12.0
"""Radius in pixels above which nothing is left to bring back."""
_SIZES = (0.0, *(float(size) for size in np.geomspace(0.8, LARGEST, 36)))
"""So near to one another that mixing two does not make the ripples of a wrong size."""


def sharpened(light: Light, blur: NDArray[np.float32]) -> Light:
    """Light (3, H, W) with discs of radius ``abs(blur)``, pixels, undone."""
    size = np.minimum(np.abs(blur), np.float32(LARGEST))
    if float(size.max()) <= 0.5:
        return light
    pad = int(2 * LARGEST)
    padded = np.pad(light, ((0, 0), (pad, pad), (pad, pad)), mode="reflect")
    shape = padded.shape[1:]
    spectrum = np.fft.rfft2(padded)
    bins = np.searchsorted(np.array(_SIZES), size.ravel(), side="right").reshape(size.shape)
    out = np.zeros_like(light)
    for number, radius in enumerate(_SIZES):
        # A pixel belongs to the two sizes around its own, by how near it is to each.
        low = _SIZES[max(number - 1, 0)]
        high = _SIZES[min(number + 1, len(_SIZES) - 1)]
        rising = (size - np.float32(low)) / np.float32(max(radius - low, 1e-6))
        falling = (np.float32(high) - size) / np.float32(max(high - radius, 1e-6))
        weight = np.where(bins == number, rising, np.where(bins == number + 1, falling, 0))
        if number == len(_SIZES) - 1:
            weight = np.where(bins > number, np.float32(1), weight)
        if not weight.any():
            continue
        restored = light
        if radius:
            through = _through(radius, shape)
            inverse = through * (1 + NOISE) / (through * through + NOISE)
            restored = np.fft.irfft2(spectrum * inverse, shape)[:, pad:-pad, pad:-pad]
        out += weight.astype(np.float32) * restored.astype(np.float32)
    return np.maximum(out, np.float32(0))


def _through(radius: float, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """What a disc leaves of each frequency; real, for it is even."""
    rows, columns, weights = Aperture(disc()).blur(radius)
    spread = np.zeros((shape[0], shape[1] + 1))
    reach = int(radius) + 3
    dense = np.zeros((2 * reach + 1, 2 * reach + 2))
    dense[rows + reach, columns + reach] = weights
    small = np.cumsum(dense, axis=1)[:, : 2 * reach + 1]
    spread[: 2 * reach + 1, : 2 * reach + 1] = small
    rolled = np.roll(spread[:, : shape[1]], (-reach, -reach), axis=(0, 1))
    return np.fft.rfft2(rolled).real
