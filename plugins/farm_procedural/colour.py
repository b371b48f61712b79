"""Colour in OKLab: palettes are mixed where equal steps look equal, and rendered in linear light.

Invariant: a palette is five OKLab stops, dark to light. The same stops give the same table on any
machine: values are rounded well above the last bit of the C library's functions.

Source of the matrices: B. Ottosson, "A perceptual color space for image processing" (2020).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Lab = tuple[float, float, float]
STOPS = 5


def from_hex(text: str) -> Lab:
    """``#rrggbb`` (sRGB) as OKLab."""
    r, g, b = (_linear(int(text[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return from_light(r, g, b)


def from_light(r: float, g: float, b: float) -> Lab:
    """Linear-light RGB, 0 and above, as OKLab."""
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    mid = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return _rounded(
        0.2104542553 * long + 0.7936177850 * mid - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * mid + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * mid - 0.8086757660 * short,
    )


def from_lch(lightness: float, chroma: float, hue: float) -> Lab:
    """Lightness 0-1, chroma 0-0.3 and hue in turns as OKLab."""
    angle = 2 * math.pi * hue
    return _rounded(lightness, chroma * math.cos(angle), chroma * math.sin(angle))


def rotated(lab: Lab, turns: float) -> Lab:
    """The colour with its hue moved; lightness and chroma stay."""
    c, s = math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns)
    return _rounded(lab[0], c * lab[1] - s * lab[2], s * lab[1] + c * lab[2])


def mixed(one: Lab, other: Lab, share: float) -> Lab:
    """``one`` moved by ``share`` (0-1) towards ``other``."""
    return _rounded(*(a + (b - a) * share for a, b in zip(one, other, strict=True)))


def tinted(lab: Lab, tint: Lab, share: float) -> Lab:
    """The colour moved towards a tint; it stays as colourful as the two are, not grey between."""
    lightness, a, b = mixed(lab, tint, share)
    wanted = (1 - share) * math.hypot(lab[1], lab[2]) + share * math.hypot(tint[1], tint[2])
    gain = wanted / max(math.hypot(a, b), wanted / 3, 1e-6)
    return _rounded(lab[0] + (lightness - lab[0]) * 0.3, a * gain, b * gain)


def to_linear(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """OKLab (..., 3) as linear-light sRGB (..., 3), clipped to 0 and above."""
    lightness, a, b = lab[..., 0], lab[..., 1], lab[..., 2]
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    mid = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    rgb = np.stack(
        [
            4.0767416621 * long - 3.3077115913 * mid + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * mid - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * mid + 1.7076147010 * short,
        ],
        axis=-1,
    )
    return np.asarray(np.maximum(rgb, 0.0))


def ramp(stops: Sequence[Lab], entries: int = 2048) -> NDArray[np.float32]:
    """A table of linear-light RGB, float32 (3, entries), running smoothly through the stops."""
    points = np.array([stops[0], *stops, stops[-1]], np.float64)
    at = np.linspace(0, len(stops) - 1, entries)
    left = np.minimum(at.astype(int), len(stops) - 2)
    t = (at - left)[:, None]
    p0, p1, p2, p3 = (points[left + i] for i in range(4))
    # Catmull-Rom: no visible kink in the sky at a stop.
    lab = p1 + 0.5 * t * (
        p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0))
    )
    return np.ascontiguousarray(np.round(to_linear(lab), 7).T.astype(np.float32))


def light(lab: Lab) -> tuple[float, float, float]:
    """One colour as linear-light RGB."""
    r, g, b = np.round(to_linear(np.array(lab)), 7)
    return float(r), float(g), float(b)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _rounded(*values: float) -> Lab:
    lightness, a, b = (round(value, 7) for value in values)
    return lightness, a, b
