"""A body's joints over time, read from a file of points: calm, and without gaps.

Invariant: what a moment shows depends on the file and the moment alone, so that any window of a
film shows the same; a joint that was hardly seen counts for hardly anything.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm import InputError

Points = NDArray[np.float64]

SIDES = ("left", "right")
NAMES = (
    "nose",
    "left_eye_inner",
    "left_eye",
    "left_eye_outer",
    "right_eye_inner",
    "right_eye",
    "right_eye_outer",
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hand",
    "right_hand",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_toe",
    "right_toe",
)
"""Joints that are kept; sides are the person's own."""
AT = {name: index for index, name in enumerate(NAMES)}
_SIGMAS = (0.7, 2.0, 6.0, 20.0)
"""Frames over which a joint is averaged: as few as what was seen allows."""
_DEPTH_S = 0.2
"""Time over which depth is averaged, seconds: networks guess it, and limbs must not flicker."""


@dataclass(frozen=True, slots=True)
class Track:
    """points float64 (T, joints, 4): x, y in pixels, z in pixels away, confidence 0 to 1.

    width, height : pixels of the picture that they are in.
    """

    points: Points
    fps: float
    width: int
    height: int

    def at(self, time_s: float) -> Points:
        """Joints (joints, 4) at a moment; a film that ends runs backwards, and forwards again."""
        count = len(self.points)
        if count == 1:
            return self.points[0]
        place = (time_s * self.fps) % (2 * (count - 1))
        place = min(place, 2 * (count - 1) - place)
        first = min(int(place), count - 2)
        share = place - first
        one, two = self.points[first], self.points[first + 1]
        mixed: Points = one + (two - one) * share
        return mixed

    def scaled(self, across: float, down: float) -> Track:
        """The same in a picture of another size."""
        points = self.points * np.array([across, down, across, 1.0])
        return Track(points, self.fps, round(self.width * across), round(self.height * down))


def read_track(path: Path, label: str) -> Track | None:
    """The most visible person of a file of points, made calm; ``None`` if it shows nobody.

    Raises
    ------
    InputError : it is no ``farm.pose/1``, or damaged.
    """
    header, frames = _read(path, label)
    layout = [str(name) for name in header["points"]]
    chosen = _chosen(frames)
    if chosen is None:
        return None
    found = np.zeros((len(frames), len(NAMES), 4))
    for number, persons in enumerate(frames):
        if chosen in persons:
            found[number] = _kept(persons[chosen], layout)
    fps = float(header["fps"])
    return Track(_calm(found, fps), fps, int(header["width"]), int(header["height"]))


def _read(path: Path, label: str) -> tuple[dict[str, object], list[dict[int, Points]]]:
    frames: list[dict[int, Points]] = []
    try:
        with path.open(encoding="utf-8") as file:
            header = json.loads(file.readline() or "{}")
            if header.get("schema") != "farm.pose/1":
                raise _unreadable(label, str(header.get("schema") or "no schema"))
            header["fps"] = float(Fraction(header["fps"]))
            count = len(header["points"])
            for line in file:
                persons = {}
                for person in json.loads(line)["persons"]:
                    points = np.array(person["points"], np.float64)
                    if points.shape != (count, 4) or not np.isfinite(points).all():
                        raise _unreadable(label, f"frame {len(frames)} without {count} points")
                    persons[int(person["id"])] = points
                frames.append(persons)
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise _unreadable(label, f"{error}") from error
    if not frames or header["fps"] <= 0 or header["width"] < 1 or header["height"] < 1:
        raise _unreadable(label, "no frame, size or rate")
    return header, frames


def _unreadable(label: str, got: str) -> InputError:
    return InputError(
        "is not a file of points",
        where=label,
        expected="JSON lines, schema farm.pose/1",
        got=got,
        mend="Send the output of pose.estimate or pose.retarget.",
        code="weave.pose",
    )


def _chosen(frames: list[dict[int, Points]]) -> int | None:
    """The person that is seen longest and largest."""
    seen: dict[int, float] = {}
    for persons in frames:
        for number, points in persons.items():
            sure = points[points[:, 3] > 0.3]
            size = float(np.ptp(sure[:, 1])) if len(sure) > 1 else 1.0
            seen[number] = seen.get(number, 0.0) + size
    return max(seen, key=lambda number: (seen[number], -number)) if seen else None


def _kept(points: Points, layout: list[str]) -> Points:
    """The joints of a person, those that no layout has made from their neighbours."""
    known = dict(zip(layout, points, strict=True))
    for side in SIDES:
        wrist, elbow = known[f"{side}_wrist"], known[f"{side}_elbow"]
        if f"{side}_index" in known:
            known[f"{side}_hand"] = (known[f"{side}_index"] + known[f"{side}_pinky"]) / 2
        else:
            known[f"{side}_hand"] = wrist + (wrist - elbow) * np.array([0.35, 0.35, 0.35, 0.0])
        if f"{side}_foot_index" in known:
            known[f"{side}_toe"] = known[f"{side}_foot_index"]
        else:
            ankle, knee = known[f"{side}_ankle"], known[f"{side}_knee"]
            known[f"{side}_toe"] = ankle + (ankle - knee) * np.array([0.1, 0.25, 0.0, 0.0])
    unseen = np.zeros(4)
    return np.stack([known.get(name, unseen) for name in NAMES])


def _calm(found: Points, fps: float) -> Points:
    """Each joint averaged over as many frames as it takes to have been seen well."""
    weight = found[..., 3:] ** 2
    calm = np.zeros_like(found)
    left = np.ones_like(weight)
    for sigma in _SIGMAS:
        mass = _blurred(weight, sigma)
        mean = _blurred(found * weight, sigma) / np.maximum(mass, 1e-9)
        share = left * np.clip(mass / 0.2, 0.0, 1.0)
        calm += share * mean
        left -= share
        if len(found) == 1:
            break
    calm += left * found
    mass = _blurred(weight, _DEPTH_S * fps)
    depth = _blurred(found[..., 2:3] * weight, _DEPTH_S * fps) / np.maximum(mass, 1e-9)
    calm[..., 2:3] = np.where(mass > 1e-6, depth, 0.0)
    calm[..., 3:] = np.where(left < 0.5, np.clip(calm[..., 3:], 0.0, 1.0), 0.0)
    return calm


def _blurred(values: Points, sigma: float) -> Points:
    """Averaged over time by a bell curve; beyond the ends the film is mirrored."""
    if len(values) == 1:
        return values
    reach = min(int(np.ceil(3 * sigma)), len(values) - 1)
    if reach < 1:
        return values
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    bell /= bell.sum()
    flat = values.reshape(len(values), -1)
    wide = np.pad(flat, ((reach, reach), (0, 0)), mode="reflect")
    out = np.zeros_like(flat)
    for at, share in enumerate(bell):
        out += share * wide[at : at + len(flat)]
    return out.reshape(values.shape)
