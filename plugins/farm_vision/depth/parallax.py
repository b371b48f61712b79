"""Depth from a moving camera: what is near moves more.

Invariant: a map is given only where parallax could be measured, together with how sure it is; what
moves by itself, is hidden or lies on the line of travel is completed from its surroundings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm.media.flow import Field, flows
from farm.media.warping import strays
from farm_vision.depth.edges import crisp, spread
from farm_vision.depth.frames import Frame, Power
from farm_vision.depth.pose import Pose, pose_of, powers, turn_of

Rays = NDArray[np.float64]

WANTED = 0.03
"""Motion between two frames that are compared, as a part of the working size's longer side."""
LEAST_PX = 0.7
"""Parallax in pixels below which a camera is taken to stand or only to turn."""
_FLOW_ERROR_PX = 0.35
_SAMPLES = 1400


@dataclass(frozen=True, slots=True)
class Sight:
    """A map from parallax. confidence : 0 to 1. approach : as in ``Estimate``."""

    power: Power
    confidence: float
    approach: float


def partner(frames: Sequence[Frame], at: int) -> int | None:
    """The frame of the same shot to compare ``frames[at]`` with, or ``None``: all stand still."""
    wanted = WANTED * max(frames[at].grey.shape)
    reach: dict[int, float] = {}
    for step in (1, -1):
        moved, here = 0.0, at
        while 0 <= here + step < len(frames):
            later = frames[max(here, here + step)]
            if later.first or later.back is None:
                break
            # Motion is added up, not undone: a camera that comes back has moved all the same.
            moved += float(np.median(np.hypot(later.back[..., 0], later.back[..., 1])))
            here += step
            reach[here] = moved
            if moved >= wanted:
                return here
    best = max(reach, key=lambda place: reach[place], default=None)
    return best if best is not None and reach[best] >= LEAST_PX / 2 else None


def sight(frame: Frame, other: Frame, fov_deg: float) -> Sight | None:
    """Depth of ``frame`` from its parallax to ``other``; ``None`` if there is too little."""
    there, back = flows(frame.grey, other.grey)
    height, width = frame.grey.shape
    focal = 0.5 * width / np.tan(np.radians(fov_deg) / 2)
    one, two = _rays(there, focal)
    seen = _seen(frame, other, there, back)
    step = max(1, int(np.sqrt(height * width / _SAMPLES)))
    rows, columns = slice(step // 2, None, step), slice(step // 2, None, step)
    a, b = one[rows, columns].reshape(-1, 3), two[rows, columns].reshape(-1, 3)
    trust = seen[rows, columns].reshape(-1).astype(float)
    if trust.sum() < 60:
        return None
    slack = _FLOW_ERROR_PX / focal
    _, unexplained = turn_of(a, b, trust, 4 * slack)
    parallax = unexplained * focal
    if parallax < LEAST_PX:
        return None
    pose = pose_of(a, b, trust, slack)
    power, reach = powers(pose.turn, pose.way, one, two)
    apart = _beside(pose, one, two, power) * focal
    usual = float(np.median(power[(power > 0) & (seen > 0)])) if (power > 0).any() else 0.0
    if usual <= 0:
        return None
    noise = _FLOW_ERROR_PX / np.maximum(reach * focal, 1e-6) / usual
    weight = seen / (1 + (noise / 0.1) ** 2) / (1 + (apart / 1.5) ** 4)
    trusted = np.where(power > 0, weight, 0).astype(np.float32)
    near = np.clip(power, 0, 12 * usual).astype(np.float32)
    whole = spread(near, trusted, frame.grey, reach=6.0, tone=24.0)
    far = spread(near, trusted, frame.grey, reach=40.0, tone=24.0)
    held = np.minimum(spread(trusted, np.ones_like(trusted), frame.grey, 6.0, 24.0) * 4, 1)
    known = float(trusted.mean())
    explained = 1 - min(1.0, pose.error * focal / parallax)
    confidence = min(1.0, known * 1.4) * explained * min(1.0, parallax / 3)
    approach = -float(pose.way[2]) / (other.number - frame.number)
    full = (held * whole + (1 - held) * far).astype(np.float32)
    # Flow, and depth with it, reaches a few pixels beyond the edge of what is in front.
    return Sight(crisp(full, frame.grey, max(2, width // 80), 15.0), confidence, approach)


def _rays(there: Field, focal: float) -> tuple[Rays, Rays]:
    height, width = there.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float64)
    one = np.ones((height, width, 3))
    one[..., 0], one[..., 1] = (x - (width - 1) / 2) / focal, (y - (height - 1) / 2) / focal
    two = one.copy()
    two[..., :2] += there / focal
    return one, two


def _seen(frame: Frame, other: Frame, there: Field, back: Field) -> Power:
    """Trust in the flow: it leads back, stays inside, and lies where there is something to see."""
    height, width = frame.grey.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = x + there[..., 0], y + there[..., 1]
    inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    slope_y, slope_x = np.gradient(frame.grey)
    ones = np.ones_like(frame.grey)
    texture = spread(np.hypot(slope_x, slope_y).astype(np.float32), ones, ones, 4.0, 1.0)
    seen = (1 - strays(there, back)) * inside * (texture**2 / (texture**2 + 4.0))
    return np.asarray(seen, np.float32)


def _beside(pose: Pose, one: Rays, two: Rays, power: Rays) -> Rays:
    """How far from its best place on the epipolar line each point is found, focal lengths."""
    moved = one @ pose.turn.T + power[..., None] * pose.way
    place = moved[..., :2] / np.maximum(moved[..., 2:], 1e-6)
    return np.asarray(np.hypot(*np.moveaxis(place - two[..., :2], -1, 0)))
