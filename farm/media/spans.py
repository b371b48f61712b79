"""A film as spans of motion: from one picture that differs to the next, with cuts and stills.

Invariant: what is said of a stretch depends on the pictures of that stretch and at most
``LONGEST_HOLD + 1`` before it, so that windows of a film agree with the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from farm.media.between import Maker, Motion
from farm.media.lanczos import resized
from farm.media.planes import Picture, Plane
from farm.media.warping import carried, strays

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

    def picture(self, moment: float, cuts: bool, make: Maker = Motion.picture) -> Picture:
        """What is shown at ``moment``, from 0 (``begin``) to below 1 (``end``)."""
        if self.second is None or moment <= 0.0:
            return self.first
        if self._motion is None:
            self._motion = Motion.of(self.first, self.second)
            self._cut = cuts and is_cut(self._motion)
        # At a cut the old picture stays until the moment of the new one, as in the source.
        return self.first if self._cut else make(self._motion, moment)


def spans(pictures: Iterator[Picture], start: int, duplicates: bool = True) -> Iterator[Span]:
    """The spans of a film, in order. start : number of the first picture.

    The last picture of the film is a span of its own, of one frame.
    """
    first: Picture | None = None
    last: Picture | None = None
    begin = number = start
    stands = False
    for number, picture in enumerate(pictures, start):
        if first is None or last is None:
            first = picture
        elif not (duplicates and alike(last, picture)):
            yield Span(begin, number, first, picture)
            first, begin, stands = picture, number, False
        elif stands or number - begin > LONGEST_HOLD:
            # Longer than motion in steps would be: it stands, up to here at least.
            yield Span(begin, number, first, None)
            first, begin, stands = picture, number, True
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
    """Whether the second picture is of another shot.

    It is if most blocks look different where the motion leads, or if most motion does not lead back
    to where it came from and many blocks fit badly: between pictures that have nothing to do with
    one another there is always some match, but not the same one from both sides. A fast pan leads
    back, and is none.
    """
    one, two = motion.small
    rest = _blocks(np.abs(carried(two, motion.there, 1.0, 255) - one))
    mean = _blocks(one)
    contrast = np.sqrt(np.maximum(_blocks(one * one) - mean * mean, 0.0))
    other = rest > np.maximum(10.0, 0.6 * contrast)
    lost = float((other | (_colours_apart(motion, rest.shape) > 12.0)).mean())
    poor = float((rest > np.maximum(4.0, 0.4 * contrast)).mean())
    astray = float(_blocks(strays(motion.there, motion.back)).mean())
    return lost > 0.5 or (astray > 0.6 and poor > 0.4)


def _blocks(values: Plane) -> Plane:
    rows, columns = values.shape[0] // _BLOCK, values.shape[1] // _BLOCK
    cut = values[: rows * _BLOCK, : columns * _BLOCK]
    means: Plane = cut.reshape(rows, _BLOCK, columns, _BLOCK).mean(axis=(1, 3))
    return means


def _colours_apart(motion: Motion, shape: tuple[int, ...]) -> Plane:
    """Difference of the colour planes, in levels of 255, on a grid of blocks."""
    scale = np.float32(255 / (2**motion.first.layout.depth - 1))
    rows, columns = shape
    worst = np.zeros((rows, columns), np.float32)
    for one, two in zip(_colours(motion.first), _colours(motion.second), strict=True):
        a, b = (resized(p * scale, columns, rows) for p in (one, two))
        worst = np.maximum(worst, np.abs(a - b))
    return worst


def _colours(picture: Picture) -> list[Plane]:
    """Planes of colour alone, float32: what moves shows little in them."""
    one, *others = (plane.astype(np.float32) for plane in picture.planes)
    return [(plane - one) / 2 for plane in others] if picture.layout.rgb else others
