"""The shape of a cut-out, as far as its outline and its shades tell: round, and high in the middle.

Invariant: a flat sheet has no slope; the shape depends on the picture alone and moves with it.

An outline is inflated as a soap film under pressure is, whose height solves Poisson's equation; its
root is round like a body. The idea is that of T. Igarashi et al., "Teddy", 1999.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.lanczos import resized
from farm.media.light import Light, signal_of

Relief = NDArray[np.float32]
_SIDE = 256
_ROUNDS = 280
_DETAIL = 0.25
"""How much of its shades' own relief a sheet shows."""


def inflated(alpha: Relief, size: float) -> Relief:
    """Heights (H, W) in pixels over an outline (H, W). size : half the width of what is as high as
    it is wide; wider parts are flatter."""
    height, width = alpha.shape
    scale = min(1.0, _SIDE / max(height, width))
    small = resized(alpha, max(4, round(width * scale)), max(4, round(height * scale)))
    film = np.zeros_like(small)
    solid = (small > 0.5).astype(np.float32)
    _inflate(solid, _ROUNDS, film)
    # In a strip the film is half the square of half its width: so the root is round.
    round_ = np.sqrt(np.maximum(2 * film, 0)) / np.float32(scale)
    capped = np.float32(size) * np.tanh(round_ / np.float32(size))
    return np.maximum(resized(capped.astype(np.float32), width, height), 0)


def slopes(heights: Relief, light: Light, size: float) -> Relief:
    """Slopes (2, H, W) right and down of what faces the camera, shades of ``light`` among them."""
    blurred = _smooth(heights, max(1, round(size * 0.1)))
    luma = signal_of(np.maximum(light, 0).mean(axis=0))
    fine = luma - _smooth(luma, max(2, round(size * 0.15)))
    down, across = np.gradient(blurred + fine * np.float32(_DETAIL * size * 0.12))
    made = np.stack([-across, -down]) * np.float32(0.9)
    return np.clip(made, -3, 3).astype(np.float32)


def _smooth(values: Relief, reach: int) -> Relief:
    """Averaged over squares, twice: nearly a bell curve."""
    out = values.astype(np.float64)
    for _ in range(2):
        for axis in (0, 1):
            pad = [(0, 0), (0, 0)]
            pad[axis] = (reach + 1, reach)
            sums = np.cumsum(np.pad(out, pad, mode="edge"), axis=axis)
            wide = 2 * reach + 1
            count = out.shape[axis]
            out = (
                sums.take(range(wide, wide + count), axis) - sums.take(range(count), axis)
            ) / wide
    return out.astype(np.float32)


@kernel
def _inflate(solid, rounds, film):
    """Gauss and Seidel's rounds, overrelaxed, red and black in turn."""
    height, width = film.shape
    push = np.float32(1.94)
    for turn in range(2 * rounds):
        for row in range(height):
            for column in range((row + turn) % 2, width, 2):
                if solid[row, column] < 0.5:
                    continue
                # Beyond the picture the body goes on as it is at its border.
                mid = film[row, column]
                up = film[row - 1, column] if row > 0 else mid
                low = film[row + 1, column] if row < height - 1 else mid
                left = film[row, column - 1] if column > 0 else mid
                right = film[row, column + 1] if column < width - 1 else mid
                goal = np.float32(0.25) * (up + low + left + right + np.float32(1.0))
                film[row, column] = mid + push * (goal - mid)
