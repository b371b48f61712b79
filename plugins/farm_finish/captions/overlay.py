"""A picture with transparency laid over the frames of a film, in their own numbers.

Invariant: a sample under nothing is the same to the bit; the others are the weighted mean of both,
rounded once, in whatever depth, range and matrix the film has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm.media.planes import Layout, Picture, Plane
from farm_finish.captions.lettering import Drawn

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Patch:
    """What is added to a rectangle of a plane, and how much of the plane stays."""

    rows: slice
    columns: slice
    added: Samples
    kept: Samples


class Overlay:
    """What :class:`Drawn` does to pictures of one layout; made once, applied to many."""

    def __init__(self, drawn: Drawn, layout: Layout) -> None:
        values = np.asarray(drawn.picture, np.float32) / 255.0
        alpha = values[..., 3]
        self._layout = layout
        self._patches: list[_Patch] = []
        across, down = layout.halving
        for number, plane in enumerate(_signals(values[..., :3], layout)):
            halves = (down, across) if number else (0, 0)
            added, kept = _shrunk(plane * alpha, halves), 1.0 - _shrunk(alpha, halves)
            high, wide = layout.shapes[number]
            x, y = drawn.x >> halves[1], drawn.y >> halves[0]
            # What the safe area cannot keep inside, in a picture smaller than the letters, is cut.
            top, left = max(0, -y), max(0, -x)
            added, kept = (
                added[top : high - y, left : wide - x],
                kept[top : high - y, left : wide - x],
            )
            rows = slice(max(y, 0), max(y, 0) + added.shape[0])
            columns = slice(max(x, 0), max(x, 0) + added.shape[1])
            self._patches.append(_Patch(rows, columns, added + np.float32(0.5), kept))

    def over(self, picture: Picture) -> Picture:
        """The picture with the overlay on it."""
        planes: list[Plane] = []
        for plane, patch in zip(picture.planes, self._patches, strict=True):
            made = plane.copy()
            part = made[patch.rows, patch.columns]
            part[...] = (part * patch.kept + patch.added).astype(part.dtype)
            planes.append(made)
        return Picture(picture.layout, (planes[0], planes[1], planes[2]))


def _signals(rgb: Samples, layout: Layout) -> list[Samples]:
    """Red, green, blue (H, W, 3), 0 to 1, as the full-size planes of a layout."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    top = np.float32(2**layout.depth - 1)
    if layout.rgb:
        return [green * top, blue * top, red * top]
    from_red, from_blue = layout.luma
    luma = from_red * red + (1 - from_red - from_blue) * green + from_blue * blue
    chroma = (blue - luma) / (2 * (1 - from_blue)), (red - luma) / (2 * (1 - from_red))
    step = np.float32(2 ** (layout.depth - 8))
    middle = 128 * step
    if layout.full:
        return [luma * top, *(middle + part * top for part in chroma)]
    return [(16 + 219 * luma) * step, *(middle + 224 * step * part for part in chroma)]


def _shrunk(plane: Samples, halves: tuple[int, int]) -> Samples:
    """The mean of each block of pixels that share a sample."""
    high, wide = 1 << halves[0], 1 << halves[1]
    rows, columns = plane.shape[0] // high, plane.shape[1] // wide
    shrunk: Samples = plane.reshape(rows, high, columns, wide).mean((1, 3), dtype=np.float32)
    return shrunk
