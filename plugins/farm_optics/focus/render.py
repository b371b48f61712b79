"""A sharp picture and the blur of each of its pixels to what a lens would have seen.

Invariant: layers are laid from far to near, each opaque underneath those in front of it, so that
neither a background bleeds into what stands before it nor a seam shows where a surface crosses from
layer to layer; blurs within a layer differ pixel by pixel.

What a nearer thing hides is taken from around it (pull and push over a pyramid, after S. J. Gortler
et al., "The Lumigraph", 1996). Large blurs are made at half, a quarter … of the size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.light import Light
from farm_optics.focus import scatter
from farm_optics.focus.aperture import FIELD_RINGS, FIELD_TURNS, Aperture, Changes
from farm_optics.focus.layers import Blur, Layer, layered

TILE = 8
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
        blur, layers, nearest = layered(blur)
        out, covered = np.zeros_like(light), np.zeros_like(blur)
        for layer in layers:
            self.checkpoint()
            self._lay(light, blur, layer, nearest, at_infinity, out, covered)
        scatter.made_opaque(out, covered)
        return out

    def _lay(
        self,
        light: Light,
        blur: Blur,
        layer: Layer,
        nearest: float,
        at_infinity: float,
        out: Light,
        covered: Blur,
    ) -> None:
        fringe, step, pad = self.sizes(layer, at_infinity)
        height, width = blur.shape
        rows, columns = -(-height // step) + 2 * pad, -(-width // step) + 2 * pad
        source = np.empty((rows, columns, 4), np.float32)
        known, radius = np.empty((2, rows, columns), np.float32)
        scatter.pooled(light, blur, layer.low, layer.high, step, pad, source, known, radius)
        needed = _needed(known, math.ceil((layer.extent + nearest) / step))
        _fill(source, known)
        if layer.sharp and not fringe:
            scatter.laid_over(source, step, pad, out, covered)
            return
        radius /= np.float32(step)
        usual = layer.usual / step or 1e-3
        reach = pad + 2
        canvas = np.zeros((rows + 2 * reach, columns + 2 * reach, 4), np.float32)
        for part, channel in self.shifts(fringe):
            away = np.float32(at_infinity / step)
            seen = radius
            mean = usual
            if part:
                seen = np.where(radius != 0, radius + np.float32(part) * (away - radius), radius)
                mean = usual + part * (float(away) - usual)
            self._scatter(
                source, known, seen, mean, needed, pad, channel, canvas, reach, layer.inverted
            )
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
        fields, quantum = self.aperture.fields, self.quantum
        ids = np.empty(known.shape, np.int32)
        numbering = (fields, FIELD_RINGS, FIELD_TURNS, quantum, pad)
        usual32 = np.float32(usual)
        scatter.numbered(source, known, radius, usual32, needed, TILE, *numbering, ids)
        top = int(ids.max(initial=-1)) + 1
        counts = np.zeros(max(top, 1), np.int64)
        scatter.counted(ids, counts)
        used = np.flatnonzero(counts)
        places = np.zeros(len(counts), np.int32)
        places[used] = np.arange(len(used))
        stride = canvas.shape[1]
        starts, down, across, weights = self.changes(used, inverted)
        offsets = (down.astype(np.int64) * stride + across) * 4
        given = (ids, places, starts, offsets, weights, canvas.reshape(-1), stride, reach)
        if channel < 0:
            scatter.spread(source, *given)
        else:
            scatter.spread_one(source, channel, *given)

    @property
    def quantum(self) -> int:
        """Steps of a pixel in which the radius of a blur is told."""
        return 16 if self.aperture.fields == 1 else 8

    def sizes(self, layer: Layer, at_infinity: float) -> tuple[float, int, int]:
        """How much fringing may add to the radius of a layer's blurs, pixels; pixels a side of one
        block, in which the layer is made; and blocks around the picture."""
        fringe = self.fringing * (abs(at_infinity) + layer.extent)
        widest = layer.extent + fringe
        step: int = 1 << max(0, math.ceil(math.log2(max(widest, 1e-3) / self.finest)))
        return fringe, step, math.ceil(widest / step) + 3

    def shifts(self, fringe: float) -> list[tuple[float, int]]:
        """How much farther, as a part of the distance, each channel is focused; -1 is all four."""
        if not fringe:
            return [(0.0, -1)]
        return [(-self.fringing, 0), (0.0, 1), (self.fringing, 2), (0.0, 3)]

    def changes(self, numbers: Iterable[int], inverted: bool) -> tuple[NDArray[np.int64], *Changes]:
        """Where the changes of each of these blurs begin and the last one's end, and all of them."""
        blurs = [self._changes(int(number), inverted) for number in numbers]
        starts = np.cumsum([0, *(len(weights) for _, _, weights in blurs)]).astype(np.int64)
        empty = np.zeros(0, np.int32)
        down = np.concatenate([empty, *(rows for rows, _, _ in blurs)])
        across = np.concatenate([empty, *(columns for _, columns, _ in blurs)])
        weights = np.concatenate([empty.astype(np.float32), *(w for _, _, w in blurs)])
        return starts, down, across, weights

    def _changes(self, number: int, inverted: bool) -> Changes:
        key = (number, inverted)
        found = self._known.get(key)
        if found is None:
            radius, place = divmod(number, self.aperture.fields)
            found = self.aperture.blur(radius / self.quantum, place, inverted)
            self._size += len(found[2])
            if self._size > _KEPT_CHANGES:
                self._known.clear()
                self._size = len(found[2])
            self._known[key] = found
        return found


def _needed(known: Light, reach: int) -> NDArray[np.bool_]:
    """Tiles (of TILE pixels a side) from which something that is not hidden is in reach."""
    rows, columns = known.shape
    down, across = -(-rows // TILE), -(-columns // TILE)
    tiles = np.zeros((down, across), np.bool_)
    _open_tiles(known, tiles)
    for _ in range(reach // TILE + 1):
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
                tiles[row // TILE, column // TILE] = True


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
