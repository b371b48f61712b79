"""Where a mouth is in each frame of a loop, and what shape it makes in each frame of a narration.

Invariant: a mouth is told in its own measure, half its width, so that it is the same however a head
moves; lips meet exactly on P, B and M and in silence, and teeth meet the lower lip on F and V.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import InputError
from farm_avatar.mesh import (
    CHIN,
    JAW,
    LOWER_INNER,
    LOWER_OUTER,
    UNDER_NOSE,
    UPPER_INNER,
    UPPER_OUTER,
    Points,
)

Numbers = NDArray[np.float32]
SAMPLES, REACH = 131, 2.6
"""Samples of a curve from -REACH to REACH half widths of a mouth."""
UPPER, UPPER_IN, LOWER_IN, LOWER, JAW_LINE, NOSE = range(6)
OPEN, WIDE, ROUND, PRESS, BITE, TONGUE = range(6)
"""Columns of a shape: how far open, drawn wide and rounded; lips pressed; lip at the teeth; how high
the tongue is."""
_TONGUES = {"TH": 1.0, "DD": 0.75, "nn": 0.8, "SS": 0.35, "ih": 0.3, "E": 0.25, "CH": 0.3}
_SHORT_S = 0.06
"""How long it takes to press lips or to bend the lower one to the teeth."""


@dataclass(frozen=True, slots=True)
class Mouths:
    """The mouth of each frame. frames (n, 5): middle, direction along, half width, in pixels.

    curves (n, 6, SAMPLES): rims of the lips, the jaw and the nose, half widths below the corners.
    """

    frames: Numbers
    curves: Numbers

    def at(self, first: int, share: float) -> tuple[Numbers, Numbers]:
        """The mouth of a moment between two frames of the loop."""
        if share == 0.0:
            return self.frames[first], self.curves[first]
        other, part = (first + 1) % len(self.frames), np.float32(share)
        frame = self.frames[first] + part * (self.frames[other] - self.frames[first])
        curves = self.curves[first] + part * (self.curves[other] - self.curves[first])
        return frame, curves


def mouths_of(track: Points) -> Mouths:
    """The mouths of a loop's points (frames, 468, 3), calmed from frame to frame."""
    points = (np.roll(track, 1, axis=0) + 2 * track + np.roll(track, -1, axis=0))[..., :2] / 4
    frames = np.zeros((len(points), 5))
    curves = np.zeros((len(points), 6, SAMPLES))
    for number, face in enumerate(points):
        frames[number], curves[number] = _mouth(face)
    return Mouths(frames.astype(np.float32), curves.astype(np.float32))


def shapes(path: Path, count: int, fps: float, strength: float) -> Numbers:
    """What the mouth does in each of ``count`` frames: (count, 6), 0 to 1.

    Raises
    ------
    InputError : it is no ``farm.visemes/1``.
    """
    document = _document(path)
    try:
        lines = document["frames"]
        rate = float(document["fps"])
        told = np.array([[f["open"], f["wide"], f["round"]] for f in lines], np.float64)
        names = [str(f["viseme"]) for f in lines]
        if not (0 < rate <= 1000 and np.isfinite(told).all()):
            raise ValueError("a number that is none")
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(str(error)) from error
    out = np.zeros((count, 6), np.float32)
    if not lines:
        return out
    marks = np.array(
        [[n in ("PP", "sil"), n == "FF", _TONGUES.get(n, 0.0)] for n in names], np.float64
    )
    reach = max(1, round(_SHORT_S * rate / 2))
    # A sound of one frame still closes the lips wholly; the way there is soft.
    soft = np.stack([_softened(marks[:, column], reach) for column in range(3)], axis=1)
    moments = (np.arange(count) + 0.5) / fps
    middles = (np.arange(len(lines)) + 0.5) / rate
    told[:, 0] *= strength
    for column, values in enumerate((*told.T, *soft.T)):
        out[:, column] = np.clip(np.interp(moments, middles, values), 0, 1)
    out[moments >= len(lines) / rate] = 0.0
    return out


def _mouth(face: Points) -> tuple[Points, Points]:
    one, two = face[UPPER_OUTER[0]], face[UPPER_OUTER[-1]]
    if one[0] > two[0]:
        one, two = two, one
    way = two - one
    half = max(float(np.hypot(*way)) / 2, 2.0)
    way = way / (2 * half)
    middle, down = (one + two) / 2, np.array([-way[1], way[0]])
    places = np.linspace(-REACH, REACH, SAMPLES)

    def line(numbers: tuple[int, ...]) -> Points:
        away = (face[list(numbers)] - middle) / half
        knots = np.stack([away @ way, away @ down], axis=1)
        knots = knots[np.argsort(knots[:, 0])]
        return np.interp(places, knots[:, 0], knots[:, 1], left=0.0, right=0.0)

    outer, low = line(UPPER_OUTER), line(LOWER_OUTER)
    top, bottom = line(UPPER_INNER), line(LOWER_INNER)
    top = np.maximum(_soft(top), _soft(outer))
    bottom = np.maximum(_soft(bottom), top)
    low = np.maximum(_soft(low), bottom)
    jaw = line(JAW)
    chin = float((face[CHIN] - middle) @ down / half)
    jaw = np.where(np.abs(places) < 1.6, np.maximum(jaw, 0.75 * chin), 0.75 * chin)
    nose = float((face[UNDER_NOSE] - middle) @ down / half)
    level = np.full(SAMPLES, min(nose, -0.35))
    curves = np.stack([np.minimum(_soft(outer), top), top, bottom, low, _soft(jaw, 9), level])
    return np.array([*middle, *way, half]), curves


def _soft(line: Points, reach: int = 2) -> Points:
    window = np.hanning(2 * reach + 3)
    padded = np.pad(line, reach + 1, mode="edge")
    out: Points = np.convolve(padded, window / window.sum(), mode="valid")
    return out


def _softened(marks: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """1 where it is 1, and on the way there before and after."""
    out = marks.copy()
    for step in range(1, reach + 1):
        share = 1 - step / (reach + 1)
        out[step:] = np.maximum(out[step:], share * marks[:-step])
        out[:-step] = np.maximum(out[:-step], share * marks[step:])
    return out


def _document(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_bytes())
    except ValueError as error:
        raise _refused(str(error)) from error
    if not isinstance(fields, dict) or fields.get("schema") != "farm.visemes/1":
        raise _refused(str(fields.get("schema") if isinstance(fields, dict) else "no object"))
    return fields


def _refused(got: str) -> InputError:
    return InputError(
        "cannot be read",
        where="visemes",
        expected="JSON, schema farm.visemes/1",
        got=got[:200],
        mend="Send the output of speech.visemes.",
        code="avatar.visemes",
    )
