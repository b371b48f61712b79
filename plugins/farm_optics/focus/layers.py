"""A picture's layers: from far to near, each of the pixels whose blurs are of about one size.

Invariant: every pixel belongs to one layer, and a surface in front of the focus never shares a layer
with one behind it, but for what is as good as sharp.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel

Blur = NDArray[np.float32]
"""Radius of the blur (H, W), pixels; negative in front of the focus."""

SHARP = 0.5
"""A blur of at most this radius, pixels, is none."""
LARGEST_PART = 0.25
"""The largest radius, as a part of the height."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What is blurred from ``low`` to below ``high``, signed. extent : the largest radius in it.
    usual : the mean of its blurs, signed."""

    low: np.float32
    high: np.float32
    extent: float
    usual: float

    @property
    def sharp(self) -> bool:
        """Whether none of it counts as blurred."""
        return bool(max(abs(self.low), abs(self.high)) <= SHARP)

    @property
    def inverted(self) -> bool:
        """Whether the opening stands on its head there, in front of the focus."""
        return bool(self.high <= 0)


def layered(blur: Blur) -> tuple[Blur, list[Layer], float]:
    """The blur, held to what is possible; its layers from far to near; and the reach of what is
    nearer than the focus, which shows what is behind it."""
    limit = np.float32(LARGEST_PART * blur.shape[0])
    blur = np.clip(blur, -limit, limit)
    edges = layer_edges(float(limit))
    extent = np.zeros(len(edges) - 1, np.float32)
    count = np.zeros(len(edges) - 1, np.int64)
    usual = np.zeros(len(edges) - 1, np.float64)
    _tally(blur, edges, count, extent, usual)
    layers = [
        Layer(edges[n], edges[n + 1], float(extent[n]), float(np.float32(usual[n] / count[n])))
        for n in range(len(count) - 1, -1, -1)
        if count[n]
    ]
    return blur, layers, max((a.extent for a in layers if a.high <= -SHARP), default=0.0)


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
