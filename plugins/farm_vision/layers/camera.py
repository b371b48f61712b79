"""How the camera moved between two frames, told by what does not belong to the subject.

Invariant: a matrix float64 (2, 3) takes a pixel's place (x, y, 1) in one frame to its place in the
other; a camera that stands still gives exactly the identity, so that nothing is resampled.

Six numbers are fitted to the optical flow by least squares that are weighted anew by how well each
place agrees (P. Holland and R. Welsch, "Robust Regression Using Iteratively Reweighted Least-
Squares", 1977), so that other things that move have no say.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.flow import Field, Gray

Matrix = NDArray[np.float64]
STILL: Matrix = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
_STEP = 4
_ROUNDS = 8
_RESTS = 0.04
"""Pixels of the working size by which a corner may move while the camera is said to stand."""
_FEWEST = 24


def camera_motion(back: Field, hidden: Gray, width: int, height: int) -> Matrix:
    """From a frame to the one before. back : its flow, at the working size.

    hidden : (H, W) at the same size, above 0 where the subject is. width, height : of the film.
    """
    rows, columns = hidden.shape
    at = np.s_[_STEP // 2 :: _STEP, _STEP // 2 :: _STEP]
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
    free = hidden[at] <= 0
    if np.count_nonzero(free) < _FEWEST:
        return STILL.copy()
    x, y = x[at][free], y[at][free]
    flow = back[at][free].astype(np.float64)
    # Measured from the middle, all six numbers are of one size.
    size = max(rows, columns)
    places = np.stack([(x - columns / 2) / size, (y - rows / 2) / size, np.ones_like(x)], axis=1)
    found = np.zeros((3, 2))
    found[2] = np.median(flow, axis=0)
    for _ in range(_ROUNDS):
        rest = np.hypot(*(flow - places @ found).T)
        spread = max(1.4826 * float(np.median(rest)), 0.05)
        weight = 1.0 / (1.0 + (rest / (1.5 * spread)) ** 2) ** 2
        heavy = places * weight[:, None]
        ridge = 1e-6 * len(x) * np.diag([1.0, 1.0, 0.0])
        found = np.linalg.solve(places.T @ heavy + ridge, heavy.T @ flow)
    corners = np.array([[sx, sy, 1.0] for sx in (-0.5, 0.5) for sy in (-0.5, 0.5)])
    if np.abs(corners @ found).max() < _RESTS:
        return STILL.copy()
    return _in_film(found, size, columns, rows, width, height)


def chained(outer: Matrix, inner: Matrix) -> Matrix:
    """``outer`` of ``inner``."""
    return outer @ np.vstack([inner, [0.0, 0.0, 1.0]])


def inverse(matrix: Matrix) -> Matrix:
    """The way back."""
    turned = np.linalg.inv(matrix[:, :2])
    return np.hstack([turned, -turned @ matrix[:, 2:]])


def _in_film(
    found: NDArray[np.float64], size: int, columns: int, rows: int, width: int, height: int
) -> Matrix:
    """The fit as a matrix in pixels of the film, whose samples lie at whole numbers."""
    linear = STILL[:, :2] + found[:2].T / size
    offset = found[2] - found[:2].T @ np.array([columns / 2, rows / 2]) / size
    scale = np.array([width / columns, height / rows])
    whole = linear * scale[:, None] / scale[None, :]
    # A place p of the film is (p + 0.5) / scale - 0.5 of the working size.
    half = np.array([0.5, 0.5])
    shift = scale * (linear @ (half / scale - half) + offset + half) - half
    return np.hstack([whole, shift[:, None]])
