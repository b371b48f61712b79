"""Pictures between pictures: true to the motion, never across a cut, exact in count."""

from __future__ import annotations

from fractions import Fraction

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

import farm_finish
from farm import Artifact, InputError, MediaFacts, MediaKind, TaskCancelled, Window
from farm.media.between import Motion
from farm.media.flow import flows
from farm.media.planes import Layout, Picture
from farm.media.spans import alike, is_cut

SMOOTH = stage_of(farm_finish, "video.interpolate")


def smooth(folder, source, fps, **how) -> list[Picture]:
    return seen(run_stage(SMOOTH, folder, {"video": source}, {"fps": fps}, **how)["segment"])


# --- true to the motion ---------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 5, 11])
@pytest.mark.parametrize("moment", [0.25, 0.5, 0.75])
def test_a_picture_between_two_is_truer_than_a_fade_and_a_repeat(number, moment):
    before, after = scene(number), scene(number + 1)
    expected = luma(scene(number + moment))
    made = psnr(luma(Motion.of(before, after).picture(moment)), expected)
    fade = psnr(luma(before) * (1 - moment) + luma(after) * moment, expected)
    repeat = psnr(luma(before if moment <= 0.5 else after), expected)
    assert made > 36 and made > fade + 6 and made > repeat + 8


def test_the_flow_is_that_of_the_motion():
    ground = texture(7, 140, 240, 2.0, 20, 230).astype(np.float32)
    first, second = ground[10:110, 10:200], ground[13:113, 4:194]
    there, back = flows(np.ascontiguousarray(first), np.ascontiguousarray(second))
    inside = (slice(12, -12), slice(12, -12))
    assert np.abs(there[inside] - (6, -3)).mean() < 0.15
    assert np.abs(back[inside] - (-6, 3)).mean() < 0.15


def test_a_fast_thing_over_a_still_ground_leaves_no_double(tmp_path):
    def ball(moment: float) -> Picture:
        y, x = np.mgrid[0 : SMALL.height, 0 : SMALL.width].astype(float)
        inside = np.clip(15 - np.hypot(x - 30 - 14 * moment, y - 56), 0, 1)
        shown = texture(2, SMALL.height, SMALL.width, 3, 30, 110) * (1 - inside) + 225 * inside
        return picture(shown, *(np.full(s, 128.0) for s in SMALL.shapes[1:]))

    middle = luma(Motion.of(ball(2), ball(3)).picture(0.5))
    bright = (middle > 170).sum()
    assert bright == pytest.approx((luma(ball(2.5)) > 170).sum(), rel=0.08)
    fade = luma(ball(2)) / 2 + luma(ball(3)) / 2
    assert psnr(middle, luma(ball(2.5))) > psnr(fade, luma(ball(2.5))) + 6


def test_ten_bits_of_colour_in_every_other_column_move_as_well():
    layout = Layout(SMALL.width, SMALL.height, "yuv422p", 10)

    def shown(moment: float) -> Picture:
        plain = scene(moment)
        wide = [plane.repeat(2, axis=0).astype(float) for plane in plain.planes[1:]]
        return picture(luma(plain) * 4, *(plane * 4 for plane in wide), layout=layout)

    made = Motion.of(shown(0), shown(1)).picture(0.5)
    assert psnr(made.planes[0] / 4, luma(scene(0.5))) > 36
    assert psnr(made.planes[1] / 4, shown(0.5).planes[1] / 4) > 36


# --- exact count and length -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "fps", "target"),
    [
        (12, 12, "24"),
        (13, 12, "25"),
        (7, 16, "30"),
        (16, 16, "60"),
        (5, 24, "30000/1001"),
        (9, Fraction(24000, 1001), "60"),
        (10, 60, "24"),
        (1, 12, "60"),
        (6, 24, "24"),
    ],
)
def test_the_count_and_the_length_are_exact(tmp_path, frames, fps, target):
    source = written(tmp_path / "in.mkv", (scene(n) for n in range(frames)), fps)
    film = run_stage(SMOOTH, tmp_path / "out", {"video": source}, {"fps": target})["segment"]
    count = len(seen(film))
    assert rate(film) == Fraction(target)
    assert count == max(1, round(frames * Fraction(target) / fps))
    assert abs(count / Fraction(target) - frames / Fraction(fps)) <= 1 / Fraction(target)
    facts = MediaFacts(frames=frames, fps=Fraction(fps))
    known = {"video": [Artifact("0" * 64, MediaKind.VIDEO, 1, ".mkv", facts)]}
    assert SMOOTH.windows is not None
    assert SMOOTH.windows.length(SMOOTH.params(fps=target), known) == count


def test_moments_of_the_source_show_its_frames_to_the_bit(tmp_path):
    source = written(tmp_path / "in.mkv", (scene(n) for n in range(6)), 12)
    shown = smooth(tmp_path / "out", source, "36")
    assert all(same(shown[3 * n], scene(n)) for n in range(6))
    expected = [psnr(luma(shown[k]), luma(scene(k / 3))) for k in range(15)]
    assert min(expected) > 36


def test_windows_are_the_frames_of_the_whole_to_the_bit(tmp_path):
    def take(number: int) -> Picture:
        """Moves, repeats a frame, stands for long, is cut, and moves on."""
        if number < 6:
            return scene(number // 2 * 2)
        if number < 18:
            return scene(6)
        return scene(number + 40) if number < 22 else scene(number)

    source = written(tmp_path / "in.mkv", (take(n) for n in range(26)), 12)
    whole = smooth(tmp_path / "whole", source, "25")
    for size in (7, 20):
        parts = []
        for start in range(0, len(whole), size):
            window = Window(0, 1, start, min(start + size, len(whole)))
            parts += smooth(tmp_path / f"{size}.{start}", source, "25", window=window)
        assert [same(a, b) for a, b in zip(parts, whole, strict=True)] == [True] * len(whole)


# --- cuts -----------------------------------------------------------------------------------------


def turned(moment: float) -> Picture:
    """Another shot with just the same shades."""
    y, u, v = (np.ascontiguousarray(plane[::-1, ::-1]) for plane in scene(moment + 40).planes)
    return Picture(SMALL, (y, u, v))


@pytest.mark.parametrize("other", [turned, lambda n: scene(n + 60), lambda n: flat(200)])
def test_no_picture_is_mixed_across_a_cut(tmp_path, other):
    source = written(tmp_path / "in.mkv", (scene(n) if n < 5 else other(n) for n in range(10)), 12)
    shown = smooth(tmp_path / "out", source, "60")
    for k in range(20, 25):
        assert same(shown[k], scene(4))
    assert same(shown[25], other(5))


def test_with_the_search_for_cuts_off_pictures_are_mixed(tmp_path):
    source = written(tmp_path / "in.mkv", [scene(0), turned(1)], 12)
    done = run_stage(SMOOTH, tmp_path / "o", {"video": source}, {"fps": "24", "cuts": False})
    assert not same(seen(done["segment"])[1], scene(0))


@pytest.mark.parametrize("pan", [8.0, 16.0, 24.0])
def test_a_fast_pan_is_no_cut(pan):
    assert not is_cut(Motion.of(scene(1, pan=pan), scene(2, pan=pan)))


@pytest.mark.parametrize("pan", [2.3, 20.0])
def test_what_moves_in_red_green_and_blue_is_no_cut(pan):
    rgb = Layout(SMALL.width, SMALL.height, "gbrp", full=True)

    def coloured(moment: float) -> Picture:
        green = scene(moment, pan=pan).planes[0].astype(float)
        return picture(green, green * 0.6 + 60, green * 0.8, layout=rgb)

    assert not is_cut(Motion.of(coloured(1), coloured(2)))
    assert is_cut(Motion.of(flat(100, 60, 200, rgb), flat(100, 200, 60, rgb)))


def test_noise_a_dissolve_and_a_colour_are_told_from_a_cut():
    draw = np.random.default_rng(5)

    def noisy(moment: float) -> Picture:
        plain = scene(moment)
        return picture(luma(plain) + draw.normal(0, 6, plain.planes[0].shape), *plain.planes[1:])

    mixed = picture(luma(scene(0)) * 0.92 + luma(turned(0)) * 0.08, *scene(0).planes[1:])
    assert not is_cut(Motion.of(noisy(3), noisy(4)))
    assert not is_cut(Motion.of(scene(0), mixed))
    assert is_cut(Motion.of(flat(100, 90, 200), flat(100, 200, 90)))
    assert is_cut(Motion.of(flat(60), flat(150)))


# --- repeated frames ------------------------------------------------------------------------------


def test_motion_goes_on_through_repeated_frames(tmp_path):
    source = written(tmp_path / "in.mkv", (scene(n // 2 * 2) for n in range(12)), 24)
    shown = smooth(tmp_path / "out", source, "24")
    assert len(shown) == 12
    assert min(psnr(luma(shown[n]), luma(scene(n))) for n in range(11)) > 34
    kept = run_stage(SMOOTH, tmp_path / "k", {"video": source}, {"fps": "24", "duplicates": False})[
        "segment"
    ]
    assert [same(a, scene(n // 2 * 2)) for n, a in enumerate(seen(kept))] == [True] * 12


def test_what_stands_for_long_stays_until_it_moves(tmp_path):
    source = written(tmp_path / "in.mkv", [*[scene(0)] * 9, *(scene(n) for n in range(1, 5))], 12)
    shown = smooth(tmp_path / "out", source, "24")
    # The first five may be motion in steps for all one knows; then it stands until frame 8.
    assert all(same(a, scene(0)) for a in shown[:17])
    assert psnr(luma(shown[17]), luma(scene(0.5))) > 36


def test_a_small_thing_that_moves_is_no_repeat():
    still, moved = flat(90), flat(90)
    moved.planes[0][40:46, 60:66] = 140
    noisy = picture(
        luma(still) + np.random.default_rng(1).integers(-1, 2, SMALL.shapes[0]) * 0.4,
        *still.planes[1:],
    )
    assert not alike(still, moved) and alike(still, noisy) and apart(still, still) == 0


# --- parameters and refusals ----------------------------------------------------------------------


@pytest.mark.parametrize("fps", ["0", "-24", "fast", "1/0", "1000", "", "24.0.1"])
def test_a_rate_that_is_none_is_refused_at_planning(fps):
    with pytest.raises(ValidationError):
        SMOOTH.params(fps=fps)


def test_a_rate_may_be_a_number():
    assert SMOOTH.params(fps=30).rate == 30
    assert SMOOTH.params(fps=29.97).rate == Fraction(30000, 1001)
    assert SMOOTH.params(fps=12.5).rate == Fraction(25, 2)


def test_a_film_with_a_hole_in_its_timeline_is_refused(tmp_path):
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as out:
        stream = out.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for pts in (0, 1, 2, 6, 7):
            frame = av.VideoFrame.from_ndarray(
                np.full((48, 64, 3), 30 * pts, np.uint8), format="rgb24"
            )
            frame.pts = pts
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with pytest.raises(InputError, match=r"constant rate.*media\.normalise"):
        smooth(tmp_path / "out", source, "30")


def test_it_stops_when_asked_and_repeats_its_bytes(tmp_path):
    source = written(tmp_path / "in.mkv", (scene(n) for n in range(4)), 12)
    with pytest.raises(TaskCancelled):
        smooth(tmp_path / "c", source, "24", cancel_after=2)
    one, two = (run_stage(SMOOTH, tmp_path / n, {"video": source})["segment"] for n in "ab")
    assert one.read_bytes() == two.read_bytes()
