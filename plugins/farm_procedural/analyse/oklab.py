"""Video colours in OKLab, as arrays.

Invariant: one place turns Y'CbCr codes into OKLab, so that every measured colour is comparable.

Source of the matrices: B. Ottosson, "A perceptual color space for image processing" (2020).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Matrix = Literal["bt709", "bt601"]
_WEIGHTS = {"bt709": (0.2126, 0.0722), "bt601": (0.299, 0.114)}
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
# OKLab hues of plain colour names, in degrees, and where the next one begins.
_NAMES = (
    (8, "pink"), (43, "red"), (84, "orange"), (118, "yellow"), (160, "green"), (183, "teal"),
    (225, "cyan"), (277, "blue"), (312, "violet"), (342, "magenta"), (361, "pink"),
)  # fmt: skip


def from_codes(y: F64, cb: F64, cr: F64, matrix: Matrix) -> F64:
    """Full-range codes 0-255 of equal shapes as OKLab (..., 3); colours out of gamut are clipped."""
    kr, kb = _WEIGHTS[matrix]
    light, pb, pr = y / 255, (cb - 128) / 255, (cr - 128) / 255
    red, blue = light + 2 * (1 - kr) * pr, light + 2 * (1 - kb) * pb
    green = (light - kr * red - kb * blue) / (1 - kr - kb)
    return from_srgb(np.clip(np.stack([red, green, blue], axis=-1), 0.0, 1.0))


def from_srgb(rgb: F64) -> F64:
    """sRGB (..., 3), 0 to 1, as OKLab (..., 3)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T)


def from_hex(text: str) -> tuple[float, float, float]:
    """``#rrggbb`` as OKLab."""
    rgb = np.array([int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    lightness, a, b = (round(float(v), 5) for v in from_srgb(rgb))
    return lightness, a, b


def to_hex(lab: F64) -> str:
    """OKLab (3,) as ``#rrggbb``, clipped."""
    lms = (np.linalg.inv(_TO_LAB) @ lab) ** 3
    linear = np.clip(np.linalg.inv(_TO_LMS) @ lms, 0.0, 1.0)
    rgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(float(v) * 255):02x}" for v in rgb)


def hue_of(a: float, b: float) -> float:
    """OKLab hue in degrees, 0 to 360."""
    return math.degrees(math.atan2(b, a)) % 360.0


def name_of(lab: F64) -> str:
    """A plain word for a colour."""
    lightness, chroma = float(lab[0]), math.hypot(float(lab[1]), float(lab[2]))
    if lightness < 0.14:
        return "black"
    if chroma < 0.03:
        return "white" if lightness > 0.93 else "grey"
    hue = hue_of(float(lab[1]), float(lab[2]))
    name = next(name for limit, name in _NAMES if hue < limit)
    if name in ("orange", "yellow") and lightness < 0.55:
        return "brown"
    return name


@lru_cache(maxsize=2)
def table(matrix: Matrix) -> NDArray[np.float32]:
    """OKLab of full-range codes, float32 (64, 64, 64, 3): luma, cb and cr in steps of 4, rounded."""
    steps = np.arange(64.0) * 4
    codes = np.meshgrid(steps + 1.5, steps, steps, indexing="ij")
    return np.ascontiguousarray(from_codes(*codes, matrix).astype(np.float32))
