"""The film's grade as tables: tone, lift, gamma, gain and contrast of each channel in one step.

Invariant: a table is rounded well above the last bit of the C library's power, so the same grade
is the same table on any machine; tables never fall from one entry to the next.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm_procedural.colour import Lab, from_light, light
from farm_procedural.script import Grade

F32 = NDArray[np.float32]
SHIFT = 14
"""Bits of a float32 that one entry covers: 512 entries for each doubling of light."""
LEAST, MOST = 2.0**-13, 5.99
"""Linear light of the first and the last entry; what is beyond is as black, or as white."""
DARKEST = 0x39000000
"""The bits of ``LEAST``."""
_ENTRIES = 7936
# Linear light to what the film shows of it: highlights bend, nothing clips before 5.2.
_SHOULDER, _KNEE = 0.16, 0.62


def curves(grade: Grade) -> F32:
    """R'G'B' in 0-255, float32 (3, entries), by the bits of linear light as a float32.

    Light ``x`` within ``LEAST`` and ``MOST`` is at entry ``(bits(x) - DARKEST) >> SHIFT``.
    """
    bits = ((np.arange(_ENTRIES) << SHIFT) + (1 << SHIFT - 1) + DARKEST).astype(np.uint32)
    x = bits.view(np.float32).astype(np.float64)
    x[0] = 0.0
    x = np.minimum(x * (1.0 + _SHOULDER * x) / (1.0 + _KNEE * x), 1.0)
    tone = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)
    rows = []
    for lift, gamma, gain in zip(grade.lift, grade.gamma, grade.gain, strict=True):
        row = np.maximum(gain * tone + lift * (1.0 - tone), 0.0)
        row = np.minimum(row, 1.0) ** (1.0 / max(gamma, 0.05))
        rows.append(_contrasted(row, grade.contrast))
    return np.round(np.stack(rows) * 255.0, 3).astype(np.float32)


def told(colour: Lab) -> Lab:
    """The light that a neutral grade shows as exactly this colour: white letters come out white."""
    linear = []
    for y in light(colour):
        y = min(y, 1.0)
        slope = 1.0 - _KNEE * y
        linear.append((-slope + (slope * slope + 4.0 * _SHOULDER * y) ** 0.5) / (2.0 * _SHOULDER))
    return from_light(*linear)


def _contrasted(row: NDArray[np.float64], contrast: float) -> NDArray[np.float64]:
    """Steeper (or flatter) about a dark middle, with soft ends so that nothing is cut off."""
    pivot = 0.42
    moved = pivot + (row - pivot) * contrast
    if contrast <= 1.0:
        return moved
    # A toe and a shoulder take up what a straight line would clip.
    side = np.where(moved < pivot, pivot, 1.0 - pivot)
    part = np.abs(moved - pivot) / side
    steep = (1.0 + part**4) ** -0.25
    end = contrast / (1.0 + contrast**4) ** 0.25
    return np.where(
        moved < pivot, pivot - side * part * steep / end, pivot + side * part * steep / end
    )


def dither_tile() -> F32:
    """A 64 x 64 tile of offsets in -0.5 to 0.5 levels whose neighbours differ (blue noise)."""
    numbers = np.arange(64 * 64, dtype=np.uint64)
    rank = np.argsort((numbers * 2654435761 + 12345) % 4294967291 % 65521, kind="stable")
    tile = np.argsort(rank, kind="stable").reshape(64, 64).astype(np.int64)
    for _ in range(8):
        around = sum(
            np.roll(tile, (dy, dx), (0, 1)) * (2 if dx == 0 or dy == 0 else 1)
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
            if dx or dy
        )
        sharp = (12 * tile - around).ravel()
        tile = np.argsort(np.argsort(sharp, kind="stable"), kind="stable").reshape(64, 64)
    return (tile.astype(np.float32) + np.float32(0.5)) / np.float32(4096.0) - np.float32(0.5)
