"""Grading: exact where nothing changes, true to the table, tagged as what it is."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import run_stage, stage_of
from moving_scene import SMALL, flat, picture, same, scene, seen, written
from pydantic import ValidationError

import farm_finish
from farm import InputError, TaskCancelled, Window
from farm.media.planes import Layout, Picture
from farm.pipelines.template import load_pipeline
from farm.pipelines.wiring import check_against
from farm_finish.grade.cube import Cube, read_cube
from farm_finish.grade.grain import grain, pattern
from farm_finish.grade.look import look_for
from farm_finish.grade.params import GradeParams
from farm_finish.grade.pixels import Grader

GRADE = stage_of(farm_finish, "video.grade")
HD = replace(SMALL, matrix=1, primaries=1, transfer=1)
RGB = Layout(96, 64, "gbrp", full=True, matrix=0, primaries=1, transfer=1)


def graded(source: Picture, cube: Cube | None = None, number: int = 0, **params) -> Picture:
    chosen = GradeParams(**params)
    look = look_for(chosen, cube, source.layout)
    return Grader(look, chosen.grain_size, seed=7).graded(source, number)


def noise_picture(layout: Layout, seed: int = 1) -> Picture:
    made = np.random.default_rng(seed)
    top = 2**layout.depth
    planes = (made.integers(0, top, shape).astype(layout.dtype) for shape in layout.shapes)
    return Picture(layout, tuple(planes))


def cube_file(path: Path, size: int, colour: Callable[..., np.ndarray], *head: str) -> Path:
    """A 3-D table of ``colour(rgb (n, 3))`` over 0 to 1."""
    steps = np.linspace(0, 1, size)
    b, g, r = np.meshgrid(steps, steps, steps, indexing="ij")
    entries = colour(np.stack([r, g, b], axis=-1).reshape(-1, 3))
    rows = "\n".join(" ".join(f"{part:.7f}" for part in entry) for entry in entries)
    lines = ("# a look", 'TITLE "Dusk"', f"LUT_3D_SIZE {size}", *head, "")
    path.write_text("\n".join(lines) + rows + "\n", encoding="utf-8")
    return path


def dusk(rgb: np.ndarray) -> np.ndarray:
    """A strong, crooked look."""
    r, g, b = rgb.T
    return np.clip(
        np.stack([r**0.7 * 0.9 + 0.1 * b, 0.5 * g + 0.4 * g * r + 0.05, (b + g * g) / 2], 1), 0, 1
    )


def same_colours(rgb: np.ndarray) -> np.ndarray:
    return rgb


def rgb_of(shot: Picture) -> np.ndarray:
    green, blue, red = (plane.astype(float) for plane in shot.planes)
    return np.stack([red, green, blue], -1) / (2**shot.layout.depth - 1)


def tetrahedral(rgb: np.ndarray, cube: Cube) -> np.ndarray:
    """By the definition: the corners of a cell, left in the order of the fractions."""
    table = cube.table.astype(float).reshape(cube.size, cube.size, cube.size, 3)
    place = np.clip((rgb - cube.low) / (cube.high - cube.low), 0, 1) * (cube.size - 1)
    base = np.minimum(place.astype(int), cube.size - 2)
    part = place - base
    order = np.argsort(-part, axis=-1)
    falling = np.take_along_axis(part, order, -1)
    corner = base.copy()
    out = table[corner[..., 2], corner[..., 1], corner[..., 0]] * (1 - falling[..., :1])
    for step in range(3):
        np.put_along_axis(
            corner,
            order[..., step : step + 1],
            np.take_along_axis(corner, order[..., step : step + 1], -1) + 1,
            -1,
        )
        after = falling[..., step + 1 : step + 2] if step < 2 else 0
        weight = falling[..., step : step + 1] - after
        out = out + table[corner[..., 2], corner[..., 1], corner[..., 0]] * weight
    return out


@pytest.mark.parametrize("family", ["yuv420p", "yuv422p", "yuv444p", "gbrp"])
@pytest.mark.parametrize("depth", [8, 10, 12])
def test_a_grade_that_changes_nothing_keeps_every_bit(family, depth):
    layout = Layout(39, 27, family, depth, full=family == "gbrp", matrix=1)
    shot = noise_picture(layout)
    assert same(graded(shot), shot)
    assert same(graded(shot, gain=1, lift=[0, 0, 0], dither=True), shot)


@pytest.mark.parametrize("layout", [HD, replace(HD, depth=10), replace(HD, full=True), RGB])
def test_a_table_of_the_same_colours_keeps_every_bit_even_when_dithered(tmp_path, layout):
    cube = read_cube(cube_file(tmp_path / "same.cube", 17, same_colours), "lut")
    shot = noise_picture(layout)
    if not layout.rgb:
        # Colours that a screen can show: a table knows no others.
        y, *chroma = (plane / 2 ** (layout.depth - 8) for plane in shot.planes)
        planes = [70 + y / 2, *(118 + plane / 12 for plane in chroma)]
        shot = picture(*(plane * 2 ** (layout.depth - 8) for plane in planes), layout=layout)
    assert same(graded(shot, cube), shot)


def test_colours_go_through_a_3d_table_as_its_definition_says(tmp_path):
    cube = read_cube(cube_file(tmp_path / "dusk.cube", 9, dusk), "lut")
    shot = noise_picture(replace(RGB, depth=12), seed=5)
    wanted = tetrahedral(rgb_of(shot), cube)
    got = rgb_of(graded(shot, cube))
    assert np.abs(got - wanted).max() <= 0.51 / 4095


def test_colours_go_through_a_3d_table_as_ffmpegs_do(tmp_path):
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    path = cube_file(tmp_path / "dusk.cube", 17, dusk)
    shot = noise_picture(RGB, seed=8)
    planes = np.stack(shot.planes).astype(np.float32) / 255
    done = subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "rawvideo", "-pix_fmt", "gbrpf32le",
            "-s", f"{RGB.width}x{RGB.height}", "-i", "-", "-vf",
            "lut3d=dusk.cube:interp=tetrahedral", "-f", "rawvideo", "-",
        ],
        input=planes.tobytes(), capture_output=True, check=True, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    g, b, r = np.frombuffer(done.stdout, np.float32).reshape(3, RGB.height, RGB.width)
    got = rgb_of(graded(shot, read_cube(path, "lut"), dither=False))
    assert np.abs(got - np.stack([r, g, b], -1)).max() <= 0.51 / 255


def test_colours_go_through_a_1d_table_with_a_range_of_input(tmp_path):
    steps = np.linspace(0.1, 0.9, 33)
    rows = "\n".join(f"{v**2:.7f} {v:.7f} {1 - v:.7f}" for v in steps)
    path = tmp_path / "curve.cube"
    path.write_text(
        f"LUT_1D_SIZE 33\nDOMAIN_MIN 0.1 0.1 0.1\nDOMAIN_MAX 0.9 0.9 0.9\n{rows}\n",
        encoding="utf-8",
    )
    shot = noise_picture(replace(RGB, depth=12))
    red, green, blue = np.moveaxis(np.clip(rgb_of(shot), 0.1, 0.9), -1, 0)
    wanted = np.stack([np.interp(red, steps, steps**2), green, 1 - blue], -1)
    assert np.abs(rgb_of(graded(shot, read_cube(path, "lut"))) - wanted).max() < 1 / 4095


def test_half_a_table_is_halfway_there(tmp_path):
    cube = read_cube(cube_file(tmp_path / "dusk.cube", 9, dusk), "lut")
    shot = noise_picture(replace(RGB, depth=12))
    whole, half = rgb_of(graded(shot, cube)), rgb_of(graded(shot, cube, lut_strength=0.5))
    assert np.abs(half - (whole + rgb_of(shot)) / 2).max() < 1.1 / 4095
    assert same(graded(shot, cube, lut_strength=0), shot)


def test_a_film_goes_through_the_table_at_its_port(tmp_path):
    path = cube_file(tmp_path / "dusk.cube", 9, dusk)
    film = written(tmp_path / "film.mkv", [replace(scene(n), layout=HD) for n in range(2)])
    made = run_stage(GRADE, tmp_path / "out", {"video": film, "lut": path})["segment"]
    wanted = [graded(shot, read_cube(path, "lut"), n) for n, shot in enumerate(seen(film))]
    assert all(same(a, b) for a, b in zip(seen(made), wanted, strict=True))
    path.write_text("LUT_3D_SIZE 2\n1 1\n", encoding="utf-8")
    with pytest.raises(InputError, match="lut: has no numbers at line 2"):
        run_stage(GRADE, tmp_path / "broken", {"video": film, "lut": path})


BROKEN = {
    "LUT_3D_SIZE 2\n" + "0 0 0\n" * 7: ("line 8", "8 entries", "7"),
    "LUT_3D_SIZE 2\n" + "0 0 0\n" * 9: ("line 10", "8 entries", "more"),
    "LUT_3D_SIZE 1\n0 0 0\n": ("line 1", "2 to 129", "1"),
    "LUT_3D_SIZE 130\n": ("line 1", "2 to 129", "130"),
    "LUT_1D_SIZE 2\n0 0 0\n0 nan 0\n": ("line 3", "finite", "nan"),
    "LUT_1D_SIZE 2\n0 0 0\n0 0\n": ("line 3", "3 numbers", "0 0"),
    "LUT_1D_SIZE 2\n0 0 0\n0 1_0 0\n": ("line 3", "3 numbers", "1_0"),
    "LUT_1D_SIZE 2\nLUT_3D_SIZE 2\n": ("line 2", "one size", "both"),
    "LUT_1D_SIZE 2\n0 0 0\nTITLE late\n": ("line 3", "three numbers", "TITLE"),
    "LUT_1D_SIZE 2\nDOMAIN_MIN 0 0 1\n0 0 0\n1 1 1\n": ("line 4", "DOMAIN_MIN", "1.0"),
    "LUT_1D_SIZE 2\nGAMUT wide\n": ("line 2", "LUT_3D_SIZE", "GAMUT"),
    "TITLE a\nTITLE b\n": ("line 2", "one TITLE", "another"),
    "0 0 0\n": ("line 1", "LUT_1D_SIZE", "0"),
    "# nothing\n": ("line 1", "LUT_3D_SIZE", "neither"),
    "\x89PNG\r\n": ("line 1", "", ""),
}


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_table_is_refused_with_its_line(tmp_path, text):
    path = tmp_path / "broken.cube"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(InputError) as refused:
        read_cube(path, "look.cube")
    line, expected, got = BROKEN[text]
    assert line in str(refused.value) and "look.cube" in str(refused.value)
    assert expected in refused.value.expected and got in refused.value.got
    assert refused.value.code == "lut.broken"


def test_lift_moves_black_gain_moves_white_and_gamma_neither():
    deep = replace(HD, depth=10)
    levels = {"black": 64.0, "mid": 502.0, "white": 940.0}

    def after(**params) -> dict[str, int]:
        return {
            name: int(graded(flat(y, 512, 512, deep), **params).planes[0][5, 5])
            for name, y in levels.items()
        }

    assert after(lift=0.1) == {"black": 152, "mid": 546, "white": 940}
    assert after(gain=0.5) == {"black": 64, "mid": 283, "white": 502}
    brighter = after(gamma=2.0)
    assert (brighter["black"], brighter["white"]) == (64, 940)
    assert brighter["mid"] == round(64 + 876 * 0.5**0.5)
    strong = after(contrast=2.0, pivot=0.5)
    assert (strong["black"], strong["mid"], strong["white"]) == (64, 502, 940)
    assert after(contrast=0.0, pivot=0.5) == dict.fromkeys(levels, 502)


def test_without_saturation_a_film_is_grey_and_as_bright():
    shot = replace(scene(2), layout=HD)
    grey = graded(shot, saturation=0.0, dither=False)
    assert all((plane == 128).all() for plane in grey.planes[1:])
    assert np.abs(grey.planes[0].astype(int) - shot.planes[0]).max() <= 1


def test_warmth_and_tint_move_the_colour_of_white_and_not_its_brightness():
    deep = replace(HD, depth=12)
    white = flat(2500, 2048, 2048, deep)
    for params, blue, red in (
        ({"temperature": 60}, -1, 1),
        ({"temperature": -60}, 1, -1),
        ({"tint": 80}, 1, 1),
        ({"tint": -80}, -1, -1),
    ):
        y, u, v = (int(plane[4, 4]) for plane in graded(white, **params).planes)
        assert np.sign(u - 2048) == blue and np.sign(v - 2048) == red, params
        assert abs(y - 2500) < 60


def test_grain_is_the_same_for_a_place_frame_and_seed_and_for_no_other():
    one = grain(60, 80, 2.0, 5, 9)
    assert np.array_equal(one, grain(60, 80, 2.0, 5, 9))
    for other in (grain(60, 80, 2.0, 6, 9), grain(60, 80, 2.0, 5, 10)):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.08


@pytest.mark.parametrize("size", [1.0, 1.5, 2.5, 4.0])
def test_grain_has_a_mean_of_nothing_and_its_deviation_at_any_size(size):
    field = grain(400, 400, size, 3, 1)
    assert abs(field.mean()) < 0.02
    assert field.std() == pytest.approx(1.0, abs=0.03)
    beside = np.corrcoef(field[:, 1:].ravel(), field[:, :-1].ravel())[0, 1]
    assert (abs(beside) < 0.01) if size == 1 else (beside > 0.2)


def test_grain_is_strongest_a_third_up_and_spares_black_and_white():
    deep = replace(HD, depth=10, width=160, height=160)

    def spread(share: float) -> float:
        y = graded(flat(64 + 876 * share, 512, 512, deep), grain=4.0, grain_size=1).planes[0]
        return float(y.astype(float).std() / 876)

    assert spread(1 / 3) == pytest.approx(0.04, rel=0.05)
    assert spread(0.0) == spread(1.0) == 0.0
    assert 0.005 < spread(0.8) < spread(1 / 3)
    grey = graded(flat(300, 512, 512, deep), grain=4.0)
    assert abs(float(grey.planes[0].mean()) - 300) < 1
    assert (grey.planes[1] == 512).all()


def test_eight_bits_are_reached_by_dither_that_stands_still():
    deep = replace(HD, depth=10, width=256, height=256)
    ramp = np.broadcast_to(np.linspace(400, 420, 256), deep.shapes[0])
    shot = picture(ramp, *(np.full(shape, 512.0) for shape in deep.shapes[1:]), layout=deep)
    dithered = graded(shot, depth="8")
    plain = graded(shot, depth="8", dither=False)
    truth = shot.planes[0] / 4
    assert dithered.layout.depth == plain.layout.depth == 8
    assert same(dithered, graded(shot, number=9, depth="8"))
    blocks = [
        (p.planes[0] - truth).reshape(16, 16, 16, 16).mean(axis=(1, 3)) for p in (dithered, plain)
    ]
    assert np.abs(blocks[0]).max() < 0.2 < np.abs(blocks[1]).max()
    assert np.abs(dithered.planes[0] - truth).max() < 1
    assert np.abs(pattern(128)).max() < 0.4901


def test_ten_bits_stay_ten_and_eight_may_become_ten(tmp_path):
    deep = replace(HD, depth=10)
    film = written(tmp_path / "deep.mkv", [flat(500 + n, 512, 512, deep) for n in range(2)])
    made = seen(run_stage(GRADE, tmp_path / "a", {"video": film}, {"gain": 1.1})["segment"])
    assert made[0].layout.depth == 10
    shallow = written(tmp_path / "shallow.mkv", [replace(scene(n), layout=HD) for n in range(2)])
    made = seen(run_stage(GRADE, tmp_path / "b", {"video": shallow}, {"depth": "10"})["segment"])
    assert made[0].layout.depth == 10
    assert np.array_equal(made[0].planes[0], scene(0).planes[0].astype(np.uint16) * 4)


@pytest.mark.parametrize(
    ("tags", "size", "output", "expected"),
    [
        ((1, 1, 1), (64, 48), "source", (1, 1, 1)),
        ((9, 9, 14), (64, 48), "source", (9, 9, 14)),
        ((6, 6, 6), (64, 48), "bt709", (1, 1, 1)),
        ((2, 2, 2), (64, 48), "source", (6, 2, 6)),
        ((2, 2, 2), (96, 720), "source", (1, 1, 1)),
        ((2, 2, 2), (64, 48), "bt709", (1, 1, 1)),
    ],
)
def test_the_result_is_tagged_as_what_it_is(tmp_path, tags, size, output, expected):
    matrix, primaries, transfer = tags
    layout = Layout(*size, "yuv420p", matrix=matrix, primaries=primaries, transfer=transfer)
    film = written(tmp_path / "film.mkv", [flat(120, 110, 150, layout)])
    made = run_stage(GRADE, tmp_path / "out", {"video": film}, {"output": output})["segment"]
    with av.open(str(made)) as container:
        (frame,) = container.decode(video=0)
        got = (int(frame.colorspace), int(frame.color_primaries), int(frame.color_trc))
        assert got == expected and int(frame.color_range) == 1


def test_a_film_in_bt601_is_the_same_colours_in_bt709():
    old = Layout(64, 48, "yuv444p", 10, luma=(0.299, 0.114), matrix=6, primaries=6, transfer=6)
    shot = flat(300, 400, 700, old)
    made = graded(shot, output="bt709")

    def colours(y, u, v, red, blue):
        y, u, v = (y - 64) / 876, (u - 512) / 896, (v - 512) / 896
        r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
        return np.array([r, (y - red * r - blue * b) / (1 - red - blue), b])

    before = colours(300, 400, 700, 0.299, 0.114)
    after = colours(*(int(plane[3, 3]) for plane in made.planes), 0.2126, 0.0722)
    assert np.abs(before - after).max() < 0.002
    assert made.planes[1][0, 0] != 400


def test_high_dynamic_range_and_a_gamut_without_a_table_are_refused(tmp_path):
    pq = replace(HD, matrix=9, primaries=9, transfer=16, depth=10)
    film = written(tmp_path / "hdr.mkv", [flat(500, 512, 512, pq)])
    with pytest.raises(InputError, match=r"high dynamic range.*media\.normalise"):
        run_stage(GRADE, tmp_path / "a", {"video": film}, {"gain": 1.1})
    wide = replace(pq, transfer=14)
    film = written(tmp_path / "wide.mkv", [flat(500, 512, 512, wide)])
    with pytest.raises(InputError, match=r"another gamut.*BT\.2020"):
        run_stage(GRADE, tmp_path / "b", {"video": film}, {"output": "bt709"})


def test_windows_of_a_film_are_the_frames_of_the_whole_with_their_grain(tmp_path):
    film = written(tmp_path / "film.mkv", [replace(scene(n), layout=HD) for n in range(7)])
    how = {"grain": 5.0, "saturation": 1.3, "temperature": 20}
    whole = seen(run_stage(GRADE, tmp_path / "whole", {"video": film}, how)["segment"])
    parts = [
        shot
        for index, (start, stop) in enumerate(((0, 3), (3, 7)))
        for shot in seen(
            run_stage(
                GRADE, tmp_path / f"part{index}", {"video": film}, how,
                window=Window(index, 2, start, stop),
            )["segment"]
        )
    ]  # fmt: skip
    assert len(whole) == len(parts) == 7
    assert all(same(a, b) for a, b in zip(whole, parts, strict=True))
    other = run_stage(GRADE, tmp_path / "other", {"video": film}, how, seed=8)["segment"]
    assert not same(seen(other)[0], whole[0])


def test_it_stops_when_asked(tmp_path):
    film = written(tmp_path / "film.mkv", [replace(scene(n), layout=HD) for n in range(5)])
    with pytest.raises(TaskCancelled):
        run_stage(GRADE, tmp_path / "out", {"video": film}, {"gain": 1.2}, cancel_after=2)


@pytest.mark.parametrize(
    "params",
    [{"lift": [0, 0]}, {"gain": -1}, {"gamma": [1, 1, 0]}, {"saturation": 9}, {"grain": 21}],
)
def test_parameters_out_of_range_are_refused_at_planning(params):
    with pytest.raises(ValidationError):
        GRADE.params(**params)


def test_the_pipeline_fits_the_stages():
    stages = {stage.capability: [stage] for stage in farm_finish.farm_stages()}
    path = next(p for p in farm_finish.farm_pipelines() if p.name == "grade.yaml")
    check_against(load_pipeline(path), stages)
