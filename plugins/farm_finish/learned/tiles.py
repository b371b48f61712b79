"""A picture enlarged tile by tile, so that memory does not grow with it and no seam is seen.

Invariant: every pixel is a mean of what the tiles around it show, with weights that sum to one; a
network that sees no further than ``context`` gives the same as on the whole picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from farm.media.light import Light

Network = Callable[[Light], Light]
"""From float32 (3, H, W) to (3, scale * H, scale * W)."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """How a picture is cut, in its own pixels.

    side : longest side of a tile. context : what a network sees around a tile and whose result is
    dropped. fade : even; across what width neighbours run into each other.
    """

    side: int
    context: int
    fade: int = 0


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What a tile shows along one axis, in source pixels, and its weights in enlarged ones."""

    start: int
    stop: int
    weights: Light


def enlarged_in_tiles(signal: Light, scale: int, tiling: Tiling, network: Network) -> Light:
    """A signal float32 (3, H, W) at ``scale`` times its size; the picture is mirrored at its edge."""
    _, height, width = signal.shape
    out = np.zeros((3, height * scale, width * scale), np.float32)
    edge = tiling.context
    wide = np.pad(signal, ((0, 0), (edge, edge), (edge, edge)), mode="symmetric")
    inner = slice(edge * scale, -edge * scale or None)
    for rows in _stretches(height, scale, tiling):
        for columns in _stretches(width, scale, tiling):
            seen = wide[
                :, rows.start : rows.stop + 2 * edge, columns.start : columns.stop + 2 * edge
            ]
            made = network(np.ascontiguousarray(seen))[:, inner, inner]
            place = out[
                :,
                rows.start * scale : rows.stop * scale,
                columns.start * scale : columns.stop * scale,
            ]
            place += made * (rows.weights[:, None] * columns.weights[None])
    return out


def _stretches(size: int, scale: int, tiling: Tiling) -> list[_Stretch]:
    """Tiles of about one length along an axis."""
    count = -(-size // tiling.side)
    edges = [index * size // count for index in range(count + 1)]
    half = tiling.fade // 2
    found = []
    for first, last in pairwise(edges):
        start, stop = max(0, first - half), min(size, last + half)
        places = (np.arange(start * scale, stop * scale) + 0.5) / scale
        weights = np.ones(len(places))
        if first > 0:
            weights *= _risen(places - first, half)
        if last < size:
            weights *= _risen(last - places, half)
        found.append(_Stretch(start, stop, weights.astype(np.float32)))
    return found


def _risen(beyond: np.ndarray, half: int) -> np.ndarray:
    """From 0 at ``-half`` to 1 at ``half`` along a raised cosine."""
    if half == 0:
        return np.ones_like(beyond)
    return 0.5 + 0.5 * np.sin(np.clip(beyond / half, -1, 1) * (np.pi / 2))
