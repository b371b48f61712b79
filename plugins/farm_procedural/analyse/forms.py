"""Which gradient a picture's large forms follow.

Invariant: a gradient is judged by the share of variance that position along it explains, whatever
curve its colours take, so that a ramp over dark and light stops counts as much as a straight one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from farm_procedural.analyse.schema import Gradient
from farm_procedural.compiled import kernel

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
STEPS = 16
TURNS = 48
_CENTRES = [(x, y) for y in (-0.25, -0.12, 0.0, 0.12, 0.25) for x in (-0.3, -0.15, 0.0, 0.15, 0.3)]


class Fitter:
    """Fits gradients to cells (rows, columns, 3) in OKLab of a picture of this aspect."""

    def __init__(self, shape: tuple[int, int], aspect: float) -> None:
        rows, columns = shape
        y = 0.5 - (np.arange(rows) + 0.5) / rows
        x = ((np.arange(columns) + 0.5) / columns - 0.5) * aspect
        self._x, self._y = (v.ravel() for v in np.meshgrid(x, y))
        self._aspect = aspect
        self._names: list[tuple[str, float, float, float]] = []
        binned: list[NDArray[np.uint8]] = []
        for k in range(TURNS):
            turn = math.pi * k / TURNS
            along = self._x * math.cos(turn) + self._y * math.sin(turn)
            self._names.append(("linear", math.degrees(turn), 0.0, 0.0))
            binned.append(_binned(along))
        for cx, cy in _CENTRES:
            dx, dy = self._x - cx * aspect, self._y - cy
            for kind, along in (
                ("radial", np.hypot(dx, dy)),
                ("diamond", np.abs(dx) + np.abs(dy)),
                ("conic", np.arctan2(dy, dx)),
            ):
                self._names.append((kind, 0.0, cx, cy))
                binned.append(_binned(along))
        self._bins = np.ascontiguousarray(np.stack(binned))

    def fit(self, frames: Sequence[F32]) -> Gradient:
        """The kind that explains most of the frames, with its angle, centre and strength."""
        scores = np.zeros(len(self._names))
        variance = 0.0
        for cells in frames:
            points = np.ascontiguousarray(cells.reshape(-1, 3), np.float64)
            points -= points.mean(axis=0)
            own = np.zeros(len(self._names))
            _explained(self._bins, points, own)
            scores += own
            variance += float((points**2).sum())
        # Frames weigh by their own variance: a black one says nothing. Rounding to 8 bits is no form.
        shares = scores / (variance + 4e-6 * len(frames) * len(self._x))
        # A round form with its centre on the border looks like a straight one; the simpler counts.
        for k, (kind, _, cx, cy) in enumerate(self._names):
            if kind != "linear":
                shares[k] -= 0.015 + (0.01 if (cx, cy) != (0.0, 0.0) else 0.0)
        best = int(np.argmax(shares))
        kind, angle, cx, cy = self._names[best]
        fit = float(scores[best] / (variance + 4e-6 * len(frames) * len(self._x)))
        means = np.mean([self._ends(best, cells) for cells in frames], axis=0)
        strength = float(np.linalg.norm(means[1] - means[0]))
        rising = float(means[1][0] - means[0][0])
        if fit < 0.35 or strength < 0.025:
            return Gradient("none", 0.0, (0.5, 0.5), _r(strength), _r(fit))
        if kind != "linear":
            seam = self._seam(cx, cy, frames) if kind == "conic" else 0.0
            centre = (_r(0.5 + cx), _r(0.5 - cy))
            return Gradient(kind, _r(seam), centre, _r(strength), _r(fit), rising < 0)
        angle = self._finer(shares, best)
        angle = angle % 360 if rising >= 0 else (angle + 180) % 360
        off = min(abs(angle - right) % 360 for right in (0.0, 90.0, 180.0, 270.0, 360.0))
        name = "angled"
        if off <= 11:
            name = "vertical" if abs(math.sin(math.radians(angle))) > 0.7 else "horizontal"
        return Gradient(name, _r(angle), (0.5, 0.5), _r(strength), _r(fit))

    def _ends(self, index: int, cells: F32) -> F64:
        """Mean OKLab of the first and the last fifth along a gradient (2, 3)."""
        points, bins = cells.reshape(-1, 3).astype(np.float64), self._bins[index]
        low, high = points[bins < STEPS * 0.2], points[bins >= STEPS * 0.8]
        return np.stack([low.mean(axis=0), high.mean(axis=0)])

    def _finer(self, shares: F64, best: int) -> float:
        """The angle between two tried ones, by a parabola through three scores."""
        left, here, right = (float(shares[(best + k) % TURNS]) for k in (-1, 0, 1))
        bend = left - 2 * here + right
        move = 0.5 * (left - right) / bend if bend < -1e-9 else 0.0
        return 180.0 / TURNS * (best + max(-0.5, min(0.5, move)))

    def _seam(self, cx: float, cy: float, frames: Sequence[F32]) -> float:
        """Direction in which a conic gradient jumps, degrees."""
        angle = np.degrees(np.arctan2(self._y - cy, self._x - cx * self._aspect)) % 360
        bins = (angle / 15).astype(int)
        light = np.mean([cells[..., 0].ravel() for cells in frames], axis=0)
        means = np.bincount(bins, light, 24) / np.maximum(1, np.bincount(bins, minlength=24))
        jumps = np.abs(means - np.roll(means, 1))
        return float(np.argmax(jumps)) * 15.0


def _binned(along: F64) -> NDArray[np.uint8]:
    """The step of each cell: each step has equally many, so that none is a matter of luck."""
    order = np.argsort(np.round(along, 9), kind="stable")
    ranks = np.empty(len(along))
    ranks[order] = np.arange(len(along))
    # Cells at the same place along the gradient belong to the same step.
    _, group = np.unique(np.round(along, 9), return_inverse=True)
    mean = np.bincount(group.ravel(), ranks) / np.bincount(group.ravel())
    steps = (mean[group.ravel()] + 0.5) * STEPS / len(along)
    return np.minimum(steps, STEPS - 1).astype(np.uint8)


@kernel
def _explained(bins, points, out):
    """Sum of squares between the steps' means for each way to bin; points are centred."""
    sums = np.zeros((16, 4))
    for k in range(bins.shape[0]):
        sums[:] = 0.0
        for n in range(bins.shape[1]):
            step = bins[k, n]
            sums[step, 0] += points[n, 0]
            sums[step, 1] += points[n, 1]
            sums[step, 2] += points[n, 2]
            sums[step, 3] += 1.0
        total = 0.0
        for step in range(16):
            if sums[step, 3] > 0:
                total += (sums[step, 0] ** 2 + sums[step, 1] ** 2 + sums[step, 2] ** 2) / sums[
                    step, 3
                ]
        out[k] = total


def _r(value: float) -> float:
    return round(float(value), 5) + 0.0
