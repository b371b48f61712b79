"""Names of points, the bones between them, and how one set of points becomes another.

Invariant: sides are the person's own; every set that comes out has its standard order, so that a
reader needs no table of ours.
"""

from __future__ import annotations

import numpy as np

from farm_vision.people.regions import Points

BODY33 = [
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
    "left_pinky",
    "right_pinky",
    "left_index",
    "right_index",
    "left_thumb",
    "right_thumb",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_foot_index",
    "right_foot_index",
]
COCO17 = [
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
]
OPENPOSE18 = [
    "nose",
    "neck",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_eye",
    "left_eye",
    "right_ear",
    "left_ear",
]
HAND21 = [
    "wrist",
    "thumb_cmc",
    "thumb_mcp",
    "thumb_ip",
    "thumb_tip",
    "index_mcp",
    "index_pip",
    "index_dip",
    "index_tip",
    "middle_mcp",
    "middle_pip",
    "middle_dip",
    "middle_tip",
    "ring_mcp",
    "ring_pip",
    "ring_dip",
    "ring_tip",
    "pinky_mcp",
    "pinky_pip",
    "pinky_dip",
    "pinky_tip",
]
WHOLEBODY133 = [
    *COCO17,
    *(f"{side}_{part}" for side in ("left", "right") for part in ("big_toe", "small_toe", "heel")),
    *(f"face_{number}" for number in range(68)),
    *(f"{side}_hand_{name}" for side in ("left", "right") for name in HAND21),
]
"""COCO-WholeBody's points: body, feet, face as in iBUG 300-W, hands."""
FACE_OF_133, HANDS_OF_133 = slice(23, 91), (slice(91, 112), slice(112, 133))
LAYOUTS = {"body33": BODY33, "coco17": COCO17, "wholebody133": WHOLEBODY133}
"""Sets of points that a provider of ``pose.estimate`` may give."""

LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12),
    (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""Pairs of OpenPose's 18 points that are drawn as limbs, in the order of their colours."""
FINGERS = tuple(
    (0 if joint == 0 else 4 * f + joint, 4 * f + joint + 1) for f in range(5) for joint in range(4)
)

_FROM_33 = [BODY33.index(name) for name in COCO17]
_NECK = ("left_shoulder", "right_shoulder")
_OPENPOSE = [COCO17.index(name) if name != "neck" else -1 for name in OPENPOSE18]


def coco17(points: Points, layout: str) -> Points:
    """x, y, confidence (17, 3) of points (N, 4)."""
    kept = points[:, [0, 1, 3]]
    return kept[_FROM_33] if layout == "body33" else kept[: len(COCO17)]


def openpose18(coco: Points) -> Points:
    """OpenPose's points (18, 3) of COCO's (17, 3); the neck is between the shoulders."""
    shoulders = coco[[COCO17.index(name) for name in _NECK]]
    neck = np.array([*shoulders[:, :2].mean(axis=0), shoulders[:, 2].min()])
    return np.concatenate([coco, neck[None]])[_OPENPOSE]
