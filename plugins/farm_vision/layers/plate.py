"""A plate: what was seen of the background of a shot so far, wherever the camera looked.

Invariant: every pixel of a plate was resampled at most twice from the frame it was seen in, unless
the camera travelled so far that the plate had to move on; a pixel is known only where all samples it
is made of are known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.warping import cubic
from farm_vision.layers.camera import STILL, Matrix, chained, inverse
from farm_vision.layers.colours import Colours

Stamps = NDArray[np.int32]
"""int32 (H, W): number of the frame a pixel was seen in; -1 where it is not known."""

_MARGIN = 0.25
"""What a plate holds beyond each edge of the frame it began with, in frame sizes."""


class Plate:
    """A canvas around the frame that it began with. to_canvas : from the frame it is at now."""

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        self._margin = round(width * _MARGIN), round(height * _MARGIN)
        shape = height + 2 * self._margin[1], width + 2 * self._margin[0]
        self._colours: Colours = np.zeros((3, *shape), np.uint8)
        self._stamps: Stamps = np.full(shape, -1, np.int32)
        self._to_canvas = self._home()

    def clear(self) -> None:
        """Forget everything: another shot begins."""
        self._stamps[:] = -1
        self._to_canvas = self._home()

    def move(self, step: Matrix) -> None:
        """Go to another frame. step : from its places to those of the frame before."""
        self._to_canvas = chained(self._to_canvas, step)
        width, height = self._size
        corners = np.array([[x, y, 1] for x in (0, width - 1) for y in (0, height - 1)])
        at = corners @ self._to_canvas.T
        rows, columns = self._stamps.shape
        scale = abs(float(np.linalg.det(self._to_canvas[:, :2])))
        if (at < 0).any() or (at > [columns - 1, rows - 1]).any() or not 0.5 < scale < 2.0:
            self._begin_here()

    def add(self, colours: Colours, stamps: Stamps) -> None:
        """Take over what is known of the frame (stamps of 0 and more)."""
        rows, columns = np.nonzero(stamps >= 0)
        if not len(rows):
            return
        x, y = (columns.min(), columns.max()), (rows.min(), rows.max())
        corners = np.array([[a, b, 1] for a in x for b in y]) @ self._to_canvas.T
        low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
        high = np.ceil(corners.max(axis=0)).astype(int) + 1
        to_frame = chained(inverse(self._to_canvas), _shift(*low))
        part = np.s_[..., low[1] : high[1], low[0] : high[0]]
        _transfer(colours, stamps, to_frame, self._colours[part], self._stamps[part])

    def look(self, wanted: NDArray[np.bool_]) -> tuple[Colours, Stamps]:
        """What is known of the wanted pixels of the frame."""
        width, height = self._size
        colours = np.zeros((3, height, width), np.uint8)
        stamps = np.full((height, width), -1, np.int32)
        _look(self._colours, self._stamps, self._to_canvas, wanted, colours, stamps)
        return colours, stamps

    def _home(self) -> Matrix:
        home = STILL.copy()
        home[:, 2] = self._margin
        return home

    def _begin_here(self) -> None:
        old, known = self._colours, self._stamps
        self._colours, self._stamps = np.zeros_like(old), np.full_like(known, -1)
        there = chained(self._to_canvas, inverse(self._home()))
        _transfer(old, known, there, self._colours, self._stamps)
        self._to_canvas = self._home()


def _shift(x: int, y: int) -> Matrix:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y]])


@kernel
def _known(stamps, x, y):
    """Whether the samples around a place are known, and whether it lies on one: then 2."""
    height, width = stamps.shape
    left, above = int(np.floor(x + np.float32(0.5))), int(np.floor(y + np.float32(0.5)))
    if left < 0 or above < 0 or left >= width or above >= height:
        return 0
    if abs(x - np.float32(left)) < np.float32(0.01) and abs(y - np.float32(above)) < np.float32(
        0.01
    ):
        return 2 if stamps[above, left] >= 0 else 0
    left, above = int(np.floor(x)), int(np.floor(y))
    for row in range(max(above - 1, 0), min(above + 3, height)):
        for column in range(max(left - 1, 0), min(left + 3, width)):
            if stamps[row, column] < 0:
                return 0
    return 1


@kernel
def _take(colours, stamps, x, y, out, marks, row, column):
    known = _known(stamps, x, y)
    if known == 0:
        return
    nearest_x, nearest_y = int(np.floor(x + np.float32(0.5))), int(np.floor(y + np.float32(0.5)))
    marks[row, column] = stamps[nearest_y, nearest_x]
    for channel in range(3):
        if known == 2:
            out[channel, row, column] = colours[channel, nearest_y, nearest_x]
        else:
            value = cubic(colours[channel], x, y) + np.float32(0.5)
            out[channel, row, column] = int(min(max(value, np.float32(0)), np.float32(255)))


@kernel
def _transfer(colours, stamps, to_source, out, marks):
    """Each pixel of ``out`` from its place in ``colours``, where that is known."""
    height, width = marks.shape
    for row in range(height):
        for column in range(width):
            x = to_source[0, 0] * column + to_source[0, 1] * row + to_source[0, 2]
            y = to_source[1, 0] * column + to_source[1, 1] * row + to_source[1, 2]
            _take(colours, stamps, np.float32(x), np.float32(y), out, marks, row, column)


@kernel
def _look(colours, stamps, to_source, wanted, out, marks):
    height, width = marks.shape
    for row in range(height):
        for column in range(width):
            if wanted[row, column]:
                x = to_source[0, 0] * column + to_source[0, 1] * row + to_source[0, 2]
                y = to_source[1, 0] * column + to_source[1, 1] * row + to_source[1, 2]
                _take(colours, stamps, np.float32(x), np.float32(y), out, marks, row, column)
