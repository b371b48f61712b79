"""What a click means: the thing around it, by colour and by motion.

Invariant: the thing holds the clicked pixel and is of one piece; where nothing can be told from what
is around the click, that is said instead of guessed.

Colours of the click and of what is far from it make each pixel more or less likely a part of the
thing; what is nearer to the click than to the border, going around likely edges (X. Bai and
G. Sapiro, "A Geodesic Framework for Fast Interactive Image and Video Segmentation", 2007), begins
C. Rother, V. Kolmogorov and A. Blake's "GrabCut", 2004.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import InputError, MissingExtra
from farm.media.boxes import boxed
from farm.media.compiled import kernel
from farm.media.flow import Field
from farm.media.lanczos import resized
from farm.media.planes import Picture
from farm_vision.layers.camera import camera_motion
from farm_vision.layers.colours import colours_of

Lab = NDArray[np.uint8]
"""uint8 (H, W, 3), at the working size."""
Mask = NDArray[np.bool_]

_BINS = 12
_MOVES = 0.4
"""Pixels a frame by which the thing must move against the ground for motion to tell."""
_FLAT = 1.5
"""Standard deviation in levels below which a picture shows nothing."""


def opencv() -> Any:
    """OpenCV, set up for equal results. Raises MissingExtra."""
    try:
        import cv2
    except ImportError as error:
        raise MissingExtra(
            "the package opencv-python-headless is not installed",
            where="object.track/classical",
            mend="pip install 'farm[vision]'",
            code="extra.vision",
        ) from error
    cv2.setNumThreads(1)
    return cv2


def lab_of(picture: Picture, shape: tuple[int, ...]) -> Lab:
    """Lightness and colour of a picture at a size (rows, columns)."""
    planes = []
    for plane in colours_of(picture):
        small = plane.astype(np.float32)
        if plane.shape != shape:
            small = resized(small, shape[1], shape[0])
        planes.append(np.clip(small + np.float32(0.5), 0, 255).astype(np.uint8))
    cv2 = opencv()
    return np.asarray(cv2.cvtColor(np.dstack(planes), cv2.COLOR_RGB2Lab), np.uint8)


def segmented(lab: Lab, x: int, y: int, flow: Field | None) -> Mask:
    """The thing at a pixel. flow : to a picture next in time, if there is one.

    Raises
    ------
    InputError : nothing can be told from what is around the click.
    """
    height, width = lab.shape[:2]
    if float(lab[..., 0].std()) < _FLAT and float(lab[..., 1:].std(axis=(0, 1)).max()) < _FLAT:
        raise _nothing("a picture of one colour")
    rows, columns = np.mgrid[0:height, 0:width]
    away = np.hypot(columns - x, rows - y)
    size = min(height, width)
    near, far = away <= max(3.0, 0.03 * size), away > 0.4 * size
    far |= (rows < 2) | (columns < 2) | (rows >= height - 2) | (columns >= width - 2)
    far &= ~near
    likely = likelihood(lab, near, far)
    moving = _moving(flow, x, y)
    if moving is not None:
        likely = (0.25 * likely + 0.75 * moving).astype(np.float32)
    likely = boxed(likely, 2)
    inner, outer = np.full_like(likely, 1e9), np.full_like(likely, 1e9)
    inner[near & (likely >= 0.5 * float(likely[y, x]))] = 0
    inner[y, x] = 0
    outer[far & (likely < 0.5)] = 0
    for distance in (inner, outer):
        _spread(likely, distance)
    start = inner < outer
    start[y, x] = True
    mask = cut_out(lab, start, sure=near & start, never=far & ~start, rounds=5)
    mask = piece(mask, x, y)
    area = int(mask.sum())
    if area < 12 or area > 0.85 * mask.size:
        raise _nothing(f"{100 * area / mask.size:.1f} % of the picture")
    return mask


def likelihood(lab: Lab, inside: Mask, outside: Mask) -> NDArray[np.float32]:
    """0 to 1 (H, W): how much rather a colour is one of those inside than of those outside."""
    codes = codes_of(lab)
    one, two = histogram(codes, inside), histogram(codes, outside)
    ratio: NDArray[np.float32] = (one / (one + two))[codes].astype(np.float32)
    return ratio


def codes_of(lab: Lab) -> NDArray[np.int64]:
    """A number for each colour, those that look alike having the same."""
    parts = (lab.astype(np.int64) * _BINS) >> 8
    return (parts[..., 0] * _BINS + parts[..., 1]) * _BINS + parts[..., 2]


def histogram(codes: NDArray[np.int64], where: Mask) -> NDArray[np.float64]:
    """How frequent each colour is, softened to those beside it; sums to one, none is zero."""
    counts = np.bincount(codes[where], minlength=_BINS**3).reshape(_BINS, _BINS, _BINS)
    soft = counts.astype(np.float64)
    for axis in range(3):
        padded = np.pad(soft, [(1, 1) if a == axis else (0, 0) for a in range(3)], mode="edge")
        low = np.take(padded, range(_BINS), axis)
        high = np.take(padded, range(2, _BINS + 2), axis)
        soft = 0.5 * soft + 0.25 * (low + high)
    flat = soft.reshape(-1) / max(float(soft.sum()), 1.0)
    return flat + 1e-5


def cut_out(lab: Lab, start: Mask, sure: Mask, never: Mask, rounds: int) -> Mask:
    """GrabCut from a first guess. sure, never : pixels that are and are not the thing."""
    cv2 = opencv()
    labels = np.where(start, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[sure], labels[never] = cv2.GC_FGD, cv2.GC_BGD
    both = (labels & 1).sum()
    if both < 8 or both > labels.size - 8:
        return start
    cv2.setRNGSeed(1)
    back, front = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(lab, labels, None, back, front, rounds, cv2.GC_INIT_WITH_MASK)
    return (labels & 1).astype(bool)


def piece(mask: Mask, x: int, y: int) -> Mask:
    """The piece of a mask at a pixel, its small holes filled; nothing if it is not of the mask."""
    cv2 = opencv()
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    if labels[y, x] == 0:
        return np.zeros_like(mask)
    return without_holes(labels == labels[y, x])


def without_holes(mask: Mask) -> Mask:
    """A mask with those holes filled that are small against it."""
    cv2 = opencv()
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (~mask).astype(np.uint8), connectivity=4
    )
    small = np.zeros(count, bool)
    small[1:] = stats[1:, cv2.CC_STAT_AREA] < 0.02 * mask.sum()
    return np.asarray(mask | small[labels])


def _moving(flow: Field | None, x: int, y: int) -> NDArray[np.float32] | None:
    """0 to 1 (H, W): whether a pixel moves with the clicked one rather than with the ground."""
    if flow is None:
        return None
    height, width = flow.shape[:2]
    ground = camera_motion(flow, np.zeros((height, width), np.float32), width, height)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    still_x = ground[0, 0] * columns + ground[0, 1] * rows + ground[0, 2] - columns
    still_y = ground[1, 0] * columns + ground[1, 1] * rows + ground[1, 2] - rows
    part = np.s_[max(y - 4, 0) : y + 5, max(x - 4, 0) : x + 5]
    own = np.median(flow[part].reshape(-1, 2), axis=0)
    against = np.hypot(own[0] - still_x[y, x], own[1] - still_y[y, x])
    if against < _MOVES:
        return None
    from_ground = np.hypot(flow[..., 0] - still_x, flow[..., 1] - still_y)
    from_own = np.hypot(flow[..., 0] - own[0], flow[..., 1] - own[1])
    # What turns or comes nearer does not move alike, but it leaves the ground.
    rest = from_ground + 0.5 * from_own + 1e-3
    return np.clip(1.5 * from_ground / rest - 0.25, 0, 1).astype(np.float32)


def _nothing(got: str) -> InputError:
    return InputError(
        "nothing at the click can be told from what is around it",
        where="x, y",
        expected="a thing that differs from its surroundings in colour or motion",
        got=got,
        mend="Click the middle of the object, in a frame that shows it well.",
        code="track.nothing",
    )


@kernel
def _spread(likely, distance):
    """Shortest ways over (H, W), a step costing its length and much more across an edge."""
    height, width = likely.shape
    step, edge = np.float32(0.002), np.float32(1.0)
    diagonal = np.float32(1.414)
    for sweep in range(8):
        forward = sweep % 2 == 0
        for order in range(height * width):
            index = order if forward else height * width - 1 - order
            row, column = index // width, index % width
            best, here = distance[row, column], likely[row, column]
            side = -1 if forward else 1
            for near in range(4):
                y = row + side if near < 3 else row
                x = column + near - 1 if near < 3 else column + side
                if 0 <= y < height and 0 <= x < width:
                    length = diagonal if near == 0 or near == 2 else np.float32(1.0)
                    cost = length * step + edge * abs(likely[y, x] - here)
                    best = min(best, distance[y, x] + cost)
            distance[row, column] = best
