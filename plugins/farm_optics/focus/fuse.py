"""The stage ``image.all_in_focus``: pictures of one scene, focused differently, as one that is sharp.

Invariant: the stack is read once, two pyramids are held, however many pictures there are; the same
stack gives the same bytes.

Source: P. J. Burt and R. J. Kolczynski, "Enhanced Image Capture Through Fusion", 1993: of each detail
of a Laplacian pyramid the strongest is kept, judged over its neighbours.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm import InputError, Result, Task
from farm.media.compiled import kernel
from farm.media.film import film
from farm.media.light import Light, light_of, luma_of, picture_of_signal, signal_of
from farm.media.planes import Layout
from farm_optics.focus.stills import write_png
from farm_optics.params import FuseParams

_COARSEST = 24
"""Shorter side of the level whose mean is taken, pixels."""


def run(task: Task[FuseParams]) -> Result:
    """Merge the frames of ``video``."""
    target: Path = task.output("image", ".png")
    fusion: Fusion | None = None
    with film(task.input("video").path, "video") as source:
        total = source.count()
        for number, picture in enumerate(source.pictures()):
            task.progress(number, total, f"picture {number}")
            if fusion is None:
                fusion = Fusion(picture.layout, task.params.window)
            fusion.add(signal_of(light_of(picture)))
    if fusion is None:
        raise InputError(
            "has no frames",
            where="video",
            mend="Send a video with at least one picture.",
            code="media.no-frames",
        )
    write_png(target, picture_of_signal(fusion.merged(), fusion.layout))
    task.progress(1, 1)
    return {"image": target}


class Fusion:
    """Collects the strongest details of pictures, which are signals float32 (3, H, W)."""

    def __init__(self, layout: Layout, window: int) -> None:
        self.layout = layout
        self._window = window
        self._details: list[Light] = []
        self._strengths: list[NDArray[np.float32]] = []
        self._mean: Light = np.zeros((3, 1, 1), np.float32)
        self._count = 0

    def add(self, signal: Light) -> None:
        """Take in another picture."""
        level, number = signal, 0
        while min(level.shape[1:]) >= 2 * _COARSEST:
            smaller = _halved(level)
            detail = level - _doubled(smaller, level.shape)
            sharp = luma_of(detail, self.layout)
            strength = np.empty(sharp.shape, np.float32)
            _summed_squares(sharp, self._window, strength)
            if not self._count:
                self._details.append(detail)
                self._strengths.append(strength)
            else:
                better = strength > self._strengths[number]
                np.copyto(self._details[number], detail, where=better)
                np.copyto(self._strengths[number], strength, where=better)
            level, number = smaller, number + 1
        self._mean = level.copy() if not self._count else self._mean + level
        self._count += 1

    def merged(self) -> Light:
        """The picture with the strongest of all details."""
        level = self._mean / np.float32(self._count)
        for detail in reversed(self._details):
            level = detail + _doubled(level, detail.shape)
        return level


def _halved(signal: Light) -> Light:
    rows, columns = (signal.shape[1] + 1) // 2, (signal.shape[2] + 1) // 2
    narrow = np.empty((3, signal.shape[1], columns), np.float32)
    out = np.empty((3, rows, columns), np.float32)
    _halve_rows(signal, narrow)
    _halve_columns(narrow, out)
    return out


def _doubled(signal: Light, shape: tuple[int, ...]) -> Light:
    out = np.empty(shape, np.float32)
    _double(signal, out)
    return out


@kernel
def _halve_rows(signal, out):
    width = signal.shape[2]
    six, four, share = np.float32(6.0), np.float32(4.0), np.float32(1.0 / 16.0)
    for channel in range(3):
        for y in range(out.shape[1]):
            line = signal[channel, y]
            for x in range(out.shape[2]):
                at = 2 * x
                far = line[max(at - 2, 0)] + line[min(at + 2, width - 1)]
                near = line[max(at - 1, 0)] + line[min(at + 1, width - 1)]
                out[channel, y, x] = (six * line[at] + four * near + far) * share


@kernel
def _halve_columns(signal, out):
    height = signal.shape[1]
    six, four, share = np.float32(6.0), np.float32(4.0), np.float32(1.0 / 16.0)
    for channel in range(3):
        part = signal[channel]
        for y in range(out.shape[1]):
            at = 2 * y
            a, b = max(at - 2, 0), max(at - 1, 0)
            c, d = min(at + 1, height - 1), min(at + 2, height - 1)
            for x in range(out.shape[2]):
                far, near = part[a, x] + part[d, x], part[b, x] + part[c, x]
                out[channel, y, x] = (six * part[at, x] + four * near + far) * share


@kernel
def _double(signal, out):
    rows, columns = signal.shape[1:]
    half = np.float32(0.5)
    for channel in range(3):
        part = signal[channel]
        for y in range(out.shape[1]):
            a, b = y // 2, min((y + 1) // 2, rows - 1)
            for x in range(out.shape[2]):
                c, d = x // 2, min((x + 1) // 2, columns - 1)
                out[channel, y, x] = half * (
                    half * (part[a, c] + part[a, d]) + half * (part[b, c] + part[b, d])
                )


@kernel
def _summed_squares(sharp, reach, out):
    """Sum of the squares in the window around each pixel."""
    height, width = sharp.shape
    lines = np.empty((height, width), np.float32)
    for y in range(height):
        for x in range(width):
            total = np.float32(0.0)
            for at in range(max(x - reach, 0), min(x + reach + 1, width)):
                total += sharp[y, at] * sharp[y, at]
            lines[y, x] = total
    for y in range(height):
        first, last = max(y - reach, 0), min(y + reach + 1, height)
        for x in range(width):
            out[y, x] = np.float32(0.0)
        for at in range(first, last):
            for x in range(width):
                out[y, x] += lines[at, x]
