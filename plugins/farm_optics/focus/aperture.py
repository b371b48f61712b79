"""The opening of a lens: its outline, and the blur that it makes of a point of light.

Invariant: an outline lies within the circle of radius 1, clockwise or not but with holes the other
way round; the weights of a blur add up to 1, so that no light is lost or made.

A blur is kept as its changes along each row, which are few: a disc of radius r has about 8 r of them
and 3 r * r pixels. Adding the changes of all points and then summing along the rows gives the
same picture as adding all of their discs (scatter by differences, after the summed tables of F. C.
Crow, 1984).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel

Outline = NDArray[np.float64]
"""Edges (n, 4): x and y of the beginning, x and y of the end; y points down."""
Changes = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]
"""Rows and columns from the middle, and how much the blur changes there along its row."""

FIELD_RINGS, FIELD_TURNS = 10, 32
_POINTS = 128


@dataclass(frozen=True, slots=True)
class Aperture:
    """An opening. mask : float32 (n, n) of an opening that is a picture; outline is then empty.

    cats_eye : 0 to 1, how much the barrel cuts off in the corners. swirl : 0 to 1, how much discs
    are drawn out around the middle of the picture there.
    """

    outline: Outline
    mask: NDArray[np.float32] | None = None
    cats_eye: float = 0.0
    swirl: float = 0.0

    @property
    def fields(self) -> int:
        """Number of places of the picture that have a blur of their own."""
        return FIELD_RINGS * FIELD_TURNS if self.cats_eye or self.swirl else 1

    def blur(self, radius: float, field: int = 0, inverted: bool = False) -> Changes:
        """The blur of a point. radius : of the whole pupil's, pixels. field : see field_of.
        inverted : of what is in front of the focus, upside down."""
        reach = math.ceil(radius) + 2
        dense = np.zeros((2 * reach + 1, 2 * reach + 2), np.float64)
        turn = -radius if inverted else radius
        edges, centre = self._seen_from(field)
        barrel = np.array([*(centre * turn), radius], np.float64)
        if self.mask is not None:
            _mask_changes(self.mask.astype(np.float64), turn, barrel, dense, reach)
        else:
            _changes(edges * turn, barrel, 8 if radius < 4 else 4, dense, reach)
        total = np.cumsum(dense, axis=1).sum()
        if radius < 0.25 or abs(total) < 1e-9:
            dense[:] = 0
            dense[reach, reach], dense[reach, reach + 1], total = 1.0, -1.0, 1.0
        rows, columns = np.nonzero(np.abs(dense) > 1e-7)
        return (
            (rows - reach).astype(np.int32),
            (columns - reach).astype(np.int32),
            (dense[rows, columns] / total).astype(np.float32),
        )

    def _seen_from(self, field: int) -> tuple[Outline, NDArray[np.float64]]:
        """The outline as a place of the picture sees it, and the middle of the barrel's edge."""
        if self.fields == 1:
            return self.outline, np.zeros(2)
        ring, turn = divmod(field, FIELD_TURNS)
        out = (ring + 0.5) / FIELD_RINGS
        angle = 2 * math.pi * (turn + 0.5) / FIELD_TURNS
        axis = np.array([math.cos(angle), math.sin(angle)])
        squeeze = 1 - 0.6 * self.swirl * out
        points = self.outline.reshape(-1, 2)
        along = points @ axis
        points = points + np.outer(along * (squeeze - 1), axis)
        return points.reshape(-1, 4), -axis * self.cats_eye * out


def disc() -> Outline:
    """A round opening."""
    return _closed(_circle(1.0))


def blades(count: int, roundness: float, rotation_deg: float) -> Outline:
    """An iris of that many blades; roundness : 0 straight, 1 a circle."""
    turn, half = math.radians(rotation_deg) - math.pi / 2, math.pi / count
    angles = np.linspace(0, 2 * math.pi, 16 * count, endpoint=False)
    straight = math.cos(half) / np.cos(np.mod(angles, 2 * half) - half)
    radius = straight + (1 - straight) * roundness
    return _closed(radius[:, None] * np.stack([np.cos(angles + turn), np.sin(angles + turn)], 1))


def oval(squeeze: float, rotation_deg: float) -> Outline:
    """An anamorphic opening: as high as the pupil, ``1 / squeeze`` as wide."""
    return _closed(_turned(_circle(1.0) * [1 / squeeze, 1.0], rotation_deg))


def heart(rotation_deg: float) -> Outline:
    """A heart."""
    t = np.linspace(0, 2 * math.pi, _POINTS, endpoint=False)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    points = np.stack([16 * np.sin(t) ** 3, -y], 1)
    points -= (points.max(0) + points.min(0)) / 2
    return _closed(_turned(points / np.hypot(*points.T).max(), rotation_deg))


def star(count: int, rotation_deg: float) -> Outline:
    """A star of that many points."""
    angles = np.arange(2 * count) * math.pi / count - math.pi / 2
    radius = np.where(np.arange(2 * count) % 2 == 0, 1.0, 0.45)
    points = radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    return _closed(_turned(points, rotation_deg))


def ring(inner: float = 0.45) -> Outline:
    """The opening of a mirror lens, dark in its middle."""
    return np.concatenate([_closed(_circle(1.0)), _closed(_circle(inner)[::-1])])


OUTLINES: dict[str, Callable[[int, float, float, float], Outline]] = {
    "disc": lambda count, roundness, squeeze, turn: disc(),
    "blades": lambda count, roundness, squeeze, turn: blades(count, roundness, turn),
    "oval": lambda count, roundness, squeeze, turn: oval(squeeze, turn),
    "heart": lambda count, roundness, squeeze, turn: heart(turn),
    "star": lambda count, roundness, squeeze, turn: star(count, turn),
    "ring": lambda count, roundness, squeeze, turn: ring(),
}
"""Outlines by the name of a shape, from count of blades, roundness, squeeze and rotation."""


def _circle(radius: float) -> NDArray[np.float64]:
    angles = 2 * math.pi * (np.arange(_POINTS) + 0.5) / _POINTS
    return radius * np.stack([np.cos(angles), np.sin(angles)], 1)


def _turned(points: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return points @ np.array([[cos, sin], [-sin, cos]])


def _closed(points: NDArray[np.float64]) -> Outline:
    return np.concatenate([points, np.roll(points, -1, axis=0)], axis=1)


@kernel
def _step(dense, row, x, reach, weight):
    """A blur that begins (or ends) at ``x`` of a row."""
    column = int(np.floor(x + 0.5))
    share = column + 0.5 - x
    dense[row, column + reach] += weight * share
    dense[row, column + reach + 1] += weight * (1 - share)


@kernel
def _changes(edges, barrel, parts, dense, reach):
    """Where the rows of an outline begin and end, within the barrel, ``parts`` lines a row."""
    for row in range(dense.shape[0]):
        for part in range(parts):
            y = row - reach - 0.5 + (part + 0.5) / parts
            inside = barrel[2] * barrel[2] - (y - barrel[1]) ** 2
            if inside <= 0:
                continue
            half = np.sqrt(inside)
            low, high = barrel[0] - half, barrel[0] + half
            for n in range(edges.shape[0]):
                top, bottom = edges[n, 1], edges[n, 3]
                if (top <= y) == (bottom <= y):
                    continue
                x = edges[n, 0] + (edges[n, 2] - edges[n, 0]) * (y - top) / (bottom - top)
                x = min(max(x, low), high)
                _step(dense, row, x, reach, (1.0 if top <= y else -1.0) / parts)


@kernel
def _mask_changes(mask, turn, barrel, dense, reach):
    """The changes of a mask within the barrel, the disc of radius ``abs(turn)`` around it; upside
    down if ``turn`` is negative."""
    height, width = mask.shape
    cell = 2 * abs(turn) / np.sqrt(height * height + width * width)
    for j in range(height):
        top, bottom = (j - height / 2) * cell, (j + 1 - height / 2) * cell
        inside = barrel[2] ** 2 - (0.5 * (top + bottom) - barrel[1]) ** 2
        half = np.sqrt(max(inside, 0.0))
        low, high = barrel[0] - half, barrel[0] + half
        for i in range(width):
            value = mask[height - 1 - j, width - 1 - i] if turn < 0 else mask[j, i]
            left = min(max((i - width / 2) * cell, low), high)
            right = min(max((i + 1 - width / 2) * cell, low), high)
            if value <= 0 or right <= left:
                continue
            first, last = int(np.floor(top + 0.5)), int(np.floor(bottom + 0.5))
            for y in range(first, last + 1):
                share = min(bottom, y + 0.5) - max(top, y - 0.5)
                if share > 0:
                    _step(dense, y + reach, left, reach, value * share)
                    _step(dense, y + reach, right, reach, -value * share)
