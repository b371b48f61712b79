"""The provider of ``depth.estimate`` that is always there.

Invariant: for each frame the surest cue there is, and its name: two eyes, then the camera's own motion,
then what a motion told before, then habits of pictures. A shot never uses frames of another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import numpy as np

from farm import InputError, Result, Task
from farm.media.between import working_gray
from farm.media.film import film
from farm.media.lanczos import resized
from farm.media.planes import Picture
from farm_vision.depth.cues import StillCues
from farm_vision.depth.edges import spread
from farm_vision.depth.estimate import write_depth
from farm_vision.depth.frames import Estimate, Frame, Power
from farm_vision.depth.parallax import partner, sight
from farm_vision.depth.params import ClassicalDepthParams
from farm_vision.depth.steady import followed
from farm_vision.depth.stereo import disparities

AHEAD = 12
"""Frames that are looked at before and after one, to find one that is seen from elsewhere."""
EYES_M = 0.065
"""Distance of the eyes of a pair of which it is not known."""
LEAST = 0.12
"""Confidence below which what a motion told counts for no more than the look of a picture."""
_FORGET = 0.97


def run(task: Task[ClassicalDepthParams]) -> Result:
    """Estimate depth from a pair, from motion, or from what is in a picture."""
    params = task.params
    right = task.inputs.get("right") or ()
    if params.cues == "stereo" and not right:
        raise InputError(
            "there is no second eye",
            where="right",
            expected="the right picture of a stereo pair",
            mend="Connect it, or choose other cues.",
            code="depth.no-pair",
        )
    if right and params.cues in ("auto", "stereo"):
        return write_depth(task, partial(from_pair, path=right[0].path, params=params))
    matte = task.inputs.get("matte") or ()
    path = matte[0].path if matte else None
    return write_depth(task, partial(from_clip, params=params, matte=path))


def from_pair(
    frames: Iterable[Frame], path: Path, params: ClassicalDepthParams
) -> Iterator[tuple[Frame, Estimate]]:
    """Maps from two eyes. Raises InputError if the two films differ in size or length."""
    baseline = params.baseline_m or EYES_M
    with film(path, "right") as other:
        pictures = other.pictures()
        for frame in frames:
            picture = next(pictures, None)
            layout = frame.picture.layout
            size = f"{layout.width}x{layout.height}"
            got = f"{picture.layout.width}x{picture.layout.height}" if picture else "no such frame"
            if picture is None or got != size:
                raise InputError(
                    "the two eyes do not see the same film",
                    where=f"right, frame {frame.number}",
                    expected=size,
                    got=got,
                    mend="Send both eyes with the same size and number of frames.",
                    code="depth.pair",
                )
            shift, sure = disparities(frame.grey, working_gray(picture))
            width = frame.grey.shape[1]
            focal = 0.5 * width / np.tan(np.radians(params.fov_deg) / 2)
            power = (shift / np.float32(focal * baseline)).astype(np.float32)
            whole = _completed(power, sure, frame)
            yield (
                frame,
                Estimate(whole, float(sure.mean()), "stereo", "", metric=params.baseline_m > 0),
            )


def from_clip(
    frames: Iterable[Frame], params: ClassicalDepthParams, matte: Path | None = None
) -> Iterator[tuple[Frame, Estimate]]:
    """Maps from the camera's motion where it moves, else from the cues of single pictures.

    matte : a film of grey, white where the person is. Raises InputError if it ends too early.
    """
    held: deque[Frame] = deque()
    looker = _Looker(params)
    at = 0
    with film(matte, "matte") if matte else nullcontext() as mattes:
        masks = mattes.pictures() if mattes else None

        def look() -> Estimate:
            return looker.look(
                list(held), at, _mask(held[at], next(masks, None)) if masks else None
            )

        for frame in frames:
            held.append(frame)
            if len(held) - at > AHEAD:
                yield held[at], look()
                at += 1
            if at > AHEAD:
                held.popleft()
                at -= 1
        while at < len(held):
            yield held[at], look()
            at += 1


def _mask(frame: Frame, picture: Picture | None) -> Power:
    if picture is None:
        raise InputError(
            "ends before the clip does",
            where="matte",
            expected=f"a frame {frame.number}",
            mend="Send the matte of this very clip.",
            code="depth.matte",
        )
    grey = working_gray(picture)
    if grey.shape != frame.grey.shape:
        grey = resized(grey, frame.grey.shape[1], frame.grey.shape[0])
    low, high = _levels(picture)
    return np.clip((grey - low) / (high - low), 0, 1).astype(np.float32)


def _levels(picture: Picture) -> tuple[float, float]:
    """Black and white of a grey picture, 0 to 255."""
    layout = picture.layout
    scale = 2 ** (layout.depth - 8) * 255 / (2**layout.depth - 1)
    return (0.0, 255.0) if layout.full else (16 * scale, 235 * scale)


class _Looker:
    """What is known of a shot so far."""

    def __init__(self, params: ClassicalDepthParams) -> None:
        self._params = params
        self._cues = StillCues()
        self._last: Power | None = None
        self._sure = 0.0

    def look(self, frames: list[Frame], at: int, matte: Power | None) -> Estimate:
        frame = frames[at]
        if frame.first:
            self._cues, self._last, self._sure = StillCues(), None, 0.0
        by_motion = None
        if self._params.cues in ("auto", "motion") and min(frame.grey.shape) >= 32:
            other = partner(frames, at)
            if other is not None:
                by_motion = sight(frame, frames[other], self._params.fov_deg)
        still, little = self._cues.look(frame, matte)
        if by_motion is not None and by_motion.confidence > LEAST:
            self._last, self._sure = by_motion.power, by_motion.confidence
            sure, approach = by_motion.confidence, by_motion.approach
            return Estimate(by_motion.power, sure, "motion", "scale", approach=approach)
        if self._last is not None and frame.back is not None and frame.there is not None:
            # The camera stopped, or the flow failed for a moment: the scene is what it was.
            moved, _ = followed(self._last, frame.back, frame.there)
            self._last, self._sure = moved, self._sure * _FORGET
            if self._sure > LEAST:
                return Estimate(moved, self._sure, "held", "scale")
        return Estimate(still, little, "still", "")


def _completed(power: Power, sure: Power, frame: Frame) -> Power:
    """What one eye alone sees lies behind: it takes the lesser of what is left and right of it."""
    height, width = power.shape
    known = sure > 0
    columns = np.arange(width)
    left = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    right = np.minimum.accumulate(np.where(known, columns, width)[:, ::-1], axis=1)[:, ::-1]
    rows = np.arange(height)[:, None]
    from_left = np.where(left >= 0, power[rows, np.maximum(left, 0)], np.inf)
    from_right = np.where(right < width, power[rows, np.minimum(right, width - 1)], np.inf)
    lesser = np.minimum(from_left, from_right)
    filled = np.where(known, power, np.where(np.isfinite(lesser), lesser, 0)).astype(np.float32)
    weight = np.where(known, 1.0, 0.15).astype(np.float32)
    return spread(filled, weight, frame.grey, reach=2.0, tone=20.0)
