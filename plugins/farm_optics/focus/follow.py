"""A point followed through a clip.

Invariant: the clip is read once forwards and once backwards from the click, a few frames at a time;
a place is only ever believed where the picture there still looks like what was clicked.

Each step takes the optical flow of a crop around the point, then looks nearby for the place that
correlates best with how the point last looked and with how it looked when it was clicked, so that
errors do not add up (re-anchoring after I. Matthews et al., "The Template Update Problem", 2004).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.film import Film
from farm.media.flow import flows
from farm.media.planes import Picture

Gray = NDArray[np.float32]

WORKING_SIDE = 480
"""Shorter side, pixels, that pictures are reduced to before a point is followed in them."""
PATCH = 10
"""Pixels around the point that say what it looks like."""
CROP = 48
SEARCH = 6
SURE, LOST = 0.75, 0.45
"""Correlation from which on a place is certain, and below which the point is not seen."""
CUT = 45.0
"""Mean change of grey levels, 0 to 255, that together with a lost point is a cut."""
_CHUNK = 16


@dataclass(frozen=True, slots=True)
class Place:
    """Where the point is. x, y : pixels of the picture. sure : 0 to 1; 0 where it is not seen.

    state : ``seen``, ``hidden``, ``outside`` or ``cut``, from which on it is not looked for.
    """

    frame: int
    x: float
    y: float
    sure: float
    state: str


def followed(
    source: Film, frame: int, x: float, y: float, frames: int, checkpoint: Callable[[int], None]
) -> list[Place]:
    """Places in all frames. x, y : 0 to 1. checkpoint : told the number of frames done."""
    first = next(source.pictures(frame, frame + 1))
    shrink = max(1, min(first.layout.width, first.layout.height) // WORKING_SIDE)
    start = reduced(first, shrink)
    # The middle of a pixel is at half of one.
    at = x * first.layout.width / shrink - 0.5, y * first.layout.height / shrink - 0.5
    at = min(max(at[0], 0), start.shape[1] - 1), min(max(at[1], 0), start.shape[0] - 1)
    forward = (reduced(p, shrink) for p in source.pictures(frame + 1)) if frame + 1 < frames else ()
    places = [Place(frame, *at, 1.0, "seen")]
    for place in _steps(start, at, frame, 1, forward):
        places.append(place)
        checkpoint(len(places))
    for place in _steps(start, at, frame, -1, _backwards(source, frame, shrink)):
        places.append(place)
        checkpoint(len(places))
    places.sort(key=lambda place: place.frame)
    half = (shrink - 1) / 2
    return [
        Place(p.frame, p.x * shrink + half, p.y * shrink + half, p.sure, p.state) for p in places
    ]


def reduced(picture: Picture, shrink: int) -> Gray:
    """The brightness, 0 to 255, of a picture at ``1 / shrink`` of its size."""
    layout = picture.layout
    plane = picture.planes[0].astype(np.float32) * np.float32(255 / (2**layout.depth - 1))
    rows, columns = plane.shape[0] // shrink, plane.shape[1] // shrink
    blocks = plane[: rows * shrink, : columns * shrink].reshape(rows, shrink, columns, shrink)
    return np.ascontiguousarray(blocks.mean(axis=(1, 3), dtype=np.float32))


def _backwards(source: Film, frame: int, shrink: int) -> Iterator[Gray]:
    stop = frame
    while stop > 0:
        start = max(0, stop - _CHUNK)
        chunk = [reduced(picture, shrink) for picture in source.pictures(start, stop)]
        yield from reversed(chunk)
        stop = start


def _steps(
    start: Gray, at: tuple[float, float], frame: int, step: int, pictures: Iterable[Gray]
) -> Iterator[Place]:
    height, width = start.shape
    x, y = at
    anchor = _patch(start, x, y)
    latest, before, velocity, state = anchor, start, np.zeros(2), "seen"
    for picture in pictures:
        frame += step
        if state != "cut":
            moved = _moved(before, picture, x, y) if state == "seen" else velocity
            guess = x + moved[0], y + moved[1]
            reach = SEARCH if state == "seen" else 2 * SEARCH
            sure, best = _found(picture, latest, anchor, *guess, reach)
            if sure < SURE and state == "seen":
                # A faster motion than the flow of a crop can tell, or none where the flow errs.
                again, other = _found(
                    picture, latest, anchor, x + velocity[0], y + velocity[1], CROP
                )
                if again > sure + 0.05:
                    sure, best = again, other
            change = float(np.abs(picture - before).mean())
            if sure >= LOST:
                velocity = 0.5 * velocity + 0.5 * np.array([best[0] - x, best[1] - y])
                x, y = best
                state = "seen"
                if sure >= SURE:
                    latest = _patch(picture, x, y)
            elif change > CUT:
                state, sure = "cut", 0.0
            else:
                # Hidden, or gone: it goes on as it went, for a while.
                velocity = velocity * 0.8
                x, y, sure = x + velocity[0], y + velocity[1], 0.0
                out = not (0 <= x < width and 0 <= y < height)
                state = "outside" if out else "hidden"
                x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
        else:
            sure = 0.0
        before = picture
        yield Place(frame, float(x), float(y), float(max(sure, 0.0)), state)


def _moved(before: Gray, picture: Gray, x: float, y: float) -> NDArray[np.float64]:
    """Median motion of the patch, by the flow of a crop around it."""
    height, width = picture.shape
    left = int(min(max(x - CROP, 0), max(width - 2 * CROP, 0)))
    top = int(min(max(y - CROP, 0), max(height - 2 * CROP, 0)))
    window = (slice(top, top + 2 * CROP), slice(left, left + 2 * CROP))
    one, two = np.ascontiguousarray(before[window]), np.ascontiguousarray(picture[window])
    if min(one.shape) < 16:
        return np.zeros(2)
    there, _ = flows(one, two)
    row, column = round(y) - top, round(x) - left
    near = there[max(row - 4, 0) : row + 5, max(column - 4, 0) : column + 5]
    return np.median(near.reshape(-1, 2).astype(np.float64), axis=0)


def _patch(picture: Gray, x: float, y: float) -> Gray:
    out = np.empty((2 * PATCH + 1, 2 * PATCH + 1), np.float32)
    _cut_out(picture, np.float32(x), np.float32(y), out)
    return out


def _found(
    picture: Gray, latest: Gray, anchor: Gray, x: float, y: float, reach: int
) -> tuple[float, tuple[float, float]]:
    """The best correlation around a place, with its peak found between pixels."""
    step = 1 if reach <= 2 * SEARCH else 2
    scores = np.empty((2 * (reach // step) + 1,) * 2, np.float32)
    _scored(picture, latest, anchor, np.float32(x), np.float32(y), step, scores)
    row, column = (int(n) for n in np.unravel_index(int(scores.argmax()), scores.shape))
    best = float(scores[row, column])
    middle = reach // step
    dy, dx = (row - middle) * step, (column - middle) * step
    if step > 1:
        return _found(picture, latest, anchor, x + dx, y + dy, 2)
    fine = [0.0, 0.0]
    for axis, (line, n) in enumerate(((scores[row], column), (scores[:, column], row))):
        if 0 < n < len(line) - 1:
            a, b, c = (float(v) for v in line[n - 1 : n + 2])
            fine[axis] = 0.5 * (a - c) / min(a - 2 * b + c, -1e-6)
    return best, (x + dx + fine[0], y + dy + fine[1])


@kernel
def _cut_out(picture, x, y, out):
    height, width = picture.shape
    reach = out.shape[0] // 2
    for j in range(out.shape[0]):
        for i in range(out.shape[1]):
            px = min(max(x + np.float32(i - reach), np.float32(0.0)), np.float32(width - 1))
            py = min(max(y + np.float32(j - reach), np.float32(0.0)), np.float32(height - 1))
            left, above = min(int(px), max(width - 2, 0)), min(int(py), max(height - 2, 0))
            right, below = min(left + 1, width - 1), min(above + 1, height - 1)
            fx, fy = px - np.float32(left), py - np.float32(above)
            one = np.float32(1.0)
            upper = picture[above, left] * (one - fx) + picture[above, right] * fx
            lower = picture[below, left] * (one - fx) + picture[below, right] * fx
            out[j, i] = upper * (one - fy) + lower * fy


@kernel
def _alike(one, two):
    """Correlation, -1 to 1, what is near the middle counting more; 0 for a flat patch."""
    size = one.shape[0]
    middle, soft = size // 2, np.float32(2.0) / np.float32(size * size)
    total = a = b = np.float32(0.0)
    for j in range(size):
        for i in range(size):
            far = np.float32((j - middle) ** 2 + (i - middle) ** 2)
            weight = np.exp(-far * np.float32(4.0) * soft)
            total += weight
            a += weight * one[j, i]
            b += weight * two[j, i]
    a, b = a / total, b / total
    aa = bb = ab = np.float32(0.0)
    for j in range(size):
        for i in range(size):
            far = np.float32((j - middle) ** 2 + (i - middle) ** 2)
            weight = np.exp(-far * np.float32(4.0) * soft)
            da, db = one[j, i] - a, two[j, i] - b
            aa += weight * da * da
            bb += weight * db * db
            ab += weight * da * db
    # Two patches without detail are alike if they are as bright.
    plain = np.float32(4.0) * total
    if aa < plain and bb < plain:
        return np.float32(1.0) if abs(a - b) < np.float32(12.0) else np.float32(0.0)
    return ab / np.sqrt(max(aa, plain) * max(bb, plain))


@kernel
def _scored(picture, latest, anchor, x, y, step, scores):
    middle = scores.shape[0] // 2
    here = np.empty_like(latest)
    for row in range(scores.shape[0]):
        for column in range(scores.shape[1]):
            dx, dy = np.float32((column - middle) * step), np.float32((row - middle) * step)
            _cut_out(picture, x + dx, y + dy, here)
            score = max(_alike(here, latest), _alike(here, anchor))
            # Of equals the nearest: a flat surface tells nothing.
            scores[row, column] = score - np.float32(1e-4) * np.sqrt(dx * dx + dy * dy)
