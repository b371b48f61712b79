"""A sharp picture and the blur of each of its pixels to what a lens would have seen.

Invariant: layers are laid from far to near, each opaque underneath those in front of it, so that
neither a background bleeds into what stands before it nor a seam shows where a surface crosses from
layer to layer; blurs within a layer differ pixel by pixel.

What a nearer thing hides is taken from around it (pull and push over a pyramid, after S. J. Gortler
et al., "The Lumigraph", 1996). Large blurs are made at half, a quarter … of the size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.light import Light
from farm_optics.focus import scatter
from farm_optics.focus.aperture import FIELD_RINGS, FIELD_TURNS, Aperture, Changes

Blur = NDArray[np.float32]
"""Radius of the blur (H, W), pixels; negative in front of the focus."""

SHARP = 0.5
"""A blur of at most this radius, pixels, is none."""
LARGEST_PART = 0.25
"""The largest radius, as a part of the height."""
_TILE = 8
_KEPT_CHANGES = 4_000_000


@dataclass(slots=True)
class Renderer:
    """Blurs pictures with one aperture; keeps the blurs it has worked out. Not for several threads.

    finest : largest radius, pixels, that is not made at a smaller size. fringing : how much farther
    red and nearer blue are focused than green, as a part of the distance.
    """

    aperture: Aperture
    finest: float = 12.0
    fringing: float = 0.0
    checkpoint: Callable[[], None] = lambda: None
    _known: dict[tuple[int, bool], Changes] = field(default_factory=dict)
    _size: int = 0

    def blurred(self, light: Light, blur: Blur, at_infinity: float = 0.0) -> Light:
        """The light (3, H, W) through the lens. at_infinity : signed blur radius there, pixels,
        which fringing needs."""
        height = blur.shape[0]
        limit = np.float32(LARGEST_PART * height)
        blur = np.clip(blur, -limit, limit)
        out, covered = np.zeros_like(light), np.zeros_like(blur)
        edges = layer_edges(float(limit))
        extent = np.zeros(len(edges) - 1, np.float32)
        count = np.zeros(len(edges) - 1, np.int64)
        usual = np.zeros(len(edges) - 1, np.float64)
        _tally(blur, edges, count, extent, usual)
        used = [n for n in range(len(count) - 1, -1, -1) if count[n]]
        # Reach of what is nearer, which shows what is behind it.
        nearest = max((extent[n] for n in used if edges[n + 1] <= -SHARP), default=0.0)
        for n in used:
            self.checkpoint()
            mean = np.float32(usual[n] / count[n])
            layer = (edges[n], edges[n + 1], float(extent[n]), float(mean))
            self._lay(light, blur, layer, float(nearest), at_infinity, out, covered)
        scatter.made_opaque(out, covered)
        return out

    def _lay(
        self,
        light: Light,
        blur: Blur,
        layer: tuple[np.float32, np.float32, float, float],
        nearest: float,
        at_infinity: float,
        out: Light,
        covered: Blur,
    ) -> None:
        low, high, extent, usual = layer
        fringe = self.fringing * (abs(at_infinity) + extent)
        level = max(0, math.ceil(math.log2(max(extent + fringe, 1e-3) / self.finest)))
        step = 1 << level
        height, width = blur.shape
        pad = math.ceil((extent + fringe) / step) + 3
        rows, columns = -(-height // step) + 2 * pad, -(-width // step) + 2 * pad
        source = np.empty((rows, columns, 4), np.float32)
        known, radius = np.empty((2, rows, columns), np.float32)
        scatter.pooled(light, blur, low, high, step, pad, source, known, radius)
        needed = _needed(known, math.ceil((extent + nearest) / step))
        _fill(source, known)
        if max(abs(low), abs(high)) <= SHARP and not fringe:
            scatter.laid_over(source, step, pad, out, covered)
            return
        radius /= np.float32(step)
        usual = usual / step or 1e-3
        reach = pad + 2
        canvas = np.zeros((rows + 2 * reach, columns + 2 * reach, 4), np.float32)
        inverted = high <= 0
        shifts = [(0.0, -1)]
        if fringe:
            shifts = [(-self.fringing, 0), (0.0, 1), (self.fringing, 2), (0.0, 3)]
        for part, channel in shifts:
            away = np.float32(at_infinity / step)
            seen = radius
            mean = usual
            if part:
                seen = np.where(radius != 0, radius + np.float32(part) * (away - radius), radius)
                mean = usual + part * (float(away) - usual)
            self._scatter(source, known, seen, mean, needed, pad, channel, canvas, reach, inverted)
        scatter.summed(canvas)
        scatter.laid_over(canvas, step, pad + reach, out, covered)

    def _scatter(
        self,
        source: Light,
        known: Light,
        radius: Light,
        usual: float,
        needed: NDArray[np.bool_],
        pad: int,
        channel: int,
        canvas: Light,
        reach: int,
        inverted: bool,
    ) -> None:
        fields = self.aperture.fields
        quantum = 16 if fields == 1 else 8
        ids = np.empty(known.shape, np.int32)
        numbering = (fields, FIELD_RINGS, FIELD_TURNS, quantum, pad)
        usual32 = np.float32(usual)
        scatter.numbered(source, known, radius, usual32, needed, _TILE, *numbering, ids)
        top = int(ids.max(initial=-1)) + 1
        counts = np.zeros(max(top, 1), np.int64)
        scatter.counted(ids, counts)
        used = np.flatnonzero(counts)
        places = np.zeros(len(counts), np.int32)
        places[used] = np.arange(len(used))
        blurs = [self._changes(int(number), quantum, inverted) for number in used]
        lengths = [len(weights) for _, _, weights in blurs]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        stride = canvas.shape[1]
        empty = np.zeros(0, np.int32)
        down = np.concatenate([empty, *(rows for rows, _, _ in blurs)])
        across = np.concatenate([empty, *(columns for _, columns, _ in blurs)])
        weights = np.concatenate([empty.astype(np.float32), *(w for _, _, w in blurs)])
        offsets = (down.astype(np.int64) * stride + across) * 4
        given = (ids, places, starts, offsets, weights, canvas.reshape(-1), stride, reach)
        if channel < 0:
            scatter.spread(source, *given)
        else:
            scatter.spread_one(source, channel, *given)

    def _changes(self, number: int, quantum: int, inverted: bool) -> Changes:
        key = (number, inverted)
        found = self._known.get(key)
        if found is None:
            radius, place = divmod(number, self.aperture.fields)
            found = self.aperture.blur(radius / quantum, place, inverted)
            self._size += len(found[2])
            if self._size > _KEPT_CHANGES:
                self._known.clear()
                self._size = len(found[2])
            self._known[key] = found
        return found


def layer_edges(limit: float) -> NDArray[np.float32]:
    """Signed blurs at which one layer ends and the next begins, from near to far."""
    sizes = [SHARP, 2.0, 6.0]
    while sizes[-1] <= limit:
        sizes.append(sizes[-1] * 2)
    return np.array([-size for size in reversed(sizes)] + sizes, np.float32)


@kernel
def _tally(blur, edges, count, extent, usual):
    """Pixels of each layer, their largest blur and the sum of their blurs."""
    last = len(count) - 1
    layer = 0
    for row in range(blur.shape[0]):
        for column in range(blur.shape[1]):
            here = blur[row, column]
            while layer < last and here >= edges[layer + 1]:
                layer += 1
            while layer > 0 and here < edges[layer]:
                layer -= 1
            count[layer] += 1
            extent[layer] = max(extent[layer], abs(here))
            usual[layer] += here


def _needed(known: Light, reach: int) -> NDArray[np.bool_]:
    """Tiles (of _TILE pixels a side) from which something that is not hidden is in reach."""
    rows, columns = known.shape
    down, across = -(-rows // _TILE), -(-columns // _TILE)
    tiles = np.zeros((down, across), np.bool_)
    _open_tiles(known, tiles)
    for _ in range(reach // _TILE + 1):
        wide = tiles.copy()
        wide[1:] |= tiles[:-1]
        wide[:-1] |= tiles[1:]
        tiles = wide.copy()
        tiles[:, 1:] |= wide[:, :-1]
        tiles[:, :-1] |= wide[:, 1:]
    return tiles


@kernel
def _open_tiles(known, tiles):
    for row in range(known.shape[0]):
        for column in range(known.shape[1]):
            if known[row, column] > np.float32(0.0):
                tiles[row // _TILE, column // _TILE] = True


def _fill(values: Light, known: Light) -> None:
    """Give what is unknown of a layer the colours and the cover of what is known around it."""
    if known.min() >= 1:
        return
    levels = [(values, known)]
    while min(levels[-1][1].shape) > 1:
        rows, columns = levels[-1][1].shape
        less = np.empty(((rows + 1) // 2, (columns + 1) // 2, 4), np.float32)
        less_known = np.empty(less.shape[:2], np.float32)
        scatter.halved(*levels[-1], less, less_known)
        levels.append((less, less_known))
        if less_known.min() >= 1:
            break
    for (finer, finer_known), (coarser, _) in zip(levels[-2::-1], levels[:0:-1], strict=True):
        scatter.filled(finer, finer_known, coarser)
