"""Motion assets, and joints as BVH and glTF, read back by readers of these tests' own."""

from __future__ import annotations

import json
import math
import struct
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from direct_task import run_stage, stage_of
from moving_scene import flat

import farm_vision
from farm import InputError, MediaKind
from farm.artifacts.probe import probe
from farm.media.film import write_lossless
from farm_vision.motion.feet import TOES
from farm_vision.motion.rig import ENDS, INDEX, NAMES, PARENTS, joints_of, matrices, quaternions

FPS = 25
STRIDE_S, SPEED = 1.0, 1.2
"""Seconds of two steps, and metres a second."""


def moved(place: np.ndarray, x: float, y: float, z: float) -> np.ndarray:
    return np.array([place[0] + x, place[1] + y, place[2] + z])


def walker(frame: float) -> np.ndarray:
    """Points (33, 3) over the ground, y up, walking to +z: each foot stands for half a stride."""
    phase = frame / FPS / STRIDE_S
    hips = np.array([0.0, 0.88, SPEED * frame / FPS])
    points = np.zeros((33, 3))

    def leg(side: float, at: float, hip: int) -> None:
        cycle, step = at % 1.0, math.floor(at)
        stride = SPEED * STRIDE_S
        stood = (step if side > 0 else step - 0.5) * stride + 0.4
        share = max(0.0, (cycle - 0.5) / 0.5)
        ease = share * share * (3 - 2 * share)
        lift = 0.12 * math.sin(math.pi * share)
        if side < 0:
            stood = (step - 0.5) * stride + 0.4
        toe = np.array([0.1 * side, 0.02 + lift, stood + stride * ease])
        ankle = moved(toe, 0, 0.08, -0.15)
        points[hip] = moved(hips, 0.1 * side, 0, 0)
        points[hip + 4], points[hip + 8] = ankle, toe
        points[hip + 6] = moved(ankle, 0, -0.05, -0.05)
        # The knee is where thigh and shin of 0.47 m meet, ahead of the line between.
        span = ankle - points[hip]
        reach = min(float(np.linalg.norm(span)), 0.9399)
        ahead = np.cross(span, [1.0, 0, 0]) / np.linalg.norm(span)
        points[hip + 2] = points[hip] + span / 2 + ahead * math.sqrt(0.47**2 - reach**2 / 4)

    leg(1.0, phase, 23)
    leg(-1.0, phase + 0.5, 24)
    chest = moved(hips, 0, 0.5, 0.02)
    for side, first in ((1.0, 11), (-1.0, 12)):
        swing = 0.5 * math.sin(2 * math.pi * phase) * -side
        points[first] = moved(chest, 0.2 * side, 0, 0)
        lower = 0.3 * math.cos(swing), 0.3 * math.sin(swing)
        points[first + 2] = moved(points[first], 0.03 * side, -lower[0], lower[1])
        points[first + 4] = moved(points[first + 2], 0, -0.2, 0.17)
        points[first + 6] = points[first + 8] = moved(points[first + 4], 0, -0.06, 0.06)
        points[first + 10] = points[first + 4]
    points[7], points[8] = (moved(chest, side, 0.25, 0.03) for side in (0.08, -0.08))
    points[0:7] = points[9:11] = moved(chest, 0, 0.22, 0.12)
    return points


def seen(points: np.ndarray) -> np.ndarray:
    """As a network tells them: from the hips, y down, z to the back."""
    return (points - points[[23, 24]].mean(axis=0)) * (1, -1, -1)


def pose_file(path: Path, frames: dict[int, dict[int, np.ndarray]], count: int) -> Path:
    """A farm.pose/1 file. frames : world points by person and frame."""
    lines: list[dict[str, Any]] = [
        {
            "schema": "farm.pose/1",
            "width": 640,
            "height": 480,
            "fps": str(FPS),
            "layout": "body33",
            "provider": "test",
        }
    ]
    for number in range(count):
        persons = [
            {
                "id": person,
                "score": 0.9,
                "filled": False,
                "box": [0, 0, 9, 9],
                "points": [[1, 2, 0, 0.9]] * 33,
                "world": [[float(v) for v in row] for row in worlds[number]],
            }
            for person, worlds in frames.items()
            if number in worlds
        ]
        lines.append({"frame": number, "cut": False, "persons": persons})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def export(folder: Path, pose: Path, **params: Any) -> tuple[dict[str, Path], dict[str, Any]]:
    made = run_stage(stage_of(farm_vision, "motion.export"), folder, {"pose": pose}, params)
    return made, json.loads(made["report"].read_text("utf-8"))


def read_bvh(path: Path) -> tuple[dict[str, np.ndarray], float]:
    """Places (T, 3) in metres of every joint and end by name, and seconds a frame."""
    words = path.read_text("ascii").split()
    assert words[0] == "HIERARCHY"
    at, joints, stack = 1, [], []
    name, parent = "", -1
    while words[at] != "MOTION":
        word = words[at]
        if word in ("ROOT", "JOINT"):
            name, parent = words[at + 1], stack[-1] if stack else -1
            joints.append({"name": name, "parent": parent, "channels": []})
            at += 2
        elif word == "End":
            parent = stack[-1]
            joints.append(
                {"name": f"end of {joints[parent]['name']}", "parent": parent, "channels": []}
            )
            at += 2
        elif word == "{":
            stack.append(len(joints) - 1)
            at += 1
        elif word == "}":
            stack.pop()
            at += 1
        elif word == "OFFSET":
            joints[-1]["offset"] = np.array([float(v) for v in words[at + 1 : at + 4]])
            at += 4
        else:
            assert word == "CHANNELS"
            count = int(words[at + 1])
            joints[-1]["channels"] = words[at + 2 : at + 2 + count]
            at += 2 + count
    assert words[at + 1] == "Frames:"
    frames, step = int(words[at + 2]), float(words[at + 5])
    values = np.array([float(v) for v in words[at + 6 :]]).reshape(frames, -1)
    turns, places, column = [], [], 0
    for joint in joints:
        place, turn = np.tile(joint["offset"], (frames, 1)), np.tile(np.eye(3), (frames, 1, 1))
        for channel in joint["channels"]:
            axis, kind = "XYZ".index(channel[0]), channel[1:]
            number = values[:, column]
            column += 1
            if kind == "position":
                place[:, axis] = number
                continue
            c, s = np.cos(np.radians(number)), np.sin(np.radians(number))
            one = np.tile(np.eye(3), (frames, 1, 1))
            a, b = (axis + 1) % 3, (axis + 2) % 3
            one[:, a, a], one[:, a, b], one[:, b, a], one[:, b, b] = c, -s, s, c
            turn = turn @ one
        if joint["parent"] >= 0:
            up = joint["parent"]
            place = places[up] + np.einsum("tij,tj->ti", turns[up], place)
            turn = turns[up] @ turn
        turns.append(turn)
        places.append(place)
    assert column == values.shape[1]
    return {j["name"]: p / 100 for j, p in zip(joints, places, strict=True)}, step


def read_glb(path: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Places (T, 3) of every node by name, and the times of the keys."""
    data = path.read_bytes()
    magic, version, size = struct.unpack_from("<4sII", data)
    assert (magic, version, size) == (b"glTF", 2, len(data))
    length, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    document = json.loads(data[20 : 20 + length])
    start = 20 + length
    length, kind = struct.unpack_from("<I4s", data, start)
    assert (kind, start % 4, length) == (b"BIN\0", 0, document["buffers"][0]["byteLength"])
    block = data[start + 8 : start + 8 + length]

    def numbers(accessor: int) -> np.ndarray:
        told = document["accessors"][accessor]
        view = document["bufferViews"][told["bufferView"]]
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}[told["type"]]
        dtype = {5126: "<f4", 5123: "<u2"}[told["componentType"]]
        assert view["byteOffset"] % 4 == 0
        found = np.frombuffer(block, dtype, told["count"] * width, view["byteOffset"])
        found = found.reshape(-1, width).astype(float)
        if "min" in told:
            assert np.allclose(found.min(axis=0), told["min"])
            assert np.allclose(found.max(axis=0), told["max"])
        return found

    for mesh in document["meshes"]:
        for primitive in mesh["primitives"]:
            points = numbers(primitive["attributes"]["POSITION"])
            assert numbers(primitive["indices"]).max() == len(points) - 1
    (animation,) = document["animations"]
    moves: dict[tuple[int, str], np.ndarray] = {}
    times = np.empty(0)
    for channel in animation["channels"]:
        sampler = animation["samplers"][channel["sampler"]]
        times = numbers(sampler["input"])[:, 0]
        target = channel["target"]
        moves[target["node"], target["path"]] = numbers(sampler["output"])
    places: dict[str, np.ndarray] = {}

    def walk(node: int, place: np.ndarray, turn: np.ndarray) -> None:
        told = document["nodes"][node]
        own = moves.get((node, "translation"), np.tile(told["translation"], (len(times), 1)))
        place = place + np.einsum("tij,tj->ti", turn, own)
        if (node, "rotation") in moves:
            turns = moves[node, "rotation"]
            assert np.allclose(np.linalg.norm(turns, axis=1), 1, atol=1e-6)
            turn = turn @ matrices(turns)
        places[told["name"]] = place
        for child in told.get("children", ()):
            walk(child, place, turn)

    walk(
        document["scenes"][0]["nodes"][0],
        np.zeros((len(times), 3)),
        np.tile(np.eye(3), (len(times), 1, 1)),
    )
    return places, times


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of walking, with two frames in which nobody was seen."""
    folder = tmp_path_factory.mktemp("walk")
    worlds = {n: seen(walker(n)) for n in range(75) if n not in (30, 31)}
    return pose_file(folder / "pose.jsonl", {4: worlds, 9: {0: seen(walker(0))}}, 75)


def test_both_files_show_the_joints_where_they_were(walk: Path, tmp_path: Path) -> None:
    made, report = export(tmp_path, walk, feet="free")
    assert (report["person"], report["frames"], report["made_up"]) == (4, 75, [30, 31])
    bvh, step = read_bvh(made["bvh"])
    glb, times = read_glb(made["glb"])
    assert step == pytest.approx(1 / FPS)
    assert np.allclose(times, np.arange(75) / FPS)
    true = joints_of(np.stack([seen(walker(n)) for n in range(75)]))
    for joint, name in enumerate(NAMES):
        shown = glb[name]
        other = bvh[name if joint not in ENDS else f"end of {NAMES[PARENTS[joint]]}"]
        assert np.abs(shown - other).max() < 1e-4
        # Bones of the walker keep their lengths but for the leg, which bends to a straight limit.
        told = shown - glb["hips"]
        wrong = np.linalg.norm(told - (true[:, joint] - true[:, 0]), axis=1)
        assert np.delete(wrong, (30, 31)).max() < 0.012, name
    assert min(places[:, 1].min() for places in glb.values()) > -1e-6


def test_standing_feet_stay_and_the_body_walks_as_far_as_it_did(walk: Path, tmp_path: Path) -> None:
    made, report = export(tmp_path, walk)
    glb, _ = read_glb(made["glb"])
    walked = SPEED * 74 / FPS
    assert report["walked_m"] == pytest.approx(walked, rel=0.03)
    assert glb["hips"][-1, 2] - glb["hips"][0, 2] == pytest.approx(walked, rel=0.03)
    toes = np.stack([glb["left_toe"], glb["right_toe"]], axis=1)
    assert np.abs(toes[..., 1].min(axis=1)).max() < 1e-5
    for foot, start in ((0, 2), (1, 15), (0, 52)):
        stood = toes[start : start + 8, foot]
        assert np.ptp(stood, axis=0).max() < 0.01
    assert {NAMES[toe] for toe in TOES} == {"left_toe", "right_toe"}


def test_a_loop_is_one_or_more_whole_strides_and_goes_on_without_a_jump(
    walk: Path, tmp_path: Path
) -> None:
    made, report = export(tmp_path, walk, loop=True, least_s=0.8)
    assert report["frames"] in (25, 50)
    assert report["loop_gap_m"] < 0.01
    glb, _ = read_glb(made["glb"])
    hung = np.stack([glb[name] - glb["hips"] for name in NAMES], axis=1)
    steps = np.linalg.norm(np.diff(hung, axis=0), axis=-1).max(axis=1)
    seam = np.linalg.norm(hung[0] - hung[-1], axis=-1).max()
    assert seam < 1.3 * steps.max()


def test_quaternions_and_matrices_are_the_same_rotations() -> None:
    turns = np.random.default_rng(1).normal(size=(200, 4))
    turns[:4] = np.eye(4)
    turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    again = quaternions(matrices(turns))
    assert np.abs(np.abs((again * turns).sum(axis=1)) - 1).max() < 1e-9


def test_arms_straight_up_and_points_that_fall_together_are_no_trouble(tmp_path: Path) -> None:
    up = seen(walker(3))
    for shoulder in (11, 12):
        up[shoulder + 2] = up[shoulder] - (0, 0.3, 0)
        up[shoulder + 4] = up[shoulder] - (0, 0.6, 0)
    pose = pose_file(tmp_path / "up.jsonl", {1: {0: up, 1: up}}, 2)
    glb, _ = read_glb(export(tmp_path / "a", pose)[0]["glb"])
    raised = glb["left_wrist"] - glb["left_shoulder"]
    assert np.abs(raised - (0, 0.6, 0)).max() < 1e-4
    pose = pose_file(tmp_path / "point.jsonl", {1: {0: np.zeros((33, 3))}}, 1)
    with pytest.raises(InputError, match="is no body"):
        export(tmp_path / "b", pose)
    line = np.zeros((33, 3))
    line[:, 0] = np.arange(33) * 0.05
    pose = pose_file(tmp_path / "line.jsonl", {1: {0: line}}, 1)
    glb, times = read_glb(export(tmp_path / "c", pose)[0]["glb"])
    assert len(times) == 1
    assert all(np.isfinite(places).all() for places in glb.values())


def test_motion_without_space_nobody_and_other_persons_are_refused(
    walk: Path, tmp_path: Path
) -> None:
    nobody = pose_file(tmp_path / "nobody.jsonl", {}, 3)
    with pytest.raises(InputError, match="got nobody"):
        export(tmp_path / "a", nobody)
    flat_points = nobody.with_name("flat.jsonl")
    flat_points.write_text(walk.read_text("utf-8").replace('"world"', '"else"'), "utf-8")
    with pytest.raises(InputError, match="points of the picture only"):
        export(tmp_path / "b", flat_points)
    with pytest.raises(InputError, match="expected 4, 9, got 7"):
        export(tmp_path / "c", walk, person=7)
    with pytest.raises(InputError, match="too short to be a loop"):
        export(tmp_path / "d", walk, loop=True, least_s=10)
    assert export(tmp_path / "e", walk, person=9)[1]["frames"] == 1


def packed(folder: Path, walk: Path, **params: Any) -> Path:
    film = folder / "control.mkv"
    folder.mkdir(exist_ok=True)
    write_lossless(film, [flat(90)] * 3, Fraction(FPS))
    given = {"pose": walk, "control": film}
    made = run_stage(stage_of(farm_vision, "motion.pack"), folder, given, params)
    return made["motion"]


def test_what_is_packed_comes_out_the_same_and_packs_to_the_same_bytes(
    walk: Path, tmp_path: Path
) -> None:
    asset = packed(tmp_path / "a", walk, name="Walk", tags="walk, calm")
    assert asset.suffix == ".farmmotion"
    assert probe(asset)[0] == MediaKind.ARCHIVE
    made = run_stage(stage_of(farm_vision, "motion.unpack"), tmp_path / "out", {"motion": asset})
    assert set(made) == {"pose", "control", "index"}
    assert made["pose"].read_bytes() == walk.read_bytes()
    assert made["control"].read_bytes() == (tmp_path / "a" / "control.mkv").read_bytes()
    index = json.loads(made["index"].read_text("utf-8"))
    assert (index["schema"], index["name"], index["tags"]) == (
        "farm.motion/1",
        "Walk",
        ["calm", "walk"],
    )
    assert {file["part"]: file.get("schema") for file in index["files"]} == {
        "control": None,
        "pose": "farm.pose/1",
    }
    again = packed(tmp_path / "b", walk, name="Walk", tags="calm,walk")
    assert asset.read_bytes() == again.read_bytes()


def test_damaged_foreign_and_newer_assets_are_refused(walk: Path, tmp_path: Path) -> None:
    stage = stage_of(farm_vision, "motion.unpack")
    asset = packed(tmp_path / "a", walk)

    def changed(name: str, index: dict[str, Any] | None, **files: bytes) -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(asset) as old, zipfile.ZipFile(path, "w") as new:
            for entry in old.namelist():
                data = old.read(entry)
                if entry == "motion.json" and index is not None:
                    data = json.dumps(json.loads(data) | index).encode()
                new.writestr(entry, files.get(entry.partition(".")[0], data))
        return path

    entry = {"part": "pose", "file": "../pose.jsonl", "bytes": 1, "sha256": ""}
    cases = {
        "is no whole motion asset": [
            changed("edited.zip", None, pose=b"{}\n"),
            changed("away.zip", {"files": [entry]}),
            changed("twice.zip", {"files": [entry | {"file": "pose.jsonl"}] * 2}),
            changed("odd.zip", None, motion=b"[]"),
            walk,
        ],
        "of another version": [changed("newer.zip", {"schema": "farm.motion/2"})],
    }
    for message, paths in cases.items():
        for path in paths:
            with pytest.raises(InputError, match=message):
                run_stage(stage, tmp_path / f"{path.stem}-out", {"motion": path})
    with pytest.raises(InputError, match="has nothing in it"):
        run_stage(stage_of(farm_vision, "motion.pack"), tmp_path / "none", {})
    assert INDEX["hips"] == 0
