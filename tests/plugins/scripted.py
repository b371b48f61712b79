"""Small scripts and what their frames look like, for tests of the procedural renderer."""

from __future__ import annotations

import numpy as np

from farm_procedural.render.film import Film
from farm_procedural.render.planes import Planes
from farm_procedural.script import Script, Shot

GREY = tuple((0.12 + 0.2 * i, 0.0, 0.0) for i in range(5))
DUSK = (
    (0.20, 0.02, -0.06), (0.34, 0.08, -0.10), (0.55, 0.17, -0.02), (0.72, 0.13, 0.12),
    (0.90, 0.01, 0.10),
)  # fmt: skip


def shot(**changes: object) -> Shot:
    """Four seconds at 12 frames per second of a quiet flow."""
    return Shot(**{"frames": 48, "key": 12345, "palette": DUSK, **changes})


def script(*shots: Shot, size: tuple[int, int] = (160, 90), fps: int = 12, seed: int = 7) -> Script:
    """A film of these shots."""
    return Script(*size, fps, seed, shots)


def frame(film: Script, number: int = 10) -> Planes:
    """One frame by a film of its own."""
    planes = Planes.blank(film.width, film.height)
    Film(film).frame(number, planes)
    return planes


def frames(film: Script, numbers: range) -> np.ndarray:
    """Luma of some frames, float64 (n, H, W)."""
    renderer, planes = Film(film), Planes.blank(film.width, film.height)
    lumas = []
    for number in numbers:
        renderer.frame(number, planes)
        lumas.append(planes.luma.astype(float))
    return np.stack(lumas)


def same(one: Planes, other: Planes) -> bool:
    """Whether two frames agree in every byte."""
    return all(np.array_equal(getattr(one, n), getattr(other, n)) for n in ("luma", "cb", "cr"))


def shift(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """How far a picture moved, right and up, in pixels: the phase correlation's peak."""
    h, w = one.shape
    window = np.outer(np.hanning(h), np.hanning(w))
    a, b = (np.fft.rfft2((image - image.mean()) * window) for image in (one, other))
    cross = b * a.conj()
    power = np.fft.irfft2(cross / (np.abs(cross) + 1e-3 * np.abs(cross).max()), s=(h, w))
    y, x = np.unravel_index(power.argmax(), power.shape)
    right, down = (x + w // 2) % w - w // 2, (y + h // 2) % h - h // 2
    return float(right), -float(down)


def motion(film: Script, numbers: range = range(8, 20, 2)) -> float:
    """How much changes from one frame to the next but one, in levels."""
    return float(np.abs(np.diff(frames(film, numbers), axis=0)).mean())
