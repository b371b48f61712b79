"""The meter: planes of a film go in one by one, an analysis comes out.

Invariant: frames are looked at in order and only once, and what is kept of each is a row of numbers;
memory grows with a film's length by a few hundred bytes a frame, not with its size.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from farm_procedural.analyse import kernels, oklab, timeline
from farm_procedural.analyse.dominant import colour_numbers
from farm_procedural.analyse.flow import Pyramid, flow, grid, summarise
from farm_procedural.analyse.forms import Fitter
from farm_procedural.analyse.schema import (
    Analysis,
    Audio,
    Balance,
    Brightness,
    Contrast,
    Media,
    Texture,
)

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
WIDEST, HIGHEST = 320, 180
CELLS = (22, 40)
LOOKED_AT = 24
"""Moments of a film whose large forms are fitted; between half and all of them are kept."""


class Meter:
    """Measures one film.

    width, height : of the luma planes, pixels. full : codes run from 0 to 255 instead of 16 to 235.
    """

    def __init__(
        self,
        width: int,
        height: int,
        fps: Fraction | int,
        *,
        matrix: oklab.Matrix = "bt709",
        full: bool = False,
    ) -> None:
        self.width, self.height, self.fps = width, height, Fraction(fps)
        shrunk = max(1.0, width / WIDEST, height / HIGHEST)
        small = max(1, round(height / shrunk)), max(1, round(width / shrunk))
        self._luma = np.empty(small, np.float32)
        half = -(-small[0] // 2), -(-small[1] // 2)
        self._cb, self._cr = np.empty(half, np.float32), np.empty(half, np.float32)
        self._levels = (0.0, 1.0) if full else (16.0, 255 / 219)
        self._chroma = (128.0, 1.0 if full else 255 / 224)
        self._table = oklab.table(matrix)
        self._lumas = np.zeros(256, np.int64)
        self._colours = np.zeros((64, 64, 64), np.int64)
        shape = min(CELLS[0], half[0]), min(CELLS[1], half[1])
        self._counts = np.empty(shape, np.float32)
        self._cells: list[F32] = [np.zeros((*shape, 3), np.float32) for _ in range(3)]
        self._now, self._before = Pyramid(*small), Pyramid(*small)
        self._anchor = Pyramid(*small)
        self._gap = max(2, round(self.fps / 4))
        self._vectors = np.zeros((*grid(*small), 3), np.float32)
        self._light = np.zeros(12)
        self._moved = np.zeros(8)
        self._compared = np.zeros(7)
        self._rows: list[timeline.Row] = []
        self._spans: list[timeline.Span] = []
        self._forms: list[F32] = []
        self._every = 1

    @property
    def frames(self) -> int:
        """Frames so far."""
        return len(self._rows)

    def add(self, luma: U8, cb: U8, cr: U8) -> None:
        """Measure the next frame: planes uint8 4:2:0, luma (H, W)."""
        zero, gain = self._levels
        width = luma.shape[1]
        kernels.shrink(
            _lines(luma), width, self._luma, np.float32(zero), np.float32(gain), np.float32(0)
        )
        zero, gain = self._chroma
        for plane, small in ((cb, self._cb), (cr, self._cr)):
            width = plane.shape[1]
            kernels.shrink(
                _lines(plane), width, small, np.float32(zero), np.float32(gain), np.float32(128)
            )
        kernels.count_light(self._luma, self._lumas, self._light)
        cells = self._cells.pop(0)
        self._cells.append(cells)
        kernels.count_colours(
            self._luma, self._cb, self._cr, self._table, self._colours, cells, self._counts
        )
        self._before, self._now = self._now, self._before
        self._now.build(self._luma)
        number = len(self._rows)
        if number:
            self._measure(self._before)
        else:
            self._moved[:] = 0.0
        self._rows.append(self._row(cells))
        if number % self._gap == 0:
            if number:
                self._measure(self._anchor)
                self._spans.append(timeline.Span(number - self._gap, number, *self._moved[:6]))
            for kept, level in zip(self._anchor.levels, self._now.levels, strict=True):
                kept[:] = level
        if number % self._every == 0:
            self._forms.append(cells.copy())
            if len(self._forms) > LOOKED_AT:
                self._forms = self._forms[::2]
                self._every *= 2

    def _measure(self, before: Pyramid) -> None:
        flow(before, self._now, self._vectors)
        summarise(self._vectors, float(self._now.levels[0].shape[0]), self._moved)

    def _row(self, cells: F32) -> timeline.Row:
        height, width = self._luma.shape
        light, count = self._light, height * width
        total = max(light[0], 1e-9)
        mean = light[0] / count / 255
        number = len(self._rows)
        before = self._cells[-2] if number else cells
        last = self._cells[-3] if number > 1 else before
        kernels.compare_cells(cells, before, last, self._compared)
        lightness, a, b, chroma, step, like, bend = (float(v) for v in self._compared)
        return timeline.Row(
            mean=mean,
            rms=math.sqrt(max(0.0, light[1] / count / 65025 - mean * mean)),
            edges=light[2] / count,
            detail=light[3] / (4 * count * 255),
            variance=kernels.local_variance(self._luma, max(2, height // 11)) / 65025
            if number % 4 == 0
            else -1.0,
            centre=(light[4] / total / width, light[5] / total / height),
            sides=(light[6] / total, light[7] / total, light[8] / total, light[9] / total),
            middle=light[10] / max(light[11], 1.0) / 255 / max(mean, 1e-6),
            lightness=lightness,
            a=a,
            b=b,
            chroma=chroma,
            step=step,
            likeness=like,
            bend=bend if number > 1 else 0.0,
            speed=float(self._moved[0]),
            moving=float(self._moved[1]),
            x=float(self._moved[2]),
            y=float(self._moved[3]),
            zoom=float(self._moved[4]),
            turn=float(self._moved[5]),
            trust=float(self._moved[6]),
        )

    def analysis(self, media: Media | None = None, audio: Audio | None = None) -> Analysis:
        """What was measured so far.

        Raises
        ------
        ValueError : no frame was added.
        """
        if not self._rows:
            raise ValueError("no frame was added: an analysis needs at least one")
        seconds = float(len(self._rows) / self.fps)
        if media is None:
            media = Media(len(self._rows), str(self.fps), _r(seconds), self.width, self.height)
        film = timeline.Timeline(self._rows, self._spans, float(self.fps))
        low, high, black, white = _percentiles(self._lumas)
        rows = self._rows
        means = film.column("mean")
        edges, detail = film.column("edges"), film.column("detail")
        variance = float(np.mean([row.variance for row in rows if row.variance >= 0]))
        busy = 1 - math.exp(-(edges.mean() / 0.16 + detail.mean() / 0.05 + variance / 0.02) / 3)
        centre = np.mean([row.centre for row in rows], axis=0)
        left, right, upper, lower = np.mean([row.sides for row in rows], axis=0)
        rms = film.column("rms")
        return Analysis(
            media=media,
            brightness=Brightness(
                mean=_r(means.mean()),
                low=_r(low),
                high=_r(high),
                black=_r(black),
                white=_r(white),
                trend=_r(timeline.trend(means)),
                consistency=_r(max(0.0, 1 - 4 * means.std())),
                flicker=_r(film.flicker()),
                shimmer=_r(film.shimmer()),
                histogram=_shares(self._lumas.reshape(32, 8).sum(axis=1)),
                series=_series(means),
            ),
            contrast=Contrast(_r(rms.mean()), _r(high - low), _r(rms.std())),
            colour=colour_numbers(self._colours, self._table, film),
            gradient=Fitter(self._cells[0].shape[:2], self.width / self.height).fit(self._forms),
            texture=Texture(
                edge_density=_r(edges.mean()),
                spatial_variance=_r(variance * 100),
                detail=_r(detail.mean()),
                busyness=_r(busy),
                series=_series(edges),
            ),
            motion=film.motion(),
            rhythm=film.rhythm(),
            balance=Balance(
                centre=(_r(centre[0]), _r(centre[1])),
                horizontal=_r(right - left),
                vertical=_r(upper - lower),
                middle=_r(film.column("middle").mean()),
            ),
            audio=audio,
        )


def _lines(plane: U8) -> U8:
    """The plane with the padding of its lines: contiguous, so that kernels read it as vectors."""
    if plane.flags.c_contiguous or plane.strides[1] != 1:
        return np.ascontiguousarray(plane)
    shape = plane.shape[0], plane.strides[0]
    return np.lib.stride_tricks.as_strided(plane, shape, plane.strides)


def _percentiles(histogram: NDArray[np.int64]) -> tuple[float, float, float, float]:
    """The 5th and the 95th, and the shares at both ends."""
    total = int(histogram.sum())
    running = np.cumsum(histogram)
    low = int(np.searchsorted(running, 0.05 * total, "right"))
    high = int(np.searchsorted(running, 0.95 * total, "left"))
    black, white = histogram[:3].sum() / total, histogram[253:].sum() / total
    return low / 255, min(high, 255) / 255, float(black), float(white)


def _shares(counts: NDArray[np.int64]) -> tuple[float, ...]:
    return tuple(_r(v) for v in counts / max(1, counts.sum()))


def _series(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(_r(v) for v in values)


def _r(value: float) -> float:
    return round(float(value), 5) + 0.0
