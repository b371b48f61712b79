"""Windows of a film: cut without loss, joined without a seam, their drift taken out."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import run_stage, stage_of
from moving_scene import (
    SMALL,
    apart,
    flat,
    luma,
    picture,
    psnr,
    rate,
    same,
    scene,
    seen,
    texture,
    written,
)
from pydantic import ValidationError
from test_finish import samples, wave_file

import farm_finish
from farm import InputError, TaskCancelled, Window
from farm.media.film import write_lossless
from farm.media.light import light_of, picture_of_light, signal_of
from farm.media.planes import Layout, Picture
from farm.planning.windows import cut_windows
from farm_finish.frames.blend import raised_cosine
from farm_finish.frames.drift import GAIN_STEP, fitted

SPLIT, BLEND = (stage_of(farm_finish, f"video.{name}") for name in ("split", "blend"))


def windows_of(length: int, size: int, overlap: int) -> list[Window]:
    cuts = cut_windows(length, size, overlap)
    return [Window(index, len(cuts), cut.start, cut.stop) for index, cut in enumerate(cuts)]


def split(folder: Path, source: Path, windows: list[Window]) -> list[Path]:
    return [
        run_stage(SPLIT, folder / f"w{w.index}", {"video": source}, window=w)["segment"]
        for w in windows
    ]


@pytest.mark.parametrize(
    ("length", "size", "overlap"),
    [(70, 48, 16), (23, 10, 0), (23, 10, 3), (17, 8, 7), (16, 9, 6), (9, 48, 16), (12, 1, 0)],
)
def test_a_film_cut_into_windows_and_blended_is_the_film_to_the_bit(
    tmp_path, length, size, overlap
):
    source = written(tmp_path / "in.mkv", (scene(n) for n in range(length)))
    segments = split(tmp_path, source, windows_of(length, size, overlap))
    film = run_stage(BLEND, tmp_path / "out", {"segments": segments}, {"overlap": overlap})
    shown = seen(film["video"])
    assert len(shown) == length
    assert all(same(one, scene(n)) for n, one in enumerate(shown))
    report = json.loads(film["report"].read_text())
    assert report["frames"] == length and len(report["windows"]) == len(segments)


@pytest.mark.parametrize("fps", [12, 25, Fraction(30000, 1001), Fraction(24000, 1001), 60])
def test_windows_and_their_blend_keep_the_frame_rate_exactly(tmp_path, fps):
    source = written(tmp_path / "in.mkv", (scene(n) for n in range(6)), fps)
    segments = split(tmp_path, source, windows_of(6, 4, 2))
    film = run_stage(BLEND, tmp_path / "out", {"segments": segments}, {"overlap": 2})["video"]
    assert {rate(path) for path in (*segments, film)} == {Fraction(fps)}


def test_a_window_of_an_encoded_film_is_found_by_its_number(tmp_path):
    source = tmp_path / "in.mp4"
    with av.open(str(source), "w") as out:
        stream = out.add_stream("libx264", rate=24, options={"g": "12", "bf": "3"})
        stream.width, stream.height, stream.pix_fmt = SMALL.width, SMALL.height, "yuv420p"
        for number in range(30):
            frame = av.VideoFrame.from_ndarray(
                np.full((SMALL.height, SMALL.width, 3), 20 + 7 * number, np.uint8), format="rgb24"
            )
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    whole = seen(source)
    (part,) = split(tmp_path, source, [Window(1, 3, 13, 22)])
    assert [apart(a, b) for a, b in zip(seen(part), whole[13:22], strict=True)] == [0] * 9


def uneven(number: int, window: int) -> Picture:
    """The scene as a model would have it: each window has shades of its own."""
    shade = texture(50 + window, SMALL.height, SMALL.width, 12, -9, 9)
    plain = scene(number)
    return picture(luma(plain) + shade, plain.planes[1], plain.planes[2])


def test_the_seam_is_no_greater_a_step_than_those_inside_a_window(tmp_path):
    windows = windows_of(44, 20, 8)
    segments = [
        written(tmp_path / f"{w.index}.mkv", (uneven(n, w.index) for n in range(w.start, w.stop)))
        for w in windows
    ]
    shown = seen(
        run_stage(BLEND, tmp_path / "out", {"segments": segments}, {"overlap": 8})["video"]
    )
    steps = np.array(
        [np.abs(luma(a) - luma(b)).mean() for a, b in zip(shown[1:], shown, strict=False)]
    )
    shared = {n for w in windows[1:] for n in range(w.start, w.start + 9)}
    at_seams = [step for n, step in enumerate(steps, 1) if n in shared]
    inside = [step for n, step in enumerate(steps, 1) if n not in shared]
    hard = np.abs(luma(uneven(20, 1)) - luma(uneven(19, 0))).mean()
    assert max(at_seams) <= max(inside) < hard


def test_weights_of_a_joint_add_up_to_one_and_rise_like_a_cosine():
    for overlap in (1, 2, 16, 47):
        rising = [raised_cosine(step, overlap) for step in range(overlap)]
        assert all(a + b == pytest.approx(1) for a, b in zip(rising, rising[::-1], strict=True))
        assert rising == sorted(rising) and rising[0] > 0 and rising[-1] < 1


def test_half_of_black_and_half_of_white_is_half_the_light(tmp_path):
    layout = Layout(32, 16, "gbrp", full=True, matrix=0)
    segments = [
        written(tmp_path / f"{level}.mkv", [flat(level, level, level, layout)] * 3)
        for level in (0, 255)
    ]
    film = run_stage(
        BLEND, tmp_path / "out", {"segments": segments}, {"overlap": 1, "drift": False}
    )
    middle = seen(film["video"])[2].planes[0]
    assert np.unique(middle).tolist() == [188]  # The sum of signals would be 128.


@pytest.mark.parametrize("family", ["yuv420p", "yuv422p", "yuv444p", "gbrp"])
@pytest.mark.parametrize("depth", [8, 10, 12])
def test_light_and_back_again_is_the_same_to_the_bit_in_every_layout(family, depth):
    layout = Layout(53, 31, family, depth, full=family == "gbrp")
    draw = np.random.default_rng(depth).integers
    planes = [draw(0, 2**depth, shape).astype(layout.dtype) for shape in layout.shapes]
    shown = Picture(layout, (planes[0], planes[1], planes[2]))
    assert same(picture_of_light(light_of(shown), layout), shown)


def test_the_curve_of_light_stays_close_to_srgb():
    light = np.linspace(0, 1, 5001, dtype=np.float32)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    away = np.abs(signal_of(light) - srgb)
    assert away[250:].max() < 0.0013 and away.max() < 0.02


# --- drift ----------------------------------------------------------------------------------------


def drifting(tmp_path: Path, gains: tuple[float, ...]) -> list[Path]:
    windows = windows_of(12 * len(gains) + 6, 18, 6)
    return [
        written(tmp_path / f"{w.index}.mkv", (scene(n, gain) for n in range(w.start, w.stop)))
        for w, gain in zip(windows, gains, strict=True)
    ]


def test_windows_that_grow_brighter_are_brought_back_to_the_first(tmp_path):
    segments = drifting(tmp_path, (1.0, 1.05, 1.1, 1.15))
    errors = {}
    for drift in (True, False):
        film = run_stage(
            BLEND, tmp_path / f"{drift}", {"segments": segments}, {"overlap": 6, "drift": drift}
        )
        shown = seen(film["video"])
        assert len(shown) == 54
        errors[drift] = max(
            abs(luma(a).mean() - luma(scene(n)).mean()) for n, a in enumerate(shown)
        )
    assert errors[True] < 0.6 and errors[False] > 8


def test_windows_without_drift_pass_untouched(tmp_path):
    film = run_stage(
        BLEND, tmp_path / "out", {"segments": drifting(tmp_path, (1, 1))}, {"overlap": 6}
    )
    report = json.loads(film["report"].read_text())
    assert [w["gain"] for w in report["windows"]] == [[1, 1, 1]] * 2
    assert all(same(a, scene(n)) for n, a in enumerate(seen(film["video"])))


def test_a_thing_that_only_one_window_shows_has_no_vote():
    def intruded(number: int) -> Picture:
        shown = scene(number, 1.06)
        shown.planes[0].setflags(write=True)
        shown.planes[0][10:50, 120:180] = 235
        return shown

    found = fitted((scene(n), intruded(n)) for n in (2, 5, 8))
    plain = fitted((scene(n), scene(n, 1.06)) for n in (2, 5, 8))
    assert np.allclose(found.gain, plain.gain, atol=0.01)
    assert all(0.82 < gain < 0.95 for gain in plain.gain)


def test_a_correction_has_limits():
    found = fitted([(flat(200), flat(60))])
    assert max(found.gain) <= GAIN_STEP and max(map(abs, found.offset)) <= 0.04


def test_a_cast_of_one_colour_is_taken_out_of_that_colour():
    layout = Layout(64, 48, "gbrp", full=True, matrix=0)
    base = [texture(seed, 48, 64, 3, 30, 180) for seed in (1, 2, 3)]
    plain = picture(*base, layout=layout)
    tinted = picture(base[0], base[1], base[2] * 1.08, layout=layout)  # Planes: green, blue, red.
    red, green, blue = fitted([(plain, tinted)]).gain
    assert red < 0.9 and abs(green - 1) < 0.01 and abs(blue - 1) < 0.01


# --- alignment ------------------------------------------------------------------------------------


def test_aligned_windows_glide_where_faded_ones_show_double(tmp_path):
    segments = [written(tmp_path / f"{shift}.mkv", [scene(shift)] * 6) for shift in (0.0, 3.0)]
    middle = {}
    for align in (True, False):
        film = run_stage(
            BLEND, tmp_path / f"{align}", {"segments": segments}, {"overlap": 3, "align": align}
        )
        middle[align] = psnr(luma(seen(film["video"])[4]), luma(scene(1.5)))
    assert middle[True] > middle[False] + 4


# --- forms and refusals ---------------------------------------------------------------------------


def test_a_delivered_blend_is_a_film_with_sound_of_its_length(tmp_path):
    source = written(tmp_path / "in.mkv", (scene(n) for n in range(24)))
    segments = split(tmp_path, source, windows_of(24, 12, 4))
    sound = wave_file(tmp_path / "long.wav", 3.0)
    film = run_stage(
        BLEND,
        tmp_path / "out",
        {"segments": segments, "audio": sound},
        {"overlap": 4, "form": "delivered", "profile": "high", "metadata": {"title": "glide"}},
    )["video"]
    assert 48_000 <= samples(film).shape[1] <= 48_000 + 1024
    shown = seen(film)
    assert len(shown) == 24 and film.suffix == ".mp4"
    assert min(psnr(luma(a), luma(scene(n))) for n, a in enumerate(shown)) > 36
    with av.open(str(film)) as container:
        assert container.metadata["title"] == "glide"


def test_a_blend_gives_the_same_bytes_twice(tmp_path):
    segments = drifting(tmp_path, (1.0, 1.05))
    one, two = (
        run_stage(BLEND, tmp_path / name, {"segments": segments}, {"overlap": 6})["video"]
        for name in "ab"
    )
    assert one.read_bytes() == two.read_bytes()


def test_windows_that_do_not_fit_are_refused_by_number(tmp_path):
    good = written(tmp_path / "a.mkv", [flat(90)] * 6)
    small = Layout(96, 64, "yuv420p")
    cases = {
        "segment 2.*differ": written(tmp_path / "b.mkv", [flat(90, layout=small)] * 6),
        "segment 2.*frame rate": written(tmp_path / "c.mkv", [flat(90)] * 6, 25),
        "segment 2.*overlap": written(tmp_path / "d.mkv", [flat(90)] * 4),
    }
    for message, other in cases.items():
        with pytest.raises(InputError, match=message):
            run_stage(BLEND, tmp_path / "o", {"segments": [good, other]}, {"overlap": 4})


def test_a_damaged_window_is_refused(tmp_path):
    good = written(tmp_path / "a.mkv", [flat(90)] * 6)
    broken = tmp_path / "b.mkv"
    broken.write_bytes(good.read_bytes()[:300])
    with pytest.raises(InputError, match="segment 2"):
        run_stage(BLEND, tmp_path / "o", {"segments": [good, broken]}, {"overlap": 2})


def test_a_window_beyond_the_end_is_refused(tmp_path):
    source = written(tmp_path / "a.mkv", [flat(90)] * 6)
    with pytest.raises(InputError, match="too early"):
        split(tmp_path, source, [Window(0, 1, 2, 9)])


def test_a_film_without_frames_is_never_written(tmp_path):
    with pytest.raises(InputError, match="no frames"):
        write_lossless(tmp_path / "x.mkv", [], Fraction(24))


def test_a_blend_stops_when_asked(tmp_path):
    segments = drifting(tmp_path, (1.0, 1.0))
    with pytest.raises(TaskCancelled):
        run_stage(BLEND, tmp_path / "o", {"segments": segments}, {"overlap": 6}, cancel_after=3)


@pytest.mark.parametrize("params", [{"size": 8, "overlap": 8}, {"size": 0}, {"overlap": -1}])
def test_windows_that_cannot_advance_are_refused(params):
    with pytest.raises(ValidationError):
        SPLIT.params(**params)
