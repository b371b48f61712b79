"""What a voice, or a performer, does to a character: mouth, lids, loudness, moments to gesture.

Invariant: a moment's answer follows from the documents and the moment; what is not told is silence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import InputError

Curve = NDArray[np.float64]
_QUIET_DB, _RANGE_DB = -48.0, 34.0
_SMOOTH_S = 0.06
_LEAST_PAUSE_S = 0.9
"""Time between two gestures at least."""
_EMPHASIS = 0.35


@dataclass(frozen=True, slots=True)
class Mouth:
    """Shares from 0 to 1: how far it is open, how wide its corners are drawn, how round it is."""

    open: float = 0.0
    wide: float = 0.0
    round: float = 0.0


@dataclass(frozen=True, slots=True)
class Heard:
    """mouths (T, 3) at ``mouth_fps``; loudness (T,) 0 to 1 at ``fps``; emphases: moments (s) of
    strong beginnings. lids (T,) at ``lid_fps``: how far a performer's eyes are shut."""

    mouths: Curve
    mouth_fps: float
    loudness: Curve
    fps: float
    emphases: tuple[float, ...]
    lids: Curve = field(default_factory=lambda: np.zeros(0))
    lid_fps: float = 1.0

    def mouth(self, time_s: float) -> Mouth:
        """The mouth at a moment."""
        if not len(self.mouths):
            return Mouth()
        found = [_at(self.mouths[:, part], time_s * self.mouth_fps) for part in range(3)]
        return Mouth(*found)

    def lid(self, time_s: float) -> float | None:
        """How far a performer's eyes are shut at a moment; ``None`` where nobody performed."""
        return _at(self.lids, time_s * self.lid_fps) if len(self.lids) else None

    def loud(self, time_s: float) -> float:
        """Loudness at a moment, 0 to 1."""
        return _at(self.loudness, time_s * self.fps) if len(self.loudness) else 0.0


def heard(features: Path | None, visemes: Path | None, face: Path | None) -> Heard:
    """What the documents tell; a mouth without visemes follows the voice, else the performer.

    Raises
    ------
    InputError : one of them is not what its port takes.
    """
    loudness, fps, voice = np.zeros(0), 1.0, np.zeros(0)
    emphases: tuple[float, ...] = ()
    if features is not None:
        loudness, fps, emphases, voice = _features(features)
    lids, lid_fps = np.zeros(0), 1.0
    if face is not None:
        performed, lids, lid_fps = _performed(face)
    if visemes is not None:
        mouths, mouth_fps = _visemes(visemes)
    elif features is None and face is not None:
        mouths, mouth_fps = performed, lid_fps
    else:
        opened = _blurred(loudness * voice, _SMOOTH_S * fps)
        mouths, mouth_fps = np.stack([0.75 * opened, 0.25 * opened, 0 * opened], axis=1), fps
    return Heard(mouths, mouth_fps, loudness, fps, emphases, lids, lid_fps)


def _features(path: Path) -> tuple[Curve, float, tuple[float, ...], Curve]:
    try:
        first, *lines = map(json.loads, path.read_text("utf-8").splitlines())
        _expect(first, "farm.audio-features/1")
        fps = float(Fraction(first["fps"]))
        level = np.array([float(line["level_db"]) for line in lines])
        voice = np.array([float(line.get("voice") or 0.0) for line in lines])
        strength = np.array([float(line.get("onset_strength") or 0.0) for line in lines])
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise _unreadable("features", "JSON lines, schema farm.audio-features/1", error) from error
    top = max(float(level.max(initial=-70.0)), _QUIET_DB + 6)
    loudness = np.clip((level - (top - _RANGE_DB)) / _RANGE_DB, 0.0, 1.0)
    emphases: list[float] = []
    for number in np.flatnonzero(strength >= _EMPHASIS):
        moment = number / fps
        if not emphases or moment - emphases[-1] >= _LEAST_PAUSE_S:
            emphases.append(float(moment))
    return _blurred(loudness, _SMOOTH_S * fps), fps, tuple(emphases), voice


def _visemes(path: Path) -> tuple[Curve, float]:
    try:
        told: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
        _expect(told, "farm.visemes/1")
        fps = float(Fraction(str(told["fps"])))
        rows = [
            [float(frame[name]) for name in ("open", "wide", "round")] for frame in told["frames"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise _unreadable("visemes", "JSON, schema farm.visemes/1", error) from error
    return np.clip(np.array(rows).reshape(-1, 3), 0.0, 1.0), fps


def _performed(path: Path) -> tuple[Curve, Curve, float]:
    """Mouth (T, 3) and lids (T,) of the first face of each frame; without one, closed and open."""
    try:
        first, *lines = map(json.loads, path.read_text("utf-8").splitlines())
        _expect(first, "farm.face/1")
        fps = float(Fraction(first["fps"]))
        rows = np.zeros((len(lines), 4))
        for number, line in enumerate(lines):
            if line["faces"]:
                told = line["faces"][0]["expression"]
                shut = (told["blink_left"] + told["blink_right"]) / 2
                rows[number] = told["jaw_open"], told["smile"], told["pucker"], shut
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise _unreadable("motion_face", "JSON lines, schema farm.face/1", error) from error
    # What a face shows most of the time is its rest: a character keeps its own.
    rest = np.median(rows, axis=0) if len(rows) else np.zeros(4)
    moved = np.clip((rows - rest) / np.maximum(1 - rest, 0.2), 0.0, 1.0)
    return moved[:, :3], moved[:, 3], fps


def _expect(told: Mapping[str, Any], schema: str) -> None:
    if told.get("schema") != schema:
        raise ValueError(f"schema {told.get('schema')}")


def _unreadable(label: str, expected: str, error: Exception) -> InputError:
    return InputError(
        "cannot be read",
        where=label,
        expected=expected,
        got=str(error),
        mend="Send the file as the stage wrote it.",
        code="weave.heard",
    )


def _at(curve: Curve, place: float) -> float:
    """Between the samples of a curve; beyond its ends it is still."""
    last = len(curve) - 1
    if place > last + 1 or place < 0:
        return 0.0
    place = min(place, last)
    first = min(int(place), max(last - 1, 0))
    return float(curve[first] + (curve[min(first + 1, last)] - curve[first]) * (place - first))


def _blurred(curve: Curve, sigma: float) -> Curve:
    if len(curve) < 2 or sigma < 0.2:
        return curve
    reach = int(np.ceil(3 * sigma))
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    wide = np.pad(curve, reach, mode="edge")
    return np.convolve(wide, bell / bell.sum(), mode="valid")
