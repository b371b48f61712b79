"""Where a camera is at each frame: moves by name, or matrices that somebody sends.

Invariant: a pose is a rigid camera-to-world matrix (4, 4) in the frame of the source's own camera,
x right, y down, z forward, in the unit of the depth map; every frame has one, and its angle of view.
A move is a function of the frame's place in the whole, so windows agree.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm import InputError
from farm_optics.reshoot.params import ReshootParams

Matrix = NDArray[np.float64]
SCHEMA = "farm.camera/1"
_RIGID = 1e-3
"""How far the turn of a matrix may be from a true one."""
_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])
_SPIRAL = 0.3
"""Radius of a spiral as a part of its way forward."""


@dataclass(frozen=True, slots=True)
class View:
    """A camera of one frame. pose : camera-to-world (4, 4). fov_deg : across the picture."""

    pose: Matrix
    fov_deg: float


def views(params: ReshootParams, count: int, subject: float, seed: int) -> list[View]:
    """The views of a named move. subject : distance that the move is about, in the map's unit.

    Raises
    ------
    InputError : ``camera.through`` when a move would pass the subject.
    """
    forward = params.move in ("dolly", "spiral", "dolly_zoom")
    if forward and params.amount > 0.95:
        raise InputError(
            "the camera would go through the subject",
            where="amount",
            expected="at most 0.95 of the distance of the subject",
            got=f"{params.amount:g}",
            mend="Choose a smaller amount.",
            code="camera.through",
        )
    return [_view(params, _share(at, count, params.ease), at, subject, seed) for at in range(count)]


def read_views(path: Path, count: int, fov_deg: float) -> list[View]:
    """The views of a document.

    Raises
    ------
    InputError : it is none, has another number of matrices, or one that no camera has.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise ValueError(f'no object with schema "{SCHEMA}"')
        axes = document.get("axes", "opencv")
        if axes not in ("opencv", "opengl"):
            raise ValueError(f"axes {axes!r}, which are neither opencv nor opengl")
        given = [np.array(rows, float) for rows in document["matrices"]]
        angles = document.get("fov_deg", fov_deg)
        angles = [float(a) for a in (angles if isinstance(angles, list) else [angles] * len(given))]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refused("is no camera path", "", SCHEMA, str(error).splitlines()[0]) from error
    for name, items in (("matrices", given), ("fov_deg", angles)):
        if len(items) != count:
            raise _refused(
                f"has another number of {name} than the clip has frames",
                "", str(count), str(len(items)),
            )  # fmt: skip
    flip = _OPENGL if axes == "opengl" else np.eye(4)
    made = []
    for number, (matrix, angle) in enumerate(zip(given, angles, strict=True)):
        _check(matrix, angle, number)
        made.append(View(flip @ matrix @ flip, angle))
    return made


def _check(matrix: Matrix, angle: float, number: int) -> None:
    where = f", matrix {number}"
    if matrix.shape != (4, 4):
        raise _refused("is no 4x4 matrix", where, "(4, 4)", str(matrix.shape))
    if not np.isfinite(matrix).all():
        raise _refused("holds a number that is none", where, "finite numbers", "NaN or infinity")
    if not 1 <= angle <= 170:
        raise _refused("has an impossible angle of view", where, "1 to 170 degrees", f"{angle:g}")
    turn, size = matrix[:3, :3], float(np.linalg.det(matrix[:3, :3]))
    if abs(size) < 1e-6:
        raise _refused("is singular", where, "a turn and a place", f"determinant {size:.2g}")
    if np.abs(matrix[3] - (0, 0, 0, 1)).max() > 1e-6:
        raise _refused("has a last row of its own", where, "0 0 0 1", _row(matrix[3]))
    if size < 0 or np.abs(turn @ turn.T - np.eye(3)).max() > _RIGID:
        raise _refused("is not rigid: it mirrors, scales or shears", where, "a turn",
                       f"determinant {size:.4g}")  # fmt: skip


def _row(row: Matrix) -> str:
    return " ".join(f"{value:g}" for value in row)


def _refused(what: str, where: str, expected: str, got: str) -> InputError:
    return InputError(
        what,
        where=f"trajectory{where}",
        expected=expected,
        got=got,
        mend="Send one rigid camera-to-world matrix for each frame.",
        code="camera.trajectory",
    )


def _share(at: int, count: int, ease: str) -> float:
    share = at / (count - 1) if count > 1 else 0.0
    return share * share * (3 - 2 * share) if ease == "smooth" else share


def _view(params: ReshootParams, share: float, at: int, subject: float, seed: int) -> View:
    way, pose, angle = params.amount * subject, np.eye(4), params.fov_deg
    if params.move in ("dolly", "dolly_zoom"):
        pose[2, 3] = share * way
    if params.move == "dolly_zoom":
        # The subject keeps its size: its distance over the tangent of half the angle stays.
        half = math.tan(math.radians(params.fov_deg) / 2) * subject / (subject - share * way)
        angle = 2 * math.degrees(math.atan(half))
    elif params.move == "truck":
        pose[0, 3] = share * way
    elif params.move == "pedestal":
        pose[1, 3] = -share * way
    elif params.move == "orbit":
        pose = _about(subject, share * params.amount)
    elif params.move == "spiral":
        round_ = 2 * math.pi * params.turns * share
        radius = _SPIRAL * way * math.sin(math.pi * share)
        pose[:3, 3] = radius * math.cos(round_), radius * math.sin(round_), share * way
    elif params.move == "handheld":
        pose = _shaken(at, subject, params.amount, params.turns, seed)
    return View(pose, angle)


def _about(subject: float, angle: float) -> Matrix:
    """A camera on a circle about the subject, looking at it. angle : radians."""
    pose = np.eye(4)
    pose[:3, :3] = _turn(0.0, -angle, 0.0)
    pose[:3, 3] = subject * math.sin(angle), 0, subject * (1 - math.cos(angle))
    return pose


def _shaken(at: int, subject: float, amount: float, restless: float, seed: int) -> Matrix:
    """A camera in a hand: slow sways and a faint tremor, at rest in the first frame."""
    random = np.random.default_rng([seed % 2**63, 0x6D6F7665])
    waves = random.uniform(0.5, 1.0, (6, 4)) * np.array([1.0, 0.55, 0.25, 0.08])
    rates = random.uniform(0.8, 1.25, (6, 4)) * np.array([0.012, 0.03, 0.08, 0.22])
    phases = random.uniform(0, 2 * math.pi, (6, 4))
    turned = 2 * math.pi * rates * at * max(restless, 1e-3) + phases
    sway = (waves * (np.sin(turned) - np.sin(phases))).sum(axis=1)
    pose = np.eye(4)
    pose[:3, :3] = _turn(*(sway[:3] * amount * 0.12 * np.array([1.0, 1.0, 0.5])))
    pose[:3, 3] = sway[3:] * amount * subject * 0.12
    return pose


def _turn(pitch: float, yaw: float, roll: float) -> Matrix:
    def about(first: int, second: int, angle: float) -> Matrix:
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = math.cos(angle)
        turn[first, second], turn[second, first] = -math.sin(angle), math.sin(angle)
        return turn

    return about(2, 0, yaw) @ about(1, 2, pitch) @ about(0, 1, roll)
