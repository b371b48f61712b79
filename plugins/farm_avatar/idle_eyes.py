"""Eyes that blink and look aside: their lids as curves, and where the iris is.

Invariant: with open lids and a gaze straight ahead the picture stays as it is; nothing beyond the brow
and the lower lid's fold is touched.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm_avatar.mesh import BROWS, LOWER_LIDS, UPPER_LIDS, Points

Curves = NDArray[np.float32]
SAMPLES, REACH = 65, 1.3
"""Samples of a curve from -REACH to REACH half widths of an eye."""
_IRIS = 0.40
"""Radius of an iris in half widths of an eye: 11.7 mm of about 30 across."""


def eyes_of(points: Points, luma: NDArray[np.float64]) -> tuple[Curves, Curves]:
    """The two eyes of a face in a picture with that luma (H, W).

    Returns frames (2, 8): middle, direction along, half width, iris right, down, radius, the last
    three in half widths; and curves (2, 3, SAMPLES): skin above, upper lid, lower lid, in half widths
    below the line of the corners.
    """
    frames, curves = np.zeros((2, 8)), np.zeros((2, 3, SAMPLES))
    places = np.linspace(-REACH, REACH, SAMPLES)
    for side in (0, 1):
        upper, lower = points[list(UPPER_LIDS[side]), :2], points[list(LOWER_LIDS[side]), :2]
        brow = points[list(BROWS[side]), :2]
        one, two = upper[0], upper[-1]
        way = two - one
        half = max(float(np.hypot(*way)) / 2, 2.0)
        way = way / np.hypot(*way)
        middle = (one + two) / 2
        top, low, above = (_local(p, middle, way, half) for p in (upper, lower, brow))
        lid = _curve(top, places)
        bottom = np.maximum(_curve(low, places), lid)
        over = np.interp(places, *above[np.argsort(above[:, 0])].T)
        curves[side] = lid + 0.8 * np.minimum(over - lid, -0.2), lid, bottom
        frames[side, :5] = *middle, *way, half
        frames[side, 5:] = *_iris(luma, frames[side], curves[side], places), _IRIS
    return frames.astype(np.float32), curves.astype(np.float32)


def lidded(points: Points, frames: Curves, lid: float) -> Points:
    """The points of a face (468, 3) with lids shut so far, 0 to 1."""
    if lid <= 0:
        return points
    out = points.copy()
    for side in (0, 1):
        upper, lower = list(UPPER_LIDS[side]), list(LOWER_LIDS[side])
        out[upper] += lid * (points[lower] - points[upper])
    return out


def _local(places: Points, middle: Points, way: Points, half: float) -> Points:
    away = (places - middle) / half
    return np.stack([away @ way, away @ np.array([-way[1], way[0]])], axis=1)


def _curve(knots: Points, places: Points) -> Points:
    """Through the knots, smoothed; on the line of the corners beyond them."""
    order = np.argsort(knots[:, 0])
    line = np.interp(places, knots[order, 0], knots[order, 1], left=0.0, right=0.0)
    soft = np.convolve(np.pad(line, 2, mode="edge"), [0.1, 0.2, 0.4, 0.2, 0.1], mode="valid")
    out: Points = np.where(np.abs(places) < 1.0, soft, 0.0)
    return out


def _iris(
    luma: NDArray[np.float64], frame: Points, curves: Points, places: Points
) -> tuple[float, float]:
    """Where the darkest disc between the lids is."""
    x0, y0, ux, uy, half = frame[:5]
    s, t = np.meshgrid(np.linspace(-0.95, 0.95, 39), np.linspace(-0.7, 0.7, 29))
    x, y = x0 + half * (s * ux - t * uy), y0 + half * (s * uy + t * ux)
    rows = np.clip(np.round(y), 0, luma.shape[0] - 1).astype(int)
    columns = np.clip(np.round(x), 0, luma.shape[1] - 1).astype(int)
    seen = luma[rows, columns]
    lid, bottom = np.interp(s, places, curves[1]), np.interp(s, places, curves[2])
    inside = (t > lid + 0.04) & (t < bottom)
    if not inside.any():
        return 0.0, 0.0
    dark = np.where(inside, np.percentile(seen[inside], 80) - seen, 0.0)
    best, found = -np.inf, (0.0, float((lid + bottom).mean() / 2))
    for across in np.linspace(-0.4, 0.4, 17):
        for down in np.linspace(-0.25, 0.25, 11):
            away = (s - across) ** 2 + (t - down) ** 2
            disc = (away < _IRIS**2) & inside
            score = dark[disc].sum() - dark[(away < (1.5 * _IRIS) ** 2) & ~disc].sum() * 0.5
            score -= 0.3 * abs(down) * max(float(dark.sum()), 0.0)
            if score > best:
                best, found = score, (float(across), float(down))
    return found
