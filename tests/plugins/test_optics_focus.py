"""Depth of field against the formula, at edges in depth, over time; stacks and clicks."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import run_stage, stage_of
from moving_scene import flat, picture, seen, texture, written
from PIL import Image
from pydantic import ValidationError

import farm_optics
from farm import InputError, TaskCancelled, Window
from farm.media.planes import Layout, Picture
from farm_optics.cameras import SENSORS
from farm_optics.focus.aperture import OUTLINES, Aperture, disc
from farm_optics.focus.look import blur_of
from farm_optics.focus.recover import sharpened
from farm_optics.focus.render import Renderer
from farm_optics.focus.track import FocusTrack, document, power_of, read_track
from farm_optics.lens import Lens
from farm_optics.params import ClickParams, DefocusParams

DEFOCUS = stage_of(farm_optics, "video.defocus")
STILL = stage_of(farm_optics, "image.defocus")
STACK = stage_of(farm_optics, "video.focal_stack")
MERGE = stage_of(farm_optics, "image.all_in_focus")
CLICK = stage_of(farm_optics, "focus.track")
FULL = SENSORS["full-frame"]
METRES = {"depth": "metres", "highlights": 0}
HIGH, WIDE = 160, 240
RGB = Layout(WIDE, HIGH, "gbrp", full=True, matrix=0)
GREY = Layout(WIDE, HIGH, "yuv420p", full=True, matrix=1)


def point(height: int, width: int, row: int, column: int, power: float = 500.0) -> np.ndarray:
    light = np.zeros((3, height, width), np.float32)
    light[:, row, column] = power
    return light


def even(radius: float, shape: tuple[int, int] = (HIGH, WIDE)) -> np.ndarray:
    return np.full(shape, radius, np.float32)


def picture_file(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def depth_file(path: Path, metres: np.ndarray) -> Path:
    return picture_file(path, np.round(metres * 1000).astype(np.uint16))


def opened(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(float)


@pytest.mark.parametrize("away_m", [0.8, 1.2, 1.6, 3.0, 6.0, 40.0])
@pytest.mark.parametrize("quality", [12.0, 1e6])
def test_a_point_of_light_becomes_a_disc_of_the_computed_size_and_loses_no_light(
    away_m: float, quality: float
) -> None:
    lens = Lens(50, 2, 2.0, FULL)
    power = np.full((240, 360), 1 / away_m, np.float32)
    blur, _ = blur_of(power, lens, 360, 240)
    assert abs(blur[0, 0]) == pytest.approx(lens.blur_px(away_m, 360, 240) / 2, rel=1e-4)
    blur = blur * np.float32(4)  # As on a picture of 1440 pixels.
    light = point(240, 360, 120, 180)
    made = Renderer(Aperture(disc()), quality).blurred(light, blur)
    assert made.sum() == pytest.approx(light.sum(), rel=1e-3)
    wanted = 4 * lens.blur_px(away_m, 360, 240)
    # Diameter of the disc of this brightness in its middle that holds this light.
    middle = np.median(made[1, 118:123, 178:183])
    assert 2 * np.sqrt(500 / middle / np.pi) == pytest.approx(wanted, rel=0.03)
    # And as it is seen: the area that is at least half as bright.
    across = 2 * np.sqrt((made[1] > middle / 2).sum() / np.pi)
    assert across == pytest.approx(wanted, rel=0.03, abs=0.5)


def test_what_is_in_focus_passes_to_the_bit(tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (HIGH, WIDE, 3)).astype(np.uint8)
    image = picture_file(tmp_path / "image.png", pixels)
    depth = depth_file(tmp_path / "depth.png", np.full((HIGH, WIDE), 2.0))
    for highlights in (0, 3):
        given = {"depth": "metres", "focus": "2 m", "highlights": highlights}
        made = run_stage(STILL, tmp_path / "out", {"image": image, "depth": depth}, given)
        assert np.abs(opened(made["image"]) - pixels).max() <= (1 if highlights else 0)


def test_a_blurred_background_does_not_bleed_into_what_is_sharp_before_it() -> None:
    light = np.zeros((3, HIGH, WIDE), np.float32)
    blur = even(9.0)
    light[:, :, WIDE // 2 :] = 1.0
    light[0] = 0.8  # The wall behind: bright red on the left.
    light[:, :, WIDE // 2 :] = [[[0.0]], [[0.5]], [[0.0]]]
    blur[:, WIDE // 2 :] = 0.0  # The sharp thing in front: green.
    made = Renderer(Aperture(disc())).blurred(light, blur)
    assert np.array_equal(made[:, :, WIDE // 2 :], light[:, :, WIDE // 2 :])
    # Nor does the thing leave a halo on the wall.
    assert made[0, :, : WIDE // 2] == pytest.approx(0.8, abs=1e-4)
    assert np.abs(made[1:, :, : WIDE // 2]).max() < 1e-4


def test_a_blurred_foreground_is_see_through_at_its_edge_and_only_there() -> None:
    light = np.full((3, HIGH, WIDE), 0.2, np.float32)
    light[:, :, : WIDE // 2] = 0.9
    blur = even(0.0)
    blur[:, : WIDE // 2] = -10.0
    made = Renderer(Aperture(disc())).blurred(light, blur)[0, HIGH // 2]
    edge = WIDE // 2
    assert made[: edge - 12] == pytest.approx(0.9, abs=1e-3)
    assert made[edge + 12 :] == pytest.approx(0.2, abs=1e-3)
    assert made[edge - 1 : edge + 1].mean() == pytest.approx(0.55, abs=0.02)
    assert (np.diff(made) <= 1e-4).all()


def test_no_seam_shows_where_a_surface_goes_through_the_focus() -> None:
    blur = np.broadcast_to(np.linspace(-25, 25, WIDE, dtype=np.float32), (HIGH, WIDE)).copy()
    light = np.full((3, HIGH, WIDE), 0.5, np.float32)
    made = Renderer(Aperture(disc())).blurred(light, blur)
    assert made == pytest.approx(0.5, abs=0.004)


def test_large_blurs_at_a_smaller_size_are_those_of_the_full_size() -> None:
    light = np.stack([texture(seed, HIGH, WIDE, 2.0, 0, 1) for seed in (1, 2, 3)])
    blur = np.broadcast_to(np.linspace(5, 38, WIDE, dtype=np.float32), (HIGH, WIDE)).copy()
    near = light.astype(np.float32)
    quick = Renderer(Aperture(disc()), 6.0).blurred(near, blur)
    exact = Renderer(Aperture(disc()), 1e6).blurred(near, blur)
    assert np.abs(quick - exact).max() < 0.02


@pytest.mark.parametrize("shape", [*OUTLINES])
def test_every_opening_lies_within_the_disc_and_keeps_the_light(shape: str) -> None:
    opening = Aperture(OUTLINES[shape](5, 0.2, 2.0, 10.0))
    light = point(120, 160, 60, 80)
    made = Renderer(opening, 1e6).blurred(light, even(20.0, (120, 160)))
    assert made.sum() == pytest.approx(light.sum(), rel=2e-3)
    y, x = np.mgrid[0:120, 0:160]
    outside = np.hypot(x - 80, y - 60) > 22
    assert made[0][outside].max() < 0.01 * made[0].max()
    if shape == "oval":
        lit = made[0] > made[0].max() / 2
        assert np.ptp(y[lit]) == pytest.approx(2 * np.ptp(x[lit]), rel=0.08)


def test_a_heart_stands_upright_behind_the_focus_and_on_its_head_before_it() -> None:
    opening = Aperture(OUTLINES["heart"](0, 0, 0, 0.0))
    light = point(120, 160, 60, 80)
    behind, before = (
        Renderer(opening, 1e6).blurred(light, even(radius, (120, 160)))[0]
        for radius in (24.0, -24.0)
    )
    assert behind[:60].sum() > behind[61:].sum()
    assert np.abs(behind[1:] - before[:0:-1]).max() < 0.02 * behind.max()


def test_a_picture_of_an_opening_is_the_blur(tmp_path: Path) -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[:, :32] = 255  # The left half lets light through.
    image = picture_file(tmp_path / "image.png", np.zeros((HIGH, WIDE, 3), np.uint8))
    pixels = np.zeros((HIGH, WIDE, 3), np.uint8)
    pixels[79:82, 119:122] = 255
    Image.fromarray(pixels).save(image)
    inputs = {
        "image": image,
        "depth": depth_file(tmp_path / "depth.png", np.full((HIGH, WIDE), 20.0)),
        "mask": picture_file(tmp_path / "mask.png", mask),
    }
    given = {"shape": "image", "focal_length": "85 mm", "depth": "metres", "highlights": 4}
    made = opened(run_stage(STILL, tmp_path / "out", inputs, given)["image"])[..., 0]
    assert made[:, :119].sum() > 20 * made[:, 123:].sum()
    black = inputs | {"mask": picture_file(tmp_path / "black.png", mask * 0)}
    with pytest.raises(InputError, match="lets no light through"):
        run_stage(STILL, tmp_path / "black", black, given)
    del inputs["mask"]
    with pytest.raises(InputError, match="mask: is missing"):
        run_stage(STILL, tmp_path / "none", inputs, given)


def test_a_cats_eye_cuts_discs_towards_the_corners_only() -> None:
    opening = Aperture(disc(), cats_eye=1.0)

    def area(row: int, column: int) -> float:
        made = Renderer(opening).blurred(point(HIGH, WIDE, row, column), even(12.0))[0]
        return float((made > made.max() / 2).sum())

    assert area(80, 120) > 0.9 * np.pi * 144
    assert area(20, 20) < 0.65 * np.pi * 144
    opening = Aperture(np.zeros((0, 4)), np.ones((8, 8), np.float32), 1.0)
    assert area(20, 20) < 0.8 * area(80, 120)


def test_fringing_spreads_red_and_blue_differently_and_keeps_a_grey_wall_grey() -> None:
    renderer = Renderer(Aperture(disc()), fringing=0.1)
    made = renderer.blurred(point(HIGH, WIDE, 80, 120), even(6.0), at_infinity=16.0)
    reds, greens, blues = ((channel > channel.max() / 2).sum() for channel in made)
    assert reds < greens < blues
    wall = renderer.blurred(np.full((3, HIGH, WIDE), 0.5, np.float32), even(6.0), at_infinity=16.0)
    assert wall == pytest.approx(0.5, abs=1e-3)


def moving(path: Path, frames: int, layout: Layout = GREY) -> tuple[Path, Path, Callable]:
    """A textured ball that comes nearer over a wall at 8 m, and its true depth in millimetres."""
    wall = texture(2, HIGH, WIDE, 2.0, 40, 180)
    skin = texture(3, 120, 120, 1.5, 60, 250)
    y, x = np.mgrid[0:HIGH, 0:WIDE]

    def where(n: int) -> tuple[float, float, float]:
        return 60 + 4.0 * n, 80 + 10 * np.sin(n / 4), 5.0 - 3.0 * n / max(frames - 1, 1)

    pictures, depths = [], []
    for n in range(frames):
        column, row, far = where(n)
        inside = np.hypot(x - column, y - row) < 26
        luma = np.where(
            inside,
            skin[
                np.clip((y - row).astype(int) + 60, 0, 119),
                np.clip((x - column).astype(int) + 60, 0, 119),
            ],
            wall,
        )
        pictures.append(
            picture(luma, *(np.full(s, 128.0) for s in layout.shapes[1:]), layout=layout)
        )
        depths.append(np.where(inside, far, 8.0) * 1000)
    film = written(path / "film.mkv", pictures)
    return film, grey16(path / "depth.mkv", depths), where


def grey16(path: Path, maps: list[np.ndarray]) -> Path:
    """A film of 16-bit grey."""
    with av.open(str(path), "w", format="matroska") as output:
        stream = output.add_stream("ffv1", rate=24)
        stream.height, stream.width = maps[0].shape
        stream.pix_fmt = "gray16le"
        for number, values in enumerate(maps):
            frame = av.VideoFrame.from_ndarray(np.round(values).astype(np.uint16), "gray16le")
            frame.pts, frame.time_base = number, Fraction(1, 24)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def crispness(made: Picture, row: int, column: int, reach: int = 9) -> float:
    """How much neighbours differ around a place."""
    part = made.planes[0][row - reach : row + reach, column - reach : column + reach].astype(float)
    return float(np.abs(np.diff(part, axis=1)).mean())


LENS = {"focal_length": "200 mm", "aperture": "f/2"} | METRES


def test_a_focus_pull_goes_from_the_ball_to_the_wall(tmp_path: Path) -> None:
    film, depth, _ = moving(tmp_path, 1)
    still = [seen(film)[0]] * 9
    film = written(tmp_path / "long.mkv", still)
    pull = [{"frame": 1, "focus": "5 m"}, {"frame": 7, "focus": "8 m"}]
    inputs = {"video": film, "depth": depth}
    made = seen(run_stage(DEFOCUS, tmp_path / "out", inputs, LENS | {"pull": pull})["segment"])
    assert len(made) == 9
    ball = [crispness(p, 80, 60) for p in made]
    wall = [crispness(p, 40, 200) for p in made]
    assert ball == sorted(ball, reverse=True)
    assert wall == sorted(wall)
    assert ball[0] > 3 * ball[-1]
    assert wall[-1] > 3 * wall[0]
    assert ball[0] == crispness(still[0], 80, 60)
    assert wall[-1] == crispness(still[0], 40, 200)


def test_windows_and_threads_give_the_frames_of_the_whole_to_the_bit(tmp_path: Path) -> None:
    film, depth, _ = moving(tmp_path, 6)
    inputs = {"video": film, "depth": depth}
    given = LENS | {
        "pull": [{"frame": 0, "focus": "5 m"}, {"frame": 5, "focus": "2 m"}],
        "breathing": 1.0,
        "cats_eye": 0.5,
    }
    whole = seen(run_stage(DEFOCUS, tmp_path / "whole", inputs, given, threads=3)["segment"])
    parts = []
    for index in range(2):
        window = Window(index, 2, 3 * index, 3 * index + 3)
        parts += seen(
            run_stage(DEFOCUS, tmp_path / f"{index}", inputs, given, window=window)["segment"]
        )
    for one, two in zip(whole, parts, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one.planes, two.planes, strict=True))


def test_a_breathing_lens_grows_the_picture_as_the_formula_says(tmp_path: Path) -> None:
    pixels = np.zeros((HIGH, WIDE, 3), np.uint8)
    pixels[:, 200:] = 255
    edge = 200 - WIDE / 2
    image = picture_file(tmp_path / "image.png", pixels)
    film = written(tmp_path / "film.mkv", [flat(20, layout=GREY)] * 3)
    with av.open(str(image)) as container:
        frame = next(container.decode(video=0)).reformat(format="yuv444p")
    still = picture(*frame.to_ndarray().astype(float), layout=Layout(WIDE, HIGH, "yuv444p"))
    film = written(tmp_path / "film.mkv", [still] * 2)
    depth = depth_file(tmp_path / "depth.png", np.full((HIGH, WIDE), 1.0))
    pull = [{"frame": 0, "focus": "infinity"}, {"frame": 1, "focus": "1 m"}]
    given = {"focal_length": "100 mm", "aperture": "f/64", "pull": pull, "breathing": 1} | METRES
    made = seen(
        run_stage(DEFOCUS, tmp_path / "out", {"video": film, "depth": depth}, given)["segment"]
    )[1]
    line = made.planes[0][HIGH // 2].astype(float)
    level = (line.max() + line.min()) / 2
    crossing = int(np.argmax(line > level))
    assert crossing - WIDE / 2 == pytest.approx(edge * 100 / 90, abs=1.0)


def test_a_blurred_picture_is_only_blurred_by_what_is_missing(tmp_path: Path) -> None:
    pixels = np.stack([texture(5, HIGH, WIDE, 4.0, 20, 230)] * 3, axis=-1).astype(np.uint8)
    image = picture_file(tmp_path / "sharp.png", pixels)
    depth = depth_file(tmp_path / "depth.png", np.full((HIGH, WIDE), 8.0))
    wanted = LENS | {"focus": "5 m"}
    inputs = {"image": image, "depth": depth}
    once = run_stage(STILL, tmp_path / "once", inputs, wanted)["image"]
    first = run_stage(STILL, tmp_path / "first", inputs, wanted | {"aperture": "f/4"})["image"]
    taken = {"taken_with": "f/4", "taken_focus": "5 m"}
    again = inputs | {"image": first}
    known = run_stage(STILL, tmp_path / "known", again, wanted | taken)["image"]
    blind = run_stage(STILL, tmp_path / "blind", again, wanted)["image"]
    right, guessed = (np.abs(opened(p) - opened(once)).mean() for p in (known, blind))
    assert right < 0.5 * guessed


def test_a_known_blur_is_sharpened_towards_the_truth_and_not_beyond() -> None:
    truth = np.stack([texture(s, HIGH, WIDE, 1.5, 0.1, 0.9) for s in (1, 2, 3)]).astype(np.float32)
    blur = even(3.0)
    soft = Renderer(Aperture(disc()), 1e6).blurred(truth, blur)
    back = sharpened(soft, blur)
    assert np.abs(back - truth).mean() < 0.5 * np.abs(soft - truth).mean()
    assert np.array_equal(sharpened(soft, even(0.0)), soft)
    steps = np.zeros_like(truth) + np.float32(0.5)
    assert sharpened(steps, blur) == pytest.approx(0.5, abs=1e-3)


def test_what_was_blurred_more_than_is_wanted_is_sharpened_when_asked(tmp_path: Path) -> None:
    pixels = np.stack([texture(5, HIGH, WIDE, 2.0, 20, 230)] * 3, axis=-1).astype(np.uint8)
    depth = depth_file(tmp_path / "depth.png", np.full((HIGH, WIDE), 9.0))
    image = picture_file(tmp_path / "sharp.png", pixels)
    wanted = LENS | {"focus": "9 m"}
    taken = {"taken_with": "f/4", "taken_focus": "5 m", "deblur": True}
    inputs = {"image": image, "depth": depth}
    soft = LENS | {"focus": "5 m", "aperture": "f/4"}
    inputs["image"] = run_stage(STILL, tmp_path / "soft", inputs, soft)["image"]
    made = run_stage(STILL, tmp_path / "out", inputs, wanted | taken)["image"]
    before, after = (np.abs(opened(p) - pixels).mean() for p in (inputs["image"], made))
    assert after < 0.5 * before


def depth_scene(tmp_path: Path) -> tuple[Path, Path, np.ndarray, np.ndarray]:
    texture_of = np.stack([texture(s, HIGH, WIDE, 1.2, 20, 235) for s in (1, 2, 3)], axis=-1)
    metres = np.full((HIGH, WIDE), 8.0)
    metres[30:130, 90:200] = 3.0
    metres[70:, :70] = 1.5
    pixels = texture_of.astype(np.uint8)
    image = picture_file(tmp_path / "image.png", pixels)
    return image, depth_file(tmp_path / "depth.png", metres), metres, pixels


def test_a_stack_sweeps_from_near_to_far_and_merges_to_a_picture_sharp_everywhere(
    tmp_path: Path,
) -> None:
    image, depth, metres, pixels = depth_scene(tmp_path)
    inputs = {"image": image, "depth": depth}
    given = METRES | {"frames": 9, "focal_length": "150 mm", "aperture": "f/2.8"}
    made = run_stage(STACK, tmp_path / "stack", inputs, given)
    track = read_track(made["track"])
    assert track.at(0) == pytest.approx(1.5, abs=0.01)
    assert track.at(8) == pytest.approx(8.0, abs=0.02)
    assert len(seen(made["video"])) == 9
    merged = opened(run_stage(MERGE, tmp_path / "merged", {"video": made["video"]})["image"])
    inner = np.ones((HIGH, WIDE), bool)
    # Beside edges in depth what was behind the blur of a nearer thing stays mixed.
    for row in range(-12, 13, 4):
        for column in range(-12, 13, 4):
            inner &= metres == np.roll(metres, (row, column), (0, 1))
    middle = np.abs(merged - pixels)[inner].mean()
    singles = []
    for p in seen(made["video"]):
        green, blue, red = p.planes
        singles.append(
            np.abs(np.stack([red, green, blue], -1).astype(float) - pixels)[inner].mean()
        )
    assert middle < 5
    assert middle < 0.5 * min(singles)


def test_a_click_keeps_the_focus_on_a_ball_that_comes_nearer(tmp_path: Path) -> None:
    frames = 20
    film, depth, where = moving(tmp_path, frames)
    column, row, _ = where(8)
    click = {"depth": "metres", "x": (column + 0.5) / WIDE, "y": (row + 0.5) / HIGH, "frame": 8}
    click["calm_s"] = 0.08
    made = run_stage(CLICK, tmp_path / "click", {"video": film, "depth": depth}, click)["track"]
    told = json.loads(made.read_text())
    assert told["schema"] == "farm.focus/1"
    track = read_track(made)
    for n in range(frames):
        column, row, far = where(n)
        place = told["points"][n]
        assert place["x"] * WIDE == pytest.approx(column + 0.5, abs=2.5)
        assert place["y"] * HIGH == pytest.approx(row + 0.5, abs=2.5)
        assert place["state"] == "seen"
        assert power_of(track.at(n)) == pytest.approx(1 / far, rel=0.06)
    inputs = {"video": film, "depth": depth, "track": made}
    shown = seen(run_stage(DEFOCUS, tmp_path / "out", inputs, LENS)["segment"])
    before = seen(film)
    for n in (0, 10, 19):
        column, row, _ = where(n)
        at = round(row), round(column)
        assert crispness(shown[n], *at) > 0.6 * crispness(before[n], *at)
        assert crispness(shown[n], 20, 215) < 0.5 * crispness(before[n], 20, 215)


def test_what_is_hidden_for_a_while_or_cut_away_is_said_and_the_focus_waits(tmp_path: Path) -> None:
    film, _, where = moving(tmp_path, 8)
    pictures = seen(film)
    pictures[3] = pictures[4] = flat(120, layout=GREY)
    other = texture(77, HIGH, WIDE, 6.0, 0, 255)
    end = picture(255 - other, *(np.full(s, 128.0) for s in GREY.shapes[1:]), layout=GREY)
    film = written(tmp_path / "hidden.mkv", [*pictures, end, end])
    still = depth_file(tmp_path / "still.png", np.full((HIGH, WIDE), 4.0))
    column, row, _ = where(0)
    click = {"depth": "metres", "x": (column + 0.5) / WIDE, "y": (row + 0.5) / HIGH}
    made = run_stage(CLICK, tmp_path / "click", {"video": film, "depth": still}, click)["track"]
    told = json.loads(made.read_text())
    assert {3, 4, 8, 9} <= set(told["not_seen"])
    assert told["points"][9]["state"] in ("cut", "hidden")
    assert {key["distance_m"] for key in told["keys"]} == {4.0}


def test_a_track_goes_evenly_in_dioptres_and_survives_its_document(tmp_path: Path) -> None:
    track = FocusTrack(((0, 0.5), (10, 0.0)))
    assert track.at(-5) == 2
    assert track.at(5) == pytest.approx(4)
    assert track.at(10) == track.farthest == float("inf")
    path = tmp_path / "track.json"
    path.write_text(document(track))
    assert read_track(path) == track
    eased = FocusTrack(track.keys, smooth=True)
    assert eased.at(1) < track.at(1)


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        '{"schema": "farm.focus/1", "keys": []}',
        '{"schema": "farm.focus/1", "keys": [{"frame": 0, "distance_m": NaN}]}',
        '{"schema": "farm.focus/1", "keys": [{"frame": 0, "distance_m": -1}]}',
        '{"schema": "farm.focus/1", "keys": [{"frame": 3, "distance_m": 1}, {"frame": 3}]}',
        '{"schema": "farm.focus/9", "keys": [{"frame": 0, "distance_m": 1}]}',
    ],
)
def test_a_document_that_is_no_track_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "track.json"
    path.write_text(text)
    with pytest.raises(InputError, match="track: is no focus track"):
        read_track(path)


def test_depth_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    film, depth, _ = moving(tmp_path, 4)

    def refused(match: str, depth: Path, **more: Path) -> None:
        with pytest.raises(InputError, match=match):
            run_stage(DEFOCUS, tmp_path / "out", {"video": film, "depth": depth, **more}, LENS)

    colours = np.random.default_rng(1).integers(0, 256, (HIGH, WIDE, 3)).astype(np.uint8)
    refused("is in colour", picture_file(tmp_path / "colours.png", colours))
    refused("another shape", depth_file(tmp_path / "wide.png", np.ones((50, 240))))
    refused(
        "ends before the film", grey16(tmp_path / "short.mkv", [np.full((HIGH, WIDE), 1.0)] * 2)
    )
    scale = tmp_path / "scale.json"
    scale.write_text('{"schema": "farm.depth/1", "coding": "guesswork"}')
    refused("does not say how the depth is scaled", depth, scale=scale)


def test_a_scale_beside_the_depth_says_how_it_is_meant(tmp_path: Path) -> None:
    image, _, metres, _ = depth_scene(tmp_path)
    power = (1 / metres - 1 / 20) / (1 / 1.0 - 1 / 20) * 65535
    disparity = picture_file(tmp_path / "disparity.png", np.round(power).astype(np.uint16))
    scale = tmp_path / "scale.json"
    scale.write_text(
        '{"schema": "farm.depth/1", "coding": "disparity", "near_m": 1.0, "far_m": 20.0}'
    )
    given = METRES | {"focus": "3 m", "focal_length": "85 mm"}
    by_scale = {"image": image, "depth": disparity, "scale": scale}
    one = run_stage(STILL, tmp_path / "scale", by_scale, given)["image"]
    by_metres = {"image": image, "depth": tmp_path / "depth.png"}
    two = run_stage(STILL, tmp_path / "metres", by_metres, given)["image"]
    assert np.abs(opened(one) - opened(two)).max() <= 2


def test_a_smaller_depth_map_makes_no_distance_up_between_two_things(tmp_path: Path) -> None:
    image, _, metres, pixels = depth_scene(tmp_path)
    small = depth_file(tmp_path / "small.png", metres[::2, ::2])
    given = METRES | {"focus": "3 m", "focal_length": "85 mm"}
    made = run_stage(STILL, tmp_path / "out", {"image": image, "depth": small}, given)["image"]
    inside = slice(33, 127), slice(93, 197)
    assert np.array_equal(opened(made)[inside], pixels[inside])


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (9, 160), (160, 9)])
def test_pictures_of_any_size_and_a_single_frame_pass(
    size: tuple[int, int], tmp_path: Path
) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3)).astype(np.uint8)
    inputs = {
        "image": picture_file(tmp_path / "image.png", pixels),
        "depth": depth_file(tmp_path / "depth.png", np.full(size, 30.0)),
    }
    given = METRES | {"focal_length": "200 mm", "cats_eye": 1.0, "fringing": 0.1, "breathing": 1}
    made = run_stage(STILL, tmp_path / "out", inputs, given)["image"]
    assert opened(made).shape == pixels.shape
    if size == (1, 1):
        with pytest.raises(InputError, match="too small"):
            run_stage(STACK, tmp_path / "stack", inputs, METRES)
        return
    swept = run_stage(STACK, tmp_path / "stack", inputs, METRES | {"frames": 2})
    assert len(seen(swept["video"])) == 2
    merged = run_stage(MERGE, tmp_path / "merged", {"video": swept["video"]})["image"]
    assert opened(merged).shape == pixels.shape


@pytest.mark.parametrize(
    "wrong",
    [
        {"near": "3 m", "far": "2 m"},
        {"depth": "distance", "far": "infinity"},
        {"pull": [{"frame": 5, "focus": "1 m"}, {"frame": 5, "focus": "2 m"}]},
        {"pull": [{"frame": 5, "focus": "1 cm"}]},
        {"deblur": True},
        {"strength": float("nan")},
    ],
)
def test_parameters_that_contradict_one_another_are_refused(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        DefocusParams(**wrong)


def test_a_click_behind_the_end_is_refused_and_work_stops_when_asked(tmp_path: Path) -> None:
    film, depth, _ = moving(tmp_path, 4)
    inputs = {"video": film, "depth": depth}
    with pytest.raises(InputError, match="behind the end"):
        run_stage(CLICK, tmp_path / "click", inputs, {"frame": 4})
    with pytest.raises(TaskCancelled):
        run_stage(DEFOCUS, tmp_path / "out", inputs, LENS, cancel_after=1)
    assert ClickParams().frame == 0
