"""How good a picture is to remember something by: sharp, well exposed, with a face in view.

Invariant: a measure depends on the picture's content, not on its size: it is taken at one width.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
"""uint8 (height, width, 3), RGB."""

_WIDTH = 480
_DARK, _BRIGHT = 8, 247
_MIDDLE = 118.0


def small(pixels: Pixels, width: int = _WIDTH) -> Pixels:
    """The picture no wider than ``width``."""
    height = max(1, round(pixels.shape[0] * width / pixels.shape[1]))
    if pixels.shape[1] <= width:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))


def sharpness(pixels: Pixels) -> float:
    """Variance of the Laplacian of the luma (J. L. Pech-Pacheco et al., "Diatom autofocusing in
    brightfield microscopy", 2000)."""
    luma = _luma(small(pixels))
    if min(luma.shape) < 3:
        return 0.0
    middle = luma[1:-1, 1:-1]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float(np.var(around - 4 * middle))


def exposure(pixels: Pixels) -> float:
    """0 to 1: the share of pixels that are neither black nor burnt out, less where the whole is
    far from a middle grey."""
    luma = _luma(small(pixels))
    clear = float(((luma > _DARK) & (luma < _BRIGHT)).mean())
    balance = 1 - abs(float(luma.mean()) - _MIDDLE) / 138
    return clear * max(0.0, balance)


def qualities(sharp: list[float], exposed: list[float], faces: list[float] | None) -> list[float]:
    """0 to 1 for each picture of one shot; sharpness counts against the sharpest of them."""
    most = max(sharp, default=0.0) or 1.0
    found = []
    for at, value in enumerate(sharp):
        # The root, because twice the variance is not twice as sharp.
        crisp = (value / most) ** 0.5
        plain = 0.75 * crisp + 0.25 * exposed[at]
        found.append(plain if faces is None else 0.6 * plain + 0.4 * faces[at])
    return found


def _luma(pixels: Pixels) -> NDArray[np.float64]:
    weights = np.array([0.2126, 0.7152, 0.0722])
    luma: NDArray[np.float64] = pixels.astype(np.float64) @ weights
    return luma
