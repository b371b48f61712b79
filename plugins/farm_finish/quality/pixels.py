"""What single pictures amount to: brightness, extremes, steps, and how much they differ.

Invariant: numbers are shares of the range from black to white, whatever depth and range a film has.
"""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.picture import source_matrix, source_range

MEASURES = (
    "mean", "dark", "blown", "crushed", "outside", "difference", "worst_difference", "banding",
)  # fmt: skip
_DARK, _EDGE, _OUTSIDE = 0.10, 0.01, 0.035
_BLOCK = 16
_EVERY = 4
"""Of so many rows and columns one is searched for steps."""
_RUN = 6
_PLANAR = ("yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuvj420p", "yuvj422p", "yuvj444p", "gray",
           "nv12", "nv21")  # fmt: skip

Plane = NDArray[Any]


class Series:
    """One row of :data:`MEASURES` and one moment (in seconds) for every picture of a film."""

    def __init__(self) -> None:
        self.moments = array("d")
        self._values = array("f")
        self._previous: tuple[Plane, int] | None = None

    def __len__(self) -> int:
        return len(self.moments)

    def add(self, moment_s: float, frame: VideoFrame) -> None:
        """The next picture."""
        luma, depth, full = luma_of(frame)
        top = float(2**depth - 1)
        black, white = (0.0, top) if full else (16.0 * 2 ** (depth - 8), 235.0 * 2 ** (depth - 8))
        row = np.zeros(len(MEASURES), np.float64)
        before = luma
        if self._previous is not None and self._previous[1] == depth:
            kept = self._previous[0]
            before = kept if kept.shape == luma.shape else luma
        _measure(luma, before, black, white, row)
        row[-1] = _steps(luma, 2.0 ** (depth - 8))
        if self._previous is None:
            row[5] = row[6] = 1.0  # Nothing before it that it could repeat.
        self._previous = (luma, depth)
        self.moments.append(moment_s)
        self._values.extend(row.tolist())

    def of(self, measure: str) -> NDArray[np.float32]:
        """float32 (frames,) of one measure."""
        table = np.frombuffer(self._values, np.float32).reshape(-1, len(MEASURES))
        return table[:, MEASURES.index(measure)]


def luma_of(frame: VideoFrame) -> tuple[Plane, int, bool]:
    """The luma plane (H, W) as it is stored, bits of a sample, and whether its range is full."""
    name = frame.format.name.removesuffix("le")
    depth = frame.format.components[0].bits
    plain = name in _PLANAR or any(name == f"{kind}{depth}" for kind in _PLANAR)
    full = source_range(frame) == ColorRange.JPEG
    if not plain:
        rgb = frame.format.is_rgb or name.startswith("pal")
        deep = depth > 8
        matrix = Colorspace.ITU709 if rgb else source_matrix(frame)
        frame = frame.reformat(
            format="yuv444p10le" if deep else "yuv444p",
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
        depth, full = 10 if deep else 8, False
    kind = np.uint8 if depth == 8 else np.uint16
    plane = frame.planes[0]
    rows = np.frombuffer(plane, kind).reshape(plane.height, -1)
    return rows[: frame.height, : frame.width], depth, full


@kernel
def _measure(luma, before, black, white, out):
    height, width = luma.shape
    reach = white - black
    dark, low = black + _DARK * reach, black + _EDGE * reach
    high = white - _EDGE * reach
    under, over = black - _OUTSIDE * reach, white + _OUTSIDE * reach
    total = darks = blown = crushed = outside = apart = np.int64(0)
    worst = 0.0
    columns = (width + _BLOCK - 1) // _BLOCK
    blocks = np.zeros(columns, np.int64)
    for row in range(height):
        line, old = luma[row], before[row]
        for at in range(width):
            value = np.int64(line[at])
            total += value
            darks += value < dark
            blown += value >= high
            crushed += value <= low
            outside += (value < under) | (value > over)
        for block in range(columns):
            first = block * _BLOCK
            rest = np.int64(0)
            for at in range(first, min(first + _BLOCK, width)):
                rest += abs(np.int64(line[at]) - np.int64(old[at]))
            blocks[block] += rest
            apart += rest
        if (row + 1) % _BLOCK == 0 or row == height - 1:
            rows = row % _BLOCK + 1
            if 2 * rows >= _BLOCK or height < _BLOCK:
                for block in range(columns):
                    wide = min(_BLOCK, width - block * _BLOCK)
                    if 2 * wide >= _BLOCK or width < _BLOCK:
                        worst = max(worst, blocks[block] / (rows * wide * reach))
            blocks[:] = 0
    count = height * width
    out[0] = (total / count - black) / reach
    out[1], out[2], out[3] = darks / count, blown / count, crushed / count
    out[4] = outside / count
    out[5] = apart / (count * reach)
    out[6] = worst


@kernel
def _stairs(line, unit):
    """Samples of a line in flat runs that follow one another up or down in small steps."""
    found = 0
    run, last_run = 1, 0
    last_way = 0
    last_counted = False
    for at in range(1, len(line) + 1):
        if at < len(line) and line[at] == line[at - 1]:
            run += 1
            continue
        step = 0.0
        if at < len(line):
            step = (np.float64(line[at]) - np.float64(line[at - 1])) / unit
        way = 0
        if 2.0 <= abs(step) <= 8.0 and run >= _RUN:
            way = 1 if step > 0 else -1
        # Between two steps the same way.
        if way != 0 and way == last_way:
            found += run
            if not last_counted:
                found += last_run
            last_counted = True
        else:
            last_counted = False
        last_way, last_run = way, run
        run = 1
    return found


@kernel
def _steps(luma, unit):
    height, width = luma.shape
    found = seen = 0
    for row in range(0, height, _EVERY):
        found += _stairs(luma[row], unit)
        seen += width
    line = np.empty(height, luma.dtype)
    for column in range(0, width, _EVERY):
        for row in range(height):
            line[row] = luma[row, column]
        found += _stairs(line, unit)
        seen += height
    return found / seen
