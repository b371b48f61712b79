"""Depth of a picture by itself: where it stands in the frame, how sharp it is, what moves.

Invariant: these are habits of pictures and no measurements; the confidence says so and never
exceeds ``MOST``.

Blur at edges: S. Zhuo and T. Sim, "Defocus map estimation from a single image", 2011.
"""

from __future__ import annotations

import numpy as np

from farm.media.flow import Field
from farm_vision.depth.edges import Values, spread
from farm_vision.depth.frames import Frame, Power

MOST = 0.45
_HORIZON = 0.42
"""Height of the horizon in a picture whose camera looks straight ahead, and a little down."""
_NEAREST, _BEHIND = 1 / 2, 1 / 10
"""1/m at the lower edge of a picture, and of what rises above the horizon."""
_REBLUR = 1.0


class StillCues:
    """Maps of the frames of one shot; what once moved by itself is remembered along the motion."""

    def __init__(self) -> None:
        """Nothing has moved yet."""
        self._moved: Values | None = None

    def look(self, frame: Frame, matte: Values | None = None) -> tuple[Power, float]:
        """The map of the next frame, and its confidence. matte : 0 to 1, who or what is in front."""
        grey = frame.grey
        ground = _ground(*grey.shape)
        if float(grey.std()) < 2.0:
            return ground, 0.02
        sharp, spread_of = _sharpness(grey)
        share = 0.35 * min(1.0, spread_of / 0.25)
        power = (1 - share) * ground + share * (_BEHIND + (_NEAREST - _BEHIND) * sharp)
        mask = self._subject(frame) if matte is None else matte
        area = float(mask.mean())
        power = (1 - mask) * power + mask * _standing(mask, ground)
        # What is guessed is drawn in broad strokes: a wrong detail does more harm than a missing one.
        broad = max(grey.shape) / 20
        calm = spread(power.astype(np.float32), np.ones_like(grey), grey, broad, 90.0)
        calm = mask * power.astype(np.float32) + (1 - mask) * calm
        found = 1.0 if 0.005 < area < 0.6 else 0.0
        return calm, min(MOST, 0.12 + 0.15 * share + 0.18 * found)

    def _subject(self, frame: Frame) -> Values:
        """0.0 to 1.0: how much each pixel belongs to something that moved by itself."""
        now = np.zeros_like(frame.grey)
        if frame.back is not None and not frame.first:
            apart = _apart(frame.back)
            now = np.clip((apart - 0.6) / 0.8, 0, 1).astype(np.float32)
            if now.mean() > 0.6:
                now[:] = 0
            if self._moved is not None:
                now = np.maximum(now, 0.97 * _carried(self._moved, frame.back))
        now = spread(now, np.ones_like(now), frame.grey, 6.0, 30.0)
        self._moved = now
        return now


def _ground(height: int, width: int) -> Power:
    """1/distance of a level floor grows evenly from the horizon down."""
    down = (np.arange(height, dtype=np.float32) / max(height - 1, 1) - _HORIZON) / (1 - _HORIZON)
    power = _BEHIND + (_NEAREST - _BEHIND) * np.clip(down, 0, 1)
    return np.repeat(power[:, None], width, axis=1).astype(np.float32)


def _standing(mask: Values, ground: Power) -> Power:
    """What stands on the floor is as near as the floor at its feet, all the way up."""
    height, width = mask.shape
    rows = np.arange(height)[:, None]
    foot = np.where(mask > 0.5, rows, 0).max(axis=0)
    reach = max(1, width // 24)
    padded = np.pad(foot, reach, mode="edge")
    low = np.max([padded[at : at + width] for at in range(2 * reach + 1)], axis=0)
    here = ground[low, np.arange(width)]
    return np.repeat(here[None], height, axis=0).astype(np.float32)


def _sharpness(grey: Values) -> tuple[Values, float]:
    """0.0 to 1.0 how sharp what is seen is, and how much that differs over the picture."""
    slope = _slope(grey)
    soft = _slope(_blurred(grey, _REBLUR))
    ratio = slope / np.maximum(soft, 0.05)
    blur = _REBLUR / np.sqrt(np.maximum(ratio**2 - 1, 0.02))
    sharp = (1 / (1 + blur)).astype(np.float32)
    edge = (slope**2 / (slope**2 + 36.0)).astype(np.float32)
    edge *= slope > 3.0
    if edge.sum() < 0.002 * edge.size:
        return np.full_like(grey, 0.5), 0.0
    whole = spread(sharp, edge, np.zeros_like(grey), max(grey.shape) / 8, 1.0)
    low, high = np.percentile(whole, (5, 95))
    if high - low < 1e-3:
        return np.full_like(grey, 0.5), 0.0
    return np.clip((whole - low) / (high - low), 0, 1).astype(np.float32), float(high - low)


def _slope(grey: Values) -> Values:
    y, x = np.gradient(grey)
    return np.hypot(x, y).astype(np.float32)


def _blurred(grey: Values, sigma: float) -> Values:
    reach = int(3 * sigma + 0.5)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2).astype(np.float32)
    taps /= taps.sum()
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (reach, reach)
        wide = np.pad(grey, pad, mode="edge")
        size = grey.shape[axis]
        parts = [np.take(wide, np.arange(at, at + size), axis) * tap for at, tap in enumerate(taps)]
        grey = np.sum(parts, axis=0, dtype=np.float32)
    return grey


def _apart(back: Field) -> Values:
    """Pixels by which the flow differs from the motion that most of the picture shares."""
    height, width = back.shape[:2]
    y, x = np.mgrid[:height, :width]
    x, y = (x / width - 0.5).ravel(), (y / height - 0.5).ravel()
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    step = max(1, len(x) // 4000)
    goal = back.reshape(-1, 2)
    weight = np.ones(len(x[::step]))
    shape = np.zeros((6, 2))
    for _ in range(8):
        heavy = terms[::step] * weight[:, None]
        shape = np.linalg.lstsq(heavy, goal[::step] * weight[:, None], rcond=None)[0]
        rest = np.hypot(*(goal[::step] - terms[::step] @ shape).T)
        weight = 1 / (1 + (rest / 0.4) ** 2)
    return np.hypot(*(goal - terms @ shape).T).reshape(height, width).astype(np.float32)


def _carried(mask: Values, back: Field) -> Values:
    height, width = mask.shape
    y, x = np.mgrid[:height, :width]
    x = np.clip(np.rint(x + back[..., 0]), 0, width - 1).astype(int)
    y = np.clip(np.rint(y + back[..., 1]), 0, height - 1).astype(int)
    return mask[y, x]
