"""A scene in motion that can be looked at at any moment, not only at those of its frames."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np

from farm.media.film import film, write_lossless
from farm.media.planes import Layout, Picture

SMALL = Layout(192, 112, "yuv420p")


def texture(seed: int, height: int, width: int, soft: float, low: float, high: float) -> np.ndarray:
    """Noise with details of about ``soft`` pixels, between two levels."""
    noise = np.fft.fft2(np.random.default_rng(seed).normal(size=(height, width)))
    y, x = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None]
    made = np.fft.ifft2(noise * np.exp(-2 * (np.pi * soft) ** 2 * (x * x + y * y))).real
    return (made - made.min()) / np.ptp(made) * (high - low) + low


GROUND = texture(3, 400, 900, 3.0, 40, 140)
THING = texture(4, 200, 200, 1.5, 120, 235)


def between(plane: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A plane between its pixels."""
    x = np.clip(x, 0, plane.shape[1] - 1.01)
    y = np.clip(y, 0, plane.shape[0] - 1.01)
    left, above = x.astype(int), y.astype(int)
    fx, fy = x - left, y - above
    upper = plane[above, left] * (1 - fx) + plane[above, left + 1] * fx
    lower = plane[above + 1, left] * (1 - fx) + plane[above + 1, left + 1] * fx
    return upper * (1 - fy) + lower * fy


def scene(moment: float, gain: float = 1.0, pan: float = 2.3) -> Picture:
    """A turning disc flies over a ground that glides by. moment : in frames."""
    y, x = np.mgrid[0 : SMALL.height, 0 : SMALL.width].astype(float)
    ground = between(GROUND, x + 100 + pan * moment, y + 60 + 1.2 * np.sin(moment / 3))
    dx, dy = x - 40 - 4.5 * moment, y - 56 - 20 * np.sin(moment / 5)
    cos, sin = np.cos(0.04 * moment), np.sin(0.04 * moment)
    across, down = cos * dx + sin * dy, cos * dy - sin * dx
    inside = np.clip(26.5 - np.hypot(across, down * 1.2), 0, 1)
    luma = ground * (1 - inside) + between(THING, across + 100, down + 100) * inside
    u, v = 128 + inside[::2, ::2] * 40, 128 - inside[::2, ::2] * 30
    return picture((luma - 16) * gain + 16, 128 + (u - 128) * gain, 128 + (v - 128) * gain)


def picture(*planes: np.ndarray, layout: Layout = SMALL) -> Picture:
    """Rounded planes as a picture."""
    top = 2**layout.depth - 1
    y, u, v = (np.clip(plane + 0.5, 0, top).astype(layout.dtype) for plane in planes)
    return Picture(layout, (y, u, v))


def flat(y: float, u: float = 128, v: float = 128, layout: Layout = SMALL) -> Picture:
    """One colour."""
    values = zip(layout.shapes, (y, u, v), strict=True)
    return picture(*(np.full(shape, value) for shape, value in values), layout=layout)


def written(path: Path, pictures: Iterable[Picture], fps: Fraction | int = 24) -> Path:
    """A lossless film."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_lossless(path, pictures, Fraction(fps))
    return path


def seen(path: Path) -> list[Picture]:
    """Every picture of a film."""
    with film(path, path.name) as source:
        return list(source.pictures())


def rate(path: Path) -> Fraction:
    with film(path, path.name) as source:
        return source.fps


def same(one: Picture, two: Picture) -> bool:
    """Whether two pictures are equal to the bit."""
    return all(np.array_equal(a, b) for a, b in zip(one.planes, two.planes, strict=True))


def apart(one: Picture, two: Picture) -> int:
    """Largest difference of two samples."""
    planes = zip(one.planes, two.planes, strict=True)
    return max(int(np.abs(a.astype(int) - b.astype(int)).max()) for a, b in planes)


def luma(shown: Picture) -> np.ndarray:
    return shown.planes[0].astype(float)


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    """Decibels; 99 for equal ones."""
    error = float(np.mean((one.astype(float) - two.astype(float)) ** 2))
    return 99.0 if error == 0 else 10 * np.log10(255**2 / error)
