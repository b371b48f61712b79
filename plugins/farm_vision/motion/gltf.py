"""glTF 2.0, binary: joints as nodes, and an animation that turns them.

Invariant: metres, y up, quaternions x, y, z, w of length 1, times that rise from 0, one key for each
frame; a skin with a small bone-shaped mesh makes every viewer show it. The same motion gives the
same bytes.

Source of the form: Khronos Group, "glTF 2.0 Specification", 2021.
"""

from __future__ import annotations

import json
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from farm_vision.motion.rig import ENDS, NAMES, PARENTS, Motion

_FLOAT, _SHORT = 5126, 5123
_VERTICES, _INDICES = 34962, 34963
_THICK = 0.12
"""Of a bone's length, how thick it is shown."""


def write_glb(path: Path, motion: Motion, fps: Fraction) -> None:
    """Write a motion."""
    made = _Buffer()
    nodes: list[dict[str, Any]] = []
    for joint, name in enumerate(NAMES):
        node: dict[str, Any] = {"name": name}
        children = [child for child, parent in enumerate(PARENTS) if parent == joint]
        if children:
            node["children"] = children
        start = motion.roots[0] if joint == 0 else motion.offsets[joint]
        node["translation"] = [float(np.float32(value)) for value in start]
        nodes.append(node)
    skin = len(nodes)
    nodes.append({"name": "body", "mesh": 0, "skin": 0})
    mesh = _mesh(made, motion)
    inverse = np.tile(np.eye(4), (len(NAMES), 1, 1))
    inverse[:, 3, :3] = -_rest(motion)
    joints = {
        "joints": list(range(len(NAMES))),
        "skeleton": 0,
        "inverseBindMatrices": made.add(inverse.reshape(-1, 16), "MAT4"),
    }
    document = {
        "asset": {"version": "2.0", "generator": "farm_vision"},
        "scene": 0,
        "scenes": [{"nodes": [0, skin]}],
        "nodes": nodes,
        "meshes": [mesh],
        "skins": [joints],
        "animations": [_animation(made, motion, fps)],
        "accessors": made.accessors,
        "bufferViews": made.views,
        "buffers": [{"byteLength": len(made.data)}],
    }
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    with path.open("wb") as file:
        size = 12 + 8 + len(text) + 8 + len(made.data)
        file.write(struct.pack("<4sII", b"glTF", 2, size))
        file.write(struct.pack("<I4s", len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", len(made.data), b"BIN\0") + made.data)


class _Buffer:
    """Numbers in one block, each list aligned to four bytes."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(
        self, values: Any, kind: str, component: int = _FLOAT, target: int | None = None
    ) -> int:
        """The number of the accessor of what was added."""
        rows = np.ascontiguousarray(values, "<f4" if component == _FLOAT else "<u2")
        view: dict[str, Any] = {
            "buffer": 0,
            "byteOffset": len(self.data),
            "byteLength": rows.nbytes,
        }
        if target is not None:
            view["target"] = target
        self.views.append(view)
        accessor: dict[str, Any] = {
            "bufferView": len(self.views) - 1,
            "componentType": component,
            "count": len(rows),
            "type": kind,
        }
        if kind in ("SCALAR", "VEC3") and component == _FLOAT:
            flat = rows.reshape(len(rows), -1)
            accessor["min"] = [float(value) for value in flat.min(axis=0)]
            accessor["max"] = [float(value) for value in flat.max(axis=0)]
        self.accessors.append(accessor)
        self.data += rows.tobytes() + bytes(-rows.nbytes % 4)
        return len(self.accessors) - 1


def _animation(made: _Buffer, motion: Motion, fps: Fraction) -> dict[str, Any]:
    times = made.add(np.arange(len(motion.roots)) / float(fps), "SCALAR")
    samplers = [
        {"input": times, "output": made.add(motion.roots, "VEC3"), "interpolation": "LINEAR"}
    ]
    channels: list[dict[str, Any]] = [{"sampler": 0, "target": {"node": 0, "path": "translation"}}]
    for joint in range(len(NAMES)):
        if joint in ENDS:
            continue
        turns = made.add(motion.turns[:, joint], "VEC4")
        channels.append({"sampler": len(samplers), "target": {"node": joint, "path": "rotation"}})
        samplers.append({"input": times, "output": turns, "interpolation": "LINEAR"})
    return {"name": "motion", "samplers": samplers, "channels": channels}


def _rest(motion: Motion) -> Any:
    places = np.zeros((len(NAMES), 3))
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            places[joint] = places[parent] + motion.offsets[joint]
    return places


def _mesh(made: _Buffer, motion: Motion) -> dict[str, Any]:
    """An octahedron along each bone, moved by the joint it hangs on."""
    places, points, owners, faces = _rest(motion), [], [], []
    for joint, parent in enumerate(PARENTS):
        length = float(np.linalg.norm(motion.offsets[joint]))
        if parent < 0 or length < 1e-6:
            continue
        along = motion.offsets[joint] / length
        across = np.cross(along, [0.0, 0.0, 1.0] if abs(along[2]) < 0.9 else [1.0, 0.0, 0.0])
        across /= np.linalg.norm(across)
        second = np.cross(along, across)
        belly = places[parent] + 0.2 * motion.offsets[joint]
        first = len(points)
        wide = _THICK * length
        ring = [belly + wide * side for side in (across, second, -across, -second)]
        points += [places[parent], *ring, places[joint]]
        owners += [parent] * 6
        for at in range(4):
            one, other = first + 1 + at, first + 1 + (at + 1) % 4
            faces += [[first, other, one], [first + 5, one, other]]
    joints = np.zeros((len(points), 4))
    joints[:, 0] = owners
    weights = np.zeros((len(points), 4))
    weights[:, 0] = 1.0
    attributes = {
        "POSITION": made.add(points, "VEC3", target=_VERTICES),
        "JOINTS_0": made.add(joints, "VEC4", _SHORT, _VERTICES),
        "WEIGHTS_0": made.add(weights, "VEC4", target=_VERTICES),
    }
    indices = made.add(np.array(faces).reshape(-1), "SCALAR", _SHORT, _INDICES)
    return {"name": "bones", "primitives": [{"attributes": attributes, "indices": indices}]}
