"""How a camera moved between two pictures, from the flow between them.

Invariant: coordinates are those of a camera of focal length 1 (x right, y down, z forward); a point
``p / power`` of the first picture lies at ``turn @ p + power * way`` in the second, with ``way`` of
length 1. The same flow gives the same answer: no chance is used.

Source: the essential matrix, written as a turn and a way and fitted by Levenberg and Marquardt on
Sampson's distance with Cauchy's weights, from several starts: R. Hartley and A. Zisserman, "Multiple
View Geometry", 2nd edition, 2004, chapters 9 and 11. Written so, a flat scene is no special case.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
_STARTS = (
    (1, 0, 0), (0, 1, 0), (0, 0, 1), (0.7, 0, 0.7), (-0.7, 0, 0.7), (0, 0.7, 0.7), (0, -0.7, 0.7),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pose:
    """turn (3, 3), way (3,). error : median distance from the epipolar lines, focal lengths."""

    turn: Points
    way: Points
    error: float


def pose_of(one: Points, two: Points, weight: Points, slack: float) -> Pose:
    """The move that explains best that points ``one`` (N, 3) are found at ``two`` (N, 3).

    weight : trust in each pair. slack : distance from a line that is still an ordinary error.
    """
    best: tuple[float, Points, Points] | None = None
    for start in _STARTS:
        turn, way = np.eye(3), np.array(start, float)
        cost, turn, way = _descended(one, two, weight, slack, turn, way / np.linalg.norm(way), 6)
        if best is None or cost < best[0]:
            best = cost, turn, way
    assert best is not None
    _, turn, way = _descended(one, two, weight, slack, best[1], best[2], 30)
    power = powers(turn, way, one, two)[0]
    if np.count_nonzero(power > 0) < np.count_nonzero(power < 0):
        way = -way
    return Pose(turn, way, float(np.median(np.abs(_distance(turn, way, one, two)))))


def turn_of(one: Points, two: Points, weight: Points, slack: float) -> tuple[Points, float]:
    """The turn alone that explains the flow best, and the median of what it leaves unexplained."""
    a = one / np.linalg.norm(one, axis=1, keepdims=True)
    b = two / np.linalg.norm(two, axis=1, keepdims=True)
    share, turn, rest = weight, np.eye(3), np.zeros(len(one))
    for _ in range(8):
        left, _, right = np.linalg.svd((b * share[:, None]).T @ a)
        turn = left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right
        moved = one @ turn.T
        rest = np.hypot(*(moved[:, :2] / moved[:, 2:] - two[:, :2]).T)
        share = weight / (1 + (rest / slack) ** 2)
    return turn, float(np.median(rest))


def powers(turn: Points, way: Points, one: Points, two: Points) -> tuple[Points, Points]:
    """1/distance of each point of the first picture, in 1/length of the way, and how far on the
    second picture the point would go for each unit of it."""
    moved = one @ turn.T
    along = way[:2] - two[..., :2] * way[2]
    apart = two[..., :2] * moved[..., 2:] - moved[..., :2]
    square = (along * along).sum(-1)
    power = (along * apart).sum(-1) / np.maximum(square, 1e-12)
    return power, np.sqrt(square) / np.maximum(np.abs(moved[..., 2]), 1e-6)


def rotation(vector: Points) -> Points:
    """The matrix (3, 3) of a turn about ``vector`` by its length in radians (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    cross = _cross(vector / angle)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def _descended(
    one: Points, two: Points, weight: Points, slack: float, turn: Points, way: Points, steps: int
) -> tuple[float, Points, Points]:
    damping = 1e-3
    rest = _distance(turn, way, one, two)
    cost = _cost(rest, weight, slack)
    for _ in range(steps):
        share = np.sqrt(weight / (1 + (rest / slack) ** 2))
        sides = _sides(way)
        slopes = np.empty((len(one), 5))
        for at in range(5):
            nudge = np.zeros(5)
            nudge[at] = 1e-6
            other = _distance(*_stepped(turn, way, sides, nudge), one, two)
            slopes[:, at] = (other - rest) / 1e-6
        slopes *= share[:, None]
        square, pull = slopes.T @ slopes, slopes.T @ (share * rest)
        moved = False
        for _ in range(6):
            step = np.linalg.solve(square + damping * np.diag(np.diag(square) + 1e-12), -pull)
            turn2, way2 = _stepped(turn, way, sides, step)
            rest2 = _distance(turn2, way2, one, two)
            cost2 = _cost(rest2, weight, slack)
            if cost2 < cost:
                moved = cost - cost2 > 1e-9 * cost
                turn, way, rest, cost = turn2, way2, rest2, cost2
                damping = max(damping / 5, 1e-9)
                break
            damping *= 5
        if not moved:
            break
    return cost, turn, way


def _stepped(turn: Points, way: Points, sides: Points, step: Points) -> tuple[Points, Points]:
    new = way + sides.T @ step[3:]
    return rotation(step[:3]) @ turn, new / np.linalg.norm(new)


def _sides(way: Points) -> Points:
    """Two directions (2, 3) square to the way."""
    other = np.eye(3)[int(np.argmin(np.abs(way)))]
    first = np.cross(way, other)
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(way, first)])


def _distance(turn: Points, way: Points, one: Points, two: Points) -> Points:
    essential = _cross(way) @ turn
    lines, back = one @ essential.T, two @ essential
    size = np.sqrt((lines[:, :2] ** 2).sum(1) + (back[:, :2] ** 2).sum(1))
    return np.asarray((two * lines).sum(1) / np.maximum(size, 1e-9))


def _cost(rest: Points, weight: Points, slack: float) -> float:
    return float((weight * np.log1p((rest / slack) ** 2)).sum())


def _cross(vector: Points) -> Points:
    x, y, z = vector
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
