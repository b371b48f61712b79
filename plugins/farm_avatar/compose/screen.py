"""A screen recording looked through: where something changes, and when nothing does.

Invariant: a change of two pixels by a tenth of the range is seen; what a video codec leaves on a
picture that stands still is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from farm.media.compiled import kernel
from farm_avatar.compose.planes import Plane, views_of
from farm_avatar.compose.reel import Reel

BLOCK = 16
_LEVELS, _PIXELS = 26, 2
_EVERY_S = 0.06
"""Frames closer to one another are looked at together."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something changed at ``at_s`` of the recording, between these edges (px)."""

    at_s: float
    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Survey:
    """A recording of ``size``, from ``begin_s`` to ``end_s``, and what changes in it."""

    size: tuple[int, int]
    begin_s: float
    end_s: float
    changes: tuple[Change, ...]


def survey(
    path: Path,
    label: str,
    start_s: float,
    end_s: float | None,
    told: Callable[[float], None] = lambda at_s: None,
) -> Survey:
    """Look through a recording. told : is called with the second that is reached.

    Raises
    ------
    InputError : there is no frame.
    """
    changes: list[Change] = []
    with Reel(path, label, start_s, end_s) as reel:
        size = reel.size
        last: Plane | None = None
        looked_s, at_s, begin_s, step_s = -1.0, start_s, start_s, 0.04
        for shown in reel.every():
            step_s = max(0.0, shown.at_s - at_s) or step_s
            at_s = max(start_s, shown.at_s)
            if last is not None and at_s - looked_s < _EVERY_S:
                continue
            luma = np.array(views_of(shown.frame)[0])
            if last is None:
                begin_s = at_s
            elif last.shape == luma.shape:
                edges = changed(last, luma)
                if edges is not None:
                    changes.append(Change(at_s, *edges))
            last, looked_s = luma, at_s
            told(at_s)
    return Survey(size, begin_s, at_s + step_s, tuple(changes))


def changed(one: Plane, two: Plane) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of what differs, px; ``None`` where nothing does."""
    edges = np.empty(4, np.int64)
    if not _changed(one, two, edges):
        return None
    left, top, right, bottom = (int(edge) for edge in edges)
    high, wide = one.shape
    return left, top, min(right, wide), min(bottom, high)


@kernel
def _changed(one, two, edges):
    rows, columns = one.shape
    edges[0], edges[1], edges[2], edges[3] = columns, rows, 0, 0
    found = False
    for top in range(0, rows, BLOCK):
        bottom = min(top + BLOCK, rows)
        for left in range(0, columns, BLOCK):
            right = min(left + BLOCK, columns)
            count = 0
            for row in range(top, bottom):
                for column in range(left, right):
                    apart = abs(np.int32(one[row, column]) - np.int32(two[row, column]))
                    if apart > _LEVELS:
                        count += 1
            if count >= _PIXELS:
                found = True
                edges[0], edges[1] = min(edges[0], left), min(edges[1], top)
                edges[2], edges[3] = max(edges[2], right), max(edges[3], bottom)
    return found
