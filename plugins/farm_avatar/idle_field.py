"""Where each part of a person moves when the head turns and the shoulders breathe.

Invariant: nothing moves at the borders of the picture, so nothing tears there; the field is smooth,
and points of the face move exactly as the picture under them does.

A head is a rounded hill over its outline, the nose a smaller one on it: where it is higher it moves
more when the head turns. That is the parallax; the angles are small enough to leave the rest out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm_avatar.idle_motion import Motion
from farm_avatar.mesh import CHIN, CROWN, Points

Field = NDArray[np.float32]
STEP = 4
"""Pixels between the knots of a field."""
_BORDER = 0.03
"""Of the picture's shorter side, in which motion fades."""
_BREATH = 0.022
"""How far shoulders rise, in widths of the face."""


class Person:
    """The fields of one portrait. points (468, 3) of its face, size (width, height): pixels."""

    def __init__(self, points: Points, size: tuple[int, int]) -> None:
        width, height = size
        y, x = np.mgrid[: height // STEP + 2, : width // STEP + 2].astype(np.float64) * STEP
        wide = float(np.ptp(points[:, 0]))
        chin, crown = points[CHIN, :2], points[CROWN, :2]
        tall = float(np.hypot(*(chin - crown)))
        middle = (points[234, :2] + points[454, :2]) / 2
        nose = points[1, :2]
        across, down = x - middle[0], y - (middle[1] - 0.18 * tall)
        far = np.hypot(across / (1.05 * wide), down / (1.15 * tall))
        # All at the height of the head moves with it; the neck bends down to the shoulders.
        neck = 1 - _smooth(y, chin[1] - 0.05 * tall, chin[1] + 0.65 * tall)
        head = neck * (1 - _smooth(far, 1.1, 2.4))
        hill = 0.48 * wide * np.maximum(0.0, 1 - far**2) ** 1.5
        hill += (
            0.10
            * wide
            * np.exp(-((np.hypot(*(nose[:, None, None] - [x, y]))) ** 2) / (0.2 * wide) ** 2)
        )
        deep = (hill + 0.12 * wide) * head
        pivot = chin + np.array([0.0, 0.35 * tall])
        shoulders = _smooth(y, chin[1] - 0.2 * tall, chin[1] + 0.9 * tall)
        sunk = 1 - _smooth(y, 0.72 * height, height - 2.0)
        zero = np.zeros_like(x)
        lift = -_BREATH * wide * np.maximum(shoulders, 0.55) * sunk
        spread = 0.35 * _BREATH * wide * shoulders * sunk * np.clip((x - chin[0]) / wide, -1.5, 1.5)
        fields = np.array(
            [
                [deep, zero],
                [zero, deep],
                [-(y - pivot[1]) * head, (x - pivot[0]) * head],
                [wide * np.maximum(head, 0.35 * sunk), zero],
                [spread, lift * np.maximum(head, shoulders)],
            ]
        )
        band = max(2.0, _BORDER * min(size))
        sides = np.minimum(x, width - 1 - x) / band
        ends = np.minimum(y, height - 1 - y) / band
        calm = _smooth(np.minimum(sides, ends), 0.0, 1.0)
        self._fields = (fields * calm).astype(np.float32)

    def field(self, motion: Motion, number: int) -> Field:
        """float32 (2, rows, columns): pixels right and down that each knot moves by in a frame."""
        weights = np.array(
            [
                motion.yaw[number],
                motion.pitch[number],
                motion.roll[number],
                motion.shift[number],
                motion.breath[number],
            ],
            np.float32,
        )
        return np.ascontiguousarray(np.tensordot(weights, self._fields, 1), np.float32)


def moved(points: Points, field: Field) -> Points:
    """Points (n, 2) where the field takes them."""
    at = np.clip(points / STEP, 0, np.array(field.shape[:0:-1]) - 1.001)
    left, top = at[:, 0].astype(int), at[:, 1].astype(int)
    fx, fy = at[:, 0] - left, at[:, 1] - top
    by = (
        field[:, top, left] * (1 - fx) * (1 - fy)
        + field[:, top, left + 1] * fx * (1 - fy)
        + field[:, top + 1, left] * (1 - fx) * fy
        + field[:, top + 1, left + 1] * fx * fy
    )
    out: Points = points + by.T
    return out


def _smooth(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    eased: NDArray[np.float64] = share * share * (3 - 2 * share)
    return eased
