"""DWPose's loading, boxes and points, with small networks whose answers are known."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from direct_task import WarmModels, run_stage
from onnx_graph import Node, write_network

import farm_vision
from farm import FarmError
from farm.media.film import film, write_lossless
from farm.media.planes import Layout, Picture
from farm_vision.people.dwpose import DETECTOR, ESTIMATOR, DwPose
from farm_vision.people.skeleton import WHOLEBODY133

pytest.importorskip("onnxruntime", reason="pip install 'farm[speech]'")

STAGES = {stage.id: stage for stage in farm_vision.farm_stages()}
SIDE, ROWS, COLUMNS = 64, 64, 48
CELLS = 8 * 8 + 4 * 4 + 2 * 2
WIDE, HIGH = 128, 96
"""Of the film: the detector sees it at half its size."""


def red_at_cells(folder: Path) -> Path:
    """A detector that takes every cell of 8 pixels for a person of 24 x 40 as surely as it is red
    and not blue; it sees blue first."""
    pick = np.zeros((1, 3, 1, 1), np.float32)
    pick[0, :, 0, 0] = -1 / 255, 0, 1 / 255
    # x, y, width, height as the network tells them, then score and class: 85 columns with the rest 0.
    share = np.zeros((1, 85), np.float32)
    share[0, 4] = 1.0
    base = np.zeros((1, 64, 85), np.float32)
    base[..., :2], base[..., 5] = 0.5, 1.0
    base[..., 2], base[..., 3] = np.log(24 / 8), np.log(40 / 8)
    nodes = [
        Node("AveragePool", ["images"], ["cells"], {"kernel_shape": [8, 8], "strides": [8, 8]}),
        Node("Mul", ["cells", "pick"], ["redness"]),
        Node("ReduceSum", ["redness", "channel"], ["score"]),
        Node("Reshape", ["score", "list"], ["scores"]),
        Node("MatMul", ["scores", "share"], ["spread"]),
        Node("Add", ["spread", "base"], ["fine"]),
        Node("Pad", ["fine", "pads"], ["padded"]),
        Node("Add", ["padded", "tail"], ["output"]),
    ]
    constants = {
        "pick": pick,
        "channel": np.array([1], np.int64),
        "list": np.array([1, 64, 1], np.int64),
        "share": share,
        "base": base,
        "pads": np.array([0, 0, 0, 0, CELLS - 64, 0], np.int64),
        "tail": np.zeros((1, CELLS, 85), np.float32),
    }
    given = ("images", [1, 3, SIDE, SIDE])
    return write_network(folder / DETECTOR, nodes, constants, given, {"output": [1, CELLS, 85]})


def columns_of_light(folder: Path, sure: float = 0.9) -> Path:
    """An estimator that tells all points at fixed places of its picture, as surely as it is told."""
    across, down = np.zeros((1, 133, 2 * COLUMNS)), np.zeros((1, 133, 2 * ROWS))
    place = np.random.default_rng(3).random((133, 2))
    for point, (x, y) in enumerate(place):
        across[0, point, int(x * 2 * COLUMNS)] = sure
        down[0, point, int(y * 2 * ROWS)] = sure + 0.05
    nodes = [
        Node("ReduceMean", ["input"], ["mean"], {"axes": [1, 2, 3]}),
        Node("Mul", ["mean", "nothing"], ["still"]),
        Node("Reshape", ["still", "one"], ["zero"]),
        Node("Add", ["across", "zero"], ["simcc_x"]),
        Node("Add", ["down", "zero"], ["simcc_y"]),
    ]
    constants = {
        "nothing": np.zeros(1, np.float32),
        "one": np.array([1, 1, 1], np.int64),
        "across": across.astype(np.float32),
        "down": down.astype(np.float32),
    }
    given = ("input", [1, 3, ROWS, COLUMNS])
    made = {"simcc_x": [1, 133, 2 * COLUMNS], "simcc_y": [1, 133, 2 * ROWS]}
    return write_network(folder / ESTIMATOR, nodes, constants, given, made)


class Folder(WarmModels):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def files(self, name: str) -> Path:
        assert name == "dwpose"
        return self._folder


def networks(folder: Path, sure: float = 0.9) -> Folder:
    folder.mkdir()
    red_at_cells(folder)
    columns_of_light(folder, sure)
    return Folder(folder)


def scene(folder: Path, spots: list[tuple[int, int]], frames: int = 3) -> Path:
    """Grey with red squares of one cell at columns and rows of cells, which are 16 pixels wide."""
    red = np.full((HIGH, WIDE), 60, np.uint8)
    for column, row in spots:
        red[16 * row : 16 * row + 16, 16 * column : 16 * column + 16] = 255
    rest = np.full_like(red, 60)
    picture = Picture(Layout(WIDE, HIGH, "gbrp", full=True, matrix=0), (rest, rest, red))
    write_lossless(folder / "film.mkv", [picture] * frames, Fraction(24))
    return folder / "film.mkv"


def told(folder: Path, models: Folder, clip: Path, **params: Any) -> list[dict[str, Any]]:
    made = run_stage(STAGES["pose.estimate/dwpose"], folder, {"video": clip}, params, models=models)
    return [json.loads(line) for line in made["pose"].read_text("utf-8").splitlines()]


def test_persons_are_found_where_the_detector_says_with_133_points(tmp_path: Path) -> None:
    clip = scene(tmp_path, [(1, 2), (6, 3)])
    head, *frames = told(tmp_path / "a", networks(tmp_path / "m"), clip, most=2, smooth=0)
    assert (head["layout"], head["provider"]) == ("wholebody133", "dwpose")
    assert head["points"] == WHOLEBODY133
    assert len(frames) == 3
    first, second = frames[0]["persons"]
    for person in (first, second):
        points = np.array(person["points"])
        assert points.shape == (133, 4)
        assert np.allclose(points[:, 3], 0.9, atol=1e-3)
        assert np.allclose(person["coco17"], points[:17][:, [0, 1, 3]], atol=0.01)
    apart = np.array(second["points"])[:, :2] - np.array(first["points"])[:, :2]
    # The boxes are the same but for their places, so each point lies as far off as the red squares.
    assert np.allclose(apart.std(axis=0), 0, atol=1.0)
    again = told(tmp_path / "b", networks(tmp_path / "n"), clip, most=2, smooth=0)
    assert again == [head, *frames]


def test_the_first_look_places_points_in_the_picture_as_the_estimator_tells_them(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "m"
    networks(folder)
    finder = DwPose(folder / DETECTOR, folder / ESTIMATOR, "cpu", 1, 0.3)
    with film(scene(tmp_path, [(3, 2)]), "film") as source:
        picture = next(source.pictures())
    (box,) = finder.search(picture)
    # The cell's middle, in pixels of the film, and twice 24 x 40.
    assert (box.x, box.y) == pytest.approx((3.5 * 16, 2.5 * 16), abs=0.1)
    assert (box.width, box.height) == pytest.approx((48, 80), abs=0.1)
    found = finder.look(picture, box)
    assert found is not None
    place = np.floor(np.random.default_rng(3).random((133, 2)) * [2 * COLUMNS, 2 * ROWS])
    wide, high = 1.25 * 80 * COLUMNS / ROWS, 1.25 * 80
    expected = (place / [2 * COLUMNS, 2 * ROWS] - 0.5) * [wide, high] + [box.x, box.y]
    assert np.abs(found.points[:, :2] - expected).max() < 0.2


def test_of_boxes_over_one_another_the_surest_stays(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    networks(folder)
    finder = DwPose(folder / DETECTOR, folder / ESTIMATOR, "cpu", 1, 0.3)
    with film(scene(tmp_path, [(3, 2), (5, 2)]), "film") as source:
        picture = next(source.pictures())
    assert len(finder.search(picture)) == 2
    with film(scene(tmp_path, [(3, 2), (3, 3)]), "film") as source:
        picture = next(source.pictures())
    assert len(finder.search(picture)) == 1


def test_who_is_not_sure_enough_is_nobody_and_the_skeleton_can_be_drawn(tmp_path: Path) -> None:
    clip = scene(tmp_path, [(3, 2)])
    head, *frames = told(tmp_path / "a", networks(tmp_path / "m", sure=0.1), clip)
    assert head["layout"] == "wholebody133"
    assert [frame["persons"] for frame in frames] == [[]] * 3
    made = run_stage(
        STAGES["pose.estimate/dwpose"],
        tmp_path / "b",
        {"video": clip},
        models=networks(tmp_path / "n"),
    )
    control = run_stage(STAGES["pose.render/farm_vision"], tmp_path / "c", {"pose": made["pose"]})
    with film(control["control"], "control") as shown:
        pictures = list(shown.pictures())
    assert len(pictures) == 3
    green, blue, red = pictures[0].planes
    white = (green > 250) & (blue > 250) & (red > 250)
    assert white.sum() > 40, "the face's points are white"
    hers = run_stage(
        STAGES["pose.retarget/farm_vision"],
        tmp_path / "d",
        {"pose": made["pose"], "character": made["pose"]},
    )
    moved = [json.loads(line) for line in hers["pose"].read_text("utf-8").splitlines()]
    assert len(moved[1]["persons"][0]["points"]) == 133


def test_files_that_are_no_such_networks_are_refused(tmp_path: Path) -> None:
    clip = scene(tmp_path, [(3, 2)], frames=1)
    models = networks(tmp_path / "m")
    (tmp_path / "m" / ESTIMATOR).write_bytes(b"not a network")
    with pytest.raises(FarmError, match="does not fit") as refused:
        told(tmp_path / "a", models, clip)
    assert refused.value.code == "model.load"
