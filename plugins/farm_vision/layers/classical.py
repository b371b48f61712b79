"""The provider of ``object.track`` that is always there: flow carries, colour decides.

Invariant: a mask is carried along the flow and decided anew only near its outline, so that it cannot
leak into what looks alike elsewhere; the object's look is learned only from frames that show it well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm import Result, Task
from farm.media.between import Motion, working_gray
from farm.media.boxes import boxed
from farm.media.flow import Gray
from farm.media.lanczos import resized
from farm.media.planes import Picture
from farm.media.spans import is_cut
from farm.media.warping import carried
from farm_vision.depth.steady import followed
from farm_vision.layers.click import (
    Lab,
    Mask,
    codes_of,
    cut_out,
    histogram,
    lab_of,
    opencv,
    segmented,
    without_holes,
)
from farm_vision.layers.params import TrackParams
from farm_vision.layers.track import Find, State, write_track

_GONE, _PART, _WHOLE = 0.3, 0.75, 0.93
"""Shares of the object's usual size below which it is hidden, partly hidden, or maybe not whole."""
_PATIENCE = 48
"""Frames after which a hidden object is lost."""
_AGAIN = 0.6
"""Likeness, -1 to 1, from which something is taken for the object that was hidden."""
_LEARNS = 0.05


def run(task: Task[TrackParams]) -> Result:
    """Follow what is clicked."""
    return write_track(task, Following)


@dataclass(slots=True)
class _Look:
    """How the object looks. patch : float32 (H, W, 3) around it, mask : bool (H, W) of it."""

    inside: NDArray[np.float64]
    outside: NDArray[np.float64]
    area: float
    patch: NDArray[np.float32]
    mask: Mask


class Following:
    """Follows one object."""

    def __init__(self) -> None:
        self._picture: Picture | None = None
        self._mask: Mask = np.zeros((0, 0), bool)
        self._look: _Look | None = None
        self._centre = np.zeros(2)
        self._speed = np.zeros(2)
        self._missing = 0
        self._other_shot = False

    def begin(self, picture: Picture, x: float, y: float, beside: Picture | None) -> Find:
        """See :class:`farm_vision.layers.track.Tracker`."""
        layout = picture.layout
        shape = working_gray(picture).shape
        flow = None
        if beside is not None:
            motion = Motion.of(picture, beside)
            flow = None if is_cut(motion) else motion.there
        column = min(int((x + 0.5) * shape[1] / layout.width), shape[1] - 1)
        row = min(int((y + 0.5) * shape[0] / layout.height), shape[0] - 1)
        lab = lab_of(picture, shape)
        mask = segmented(lab, column, row, flow)
        self._picture, self._mask = picture, mask
        self._centre = _centre(mask)
        self._look = _look_of(lab, mask)
        return self._found("seen", 1.0)

    def follow(self, picture: Picture) -> Find:
        """See :class:`farm_vision.layers.track.Tracker`."""
        assert self._picture is not None and self._look is not None
        motion = Motion.of(self._picture, picture)
        self._picture = picture
        if self._other_shot or is_cut(motion):
            self._other_shot = True
            return self._none("lost")
        lab = lab_of(picture, self._mask.shape)
        if self._missing:
            return self._sought(lab)
        _, sure = followed(motion.small[0], motion.back, motion.there)
        moved: Gray = carried(self._mask * np.float32(255), motion.back, 1.0, 255)
        where = moved > 127
        if not where.any():
            return self._gone()
        return self._decided(lab, where, sure)

    def _decided(self, lab: Lab, where: Mask, sure: Gray, band_share: float = 0.05) -> Find:
        """The mask near ``where``, and how well it is the object."""
        look = self._look
        assert look is not None
        likely = (look.inside / (look.inside + look.outside))[codes_of(lab)]
        band = max(2, round(band_share * float(np.sqrt(where.sum()))))
        inner = ~_wide(~where, band)
        outer = ~_wide(where, band)
        # Something else before the object looks unlike it: its middle is doubted too.
        certain = inner & (sure > 0.3) & (boxed(likely.astype(np.float32), 2) > 0.25)
        part = _around(where, 3 * band + 4)
        start = where & (certain | (likely > 0.35))
        mask = np.zeros_like(where)
        mask[part] = cut_out(lab[part], start[part], certain[part], outer[part], 2)
        mask = _largest(mask & ~outer, where)
        if not mask.any():
            return self._gone()
        size = float(mask.sum()) / look.area
        own = float(likely[mask].mean())
        if size < _GONE or own < 0.3:
            return self._gone()
        state: State = "part" if size < _PART else "seen"
        centre = _centre(mask)
        if state == "seen":
            self._speed = 0.7 * self._speed + 0.3 * (centre - self._centre)
            self._learn(lab, mask)
        else:
            # What is seen of it tells little about how fast its middle moves.
            centre = self._centre + self._speed
        self._mask, self._centre = mask, centre
        return self._found(state, float(np.clip(own * min(size, 1.0), 0, 1)))

    def _sought(self, lab: Lab) -> Find:
        """Look for the object that was hidden, around where it would be by now."""
        look = self._look
        assert look is not None
        self._missing += 1
        self._centre = np.clip(self._centre + self._speed, 0, np.array(lab.shape[:2]) - 1)
        place = _again(lab, look, self._centre, 8 + 3.0 * self._missing)
        if place is not None:
            where = np.zeros(lab.shape[:2], bool)
            top, left = place
            rows, columns = look.mask.shape
            where[top : top + rows, left : left + columns] = look.mask
            self._missing = 0
            self._centre = _centre(where)
            return self._decided(lab, where, np.ones(where.shape, np.float32), 0.15)
        return self._none("hidden" if self._missing <= _PATIENCE else "lost")

    def _gone(self) -> Find:
        self._missing = max(self._missing, 0) + 1
        self._centre = self._centre + self._speed
        return self._none("hidden" if self._missing <= _PATIENCE else "lost")

    def _learn(self, lab: Lab, mask: Mask) -> None:
        look = self._look
        assert look is not None
        now = _look_of(lab, mask)
        look.inside += _LEARNS * (now.inside - look.inside)
        look.outside += _LEARNS * (now.outside - look.outside)
        # It shrinks slowly, or what goes behind something would be whole to the last.
        look.area += (0.1 if now.area > look.area else 0.02) * (now.area - look.area)
        if now.area > _WHOLE * look.area and not _at_border(mask):
            look.patch, look.mask = now.patch, now.mask

    def _found(self, state: State, confidence: float) -> Find:
        assert self._picture is not None
        layout = self._picture.layout
        mask = self._mask.astype(np.float32)
        if mask.shape != (layout.height, layout.width):
            mask = np.clip(resized(boxed(mask, 1), layout.width, layout.height) * 2 - 0.5, 0, 1)
        return Find(mask.astype(np.float32), state, confidence)

    def _none(self, state: State) -> Find:
        assert self._picture is not None
        layout = self._picture.layout
        return Find(np.zeros((layout.height, layout.width), np.float32), state, 0.0)


def _look_of(lab: Lab, mask: Mask) -> _Look:
    codes = codes_of(lab)
    part = _around(mask, 0)
    around = _wide(mask, max(6, round(0.5 * float(np.sqrt(mask.sum()))))) & ~mask
    return _Look(
        histogram(codes, mask),
        histogram(codes, around if around.any() else ~mask),
        float(mask.sum()),
        lab[part].astype(np.float32),
        mask[part].copy(),
    )


def _again(
    lab: Lab, look: _Look, centre: NDArray[np.float64], reach: float
) -> tuple[int, int] | None:
    """Top and left of what looks like the object, within ``reach`` of a place."""
    cv2 = opencv()
    rows, columns = look.mask.shape
    top = int(np.clip(centre[0] - rows / 2 - reach, 0, max(lab.shape[0] - rows, 0)))
    left = int(np.clip(centre[1] - columns / 2 - reach, 0, max(lab.shape[1] - columns, 0)))
    part = lab[top : int(top + rows + 2 * reach), left : int(left + columns + 2 * reach)]
    if part.shape[0] < rows or part.shape[1] < columns:
        return None
    weight = np.repeat(look.mask[..., None], 3, axis=2).astype(np.float32)
    scores = cv2.matchTemplate(
        part.astype(np.float32), look.patch, cv2.TM_CCOEFF_NORMED, mask=weight
    )
    scores = np.where(np.isfinite(scores), scores, -1)
    _, best, _, at = cv2.minMaxLoc(scores)
    return (top + at[1], left + at[0]) if best > _AGAIN else None


def _largest(mask: Mask, where: Mask) -> Mask:
    """The pieces of a mask that hold a fair part of it and lie where the object was."""
    cv2 = opencv()
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    if count <= 1:
        return mask
    sizes = np.bincount(labels[where & mask], minlength=count)
    keep = sizes > 0.15 * max(int(sizes[1:].max()), 1)
    keep[0] = False
    return without_holes(keep[labels])


def _around(mask: Mask, by: int) -> tuple[slice, slice]:
    rows, columns = np.nonzero(mask)
    return (
        slice(max(int(rows.min()) - by, 0), int(rows.max()) + by + 1),
        slice(max(int(columns.min()) - by, 0), int(columns.max()) + by + 1),
    )


def _at_border(mask: Mask) -> bool:
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())


def _centre(mask: Mask) -> NDArray[np.float64]:
    return np.array([axis.mean() for axis in np.nonzero(mask)])


def _wide(mask: Mask, by: int) -> Mask:
    return boxed(mask.astype(np.float32), by) > 1e-6
