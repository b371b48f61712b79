"""What happens over time: cuts, flicker, motion and pulse, from a row of numbers per frame.

Invariant: a jump at a cut belongs to the cut; it never counts as flicker or as motion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm_procedural.analyse.schema import Motion, Rhythm

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """One frame. Luma 0-1, OKLab means, velocities in frame heights per frame (y upward).

    step : mean OKLab distance of the cells from the frame before. likeness : correlation with it.
    bend : how far the cells of the frame before lie off the line between its neighbours.
    """

    mean: float
    rms: float
    edges: float
    detail: float
    variance: float
    centre: tuple[float, float]
    sides: tuple[float, float, float, float]
    middle: float
    lightness: float
    a: float
    b: float
    chroma: float
    step: float
    likeness: float
    bend: float
    speed: float
    moving: float
    x: float
    y: float
    zoom: float
    turn: float
    trust: float


@dataclass(frozen=True, slots=True)
class Span:
    """Motion from frame ``start`` to frame ``stop`` in one step, in frame heights."""

    start: int
    stop: int
    speed: float
    moving: float
    x: float
    y: float
    zoom: float
    turn: float


def trend(values: F64) -> float:
    """Mean of the last sixth minus that of the first."""
    part = max(1, len(values) // 6)
    return float(values[-part:].mean() - values[:part].mean())


class Timeline:
    """A film's rows, with its cuts found."""

    def __init__(self, rows: Sequence[Row], spans: Sequence[Span], fps: float) -> None:
        self.rows, self.fps = rows, fps
        self.cuts, self.flashes = _cuts(self.column("step"), self.column("likeness"))
        self._cut = set(self.cuts)
        self.spans = [
            span for span in spans if not self._cut & set(range(span.start + 1, span.stop + 1))
        ]

    def column(self, name: str) -> F64:
        """One number of every frame."""
        return np.array([getattr(row, name) for row in self.rows], np.float64)

    def flicker(self) -> float:
        """Mean distance of a frame's luma from the mean of its neighbours'."""
        means = self.column("mean")
        bends = [
            abs(means[n] - (means[n - 1] + means[n + 1]) / 2)
            for n in range(1, len(means) - 1)
            if n not in self._cut and n + 1 not in self._cut
        ]
        return float(np.mean(bends)) if bends else 0.0

    def shimmer(self) -> float:
        """Mean bend of single cells."""
        bends = [
            row.bend
            for n, row in enumerate(self.rows)
            if n > 1 and n not in self._cut and n - 1 not in self._cut
        ]
        return float(np.mean(bends)) if bends else 0.0

    def colour_consistency(self) -> float:
        """1 minus ten times the mean distance of the frames' mean a and b from the film's."""
        a, b = self.column("a"), self.column("b")
        away = np.hypot(a - a.mean(), b - b.mean()).mean()
        return max(0.0, 1 - 10 * float(away))

    def motion(self) -> Motion:
        """Motion of the film. Slow drifts are taken from the long steps, fast ones from frame to
        frame, where they stay within reach."""
        speeds, changes = self.column("speed"), np.abs(self.column("step"))
        x, y, zoom, turn, moving = (self.column(n) for n in ("x", "y", "zoom", "turn", "moving"))
        for n in (0, *self.cuts):
            near = n + 1 if n + 1 < len(speeds) and n + 1 not in self._cut else n - 1
            if 0 <= near < len(speeds) and near != n:
                for values in (speeds, changes, x, y, zoom, turn, moving):
                    values[n] = values[near]
            else:
                for values in (speeds, changes, x, y, zoom, turn, moving):
                    values[n] = 0.0
        for span in self.spans:
            own = slice(span.start + 1, span.stop + 1)
            frames = span.stop - span.start
            # Beyond that a long step would leave the reach of the search.
            if speeds[own].mean() * frames < 0.06 and span.speed < 0.10:
                for values, value in (
                    (x, span.x), (y, span.y), (zoom, span.zoom), (turn, span.turn)
                ):  # fmt: skip
                    values[own] = value / frames
                # Noise adds to a sum of small steps; going to and fro is lost in a long one.
                pace = span.speed / frames
                if speeds[own].mean() < 1.6 * pace:
                    speeds[own] = pace
                moving[own] = np.maximum(moving[own], span.moving)
                if span.start == 0:
                    for values in (x, y, zoom, turn, speeds, moving):
                        values[0] = values[1]
        speeds, changes = speeds * self.fps, changes * self.fps
        levels = 1 - np.exp(-(speeds / 0.30 + changes / 1.5))
        east, north = float(x.mean() * self.fps), float(y.mean() * self.fps)
        travelled = float(np.hypot(x, y).mean() * self.fps)
        pace = float(speeds.mean())
        around = float(np.hypot(east, north))
        return Motion(
            level=_r(levels.mean()),
            speed=_r(pace),
            peak=_r(float(np.percentile(speeds, 95))),
            spread=_r(float(moving.mean())),
            trend=_r(trend(levels)),
            direction=_r(math.degrees(math.atan2(north, east)) % 360) if around > 1e-4 else 0.0,
            coherence=_r(min(1.0, around / max(pace, travelled, 1e-4))),
            drift=(_r(east), _r(north)),
            zoom=_r(float(zoom.mean() * self.fps)),
            turn=_r(math.degrees(float(turn.mean() * self.fps))),
            change=_r(float(changes.mean())),
            smoothness=_r(_smoothness(speeds, self.cuts)),
            series=tuple(_r(v) for v in levels),
        )

    def rhythm(self) -> Rhythm:
        """Cuts, flashes and pulse."""
        seconds = len(self.rows) / self.fps
        bpm, pulse = self._pulse()
        return Rhythm(
            cuts=len(self.cuts),
            cut_frames=tuple(self.cuts),
            shot_s=_r(seconds / (len(self.cuts) + 1)),
            flashes=self.flashes,
            bpm=_r(bpm),
            pulse=_r(pulse),
        )

    def _pulse(self) -> tuple[float, float]:
        """Strongest period between 40 and 200 per minute, of light or of motion, by autocorrelation;
        it must come round three times."""
        best = (0.0, 0.0)
        low, high = self.fps * 60 / 200, min(self.fps * 60 / 40, len(self.rows) / 3)
        lags = np.arange(max(2, math.ceil(low)), math.floor(high) + 1)
        if len(lags) < 3:
            return best
        for name, least in (("mean", 0.004), ("speed", 0.0004)):
            values = self.column(name)
            for n in (0, *self.cuts):
                values[n] = values[min(n + 1, len(values) - 1)]
            # What is slower than a pulse is a trend, and would hide it.
            wide = 2 * int(high) + 1
            kernel = np.ones(wide) / wide
            padded = np.pad(values, wide // 2, mode="edge")
            values = values - np.convolve(padded, kernel, "valid")[: len(values)]
            if values.std() < least:
                continue
            power = float((values**2).mean())
            scores = np.array([float((values[k:] * values[:-k]).mean()) / power for k in lags])
            inner = [
                k for k in range(1, len(lags) - 1) if scores[k - 1] < scores[k] >= scores[k + 1]
            ]
            if not inner:
                continue
            top = max(scores[k] for k in inner)
            if top <= 0.3:
                continue
            # A pulse also returns after two and three periods: the first good one is the beat.
            first = next(k for k in inner if scores[k] >= 0.85 * top)
            if scores[first] > best[1]:
                best = 60 * self.fps / float(lags[first]), min(1.0, float(scores[first]))
        return best


def _cuts(step: F64, like: F64) -> tuple[list[int], int]:
    """Frames that begin a shot, and the number of flashes.

    A cut stands out of the steps around it and changes what is seen; light that comes and goes in
    two steps, to the same picture, is a flash.
    """
    cuts: list[int] = []
    flashes = 0
    n = 1
    while n < len(step):
        around = np.concatenate([step[max(1, n - 9) : n], step[n + 1 : n + 10]])
        usual = float(np.median(around)) if len(around) else 0.0
        near = max(step[n - 1] if n > 1 else 0.0, step[n + 1] if n + 1 < len(step) else 0.0)
        stands_out = step[n] > 0.012 and step[n] > 4 * usual + 0.004
        if stands_out and n + 1 < len(step) and step[n + 1] > 0.6 * step[n]:
            flashes += 1
            n += 2
            continue
        if stands_out and step[n] > 2.0 * near and (like[n] < 0.93 or step[n] > 0.08):
            cuts.append(n)
        n += 1
    return cuts, flashes


def _smoothness(speeds: F64, cuts: Sequence[int]) -> float:
    """1 minus the jumps of speed relative to the speed itself."""
    if len(speeds) < 3:
        return 1.0
    jumps = np.abs(speeds[1:-1] - (speeds[:-2] + speeds[2:]) / 2)
    for n in cuts:
        jumps[max(0, n - 2) : n + 1] = 0.0
    return float(math.exp(-2.0 * jumps.mean() / (speeds.mean() + 0.02)))


def _r(value: float) -> float:
    return round(float(value), 5) + 0.0
