"""The pulse of a film: a grid of half beats that lands on its cuts.

Invariant: every anchor (a cut that the music marks) is a step of the grid at the exact sample of
its frame; between anchors the steps are even, and the tempo stays as near to the wanted one as the
cuts allow.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from farm_procedural.script import Script
from farm_procedural.sound.tables import RATE

BAR = 8
"""Steps in a bar."""


@dataclass(frozen=True, slots=True)
class Section:
    """Music between two anchors. start, stop: samples; shot: number of the shot it starts with;
    steps: samples of its half beats, the end included."""

    start: int
    stop: int
    shot: int
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """samples: length of the film; cuts: sample of each shot's first frame and of the end; unit_s:
    length of a half beat."""

    samples: int
    cuts: tuple[int, ...]
    unit_s: float
    sections: tuple[Section, ...]

    def shot_at(self, sample: int) -> int:
        """Number of the shot that is seen at ``sample``."""
        return max(0, min(bisect_right(self.cuts, sample) - 1, len(self.cuts) - 2))


def sample_of(frame: int, fps: int) -> int:
    """The sample at which a frame begins."""
    return round(frame / fps * RATE)


def grid(script: Script) -> Grid:
    """The grid of a film; cuts that follow one another within three quarters of a half beat share
    one anchor."""
    frames = accumulate((shot.frames for shot in script.shots), initial=0)
    cuts = tuple(sample_of(frame, script.fps) for frame in frames)
    unit_s = 30.0 / min(max(script.score.bpm, 30.0), 220.0)
    anchors = _anchors(cuts, round(0.75 * unit_s * RATE))
    lengths = np.diff([at for at, _ in anchors]) / RATE
    unit_s *= _stretch(lengths, unit_s)
    sections = []
    for (start, shot), (stop, _) in pairwise(anchors):
        count = max(1, round((stop - start) / RATE / unit_s))
        steps = tuple(start + (stop - start) * k // count for k in range(count + 1))
        sections.append(Section(start, stop, shot, steps))
    return Grid(cuts[-1], cuts, unit_s, tuple(sections))


def _anchors(cuts: tuple[int, ...], nearest: int) -> list[tuple[int, int]]:
    """Samples of the marked cuts with their shots, the end included."""
    anchors = [(cuts[0], 0)]
    for shot, at in enumerate(cuts[1:-1], start=1):
        if at - anchors[-1][0] >= nearest and cuts[-1] - at >= nearest:
            anchors.append((at, shot))
    return [*anchors, (cuts[-1], len(cuts) - 1)]


def _stretch(lengths: np.ndarray, unit_s: float) -> float:
    """The factor on the half beat, within 10 %, at which sections hold whole numbers of them."""
    factors = np.linspace(0.9, 1.1, 41)
    counts = np.maximum(np.round(lengths[:, None] / (unit_s * factors)), 1)
    bent = np.abs(lengths[:, None] / (counts * unit_s * factors) - 1)
    weights = np.minimum(lengths, 8.0)[:, None]
    cost = (bent * weights).sum(0) / weights.sum() + 0.1 * np.abs(factors - 1)
    return round(float(factors[int(np.argmin(cost))]), 6)
