"""A body's joints as a tree with lengths and rotations, from where its points are.

Invariant: rotations and offsets together give the joints' places exactly: places are first given
bones of constant length (the median), directions kept. Metres; x to the person's left in rest, y
up, z ahead; quaternions are x, y, z, w.

A rotation belongs to one bone alone, so joints with several children have one of no length before
each that turns by itself: ``spine`` at the hips and ``neck`` at the chest. Limbs turn by the least
rotation from their parent, so nothing spins about itself unseen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

JOINTS = (
    ("hips", None, (0, 0, 0)),
    ("spine", "hips", (0, 0, 0)),
    ("chest", "spine", (0, 1, 0)),
    ("neck", "chest", (0, 0, 0)),
    ("head", "neck", (0, 1, 0)),
    ("left_shoulder", "chest", (1, 0, 0)),
    ("left_elbow", "left_shoulder", (1, 0, 0)),
    ("left_wrist", "left_elbow", (1, 0, 0)),
    ("left_hand", "left_wrist", (1, 0, 0)),
    ("right_shoulder", "chest", (-1, 0, 0)),
    ("right_elbow", "right_shoulder", (-1, 0, 0)),
    ("right_wrist", "right_elbow", (-1, 0, 0)),
    ("right_hand", "right_wrist", (-1, 0, 0)),
    ("left_hip", "hips", (1, 0, 0)),
    ("left_knee", "left_hip", (0, -1, 0)),
    ("left_ankle", "left_knee", (0, -1, 0)),
    ("left_toe", "left_ankle", (0, 0, 1)),
    ("right_hip", "hips", (-1, 0, 0)),
    ("right_knee", "right_hip", (0, -1, 0)),
    ("right_ankle", "right_knee", (0, -1, 0)),
    ("right_toe", "right_ankle", (0, 0, 1)),
)
"""Each joint, its parent, and the direction from there to it at rest; parents come first."""
NAMES = tuple(name for name, _, _ in JOINTS)
INDEX = {name: number for number, name in enumerate(NAMES)}
PARENTS = tuple(-1 if parent is None else INDEX[parent] for _, parent, _ in JOINTS)
REST = np.array([direction for _, _, direction in JOINTS], np.float64)
ENDS = tuple(number for number in range(len(NAMES)) if number not in PARENTS)
"""Joints on which nothing hangs: they have a place and no rotation."""

_POINTS = {
    "hips": (23, 24),
    "spine": (23, 24),
    "chest": (11, 12),
    "neck": (11, 12),
    "head": (7, 8),
    "left_shoulder": (11,),
    "left_elbow": (13,),
    "left_wrist": (15,),
    "left_hand": (17, 19),
    "right_shoulder": (12,),
    "right_elbow": (14,),
    "right_wrist": (16,),
    "right_hand": (18, 20),
    "left_hip": (23,),
    "left_knee": (25,),
    "left_ankle": (27,),
    "left_toe": (31,),
    "right_hip": (24,),
    "right_knee": (26,),
    "right_ankle": (28,),
    "right_toe": (32,),
}
"""Points of ``body33`` whose middle a joint is."""
_EARS = (7, 8)


@dataclass(frozen=True, slots=True)
class Motion:
    """offsets (J, 3): from each joint's parent at rest. turns (T, J, 4): rotation of each joint in
    its parent's frame. roots (T, 3): places of the hips. places (T, J, 3): of all joints."""

    offsets: Values
    turns: Values
    roots: Values
    places: Values


def joints_of(world: Values) -> Values:
    """Places (T, J, 3) of the joints from points (T, 33, 3), whose y is down and z to the back."""
    upright = world * np.array([1.0, -1.0, -1.0])
    return np.stack([upright[:, list(_POINTS[name])].mean(axis=1) for name in NAMES], axis=1)


def ears_of(world: Values) -> Values:
    """Directions (T, 3) from the right ear to the left."""
    return (world[:, _EARS[0]] - world[:, _EARS[1]]) * np.array([1.0, -1.0, -1.0])


def solved(joints: Values, ears: Values) -> Motion:
    """The motion whose joints are nearest to those places: same directions, constant lengths."""
    lengths = np.zeros(len(NAMES))
    bones = np.zeros_like(joints)
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            bones[:, joint] = joints[:, joint] - joints[:, parent]
            lengths[joint] = float(np.median(np.linalg.norm(bones[:, joint], axis=1)))
    # Both halves of shoulders and hips are one line, and both sides of a body are as long.
    for name in NAMES:
        if name.startswith("left_"):
            left, right = INDEX[name], INDEX[name.replace("left_", "right_")]
            lengths[[left, right]] = (lengths[left] + lengths[right]) / 2
    frames = _frames(bones, ears)
    offsets = REST * lengths[:, None]
    turns = np.empty((*joints.shape[:2], 4))
    for joint, parent in enumerate(PARENTS):
        own = frames[:, joint]
        turns[:, joint] = quaternions(
            own if parent < 0 else np.swapaxes(frames[:, parent], 1, 2) @ own
        )
    turns = _unbroken(turns)
    roots = joints[:, 0]
    return Motion(offsets, turns, roots, placed(offsets, turns, roots))


def placed(offsets: Values, turns: Values, roots: Values) -> Values:
    """Places (T, J, 3) of the joints that rotations lead to."""
    local = matrices(turns)
    frames = np.empty_like(local)
    places = np.empty((*turns.shape[:2], 3))
    for joint, parent in enumerate(PARENTS):
        if parent < 0:
            frames[:, joint], places[:, joint] = local[:, joint], roots
        else:
            frames[:, joint] = frames[:, parent] @ local[:, joint]
            places[:, joint] = places[:, parent] + frames[:, parent] @ offsets[joint]
    return places


def _frames(bones: Values, ears: Values) -> Values:
    """Rotations (T, J, 3, 3) of every joint in the world."""
    frames = np.empty((*bones.shape[:2], 3, 3))
    across_hips = bones[:, INDEX["left_hip"]] - bones[:, INDEX["right_hip"]]
    across = bones[:, INDEX["left_shoulder"]] - bones[:, INDEX["right_shoulder"]]
    spine, neck = bones[:, INDEX["chest"]], bones[:, INDEX["head"]]
    known = {
        "hips": _axes(across_hips, spine, 0),
        "spine": _axes(across_hips, spine, 1),
        "chest": _axes(across, spine, 0),
        "neck": _axes(ears, neck, 1),
    }
    for joint, name in enumerate(NAMES):
        parent = PARENTS[joint]
        if name in known:
            frames[:, joint] = known[name]
        elif joint in ENDS:
            frames[:, joint] = frames[:, parent]
        else:
            child = next(at for at, up in enumerate(PARENTS) if up == joint)
            rest = np.einsum("tij,j->ti", frames[:, parent], REST[child])
            frames[:, joint] = _least_turn(rest, _unit(bones[:, child])) @ frames[:, parent]
    return frames


def _axes(across: Values, up: Values, kept: int) -> Values:
    """Rotations (T, 3, 3) with x across and y up; ``kept`` says which of both is met exactly."""
    if kept == 0:
        x = _unit(across)
        y = _beside(up, x)
    else:
        y = _unit(up)
        x = _beside(across, y)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def _beside(vectors: Values, axes: Values) -> Values:
    """Unit vectors across ``axes``, as near to ``vectors`` as that allows."""
    rest = vectors - (vectors * axes).sum(-1, keepdims=True) * axes
    lost = np.linalg.norm(rest, axis=-1) < 1e-6
    rest[lost] = _across(axes[lost])
    return _unit(rest)


def _across(axes: Values) -> Values:
    """Any vectors across unit vectors, never of no length."""
    return np.cross(axes, np.where(np.abs(axes[:, :1]) < 0.9, [[1.0, 0, 0]], [[0, 1.0, 0]]))


def _unit(vectors: Values) -> Values:
    size = np.linalg.norm(vectors, axis=-1, keepdims=True)
    # Points that fall together have no direction: any will do, as nothing shows it.
    return np.where(size > 1e-9, vectors / np.maximum(size, 1e-9), np.array([0.0, 1.0, 0.0]))


def _least_turn(one: Values, other: Values) -> Values:
    """Rotations (T, 3, 3) that turn unit vectors to others the shortest way."""
    axis = np.cross(one, other)
    cosine = (one * other).sum(-1)
    # Straight back: any axis across will do.
    spare = _across(one)
    back = cosine < -1 + 1e-9
    turns = np.concatenate([axis, (1 + cosine)[:, None]], axis=-1)
    turns[back] = np.concatenate([spare[back], np.zeros((int(back.sum()), 1))], axis=-1)
    return matrices(turns / np.linalg.norm(turns, axis=-1, keepdims=True))


def matrices(turns: Values) -> Values:
    """Rotation matrices (..., 3, 3) of quaternions (..., 4)."""
    x, y, z, w = (turns[..., part] for part in range(4))
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def quaternions(turns: Values) -> Values:
    """Quaternions (..., 4) of rotation matrices, by their largest part so that none is near 0."""
    m = turns
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    squares = np.stack([m[..., at, at] * 2 - trace for at in range(3)] + [trace], axis=-1) + 1
    largest = np.argmax(squares, axis=-1)
    differences = [
        m[..., 2, 1] - m[..., 1, 2],
        m[..., 0, 2] - m[..., 2, 0],
        m[..., 1, 0] - m[..., 0, 1],
    ]
    sums = {(0, 1): m[..., 0, 1] + m[..., 1, 0], (0, 2): m[..., 0, 2] + m[..., 2, 0]}
    sums[1, 2] = m[..., 1, 2] + m[..., 2, 1]
    rows = []
    for first in range(4):
        row = []
        for part in range(4):
            if part == first:
                row.append(squares[..., part])
            elif 3 in (first, part):
                row.append(differences[min(first, part)])
            else:
                row.append(sums[min(first, part), max(first, part)])
        rows.append(np.stack(row, axis=-1))
    chosen = np.take_along_axis(np.stack(rows, axis=-2), largest[..., None, None], axis=-2)[
        ..., 0, :
    ]
    return np.asarray(chosen / np.linalg.norm(chosen, axis=-1, keepdims=True))


def _unbroken(turns: Values) -> Values:
    """The same rotations, each quaternion on the side of the one before it."""
    signs = np.where((turns[1:] * turns[:-1]).sum(-1) < 0, -1.0, 1.0)
    signs = np.concatenate([np.ones((1, turns.shape[1])), np.cumprod(signs, axis=0)])
    return turns * signs[..., None]
