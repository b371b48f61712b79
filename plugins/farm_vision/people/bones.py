"""Bodies as trees of bones, and a body's pose with the bones of another.

Invariant: each bone keeps its direction in the picture and in space, and gets the other body's
length; what hangs on a bone moves with it, so nothing comes apart.

Bone-length transfer, as in M. Gleicher, "Retargetting Motion to New Characters", 1998, reduced to
what points without an animated skeleton allow: directions are kept, lengths are exchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from farm_vision.people.regions import Points
from farm_vision.people.skeleton import LAYOUTS

HIPS, CHEST = "hips", "chest"
"""Middles of the hips and of the shoulders: joints that are no points of their own."""

SIDES = ("left", "right")
_FACE = [
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
]


@dataclass(frozen=True, slots=True)
class Bone:
    """From one joint to another. part : whose length it takes; both sides share one."""

    tail: str
    head: str
    part: str


def _tree() -> tuple[Bone, ...]:
    bones = [Bone(HIPS, CHEST, "torso"), Bone(CHEST, "nose", "head")]
    bones += [Bone("nose", name, "face") for name in _FACE]
    for side in SIDES:
        chain = (
            (HIPS, "hip", "hips"),
            ("hip", "knee", "thigh"),
            ("knee", "ankle", "shin"),
            ("ankle", "heel", "foot"),
            ("ankle", "foot_index", "foot"),
            (CHEST, "shoulder", "shoulders"),
            ("shoulder", "elbow", "upper_arm"),
            ("elbow", "wrist", "forearm"),
            ("wrist", "pinky", "hand"),
            ("wrist", "index", "hand"),
            ("wrist", "thumb", "hand"),
        )
        for tail, head, part in chain:
            start = tail if tail in (HIPS, CHEST) else f"{side}_{tail}"
            bones.append(Bone(start, f"{side}_{head}", part))
    return tuple(bones)


TREE = _tree()
"""Every bone behind the one it hangs on."""
PARTS = tuple(dict.fromkeys(bone.part for bone in TREE))
_MIDDLES = {HIPS: ("left_hip", "right_hip"), CHEST: ("left_shoulder", "right_shoulder")}
FEET = (
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_foot_index",
    "right_foot_index",
)


def joints(points: Points, layout: str) -> dict[str, Points]:
    """Points by name, with both middles."""
    named: dict[str, Points] = dict(zip(LAYOUTS[layout], points, strict=True))
    for middle, (one, two) in _MIDDLES.items():
        named[middle] = (named[one] + named[two]) / 2
    return named


def lengths(named: Mapping[str, Points]) -> dict[str, float]:
    """The length of each part, the mean of its bones, over the first 3 numbers of a joint at most."""
    found: dict[str, list[float]] = {}
    for bone in TREE:
        if bone.tail in named and bone.head in named:
            way = named[bone.head][:3] - named[bone.tail][:3]
            found.setdefault(bone.part, []).append(float(np.sqrt((way**2).sum())))
    return {part: float(np.mean(values)) for part, values in found.items()}


def ratios(source: Mapping[str, float], character: Mapping[str, float]) -> dict[str, float]:
    """By how much each part becomes longer, the torsos being equal; 1 where one of them is unknown."""
    torsos = max(source.get("torso", 0.0), 1e-9), max(character.get("torso", 0.0), 1e-9)
    made = {}
    for part in PARTS:
        one, two = source.get(part, 0.0) / torsos[0], character.get(part, 0.0) / torsos[1]
        made[part] = two / one if one > 1e-3 and two > 1e-3 else 1.0
    return made


def transferred(points: Points, layout: str, by: Mapping[str, float]) -> Points:
    """Points (N, 2 or 3) with each bone ``by[part]`` times as long; the hips stay where they are."""
    named = joints(points, layout)
    moved = {HIPS: named[HIPS]}
    for bone in TREE:
        if bone.head in named and bone.tail in moved:
            way = named[bone.head] - named[bone.tail]
            moved[bone.head] = moved[bone.tail] + way * by[bone.part]
    for name in LAYOUTS[layout]:
        if name not in moved:
            # No bone is known to it: it goes with the joint that carries it.
            carrier = _carrier(name)
            moved[name] = moved[carrier] + (named[name] - named[carrier])
    return np.stack([moved[name] for name in LAYOUTS[layout]])


def _carrier(name: str) -> str:
    side, _, rest = name.partition("_")
    if side not in SIDES:
        return "nose"
    return f"{side}_wrist" if rest.startswith("hand") else f"{side}_ankle"


def lowest_foot(points: Points, layout: str) -> float:
    """The largest y of the feet."""
    named = joints(points, layout)
    return max(float(named[name][1]) for name in FEET if name in named)


class Lengths:
    """Lengths of parts over many frames. Of long films ever fewer frames are kept."""

    def __init__(self) -> None:
        self._kept: list[Mapping[str, float]] = []
        self._stride, self._given = 1, 0

    def add(self, found: Mapping[str, float]) -> None:
        """The lengths of one frame."""
        if self._given % self._stride == 0:
            self._kept.append(found)
        self._given += 1
        if len(self._kept) >= 4096:
            self._kept, self._stride = self._kept[::2], self._stride * 2

    def typical(self, share: float) -> dict[str, float]:
        """By part, the length below which a ``share`` of the frames lies."""
        return {
            part: float(np.quantile([found[part] for found in self._kept if part in found], share))
            for part in PARTS
            if any(part in found for found in self._kept)
        }
