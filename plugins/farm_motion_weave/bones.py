"""A body's bones: at rest in the picture, and the map that takes each of them to a pose.

Invariant: a pose that is the rest gives maps that change nothing; bones hang together whatever the
pose; none becomes longer or shorter than a body in perspective could look.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm_motion_weave.joints import AT, SIDES, Points

Maps = NDArray[np.float64]
"""Affine maps (bones, 2, 3) of places of the rest to places of the pose."""

HIPS, CHEST, HEAD = "hips", "chest", "head"
_ARM = (("shoulder", "elbow"), ("elbow", "wrist"), ("wrist", "hand"))
_LEG = (("hip", "knee"), ("knee", "ankle"), ("ankle", "toe"))


def _ends() -> tuple[tuple[str, str], ...]:
    ends = [(HIPS, CHEST), (HIPS, CHEST), (CHEST, HEAD)]
    for chain in (_ARM, _LEG):
        for side in SIDES:
            ends += [(f"{side}_{tail}", f"{side}_{head}") for tail, head in chain]
    return tuple(ends)


ENDS = _ends()
"""Tail and head of each bone."""
PELVIS, TRUNK, SKULL = 0, 1, 2
ARMS = {"left": (3, 4, 5), "right": (6, 7, 8)}
LEGS = {"left": (9, 10, 11), "right": (12, 13, 14)}
CHAINS = (*((TRUNK, ARMS[side]) for side in SIDES), *((PELVIS, LEGS[side]) for side in SIDES))
_SHORTEST, _LONGEST = 0.35, 1.15
_NARROWEST = 0.4
"""Least width of a trunk that turns away: beyond it a picture has no side to show."""


@dataclass(frozen=True, slots=True)
class Posed:
    """maps : of every bone. stretch : (bones,) length against the rest. turn : how far the nose has
    moved against the head (2,), pixels of the rest, along the head's own axes. depth : (bones,)
    pixels away from the camera, against the trunk."""

    maps: Maps
    stretch: Points
    turn: Points
    depth: Points


class Body:
    """The bones at rest. places : joints (joints, 4) in the picture."""

    def __init__(self, places: Points) -> None:
        """Take a picture's own pose for the rest."""
        self.joints = named(places)
        self.sure = {name: float(point[3]) for name, point in self.joints.items()}
        self.tails = np.stack([self.joints[tail][:2] for tail, _ in ENDS])
        self.heads = np.stack([self.joints[head][:2] for _, head in ENDS])
        self.torso = max(_long(self.joints[CHEST][:2] - self.joints[HIPS][:2]), 1.0)
        self.shoulders = _side(self.joints, "shoulder")
        self.hips = _side(self.joints, "hip")
        self.skull = max(
            _long(self.joints["left_ear"][:2] - self.joints["right_ear"][:2]), 0.25 * self.torso
        )

    def posed(self, places: Points) -> Posed:
        """The maps that take the rest to a pose, joints (joints, 4)."""
        now, rest = named(places), self.joints
        size = self._size(now)
        maps = np.zeros((len(ENDS), 2, 3))
        stretch = np.ones(len(ENDS))
        at = {HIPS: _mixed(rest[HIPS], now[HIPS], 0.2, 0.5)}
        spine = rest[CHEST][:2] - rest[HIPS][:2]
        moved = _bone(spine, now[CHEST] - now[HIPS], _trust(now, HIPS, CHEST), size, 0.0)
        at[CHEST] = at[HIPS] + moved
        lean = _angle(moved) - _angle(spine)
        long = _long(moved) / self.torso
        stretch[PELVIS] = stretch[TRUNK] = long
        for bone, middle, part, width in (
            (PELVIS, HIPS, "hip", self.hips),
            (TRUNK, CHEST, "shoulder", self.shoulders),
        ):
            wide = _across(width, _side(now, part), _trust(now, f"left_{part}", f"right_{part}"))
            matrix = _card(spine, width, moved, wide, lean, size)
            maps[bone] = _about(matrix, rest[middle][:2], at[middle])
            for side in SIDES:
                name = f"{side}_{part}"
                at[name] = maps[bone, :, :2] @ rest[name][:2] + maps[bone, :, 2]
        self._head(now, at, maps, stretch, lean, size)
        for trunk, chain in CHAINS:
            turn = _angle(maps[trunk, :, :2] @ spine) - _angle(spine)
            for bone in chain:
                tail, head = ENDS[bone]
                way = rest[head][:2] - rest[tail][:2]
                trust = _trust(now, tail, head)
                new = _bone(way, now[head] - now[tail], trust, size, turn)
                at[head] = at[tail] + new
                turn = _angle(new) - _angle(way)
                stretch[bone] = _long(new) / max(_long(way), 1e-6)
                matrix = _stretched(way, stretch[bone], size, turn)
                maps[bone] = _about(matrix, rest[tail][:2], at[tail])
        return Posed(maps, stretch, self._turn(now), self._depth(now))

    def _size(self, now: dict[str, Points]) -> float:
        """How much larger the body is than at rest: what is foreshortened least tells."""
        if _trust(now, HIPS, CHEST) < 0.5:
            return 1.0
        torso = _long(now[CHEST][:2] - now[HIPS][:2]) / self.torso
        width = _long(_side(now, "shoulder")) / max(_long(self.shoulders), 1.0)
        return float(np.clip(max(torso, min(width, 1.0)), 0.5, 1.8))

    def _head(
        self,
        now: dict[str, Points],
        at: dict[str, Points],
        maps: Maps,
        stretch: Points,
        lean: float,
        size: float,
    ) -> None:
        way = self.joints[HEAD][:2] - self.joints[CHEST][:2]
        trust = _trust(now, CHEST, HEAD)
        neck = _bone(way, now[HEAD] - now[CHEST], trust, size, lean)
        at[HEAD] = at[CHEST] + neck
        bent = _wrapped(_angle(neck) - _angle(way))
        # The line of the ears tells the tilt, as far as it is seen; a neck alone bends less.
        ears, rest = _side(now, "ear"), _side(self.joints, "ear")
        seen = np.clip(_long(ears) / max(_long(rest) * size, 1.0) - 0.3, 0.0, 0.5) * 2
        seen *= _trust(now, "left_ear", "right_ear") * (np.dot(ears, rest) > 0)
        tilt = _wrapped(_angle(ears) - _angle(rest)) if seen else 0.0
        turn = bent + seen * _wrapped(tilt - bent)
        stretch[SKULL] = 1.0
        maps[SKULL] = _about(_turning(turn) * size, self.joints[HEAD][:2], at[HEAD])

    def _turn(self, now: dict[str, Points]) -> Points:
        """How far the nose has gone across and down the head, pixels of the rest."""
        trust = _trust(now, "left_ear", "right_ear")
        if trust <= 0 or self.sure["nose"] < 0.3:
            return np.zeros(2)
        told = []
        for joints in (self.joints, now):
            up = joints[HEAD][:2] - joints[CHEST][:2]
            up = up / max(_long(up), 1e-6)
            away = joints["nose"][:2] - joints[HEAD][:2]
            scale = max(_long(joints[CHEST][:2] - joints[HIPS][:2]), 1.0)
            told.append(np.array([away @ np.array([-up[1], up[0]]), -away @ up]) / scale)
        limit = 0.35 * self.skull
        moved: Points = np.clip((told[1] - told[0]) * self.torso * trust, -limit, limit)
        return moved

    def _depth(self, now: dict[str, Points]) -> Points:
        """How far each bone's head is away, against the trunk, in torsos."""
        trunk = (now[HIPS][2] + now[CHEST][2]) / 2
        return np.array([(now[head][2] - trunk) / self.torso for _, head in ENDS])


def named(places: Points) -> dict[str, Points]:
    """Joints by name, with the middles of hips, shoulders and head."""
    joints = {name: places[index] for name, index in AT.items()}
    for middle, part in ((HIPS, "hip"), (CHEST, "shoulder"), (HEAD, "ear")):
        one, two = joints[f"left_{part}"], joints[f"right_{part}"]
        joints[middle] = (one + two) / 2
    return joints


def _trust(joints: dict[str, Points], *names: str) -> float:
    sure = min(float(joints[name][3]) for name in names)
    return float(np.clip((sure - 0.15) / 0.35, 0.0, 1.0))


def _mixed(rest: Points, now: Points, low: float, high: float) -> Points:
    share = float(np.clip((now[3] - low) / (high - low), 0.0, 1.0))
    mixed: Points = rest[:2] + (now[:2] - rest[:2]) * share
    return mixed


def _bone(way: Points, now: Points, trust: float, size: float, turn: float) -> Points:
    """A bone in the pose: as seen, or as it was on the bone that it hangs on."""
    kept = _turning(turn) @ way * size
    new: Points = kept + (now[:2] - kept) * trust
    long, usual = _long(new), max(_long(way) * size, 1e-6)
    if long < 1e-6:
        return kept * _SHORTEST
    bounded: Points = new * (np.clip(long, _SHORTEST * usual, _LONGEST * usual) / long)
    return bounded


def _across(rest: Points, now: Points, trust: float) -> Points:
    return rest + (now - rest) * trust


def _card(
    spine: Points, width: Points, moved: Points, wide: Points, lean: float, size: float
) -> Points:
    """The trunk as a card that is stretched along its spine and narrowed across."""
    turned = _turning(lean) @ width
    length = max(_long(turned), 1e-6)
    share = float(wide @ turned) / length**2
    share = float(np.clip(share, _NARROWEST * size, _LONGEST * size))
    # Of the shoulders' own tilt a part: the rest is in the spine.
    tilt = (
        float(np.clip(_wrapped(_angle(wide) - _angle(turned)), -0.5, 0.5)) if share > 0.5 else 0.0
    )
    across = _turning(tilt * min(share, 1.0)) @ turned * share
    frame = np.stack([spine, width], axis=1)
    if abs(np.linalg.det(frame)) < 1e-3 * length * _long(spine):
        return _turning(lean) * size
    made: Points = np.stack([moved, across], axis=1) @ np.linalg.inv(frame)
    return made


def _stretched(way: Points, along: float, across: float, turn: float) -> Points:
    """Stretched along a direction of the rest, scaled across it, then turned."""
    unit = way / max(_long(way), 1e-6)
    side = np.array([-unit[1], unit[0]])
    axes = np.stack([unit, side], axis=1)
    made: Points = _turning(turn) @ axes @ np.diag([along, across]) @ axes.T
    return made


def _about(matrix: Points, rest: Points, now: Points) -> Points:
    return np.concatenate([matrix, (now - matrix @ rest)[:, None]], axis=1)


def _side(joints: dict[str, Points], part: str) -> Points:
    way: Points = joints[f"left_{part}"][:2] - joints[f"right_{part}"][:2]
    return way


def _turning(angle: float) -> Points:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def _angle(way: Points) -> float:
    return float(np.arctan2(way[1], way[0]))


def _wrapped(angle: float) -> float:
    return float((angle + np.pi) % (2 * np.pi) - np.pi)


def _long(way: Points) -> float:
    return float(np.hypot(way[0], way[1]))
