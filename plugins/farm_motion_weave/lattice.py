"""A limb's net: squares of triangles over all of it, and how its bones hold its knots.

Invariant: the net covers every pixel that the limb shows, with room for the softness of its edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm_motion_weave.bones import CHEST, HEAD, HIPS, PELVIS, SKULL, TRUNK, Body
from farm_motion_weave.joints import Points
from farm_motion_weave.limbs import Limb, ends, segment_distance

Numbers = NDArray[np.int32]
_LEAST_HOLD = 0.02
"""How firmly bones hold a knot far from all of them, against 1 on a bone."""


@dataclass(frozen=True, slots=True)
class Net:
    """knots (N, 2) pixels; triangles (M, 3); edges (E, 2) along the squares' sides.

    weights (N, bones of the limb) sum to one; hold (N,): how firmly bones place a knot.
    """

    knots: Points
    triangles: Numbers
    edges: Numbers
    weights: Points
    hold: Points


def net_of(limb: Limb, body: Body, step: int) -> Net:
    """The net of a limb with squares ``step`` pixels wide."""
    height, width = limb.region.shape
    rows, columns = -(-height // step), -(-width // step)
    padded = np.zeros((rows * step, columns * step), bool)
    padded[:height, :width] = limb.region
    used = padded.reshape(rows, step, columns, step).any(axis=(1, 3))
    # What is sampled between pixels reaches two pixels over the border of a square.
    grown = np.pad(used, 1)
    used = (
        grown[1:-1, 1:-1] | grown[:-2, 1:-1] | grown[2:, 1:-1] | grown[1:-1, :-2] | grown[1:-1, 2:]
    )
    number = np.full((rows + 1, columns + 1), -1, np.int64)
    squares = np.argwhere(used)
    for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
        number[squares[:, 0] + down, squares[:, 1] + across] = 0
    corners = np.argwhere(number == 0)
    number[corners[:, 0], corners[:, 1]] = np.arange(len(corners))
    a = number[squares[:, 0], squares[:, 1]]
    b = number[squares[:, 0], squares[:, 1] + 1]
    c = number[squares[:, 0] + 1, squares[:, 1]]
    d = number[squares[:, 0] + 1, squares[:, 1] + 1]
    even = ((squares.sum(axis=1) % 2) == 0)[:, None]
    one = np.where(even, np.stack([a, b, d], 1), np.stack([a, b, c], 1))
    two = np.where(even, np.stack([a, d, c], 1), np.stack([b, d, c], 1))
    sides = np.concatenate([np.stack(pair, 1) for pair in ((a, b), (c, d), (a, c), (b, d))])
    knots = corners[:, ::-1].astype(np.float64) * step - 0.5
    weights, hold = _held(limb, body, knots)
    triangles = np.concatenate([one, two])
    # What is farther along a limb lies above: a hand over its forearm.
    along = (weights @ np.arange(weights.shape[1]))[triangles].mean(axis=1)
    triangles = triangles[np.argsort(along, kind="stable")]
    return Net(
        knots,
        np.ascontiguousarray(triangles, np.int32),
        np.ascontiguousarray(np.unique(sides, axis=0), np.int32),
        weights,
        hold,
    )


def _held(limb: Limb, body: Body, knots: Points) -> tuple[Points, Points]:
    if limb.bones == (PELVIS, TRUNK, SKULL):
        return _trunk(body, knots)
    distances = []
    for at, bone in enumerate(limb.bones):
        if at == 0:  # What it hangs on, from the middle to the joint.
            tail, head = ends(body, limb.bones[1])
            middle = body.joints[CHEST if bone == TRUNK else HIPS][:2]
            distances.append(segment_distance(knots, middle, middle + (tail - middle) * 0.75))
        else:
            tail, head = ends(body, bone)
            distances.append(segment_distance(knots, tail, head))
    away = np.stack(distances, axis=1)
    radius = np.array(limb.radii)
    radius[0] = radius[1]
    near = 1.0 / ((0.3 * radius) ** 2 + away**2) ** 2
    weights = near / near.sum(axis=1, keepdims=True)
    held = np.exp(-((away / (0.6 * radius)) ** 2)).max(axis=1)
    # At a joint two bones agree on the place and not on the turn: the net decides there.
    agreed = weights.max(axis=1) ** 2
    return weights, np.maximum(_LEAST_HOLD, held * agreed)


def _trunk(body: Body, knots: Points) -> tuple[Points, Points]:
    at = body.joints
    spine, neck = at[CHEST][:2] - at[HIPS][:2], at[HEAD][:2] - at[CHEST][:2]
    up = (knots - at[HIPS][:2]) @ spine / max(float(spine @ spine), 1e-9)
    on_neck = (knots - at[CHEST][:2]) @ neck / max(float(neck @ neck), 1e-9)
    head, chest = _step(on_neck, 0.3, 0.85), _step(up, 0.1, 0.8)
    weights = np.stack([(1 - chest) * (1 - head), chest * (1 - head), head], axis=1)
    agreed = np.abs(2 * head - 1)
    return weights, np.maximum(_LEAST_HOLD, 0.6 * agreed)


def _step(values: Points, low: float, high: float) -> Points:
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    smooth: Points = share * share * (3 - 2 * share)
    return smooth
