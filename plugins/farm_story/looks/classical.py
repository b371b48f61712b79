"""How a picture looks, as numbers, without a network: its colours, where they are, and its edges.

Invariant: the same pixels give the same numbers on every machine; two pictures that differ only in
size are alike.

Sources: M. Swain and D. Ballard, "Color indexing", 1991 (histogram); the colour layout descriptor of
MPEG-7; N. Dalal and B. Triggs, "Histograms of oriented gradients", 2005.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from farm_story.looks.measures import Pixels

NAME = "classical@1"

_SIDE, _CELLS, _BINS = 64, 4, 8
_SHARES = (1.0, 0.8, 0.8)
"""Of the histogram, the layout and the edges."""


def look(pixels: Pixels) -> NDArray[np.float64]:
    """The embedding, of length 1: cosines tell how alike two pictures are."""
    squeezed = Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    colours = np.asarray(squeezed, np.float64) / 255
    lit = _evenly_lit(colours)
    parts = (_histogram(lit), _layout(lit), _edges(lit.mean(axis=2)))
    joined = np.concatenate(
        [share * _unit(part) for share, part in zip(_SHARES, parts, strict=True)]
    )
    return _unit(joined)


def _evenly_lit(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """The colours as if the exposure had been right: the same scene in other light stays near."""
    gain = np.clip(0.45 / max(float(colours.mean()), 1e-6), 0.25, 4.0)
    return np.minimum(colours * gain, 1.0)


def _histogram(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """64 colours. Roots make the cosine of two histograms the share they have in common."""
    levels = np.minimum((colours * 4).astype(np.int64), 3)
    index = levels[..., 0] * 16 + levels[..., 1] * 4 + levels[..., 2]
    roots: NDArray[np.float64] = np.sqrt(np.bincount(index.ravel(), minlength=64).astype(float))
    return roots


def _layout(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Brightness and opponent colours of 4 x 4 cells, about the middle grey."""
    red, green, blue = np.moveaxis(colours, 2, 0)
    planes = np.stack([(red + green + blue) / 3 - 0.5, red - green, (red + green) / 2 - blue])
    step = _SIDE // _CELLS
    cells: NDArray[np.float64] = planes.reshape(3, _CELLS, step, _CELLS, step).mean(axis=(2, 4))
    return cells.ravel()


def _edges(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Directions of edges, 8 of them in each of 4 x 4 cells, by their strength."""
    down, across = np.gradient(luma)
    turn = np.mod(np.arctan2(down, across), np.pi) / np.pi
    bins = np.minimum((turn * _BINS).astype(np.int64), _BINS - 1)
    rows, columns = np.indices(luma.shape) // (_SIDE // _CELLS)
    index = (rows * _CELLS + columns) * _BINS + bins
    strength = np.bincount(
        index.ravel(), weights=np.hypot(down, across).ravel(), minlength=_CELLS * _CELLS * _BINS
    )
    return np.sqrt(strength)


def _unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    length = float(np.linalg.norm(values))
    return values / length if length else values
