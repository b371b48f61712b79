"""Holes filled with texture from elsewhere in the picture.

Invariant: what is known is not changed; the same picture and hole give the same bits.

From coarse to fine each patch over the hole looks for the patch most like it among those that are
wholly known, and each pixel becomes a weighted mean of what the patches over it found: Y. Wexler,
E. Shechtman and M. Irani, "Space-Time Completion of Video", 2007, with the search of C. Barnes et al.,
"PatchMatch: A Randomized Correspondence Algorithm for Structural Image Editing", 2009.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.flow import halved
from farm_vision.layers.spreading import Values, spread

Hole = NDArray[np.bool_]

RADIUS = 3
"""Patches are 7 pixels wide."""
_COARSEST = 24
_LARGEST = 200_000
"""Pixels of the level that is searched last; finer ones take over where it looked."""
_SMALL = 20_000
"""Pixels of a level that costs so little that it is searched three times as long."""
_ROUNDS = 4


def inpainted(picture: Values, hole: Hole, pause: Callable[[], None] = lambda: None) -> Values:
    """float32 (3, H, W), 0 to 255, with ``hole`` (H, W) filled.

    pause : called at least once a second; what it raises ends the work.
    """
    if not hole.any():
        return picture
    pictures, holes = [picture], [hole]
    while min(holes[-1].shape) >= 2 * _COARSEST and not holes[-1].all():
        finer, cover = pictures[-1], holes[-1]
        pictures.append(_smaller(finer, cover))
        part = halved(cover.astype(np.float32))
        holes.append(part > 0)
    out = spread(pictures[-1], ~holes[-1])
    field = None
    for level in range(len(pictures) - 1, -1, -1):
        here, cover = pictures[level], holes[level]
        sources = _whole(cover)
        if not sources.any():
            out = spread(here, ~cover)
            field = None
            continue
        if field is not None:
            field = _finer(field, cover.shape)
        start = _begun(field, sources)
        out = np.where(cover, _grown(out, cover.shape), here).astype(np.float32)
        targets = _near(cover)
        if field is not None:
            _vote(out, here, cover, targets, start, np.float32(0))
        rounds = (_ROUNDS if cover.size > _SMALL else 3 * _ROUNDS) if cover.size <= _LARGEST else 1
        for turn in range(rounds):
            pause()
            reach = 0 if cover.size > _LARGEST else max(cover.shape)
            _match(out, targets, sources, start, turn, reach)
            pause()
            _vote(out, here, cover, targets, start, np.float32(1))
        field = start
    return np.where(hole, out, picture).astype(np.float32)


def _smaller(picture: Values, hole: Hole) -> Values:
    """Half the size, of what is known in each block of four."""
    known = (~hole).astype(np.float32)
    weight = np.maximum(halved(known), np.float32(1e-6))
    return np.stack([halved(plane * known) / weight for plane in picture]).astype(np.float32)


def _whole(hole: Hole) -> Hole:
    """Middles of patches that lie in the picture and are wholly known."""
    return ~_near(hole) & _inside(hole.shape)


def _inside(shape: tuple[int, ...]) -> Hole:
    inside = np.zeros(shape, bool)
    inside[RADIUS : shape[0] - RADIUS, RADIUS : shape[1] - RADIUS] = True
    return inside


def _near(hole: Hole) -> Hole:
    """Middles of patches that touch the hole."""
    rows = hole.copy()
    for step in range(1, RADIUS + 1):
        rows[step:] |= hole[:-step]
        rows[:-step] |= hole[step:]
    near = rows.copy()
    for step in range(1, RADIUS + 1):
        near[:, step:] |= rows[:, :-step]
        near[:, :-step] |= rows[:, step:]
    return near


def _grown(out: Values, shape: tuple[int, ...]) -> Values:
    if out.shape[1:] == shape:
        return out
    wide = out.repeat(2, axis=1).repeat(2, axis=2)
    short = shape[0] - wide.shape[1], shape[1] - wide.shape[2]
    return np.pad(wide, ((0, 0), (0, max(short[0], 0)), (0, max(short[1], 0))), mode="edge")[
        :, : shape[0], : shape[1]
    ]


def _finer(field: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.int32]:
    rows = np.minimum(np.arange(shape[0]) // 2, field.shape[0] - 1)
    columns = np.minimum(np.arange(shape[1]) // 2, field.shape[1] - 1)
    fine = field[rows][:, columns] * 2
    fine[..., 0] += (np.arange(shape[0]) % 2)[:, None]
    fine[..., 1] += (np.arange(shape[1]) % 2)[None]
    return fine


def _begun(field: NDArray[np.int32] | None, sources: Hole) -> NDArray[np.int32]:
    """A place to look at for each pixel; one that is no source is replaced by any that is."""
    rows, columns = np.nonzero(sources)
    shape = sources.shape
    pick = np.random.default_rng(7).integers(0, len(rows), shape)
    anywhere = np.stack([rows[pick], columns[pick]], axis=-1).astype(np.int32)
    if field is None:
        return anywhere
    y = np.clip(field[..., 0], 0, shape[0] - 1)
    x = np.clip(field[..., 1], 0, shape[1] - 1)
    return np.where(sources[y, x][..., None], np.stack([y, x], axis=-1), anywhere).astype(np.int32)


@kernel
def _apart(picture, row, column, y, x, most):
    """Squared difference of two patches; the first may reach beyond the picture."""
    height, width = picture.shape[1:]
    total = np.float32(0)
    count = 0
    for dy in range(-RADIUS, RADIUS + 1):
        if row + dy < 0 or row + dy >= height:
            continue
        for dx in range(-RADIUS, RADIUS + 1):
            if column + dx < 0 or column + dx >= width:
                continue
            for channel in range(3):
                rest = picture[channel, row + dy, column + dx] - picture[channel, y + dy, x + dx]
                total += rest * rest
            count += 1
    return total / np.float32(count)


@kernel
def _match(picture, targets, sources, field, turn, reach):
    height, width = targets.shape
    backwards = turn % 2 == 1
    step = -1 if backwards else 1
    state = np.uint32(12345 + 977 * turn)
    for order in range(height * width):
        index = height * width - 1 - order if backwards else order
        row, column = index // width, index % width
        if not targets[row, column]:
            continue
        by, bx = field[row, column, 0], field[row, column, 1]
        best = _apart(picture, row, column, by, bx, np.float32(0))
        for near in range(2):
            ny, nx = (row - step, column) if near else (row, column - step)
            if ny < 0 or nx < 0 or ny >= height or nx >= width or not targets[ny, nx]:
                continue
            y, x = field[ny, nx, 0] + row - ny, field[ny, nx, 1] + column - nx
            if 0 <= y < height and 0 <= x < width and sources[y, x]:
                apart = _apart(picture, row, column, y, x, best)
                if apart < best:
                    best, by, bx = apart, y, x
        window = reach
        while window >= 1:
            state = np.uint32(state * np.uint32(1664525) + np.uint32(1013904223))
            y = by + int((state >> np.uint32(8)) % np.uint32(2 * window + 1)) - window
            state = np.uint32(state * np.uint32(1664525) + np.uint32(1013904223))
            x = bx + int((state >> np.uint32(8)) % np.uint32(2 * window + 1)) - window
            if 0 <= y < height and 0 <= x < width and sources[y, x]:
                apart = _apart(picture, row, column, y, x, best)
                if apart < best:
                    best, by, bx = apart, y, x
            window //= 2
        field[row, column, 0], field[row, column, 1] = by, bx


@kernel
def _vote(out, picture, hole, targets, field, judged):
    """Each pixel of the hole as the mean of what the patches over it found; judged : 1 where those
    that fit well count more, else 0."""
    height, width = hole.shape
    sums = np.zeros((4, height, width), np.float32)
    for row in range(height):
        for column in range(width):
            if not targets[row, column]:
                continue
            y, x = field[row, column, 0], field[row, column, 1]
            weight = np.float32(1)
            if judged > 0:
                apart = _apart(out, row, column, y, x, np.float32(0))
                weight = np.exp(-apart / np.float32(200.0)) + np.float32(1e-4)
            for dy in range(-RADIUS, RADIUS + 1):
                for dx in range(-RADIUS, RADIUS + 1):
                    at_y, at_x = row + dy, column + dx
                    if 0 <= at_y < height and 0 <= at_x < width and hole[at_y, at_x]:
                        # The middle of a patch fits best.
                        share = weight / np.float32(1 + dy * dy + dx * dx)
                        for channel in range(3):
                            sums[channel, at_y, at_x] += share * picture[channel, y + dy, x + dx]
                        sums[3, at_y, at_x] += share
    for row in range(height):
        for column in range(width):
            if hole[row, column] and sums[3, row, column] > 0:
                for channel in range(3):
                    out[channel, row, column] = sums[channel, row, column] / sums[3, row, column]
