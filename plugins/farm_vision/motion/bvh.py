"""BVH: a tree of joints and a line of numbers for each frame.

Invariant: lengths are centimetres and angles degrees, in the order Z, X, Y, as most programs expect;
what is written is read back as the same places to a hundredth of a millimetre.

Source of the form: M. Meredith and S. Maddock, "Motion Capture File Formats Explained", 2001.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from farm_vision.motion.rig import ENDS, JOINTS, PARENTS, Motion, Values, matrices

_CENTIMETRES = 100.0


def write_bvh(path: Path, motion: Motion, fps: Fraction) -> None:
    """Write a motion."""
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write("HIERARCHY\n")
        for line in _tree(motion, 0, ""):
            file.write(line + "\n")
        file.write(f"MOTION\nFrames: {len(motion.roots)}\n")
        file.write(f"Frame Time: {float(1 / fps):.8f}\n")
        order = [joint for joint in _order(0) if joint not in ENDS]
        angles = euler(matrices(motion.turns))[:, order].reshape(len(motion.roots), -1)
        for root, turns in zip(motion.roots * _CENTIMETRES, angles, strict=True):
            file.write(" ".join(f"{value:.6f}" for value in (*root, *turns)) + "\n")


def euler(turns: Values) -> Values:
    """Degrees (..., 3) about Z, X and Y, of rotations that are ``Rz @ Rx @ Ry``."""
    x = np.arcsin(np.clip(turns[..., 2, 1], -1.0, 1.0))
    straight = np.abs(turns[..., 2, 1]) > 1 - 1e-12
    z = np.where(
        straight,
        np.arctan2(turns[..., 1, 0], turns[..., 0, 0]),
        np.arctan2(-turns[..., 0, 1], turns[..., 1, 1]),
    )
    y = np.where(straight, 0.0, np.arctan2(-turns[..., 2, 0], turns[..., 2, 2]))
    return np.degrees(np.stack([z, x, y], axis=-1))


def _order(joint: int) -> Iterator[int]:
    yield joint
    for child, parent in enumerate(PARENTS):
        if parent == joint:
            yield from _order(child)


def _tree(motion: Motion, joint: int, indent: str) -> Iterator[str]:
    x, y, z = motion.offsets[joint] * _CENTIMETRES
    offset = f"OFFSET {x:.6f} {y:.6f} {z:.6f}"
    if joint in ENDS:
        yield f"{indent}End Site"
        yield f"{indent}{{"
        yield f"{indent}\t{offset}"
        yield f"{indent}}}"
        return
    turns = "Zrotation Xrotation Yrotation"
    yield f"{indent}{'ROOT' if joint == 0 else 'JOINT'} {JOINTS[joint][0]}"
    yield f"{indent}{{"
    yield f"{indent}\t{offset}"
    if joint == 0:
        yield f"{indent}\tCHANNELS 6 Xposition Yposition Zposition {turns}"
    else:
        yield f"{indent}\tCHANNELS 3 {turns}"
    for child, parent in enumerate(PARENTS):
        if parent == joint:
            yield from _tree(motion, child, indent + "\t")
    yield f"{indent}}}"
