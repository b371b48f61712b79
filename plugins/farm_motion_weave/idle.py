"""Motion where none is given: breath, a shift of weight, nods and gestures on what is said loudest.

Invariant: a moment's pose follows from the rest, the sound, the seed and the moment; in silence nobody
moves by more than a breath and a shift of weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sin

import numpy as np

from farm_motion_weave.chance import bump, drawn, wandering
from farm_motion_weave.hearing import Heard
from farm_motion_weave.joints import AT, SIDES, Points

_BREATH_HZ = 0.27
_FACE = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye",
    "right_eye_outer", "left_ear", "right_ear", "mouth_left", "mouth_right",
)  # fmt: skip
_GESTURE_S = 1.1
_SURE = 0.55
"""How surely the picture must show a wrist that gestures."""

_INSIDE = 0.25
"""How far from the picture's edges a gesturing arm must lie, in torsos: what is beyond the edge is
not there to be drawn when a gesture brings it in."""


@dataclass(frozen=True, slots=True)
class Idle:
    """rest : joints (joints, 4). torso : its length in pixels. size : the picture's, in pixels."""

    rest: Points
    torso: float
    heard: Heard
    seed: int
    size: tuple[int, int]

    def at(self, time_s: float) -> Points:
        """Joints (joints, 4) of a moment."""
        joints = self.rest.copy()
        joints[:, 3] = 1.0  # What is made up here is sure, also where the picture does not show it.
        hips = (joints[AT["left_hip"], :2] + joints[AT["right_hip"], :2]) / 2
        loud = self.heard.loud(time_s)
        sway = 0.02 * wandering(self.seed, "sway", time_s * 0.35)
        sway += 0.012 * wandering(self.seed, "talk", time_s * 1.3) * loud
        breath = sin(2 * pi * _BREATH_HZ * time_s)
        upper = [
            *_FACE,
            *(f"{s}_{p}" for s in SIDES for p in ("shoulder", "elbow", "wrist", "hand")),
        ]
        self._turn(joints, upper, hips, sway)
        for name in upper:
            joints[AT[name], 1] -= 0.006 * self.torso * breath
        for name in ("left_elbow", "right_elbow"):
            out = np.sign(joints[AT[name], 0] - hips[0])
            joints[AT[name], 0] += 0.004 * self.torso * breath * out
        chest = (joints[AT["left_shoulder"], :2] + joints[AT["right_shoulder"], :2]) / 2
        tilt = 0.035 * wandering(self.seed, "tilt", time_s * 0.5)
        tilt += 0.05 * wandering(self.seed, "stress", time_s * 1.7) * loud
        self._turn(joints, list(_FACE), chest, tilt - 0.6 * sway)
        self._look(joints, time_s, loud)
        for number, moment in enumerate(self.heard.emphases):
            if moment - 0.3 < time_s < moment - 0.3 + _GESTURE_S:
                self._gesture(joints, number, bump((time_s - moment + 0.3) / _GESTURE_S))
        return joints

    def _look(self, joints: Points, time_s: float, loud: float) -> None:
        """The nose goes before the ears where a head turns or nods."""
        across = 0.018 * wandering(self.seed, "look", time_s * 0.6)
        down = 0.010 * wandering(self.seed, "nod", time_s * 1.9) * (0.4 + loud) + 0.016 * loud
        joints[AT["nose"], :2] += np.array([across, down]) * self.torso

    def _gesture(self, joints: Points, number: int, strength: float) -> None:
        """One forearm rises a little; which one, and how far, is chance."""
        free = [side for side in SIDES if self._is_free(side)]
        if not free:
            return
        side = free[int(drawn(self.seed, "side", number) * len(free))]
        force = strength * (0.6 + 0.4 * drawn(self.seed, "force", number))
        shoulder, elbow = joints[AT[f"{side}_shoulder"], :2], joints[AT[f"{side}_elbow"], :2].copy()
        out = 1.0 if elbow[0] >= shoulder[0] else -1.0
        arm = [f"{side}_{part}" for part in ("elbow", "wrist", "hand")]
        self._turn(joints, arm, shoulder, -out * 0.14 * force)
        elbow = joints[AT[f"{side}_elbow"], :2].copy()
        self._turn(joints, arm[1:], elbow, -out * 0.75 * force)

    def _is_free(self, side: str) -> bool:
        """Whether the picture shows a forearm whole."""
        arm = self.rest[[AT[f"{side}_{part}"] for part in ("elbow", "wrist", "hand")]]
        margin = _INSIDE * self.torso
        inside = (arm[:, :2] >= margin) & (arm[:, :2] <= np.array(self.size) - margin)
        return bool(inside.all()) and self.rest[AT[f"{side}_wrist"], 3] >= _SURE

    @staticmethod
    def _turn(joints: Points, names: list[str], middle: Points, angle: float) -> None:
        cos_, sin_ = np.cos(angle), np.sin(angle)
        turn = np.array([[cos_, -sin_], [sin_, cos_]])
        for name in names:
            joints[AT[name], :2] = middle + turn @ (joints[AT[name], :2] - middle)
