"""Edges, motion and normals against scenes whose truth is known."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from direct_task import run_stage, stage_of
from moving_scene import flat, picture, scene, texture

import farm_vision
from farm import InputError, Window
from farm.media.film import film, write_lossless
from farm.media.maps import write_maps
from farm.media.planes import Layout, Picture
from farm_vision.signals.edges import edges
from farm_vision.signals.flow import decoded
from farm_vision.signals.normals import normals
from farm_vision.signals.params import EdgeParams

FPS = Fraction(24)
FRAMES = 5


def pictures_of(path: Path) -> list[Picture]:
    with film(path, path.name) as source:
        return list(source.pictures())


def same(one: Path, other: Path) -> bool:
    pairs = zip(pictures_of(one), pictures_of(other), strict=True)
    return all(
        np.array_equal(a, b) for p, q in pairs for a, b in zip(p.planes, q.planes, strict=True)
    )


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "scene.mkv"
    write_lossless(path, (scene(number) for number in range(FRAMES)), FPS)
    return path


def test_canny_draws_one_thin_line_where_a_step_is_and_none_in_its_noise() -> None:
    y, x = np.mgrid[0:80, 0:120]
    step = np.where(x + 0.3 * y < 70, 0.3, 0.5).astype(np.float32)
    noisy = step + np.random.default_rng(1).normal(0, 0.01, step.shape).astype(np.float32)
    marks = edges(noisy, EdgeParams())
    assert set(np.unique(marks)) == {0, 255}
    rows, columns = np.nonzero(marks[5:-5])
    assert np.abs(columns - (69.5 - 0.3 * (rows + 5))).max() <= 1.0
    counts = np.bincount(rows, minlength=70)
    assert counts.min() == 1
    assert counts.max() <= 2
    assert counts.mean() < 1.3


def test_a_weak_line_is_drawn_only_where_it_hangs_together_with_a_strong_one() -> None:
    picture = np.zeros((60, 90), np.float32)
    height = np.linspace(0.05, 0.3, 40, dtype=np.float32)
    picture[:40, 30:] += height[:, None]
    picture[50:, 60:] += 0.05
    marks = edges(picture, EdgeParams(low=0.03, high=0.2, blur=1.0))
    assert (marks[2:38, 28:33].max(axis=1) == 255).all()
    assert not marks[50:, 55:65].any()


def test_soft_edges_grow_with_the_step() -> None:
    picture = np.zeros((40, 120), np.float32)
    for number, height in enumerate((0.05, 0.1, 0.3)):
        picture[:, 20 + 40 * number :] += height
    soft = edges(picture, EdgeParams(style="soft"))
    peaks = [int(soft[20, at - 5 : at + 5].max()) for at in (20, 60, 100)]
    assert 0 < peaks[0] < peaks[1] < peaks[2]
    assert soft[20, 38:42].max() == 0


def test_motion_is_what_the_scene_did_and_doubted_where_it_is_hidden(
    clip: Path, tmp_path: Path
) -> None:
    made = run_stage(stage_of(farm_vision, "signal.flow"), tmp_path, {"video": clip})
    note = json.loads(made["scale"].read_text("utf-8"))
    assert (note["schema"], note["frames"], note["without_motion"]) == ("farm.flow/1", 5, [4])
    shown = pictures_of(made["segment"])
    assert len(shown) == FRAMES
    field, sure = decoded(shown[0])
    y, x = np.mgrid[0:112, 0:192]
    disc = np.hypot(x - 40, (y - 56) * 1.2) < 20
    ground = np.hypot(x - 40, (y - 56) * 1.2) > 45
    known = sure > 0
    wrong = field[ground & known] - (-2.3, -1.2 * np.sin(1 / 3))
    assert np.median(np.hypot(*wrong.T)) < 0.15
    across = np.median(field[disc & known], axis=0)
    assert np.abs(across - (4.5, 20 * np.sin(1 / 5))).max() < 0.4
    assert known.mean() > 0.85
    assert not known[np.hypot(x - 40, (y - 56) * 1.2) < 32].all()


def test_windows_of_a_signal_joined_are_the_whole_to_the_bit(clip: Path, tmp_path: Path) -> None:
    for capability in ("signal.flow", "signal.edges"):
        stage, folder = stage_of(farm_vision, capability), tmp_path / capability
        whole = run_stage(stage, folder / "whole", {"video": clip})
        parts = [
            run_stage(stage, folder / f"{n}", {"video": clip}, window=Window(n, 2, *span))
            for n, span in enumerate(((0, 3), (3, 5)))
        ]
        given = {"segments": [part["segment"] for part in parts]}
        if "scale" in whole:
            given["notes"] = [part["scale"] for part in parts]
        joined = run_stage(stage_of(farm_vision, "signal.join"), folder / "joined", given)
        assert same(joined["video"], whole["segment"])
        if "scale" in whole:
            assert json.loads(joined["scale"].read_text()) == json.loads(whole["scale"].read_text())


def test_segments_of_different_signals_are_not_joined(clip: Path, tmp_path: Path) -> None:
    flow = run_stage(stage_of(farm_vision, "signal.flow"), tmp_path / "f", {"video": clip})
    drawn = run_stage(stage_of(farm_vision, "signal.edges"), tmp_path / "e", {"video": clip})
    given = {"segments": [flow["segment"], drawn["segment"]]}
    with pytest.raises(InputError, match="segment 2"):
        run_stage(stage_of(farm_vision, "signal.join"), tmp_path / "j", given)


def test_nothing_moves_across_a_cut_in_black_or_in_a_single_frame(tmp_path: Path) -> None:
    layout = Layout(112, 192, "yuv420p")
    grey = np.full((96, 56), 128.0)
    shots = [picture(texture(s, 192, 112, 2.0, 30, 220), grey, grey, layout=layout) for s in (1, 9)]
    films = {
        "cut": ([shots[0], shots[1]], [0, 1]),
        "black": ([flat(16)] * 3, [2]),
        "one": ([flat(90)], [0]),
    }
    for name, (shown, still) in films.items():
        path = tmp_path / f"{name}.mkv"
        write_lossless(path, shown, FPS)
        made = run_stage(stage_of(farm_vision, "signal.flow"), tmp_path / name, {"video": path})
        note = json.loads(made["scale"].read_text("utf-8"))
        assert (note["without_motion"], note["largest"]) == (still, 0.0)


def test_the_wheel_shows_right_as_red_and_rest_as_white(tmp_path: Path) -> None:
    grey = np.full((56, 96), 128.0)
    ground = texture(5, 112, 260, 2.0, 30, 220)
    shots = [picture(ground[:, 40 - 4 * n : 232 - 4 * n], grey, grey) for n in range(2)]
    path = tmp_path / "pan.mkv"
    write_lossless(path, [shots[0], shots[0], shots[1]], FPS)
    made = run_stage(
        stage_of(farm_vision, "signal.flow"),
        tmp_path,
        {"video": path},
        {"form": "wheel", "full_colour": 4.2},
    )
    still, moved, _ = pictures_of(made["segment"])
    middle = np.s_[40:70, 60:130]
    assert [int(np.median(plane[middle])) for plane in still.planes] == [255, 255, 255]
    green, blue, red = (int(np.median(plane[middle])) for plane in moved.planes)
    assert red > 240 and green < 60 and blue < 60


def rays(height: int, width: int, focal: float) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:height, 0:width].astype(float)
    return (x - (width - 1) / 2) / focal, (y - (height - 1) / 2) / focal


@pytest.mark.parametrize("facing", [(0, 0, 1), (0, 1, 0.2), (0.6, 0.3, 0.74), (-0.8, -0.2, 0.5)])
def test_a_plane_has_one_normal_whatever_the_lens(facing: tuple[float, float, float]) -> None:
    unit = np.array(facing) / np.linalg.norm(facing)
    for focal in (60.0, 300.0):
        x, y = rays(48, 64, focal)
        # A plane 5 m away along its normal, seen by a camera with y down and z ahead.
        inverse = (-unit[0] * x + unit[1] * y + unit[2]) / 5.0
        seen = inverse > 0.002
        found = normals(np.where(seen, inverse, 0).astype(np.float32), focal)
        inside = np.zeros_like(seen)
        inside[1:-1, 1:-1] = seen[1:-1, 1:-1]
        for side in (-1, 1):
            inside &= np.roll(seen, side, 0) & np.roll(seen, side, 1)
        assert np.degrees(np.arccos(np.clip(found[inside] @ unit, -1, 1))).max() < 0.3


def test_normals_of_a_ball_before_a_wall_come_through_the_stage(tmp_path: Path) -> None:
    width, height, focal = 160, 120, 0.9 * 160
    x, y = rays(height, width, focal)
    middle, radius = np.array([0.2, 0.1, 4.0]), 1.0
    length = x * x + y * y + 1
    along = x * middle[0] + y * middle[1] + middle[2]
    inner = along**2 - length * (middle @ middle - radius**2)
    hit = inner > 0
    depth = np.where(hit, (along - np.sqrt(np.maximum(inner, 0))) / length, 9.0)
    near, far = 2.0, 10.0
    samples = (1 / depth - 1 / far) / (1 / near - 1 / far) * 65535
    write_maps(tmp_path / "depth.mkv", [np.rint(samples).astype(np.uint16)] * 2, FPS)
    scale = tmp_path / "scale.json"
    scale.write_text(
        '{"schema": "farm.depth/1", "coding": "disparity", "near_m": 2.0, "far_m": 10.0}'
    )
    given = {"depth": tmp_path / "depth.mkv", "scale": scale}
    made = run_stage(stage_of(farm_vision, "signal.normals"), tmp_path, given)
    first, second = pictures_of(made["segment"])
    assert np.array_equal(first.planes[0], second.planes[0])
    green, blue, red = (plane / 127.5 - 1 for plane in first.planes)
    found = np.stack([red, green, blue], axis=-1)
    true = np.stack([x * depth, y * depth, depth], axis=-1) - middle
    true *= np.array([1, -1, -1]) / np.linalg.norm(true, axis=-1)[..., None]
    inside = inner > 0.3
    off = np.degrees(np.arccos(np.clip((found * true).sum(-1)[inside], -1, 1)))
    assert np.median(off) < 1.5
    wall = np.hypot(x - 0.05, y - 0.03) > 0.32
    assert np.abs(found[wall] - (0, 0, 1)).max() < 0.02


def test_colours_are_no_depth_and_a_scale_must_make_sense(clip: Path, tmp_path: Path) -> None:
    stage = stage_of(farm_vision, "signal.normals")
    with pytest.raises(InputError, match="is no depth"):
        run_stage(stage, tmp_path / "a", {"depth": clip})
    write_maps(tmp_path / "depth.mkv", [np.ones((16, 16), np.uint16)], FPS)
    for text in ('{"schema": "farm.depth/1", "coding": "metres", "unit_m": NaN}', "[]", "{"):
        scale = tmp_path / "scale.json"
        scale.write_text(text)
        with pytest.raises(InputError, match="does not tell what a depth means"):
            run_stage(stage, tmp_path / "b", {"depth": tmp_path / "depth.mkv", "scale": scale})
