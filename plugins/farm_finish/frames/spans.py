"""A film as spans of motion: from one picture that differs to the next, with cuts and stills.

Invariant: what is said of a stretch depends on the pictures of that stretch and at most
``LONGEST_HOLD + 1`` before it, so that windows of a film agree with the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from farm_finish.frames.between import Motion, working_gray
from farm_finish.frames.lanczos import resized
from farm_finish.frames.planes import Picture
from farm_finish.frames.warping import carried

LONGEST_HOLD = 4
"""Frames a picture may be repeated for as part of a motion; what stands longer stands still."""
_ALIKE_MEAN, _ALIKE_SPOT = 0.35, 6.0
"""Levels of 255 by which a repeated frame may differ: on average, and in its worst block."""
_BLOCK = 8


@dataclass(slots=True)
class Span:
    """Frames ``begin`` to ``end`` of the source, shown as motion from one picture to another.

    second : ``None`` where ``first`` stands still.
    """

    begin: int
    end: int
    first: Picture
    second: Picture | None
    _motion: Motion | None = field(default=None, init=False)
    _cut: bool | None = field(default=None, init=False)

    def picture(self, moment: float, cuts: bool) -> Picture:
        """What is shown at ``moment``, from 0 (``begin``) to below 1 (``end``)."""
        if self.second is None or moment <= 0.0:
            return self.first
        if self._motion is None:
            self._motion = Motion.of(self.first, self.second)
            self._cut = cuts and is_cut(self._motion)
        # At a cut the old picture stays until the moment of the new one, as in the source.
        return self.first if self._cut else self._motion.picture(moment)


def spans(
    pictures: Iterator[Picture], start: int, duplicates: bool = True
) -> Iterator[Span]:
    """The spans of a film, in order. start : number of the first picture.

    The last picture of the film is a span of its own, of one frame.
    """
    first: Picture | None = None
    begin = number = start
    last = None
    for number, picture in enumerate(pictures, start):
        if first is None or last is None:
            first, begin = picture, number
        elif duplicates and alike(last, picture):
            if number - begin > LONGEST_HOLD:
                # Longer than motion in steps would be: it stands, up to here at least.
                yield Span(begin, number, first, None)
                first, begin = picture, number
                last = picture
                continue
        else:
            yield Span(begin, number, first, picture)
            first, begin = picture, number
        last = picture
    if first is not None:
        yield Span(begin, number + 1, first, None)


def alike(one: Picture, two: Picture) -> bool:
    """Whether one frame repeats another, noise of an encoder aside."""
    worst, mean = 0.0, 0.0
    top = 255 / (2**one.layout.depth - 1)
    for a, b in zip(one.planes, two.planes, strict=True):
        if np.array_equal(a, b):
            continue
        apart = np.abs(a.astype(np.int32) - b.astype(np.int32)).astype(np.float32) * top
        mean = max(mean, float(apart.mean()))
        rows, columns = (max(size // _BLOCK, 1) for size in apart.shape)
        high, wide = min(_BLOCK, apart.shape[0]), min(_BLOCK, apart.shape[1])
        blocks = apart[: rows * high, : columns * wide].reshape(rows, high, columns, wide)
        worst = max(worst, float(blocks.mean(axis=(1, 3)).max()))
    return mean < _ALIKE_MEAN and worst < _ALIKE_SPOT


def is_cut(motion: Motion) -> bool:
    """Whether the second picture is of another shot: most of it is not to be found in the first.

    A block is explained if the motion leads to something that differs by less than the block's own
    contrast and the noise. A fast pan is explained, a cut between similar pictures is not; where
    both are too flat to tell, the distribution of light and colour decides.
    """
    one, two = motion.small
    moved = carried(two, motion.there, 1.0, 255)
    rest = _blocks(np.abs(moved - one))
    mean = _blocks(one)
    contrast = np.sqrt(np.maximum(_blocks(one * one) - mean * mean, 0.0))
    lost = float((rest > np.maximum(10.0, 0.6 * contrast)).mean())
    apart = max(_apart(a, b, motion) for a, b in zip(
        motion.first.planes, motion.second.planes, strict=True))
    return lost > 0.5 or (lost > 0.2 and apart > 0.35) or apart > 0.6


def _blocks(values: np.ndarray) -> np.ndarray:
    rows, columns = values.shape[0] // _BLOCK, values.shape[1] // _BLOCK
    cut = values[: rows * _BLOCK, : columns * _BLOCK]
    return cut.reshape(rows, _BLOCK, columns, _BLOCK).mean(axis=(1, 3))


def _apart(one: np.ndarray, two: np.ndarray, motion: Motion) -> float:
    """Distance of the distributions of two planes, 0 to 1: mean shift of sorted values.

    A shift of an eighth of the range counts as 1: what moves keeps its levels, what is cut does
    not.
    """
    top = 2**motion.first.layout.depth - 1
    steps = (np.arange(32) + 0.5) / 32
    a, b = (np.quantile(plane[::4, ::4], steps) for plane in (one, two))
    return min(1.0, float(np.abs(a - b).mean()) / top * 8)
