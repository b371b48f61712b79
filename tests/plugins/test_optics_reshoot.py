"""New views: measured against scenes that were seen by the other camera as well."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from depth_scenes import film_of, moved, seen
from direct_task import run_stage

import farm_optics
from farm import InputError, Stage, Window
from farm.media.film import film
from farm.media.light import light_of, signal_of
from farm.media.maps import read_maps, write_maps

W, H, F = 240, 144, 60.0
FOCAL = 0.5 * W / np.tan(np.radians(F) / 2)
Array = np.ndarray


def stage() -> Stage:
    return next(s for s in farm_optics.farm_stages() if s.capability == "camera.reshoot")


def scene(folder: Path, frames: list[tuple[Array, Array]]) -> dict[str, Path]:
    """A film, its depth and the document that says how it is read."""
    folder.mkdir(parents=True, exist_ok=True)
    near, far = 1.0, 20.0
    maps = []
    for _, reach in frames:
        samples = (1 / reach - 1 / far) * 65535 / (1 / near - 1 / far)
        maps.append(np.rint(samples.clip(0, 65535)).astype(np.uint16))
    write_maps(folder / "depth.mkv", maps, Fraction(24))
    document = {"schema": "farm.depth/1", "coding": "disparity", "near_m": near, "far_m": far}
    (folder / "depth.json").write_text(json.dumps(document))
    return {
        "video": film_of(folder / "film.mkv", [rgb for rgb, _ in frames]),
        "depth": folder / "depth.mkv",
        "scale": folder / "depth.json",
    }


def signals(path: Path) -> list[Array]:
    with film(path, "film") as source:
        return [signal_of(light_of(picture)) for picture in source.pictures()]


def path_of(folder: Path, matrices: list[Any], **more: Any) -> Path:
    rows = [m.tolist() if isinstance(m, np.ndarray) else m for m in matrices]
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "camera.json"
    made.write_text(json.dumps({"schema": "farm.camera/1", "matrices": rows, **more}))
    return made


def psnr(one: Array, two: Array) -> float:
    return float(-10 * np.log10(max(float(((one - two) ** 2).mean()), 1e-12)))


def reshot(folder: Path, inputs: dict[str, Path], **params: Any) -> list[Array]:
    window = params.pop("window", None)
    given = {"fov_deg": F} | params
    made = run_stage(stage(), folder / "work", inputs, given, window=window)
    return signals(made["segment"])


def test_a_camera_that_stays_gives_the_picture_back(tmp_path: Path) -> None:
    inputs = scene(tmp_path, [seen(moved(x=0.1 * n), W, H, F) for n in range(2)])
    inputs["trajectory"] = path_of(tmp_path, [np.eye(4)] * 2)
    for made, source in zip(reshot(tmp_path, inputs), signals(inputs["video"]), strict=True):
        assert psnr(made, source) > 45


def test_a_wall_moves_by_the_pixels_that_its_distance_says(tmp_path: Path) -> None:
    wall = seen(moved(), W, H, F, boxes=(), floor=99, wall=6.0)
    inputs = scene(tmp_path, [wall])
    inputs["trajectory"] = path_of(tmp_path, [moved(x=0.3), moved(y=0.2)])
    made = reshot(tmp_path, inputs, frames=2)
    for view, (dx, dy) in zip(made, ((0.3, 0), (0, 0.2)), strict=True):
        across, down = shift_of(signals(inputs["video"])[0][1], view[1])
        assert abs(across + dx * FOCAL / 6) < 0.2
        assert abs(down + dy * FOCAL / 6) < 0.2


def shift_of(one: Array, two: Array) -> tuple[float, float]:
    """Pixels by which the second picture lies right of and below the first (phase correlation)."""
    inner = np.s_[24:-24, 24:-24]
    best = min(
        ((dx, dy) for dx in range(-22, 23) for dy in range(-22, 23)),
        key=lambda d: float(np.abs(np.roll(one, (d[1], d[0]), (0, 1)) - two)[inner].mean()),
    )
    moved_ = np.roll(one, (best[1], best[0]), (0, 1))
    gy, gx = np.gradient(moved_)
    terms = np.stack([gx[inner].ravel(), gy[inner].ravel()], axis=1)
    rest = (moved_ - two)[inner].ravel()
    du, dv = np.linalg.lstsq(terms, rest, rcond=None)[0]
    return best[0] + float(du), best[1] + float(dv)


@pytest.mark.parametrize(
    ("pose", "bound"),
    [(moved(x=0.15), 23), (moved(z=0.5), 22), (moved(x=-0.2, yaw_deg=2), 22)],
    ids=["sideways", "forward", "around"],
)
def test_a_room_looks_as_it_did_to_a_camera_that_was_there(
    tmp_path: Path, pose: Array, bound: float
) -> None:
    inputs = scene(tmp_path, [seen(moved(), W, H, F)])
    inputs["trajectory"] = path_of(tmp_path, [pose])
    made = reshot(tmp_path, inputs, frames=1)[0]
    truth = signals(film_of(tmp_path / "truth.mkv", [seen(pose, W, H, F)[0]]))[0]
    stayed = signals(inputs["video"])[0]
    inner = np.s_[:, 8:-8, 8:-8]
    assert psnr(made[inner], truth[inner]) > bound
    assert psnr(made[inner], truth[inner]) > psnr(stayed[inner], truth[inner]) + 4


def test_a_dolly_zoom_keeps_the_size_of_its_subject(tmp_path: Path) -> None:
    box = ((-0.8, 0.8, -0.8, 0.8, 4.0, 4.1),)
    rgb, reach = seen(moved(), W, H, F, box, floor=99, wall=12.0)
    inside = np.abs(reach - 4) < 0.06
    rgb[:] = np.where(inside[..., None], (1.0, 1.0, 1.0), (0.1, 0.1, 0.1) + 0.1 * rgb)
    inputs = scene(tmp_path, [(rgb, reach)])
    made = reshot(tmp_path, inputs, frames=5, move="dolly_zoom", amount=0.4, subject="4 m")
    widths = [float(np.clip((view[1, H // 2] - 0.3) / 0.7, 0, 1).sum()) for view in made]
    assert max(widths) / min(widths) < 1.01, widths


@pytest.mark.parametrize("move", ["orbit", "spiral", "handheld"])
def test_any_split_into_windows_gives_the_same_frames(tmp_path: Path, move: str) -> None:
    inputs = scene(tmp_path, [seen(moved(x=0.05 * n), 96, 64, F) for n in range(5)])
    whole = reshot(tmp_path / "whole", inputs, move=move)
    assert len(whole) == 5
    parts = [
        view
        for index, (start, stop) in enumerate(((0, 2), (2, 3), (3, 5)))
        for view in reshot(
            tmp_path / str(index), inputs, move=move, window=Window(index, 3, start, stop)
        )
    ]
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))
    if move != "handheld":
        assert psnr(whole[-1], signals(inputs["video"])[-1]) < 40


def test_one_picture_becomes_as_many_frames_as_asked_and_holes_are_told(tmp_path: Path) -> None:
    inputs = scene(tmp_path, [seen(moved(), 96, 64, F)])
    given = {"fov_deg": F, "frames": 7, "move": "truck", "amount": 0.2}
    made = run_stage(stage(), tmp_path / "work", inputs, given)
    views, holes = signals(made["segment"]), list(read_maps(made["holes"], "holes"))
    assert len(views) == len(holes) == 7
    shares = [float((hole > 0).mean()) for hole in holes]
    assert shares[0] == 0 and 0.02 < shares[-1] < 0.5 and shares == sorted(shares)
    assert all(view.min() > -0.1 and view[:, holes[-1] > 0].mean() > 0.1 for view in views)


def test_a_preview_is_small_and_shows_the_grid(tmp_path: Path) -> None:
    inputs = scene(tmp_path, [seen(moved(), 640, 360, F)])
    for look in ("wire", "points"):
        (view,) = reshot(tmp_path / look, inputs, frames=1, look=look)
        assert view.shape == (3, 180, 320)
        assert view.max() > 0.7 and np.median(view) < 0.4


BROKEN = {
    "singular": ([[0, 0, 0, 0]] * 3 + [[0, 0, 0, 1]], "is singular"),
    "scaled": (np.diag([2.0, 2.0, 2.0, 1.0]).tolist(), "not rigid"),
    "mirrored": (np.diag([-1.0, 1.0, 1.0, 1.0]).tolist(), "not rigid"),
    "projective": ([*np.eye(4)[:3].tolist(), [0, 0, 0.5, 1]], "last row"),
    "no number": ([[float("nan")] * 4] * 4, "holds a number that is none"),
    "small": (np.eye(3).tolist(), "no 4x4"),
    "into the wall": (moved(z=11.9).tolist(), "through the scene"),
    "looking away": (moved(yaw_deg=175).tolist(), "sees nothing"),
    "text": ("left", "no camera path"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_paths_that_no_camera_takes_are_refused(tmp_path: Path, kind: str) -> None:
    matrix, message = BROKEN[kind]
    inputs = scene(tmp_path, [seen(moved(), 64, 48, F)])
    inputs["trajectory"] = path_of(tmp_path, [matrix])
    with pytest.raises(InputError, match=message):
        reshot(tmp_path, inputs, frames=1)


def test_a_path_of_another_length_or_schema_is_refused(tmp_path: Path) -> None:
    inputs = scene(tmp_path, [seen(moved(), 64, 48, F)] * 3)
    for path in (path_of(tmp_path / "a", [np.eye(4)] * 2),
                 path_of(tmp_path / "b", [np.eye(4)] * 3, fov_deg=[50, 60]),
                 path_of(tmp_path / "c", [np.eye(4)] * 3, schema="farm.else/1")):  # fmt: skip
        with pytest.raises(InputError):
            reshot(tmp_path, inputs | {"trajectory": path})
    with pytest.raises(InputError, match="through the subject"):
        reshot(tmp_path, inputs, move="dolly", amount=1.2)


def test_axes_that_look_the_other_way_mean_the_same_camera(tmp_path: Path) -> None:
    inputs = scene(tmp_path, [seen(moved(), 96, 64, F)])
    flip = np.diag([1.0, -1.0, -1.0, 1.0])
    pose = moved(x=0.2, y=0.1, z=0.3)
    one = reshot(tmp_path / "1", inputs | {"trajectory": path_of(tmp_path / "a", [pose])}, frames=1)
    other = path_of(tmp_path / "b", [flip @ pose @ flip], axes="opengl")
    two = reshot(tmp_path / "2", inputs | {"trajectory": other}, frames=1)
    assert np.array_equal(one[0], two[0])
