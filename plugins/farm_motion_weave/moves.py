"""Moves of a camera before a flat character and a plate farther away.

Invariant: ``still`` moves nothing at all; no move ever shows what lies beyond the plate's border,
unless the picture is narrower than the film.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi

import numpy as np

from farm_motion_weave.chance import wandering
from farm_motion_weave.joints import Points

_PUSH = 0.2
_PAN = 0.045
_ORBIT = 0.05
_HAND, _ROLL = 0.006, 0.006
_FAR = 0.55
"""How much of the character's motion the plate makes."""
_ROUND = 0.018
"""How far what is in front of the character moves against its outline on an orbit."""


@dataclass(frozen=True, slots=True)
class View:
    """figure, plate : affine (2, 3), where a place of the still picture is in the frame. bulge : what
    is in front moves by it besides, pixels across."""

    figure: Points
    plate: Points
    bulge: float


@dataclass(frozen=True, slots=True)
class Camera:
    """Words of the parameter ``camera``, ready for any moment of a film."""

    words: tuple[str, ...]
    seed: int
    duration_s: float
    width: int
    height: int

    def at(self, time_s: float) -> View:
        """The view of a moment."""
        words, width, height = self.words, self.width, self.height
        share = min(max(time_s / max(self.duration_s, 1e-6), 0.0), 1.0)
        eased = 0.5 - 0.5 * cos(pi * share)
        way = 2 * eased - 1
        zoom, roll, across, down, behind, bulge = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
        spare = 1.0
        if "push-in" in words:
            zoom *= 1 + _PUSH * eased
        if "pull-out" in words:
            zoom *= 1 + _PUSH * (1 - eased)
        for word, sign in (("pan-left", 1), ("pan-right", -1)):
            if word in words:
                across += sign * way * _PAN * width
                spare += 2 * _PAN
        for word, sign in (("rise", 1), ("sink", -1)):
            if word in words:
                down += sign * way * _PAN * height
                spare += 2 * _PAN
        if "orbit" in words:
            behind += way * _ORBIT * width
            bulge = -way * _ROUND * width
            spare += 2 * _ORBIT
        if "handheld" in words:
            across += 1.6 * _HAND * width * wandering(self.seed, "hand-x", time_s * 0.9)
            down += 1.6 * _HAND * height * wandering(self.seed, "hand-y", time_s * 1.1)
            across += 0.4 * _HAND * width * wandering(self.seed, "shake-x", time_s * 3.7)
            down += 0.4 * _HAND * height * wandering(self.seed, "shake-y", time_s * 4.1)
            roll += _ROLL * wandering(self.seed, "roll", time_s * 0.6)
            longer = max(width, height) / min(width, height)
            spare += 4 * _HAND + 2 * _ROLL * longer
        far = 1 + (zoom - 1) * _FAR
        return View(
            self._affine(zoom * spare, roll, across, down),
            self._affine(far * spare, roll, _FAR * across + behind, _FAR * down),
            bulge,
        )

    def _affine(self, zoom: float, roll: float, across: float, down: float) -> Points:
        middle = np.array([(self.width - 1) / 2, (self.height - 1) / 2])
        cos_, sin_ = np.cos(roll) * zoom, np.sin(roll) * zoom
        turn = np.array([[cos_, -sin_], [sin_, cos_]])
        shift = middle + np.array([across, down]) - turn @ middle
        return np.concatenate([turn, shift[:, None]], axis=1)


def inverse(affine: Points) -> Points:
    """The way back of an affine map (2, 3)."""
    back = np.linalg.inv(affine[:, :2])
    return np.concatenate([back, -(back @ affine[:, 2])[:, None]], axis=1)


def moved(places: Points, affine: Points) -> Points:
    """Places (N, 2) through an affine map (2, 3)."""
    out: Points = places @ affine[:, :2].T + affine[:, 2]
    return out
