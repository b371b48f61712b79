"""A loop made as long as a narration: which frame of the loop is shown when.

Invariant: exactly as many frames as the narration has; each leads to the next of the loop, the last to
the first, so there is no jump anywhere; a narration of a whole loop or more ends where it began, so
that the next one goes on from there.

A frame is held or left out only where the loop is calm, so that nobody sees it; or, with flow, what
lies between two frames is made. Nothing ever plays backwards: blinks and breaths have a direction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm_avatar.mesh import Points

Numbers = NDArray[np.float64]
_SPREAD = 0.06
"""By how much passes differ in length, so that nothing recurs like a clock."""
_LEAST = 0.75
"""Of a loop; a shorter narration shows the beginning of it as it is."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is shown: frame ``first`` of the loop, or a ``share`` of the way from it to the next."""

    first: int
    share: float = 0.0


def moments(restless: Numbers, count: int, seed: int, *, whole: bool) -> Iterator[Moment]:
    """What each of ``count`` frames shows.

    restless (frames of the loop,): how much moves from each frame to the next. whole : show frames as
    they are; else moments between them.
    """
    length = len(restless)
    if count < _LEAST * length:
        for number in range(count):
            yield Moment(number % length)
        return
    for frames in passes(length, count, seed):
        if whole:
            yield from (Moment(int(first)) for first in calm_steps(restless, frames))
        else:
            for number in range(frames):
                at = number * length / frames
                yield Moment(int(at), at - int(at))


def passes(length: int, count: int, seed: int) -> list[int]:
    """How many frames each pass of the loop takes; their sum is ``count``."""
    times = max(1, round(count / length))
    chance = np.random.default_rng(seed)
    weights = 1 + chance.uniform(-_SPREAD, _SPREAD, times)
    ends = np.round(np.cumsum(weights) / weights.sum() * count).astype(int)
    return [int(frames) for frames in np.diff(ends, prepend=0)]


def calm_steps(restless: Numbers, frames: int) -> NDArray[np.int64]:
    """Frames of the loop, in order, ``frames`` of them: in each of as many equal parts as there are
    frames too few or too many, the calmest is held or left out."""
    length = len(restless)
    repeats = np.ones(length, np.int64)
    # What is seen is the larger of the steps to it and from it.
    seen = np.maximum(restless, np.roll(restless, 1))
    left = frames - length
    while left:
        parts = min(abs(left), length // 2)
        for part in np.array_split(np.arange(length), parts):
            # Never the first of a part: two that are left out are then no neighbours.
            may = part[1:] if len(part) > 1 else part
            calmest = may[np.argmin(seen[may])]
            repeats[calmest] += 1 if left > 0 else -1
        left -= parts if left > 0 else -parts
    return np.repeat(np.arange(length), repeats)


def restlessness(track: Points) -> Numbers:
    """How far the points of a loop (frames, n, 2+) move from each frame to the next, pixels: the
    quickest tenth of them counts, so that a blink does."""
    step = np.roll(track[..., :2], -1, axis=0) - track[..., :2]
    far: Numbers = np.percentile(np.hypot(step[..., 0], step[..., 1]), 98, axis=1)
    return far
