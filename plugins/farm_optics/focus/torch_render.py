"""The same blur as :mod:`farm_optics.focus.render`, vectorised for a graphics card.

Invariant: the layers, the openings and the order of the processor's renderer, so that pictures differ
by rounding alone. Light is spread in whole numbers, whose sums do not depend on the order in which
a card adds them: the same card gives the same bits each time.

One operation spreads many points: each point's changes (see :mod:`farm_optics.focus.aperture`) are laid
out one after another, a bounded number at once, and added to the canvas together.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from farm.media.light import Light
from farm_optics.focus.aperture import FIELD_RINGS, FIELD_TURNS
from farm_optics.focus.layers import Blur, Layer, layered
from farm_optics.focus.render import TILE, Renderer

_WHOLE = float(1 << 32)
"""So many steps has one unit of light on the canvas."""
_AT_ONCE = 8_000_000
"""Changes that are laid out at once on a card, about 50 bytes each; a processor has a small share."""


@dataclass(slots=True)
class TorchRenderer(Renderer):
    """Blurs pictures with one aperture on ``device``. Not for several threads."""

    device: str = "cpu"
    _at_once: int = field(init=False, default=_AT_ONCE)

    def __post_init__(self) -> None:
        if self.device == "cpu":
            self._at_once = _AT_ONCE // 16

    @torch.inference_mode()
    def blurred(self, light: Light, blur: Blur, at_infinity: float = 0.0) -> Light:
        """The light (3, H, W) through the lens, as of Renderer."""
        blur, layers, nearest = layered(blur)
        there = torch.from_numpy(np.ascontiguousarray(light)).to(self.device)
        size = torch.from_numpy(blur).to(self.device)
        out = torch.zeros((4, *blur.shape), device=self.device)
        for layer in layers:
            self.checkpoint()
            out = self._laid(there, size, layer, nearest, at_infinity, out)
        made: Light = (out[:3] / out[3].clamp_min(1e-4)).cpu().numpy()
        return made

    def _laid(
        self,
        light: Tensor,
        blur: Tensor,
        layer: Layer,
        nearest: float,
        at_infinity: float,
        out: Tensor,
    ) -> Tensor:
        """A layer over what is behind it, (4, H, W): premultiplied light and its cover."""
        fringe, step, pad = self.sizes(layer, at_infinity)
        source, known, radius = _pooled(light, blur, layer, step, pad)
        needed = _needed(known, math.ceil((layer.extent + nearest) / step))
        seeing = (known > 0) | needed
        source = _filled(source, known)
        if layer.sharp and not fringe:
            return _over(source, step, pad, out)
        radius = radius / step
        usual = layer.usual / step or 1e-3
        reach = pad + 2
        rows, columns = known.shape
        canvas = torch.zeros(
            (4, (rows + 2 * reach) * (columns + 2 * reach)), dtype=torch.int64, device=self.device
        )
        giving = (seeing & (source[3] >= 1e-4)).flatten().nonzero().squeeze(1)
        base = (giving + giving // columns * (2 * reach)).int() + reach * (columns + 2 * reach + 1)
        for part, channel in self.shifts(fringe):
            seen, mean = radius, usual
            if part:
                away = at_infinity / step
                seen = torch.where(radius != 0, radius + part * (away - radius), radius)
                mean = usual + part * (away - usual)
            numbers = self._numbers(seen, mean, pad).flatten()[giving]
            channels = slice(None) if channel < 0 else slice(channel, channel + 1)
            values = source[channels].flatten(1)[:, giving]
            self._spread(
                values, numbers, base, columns + 2 * reach, layer.inverted, canvas[channels]
            )
        sums = canvas.view(4, rows + 2 * reach, columns + 2 * reach).cumsum_(2)
        return _over(sums.float().mul_(1 / _WHOLE), step, pad + reach, out)

    def _numbers(self, radius: Tensor, usual: float, pad: int) -> Tensor:
        """The number of each pixel's blur."""
        size = torch.where(radius != 0, radius, usual).abs()
        numbers = (size * self.quantum + 0.5).int()
        if self.aperture.fields == 1:
            return numbers
        rows, columns = radius.shape
        middle_y, middle_x = 0.5 * (rows - 1), 0.5 * (columns - 1)
        corner = math.hypot(middle_y - pad, middle_x - pad) + 1e-3
        dy = torch.arange(rows, device=self.device).float()[:, None] - middle_y
        dx = torch.arange(columns, device=self.device).float()[None] - middle_x
        ring = (torch.sqrt(dy * dy + dx * dx) / corner * FIELD_RINGS).int()
        angle = torch.atan2(dy, dx) / (2 * math.pi)
        turn = (torch.where(angle < 0, angle + 1, angle) * FIELD_TURNS).int()
        ring, turn = ring.clamp_max(FIELD_RINGS - 1), turn.clamp_max(FIELD_TURNS - 1)
        return (numbers * FIELD_RINGS + ring) * FIELD_TURNS + turn

    def _spread(
        self,
        values: Tensor,
        numbers: Tensor,
        base: Tensor,
        stride: int,
        inverted: bool,
        canvas: Tensor,
    ) -> None:
        """Add the changes of every point's blur. values : (channels, n). numbers : of their blurs.
        base : their places on the flat canvas."""
        if not len(numbers):
            return
        present = torch.zeros(int(numbers.max()) + 1, dtype=torch.bool, device=self.device)
        present[numbers] = True
        starts, down, across, weights = self.changes(present.nonzero().flatten().tolist(), inverted)
        # The place of a number among those that are used.
        which = (present.cumsum(0, dtype=torch.int32) - 1)[numbers]
        shifts = self._sent(down * np.int32(stride) + across)
        strengths = self._sent(weights) * _WHOLE
        begins = self._sent(starts)
        lengths = begins.diff()[which]
        ends = lengths.cumsum(0)
        # Points whose changes fit, as many as do, but never none.
        marks = torch.arange(0, int(ends[-1]), self._at_once, device=self.device)
        cuts = torch.searchsorted(ends, marks, right=True).tolist()
        for first, stop in itertools.pairwise(sorted({0, *cuts, len(numbers)})):
            self.checkpoint()
            own = slice(first, stop)
            count = lengths[own]
            before = ends[own] - count
            # A point's first change, less its place in the row of all.
            moved = (begins[which[own]] - (before - before[0])).int()
            point = torch.arange(stop - first, dtype=torch.int32, device=self.device)
            point = point.repeat_interleave(count)
            change = torch.arange(len(point), dtype=torch.int32, device=self.device)
            change += moved[point]
            at, strength = base[own][point] + shifts[change], strengths[change]
            for canvas_of, value in zip(canvas, values[:, own], strict=True):
                canvas_of.index_add_(0, at, (strength * value[point]).long())

    def _sent(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.device)


def _pooled(
    light: Tensor, blur: Tensor, layer: Layer, step: int, pad: int
) -> tuple[Tensor, Tensor, Tensor]:
    """A layer in blocks of ``step`` pixels: its light and cover (4, h, w), the share of each block
    that is not nearer, and the mean of its blurs. Beyond the edges the edge goes on."""
    height, width = blur.shape
    rows, columns = -(-height // step) + 2 * pad, -(-width // step) + 2 * pad
    down = (torch.arange(rows * step, device=blur.device) - pad * step).clamp(0, height - 1)
    across = (torch.arange(columns * step, device=blur.device) - pad * step).clamp(0, width - 1)

    def block(values: Tensor) -> Tensor:
        if step == 1:
            return values[down][:, across]
        spread = values[down][:, across].reshape(rows, step, columns, step)
        return spread.sum((1, 3)).div_(step * step)

    seen = blur >= float(layer.low)
    own = seen & (blur < float(layer.high))
    share = own.float()
    cover = block(share)
    source = torch.stack([*(block(channel * share) for channel in light), cover])
    radius = block(blur * share) / torch.where(cover > 0, cover, 1)
    return source, block(seen.float()), radius


def _needed(known: Tensor, reach: int) -> Tensor:
    """Pixels in tiles from which something that is not hidden is in reach, (h, w)."""
    rows, columns = known.shape
    unseen = (known > 0).float()[None, None]
    tiles = functional.max_pool2d(unseen, TILE, ceil_mode=True)
    wide = 2 * (reach // TILE + 1) + 1
    if wide > 1:
        tiles = functional.max_pool2d(_padded(tiles, wide // 2), wide, stride=1)
    full = tiles[0, 0].repeat_interleave(TILE, 0).repeat_interleave(TILE, 1)
    return full[:rows, :columns] > 0


def _padded(tiles: Tensor, by: int) -> Tensor:
    return functional.pad(tiles, (by, by, by, by))


def _filled(values: Tensor, known: Tensor) -> Tensor:
    """What is unknown of a layer with the colours and the cover of what is known around it."""
    if float(known.min()) >= 1:
        return values
    levels = [(values, known)]
    while min(levels[-1][1].shape) > 1:
        finer = torch.cat([levels[-1][0], levels[-1][1][None]])
        rows, columns = finer.shape[1:]
        finer = functional.pad(finer, (0, columns % 2, 0, rows % 2))
        less = finer.view(5, (rows + 1) // 2, 2, (columns + 1) // 2, 2).sum((2, 4))
        total = less[4].clone()
        less = torch.where(total > 1, less / total.clamp_min(1), less)
        levels.append((less[:4], total.clamp_max(1)))
        if float(levels[-1][1].min()) >= 1:
            break
    coarser = levels[-1][0]
    for finer, finer_known in levels[-2::-1]:
        rows, columns = finer_known.shape
        shown = functional.interpolate(coarser[None], scale_factor=2.0, mode="bilinear")[0]
        rest = 1 - finer_known
        rest = torch.where(rest > 1e-6, rest, 0)
        coarser = finer + rest * shown[:, :rows, :columns]
    return coarser


def _over(canvas: Tensor, step: int, border: int, below: Tensor) -> Tensor:
    """A layer (4, h, w) laid over premultiplied (4, H, W). border : canvas pixels around it."""
    height, width = below.shape[1:]
    if step == 1:
        made = canvas[:, border : border + height, border : border + width]
    else:
        made = _between(canvas, height, step, border, 1)
        made = _between(made, width, step, border, 2)
    made = made / made[3].clamp_min(1)
    return made + (1 - made[3]) * below


def _between(canvas: Tensor, size: int, step: int, border: int, axis: int) -> Tensor:
    """``size`` pixels along an axis, each between the two nearest blocks."""
    at = (torch.arange(size, device=canvas.device).float() + 0.5) / step - 0.5 + border
    first = at.long()
    part = (at - first).view((-1, 1) if axis == 1 else (1, -1))
    low, high = canvas.index_select(axis, first), canvas.index_select(axis, first + 1)
    return low + part * (high - low)
