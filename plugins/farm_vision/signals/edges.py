"""The stage ``signal.edges``: Canny's lines, or the strength of edges as shades of grey.

Invariant: each picture is looked at by itself and by the same numbers, so what stands still stays
still, and the windows of a film are what the whole would have given.

Source: J. Canny, "A Computational Approach to Edge Detection", 1986: Gaussian gradients, of which
only ridges stay, and of those what hangs together with a strong one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm import Result, Task
from farm.media.compiled import kernel
from farm.media.film import film, write_lossless
from farm.media.light import light_of, luma_of, signal_of
from farm.media.planes import Layout, Picture
from farm_vision.signals.params import EdgeParams
from farm_vision.signals.windows import share

Plane = NDArray[np.float32]


def run(task: Task[EdgeParams]) -> Result:
    """Draw the edges of the window of ``video`` to ``segment``."""
    target: Path = task.output("segment", ".mkv")
    with film(task.input("video").path, "video") as source:

        def drawn() -> Iterator[Picture]:
            for picture in share(task, source.pictures):
                yield grey_picture(edges(luma(picture), task.params))

        write_lossless(target, drawn(), source.fps)
    task.progress(1, 1)
    return {"segment": target}


def luma(picture: Picture) -> Plane:
    """float32 (H, W), 0 to 1: how bright each pixel looks."""
    layout = picture.layout
    if layout.rgb:
        return luma_of(signal_of(light_of(picture)), layout)
    top = 2.0 ** (layout.depth - 8)
    black, reach = (0.0, 2.0**layout.depth - 1) if layout.full else (16 * top, 219 * top)
    plane = picture.planes[0].astype(np.float32)
    return (plane - np.float32(black)) * np.float32(1.0 / reach)


def grey_picture(values: NDArray[np.uint8]) -> Picture:
    """A picture of shades of grey, full range: red, green and blue are the values themselves."""
    height, width = values.shape
    layout = Layout(width, height, "yuv420p", full=True, matrix=1, primaries=1, transfer=1)
    none = np.full(layout.shapes[1], 128, np.uint8)
    return Picture(layout, (values, none, none))


def edges(picture: Plane, params: EdgeParams) -> NDArray[np.uint8]:
    """uint8 (H, W): 255 on an edge; in the soft style its strength."""
    soft = blurred(picture, params.blur)
    across, down = np.empty_like(soft), np.empty_like(soft)
    _slopes(soft, across, down)
    # A step of height 1 has this slope after the blur, so thresholds are heights of steps.
    scale = np.float32(params.blur * math.sqrt(2 * math.pi))
    strength = np.sqrt(across * across + down * down) * scale
    if params.style == "soft":
        reach = np.float32(1.0 / max(params.high * 4, 1e-6))
        eased = np.minimum((strength - np.float32(params.low)) * reach, np.float32(1.0))
        return (np.sqrt(np.maximum(eased, np.float32(0.0))) * 255 + 0.5).astype(np.uint8)
    marks = np.zeros(soft.shape, np.uint8)
    _ridges(strength, across, down, np.float32(params.low), np.float32(params.high), marks)
    _linked(marks)
    return marks


def blurred(picture: Plane, sigma: float) -> Plane:
    """A picture seen through a Gaussian of that width in pixels; outside, its edge."""
    reach = max(1, math.ceil(3 * sigma))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    taps = (taps / taps.sum()).astype(np.float32)
    wide, out = np.empty_like(picture), np.empty_like(picture)
    _blur_rows(np.pad(picture, ((0, 0), (reach, reach)), "edge"), taps, wide)
    _blur_columns(np.pad(wide, ((reach, reach), (0, 0)), "edge"), taps, out)
    return out


@kernel
def _blur_rows(padded, taps, out):
    height, width = out.shape
    for row in range(height):
        for column in range(width):
            total = np.float32(0.0)
            for tap in range(len(taps)):
                total += taps[tap] * padded[row, column + tap]
            out[row, column] = total


@kernel
def _blur_columns(padded, taps, out):
    height, width = out.shape
    for row in range(height):
        out[row, :] = np.float32(0.0)
        for tap in range(len(taps)):
            for column in range(width):
                out[row, column] += taps[tap] * padded[row + tap, column]


@kernel
def _slopes(soft, across, down):
    height, width = soft.shape
    half = np.float32(0.5)
    for row in range(height):
        above, below = max(row - 1, 0), min(row + 1, height - 1)
        for column in range(width):
            left, right = max(column - 1, 0), min(column + 1, width - 1)
            across[row, column] = half * (soft[row, right] - soft[row, left])
            down[row, column] = half * (soft[below, column] - soft[above, column])


@kernel
def _ridges(strength, across, down, low, high, marks):
    """1 where the strength is highest across the edge and above ``low``, 2 above ``high``."""
    height, width = strength.shape
    for row in range(1, height - 1):
        for column in range(1, width - 1):
            size = strength[row, column]
            if size < low:
                continue
            x, y = across[row, column], down[row, column]
            flat = abs(x) >= abs(y)
            share = abs(y) / abs(x) if flat else abs(x) / abs(y)
            turn = 1 if (x >= 0) == (y >= 0) else -1
            # Strength one step along the slope, on both sides, between two neighbours each.
            if flat:
                ahead = strength[row, column + 1]
                ahead += share * (strength[row + turn, column + 1] - ahead)
                behind = strength[row, column - 1]
                behind += share * (strength[row - turn, column - 1] - behind)
            else:
                ahead = strength[row + 1, column]
                ahead += share * (strength[row + 1, column + turn] - ahead)
                behind = strength[row - 1, column]
                behind += share * (strength[row - 1, column - turn] - behind)
            if size > ahead and size >= behind:
                marks[row, column] = 2 if size >= high else 1


@kernel
def _linked(marks):
    """255 for every mark that hangs together with a 2, 0 for the rest."""
    height, width = marks.shape
    stack = np.empty(height * width, np.int64)
    count = 0
    for row in range(height):
        for column in range(width):
            if marks[row, column] == 2:
                marks[row, column] = 255
                stack[count] = row * width + column
                count += 1
    while count:
        count -= 1
        row, column = stack[count] // width, stack[count] % width
        for y in range(max(row - 1, 0), min(row + 2, height)):
            for x in range(max(column - 1, 0), min(column + 2, width)):
                if marks[y, x] == 1:
                    marks[y, x] = 255
                    stack[count] = y * width + x
                    count += 1
    for row in range(height):
        for column in range(width):
            if marks[row, column] != 255:
                marks[row, column] = 0
