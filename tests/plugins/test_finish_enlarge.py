"""Enlarging: closer to the truth than simple filters, steady in time, without halos."""

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
    same,
    scene,
    seen,
    texture,
    written,
)
from PIL import Image
from pydantic import ValidationError

import farm_finish
from farm import InputError, TaskCancelled, Window
from farm.media.lanczos import HALO, resized
from farm.media.planes import Layout, Picture
from farm_finish.frames.enlarge import enlarged

ENLARGE = stage_of(farm_finish, "video.enlarge")
WIDE, HIGH = 2 * SMALL.width, 2 * SMALL.height

TRUTH = texture(9, HIGH + 8, WIDE + 60, 2.2, 25, 225)


def truth(number: int) -> np.ndarray:
    """What a camera of twice the resolution sees; it pans by a pixel of its own a frame."""
    return TRUTH[4 : 4 + HIGH, 4 + number : 4 + number + WIDE]


def small(number: int) -> Picture:
    luma = truth(number).reshape(SMALL.height, 2, SMALL.width, 2).mean(axis=(1, 3))
    return picture(luma, *(np.full(shape, 128.0) for shape in SMALL.shapes[1:]))


def by(resampling: Image.Resampling, number: int) -> np.ndarray:
    made = Image.fromarray(small(number).planes[0]).resize((WIDE, HIGH), resampling)
    return np.asarray(made).astype(float)


@pytest.mark.parametrize(
    ("target", "size", "expected"),
    [
        ("x2", (320, 180), (640, 360)),
        ("x4", (97, 65), (388, 260)),
        ("X3", (33, 21), (100, 64)),
        ("1080p", (640, 360), (1920, 1080)),
        ("1080p", (360, 640), (1080, 1920)),
        ("4k", (1280, 720), (3840, 2160)),
        ("1080p", (640, 480), (1440, 1080)),
        ("800x800", (320, 180), (800, 450)),
    ],
)
def test_a_target_is_an_even_size_of_the_same_shape(target, size, expected):
    assert ENLARGE.params(target=target).size_for(*size) == expected


@pytest.mark.parametrize("target", ["x5", "x0", "4kk", "0x10", "x2.5", "", "99999x10"])
def test_an_unknown_target_is_refused_at_planning(target):
    with pytest.raises(ValidationError):
        ENLARGE.params(target=target)


def test_what_would_not_grow_or_grow_too_large_is_refused():
    with pytest.raises(InputError, match="that large already"):
        ENLARGE.params(target="1080p").size_for(1920, 1080)
    with pytest.raises(InputError, match="that large already"):
        ENLARGE.params(target="720p").size_for(3840, 2160)
    with pytest.raises(InputError, match="too large"):
        ENLARGE.params(target="x4").size_for(3840, 2160)


def test_an_enlarged_film_has_every_frame_rate_and_size(tmp_path):
    source = written(tmp_path / "in.mkv", (scene(n) for n in range(5)), 12)
    film = run_stage(ENLARGE, tmp_path / "out", {"video": source}, {"target": "x3"})["segment"]
    shown = seen(film)
    assert len(shown) == 5
    layout = shown[0].layout
    assert (layout.width, layout.height, layout.family) == (576, 336, "yuv420p")


def test_windows_are_the_frames_of_the_whole_to_the_bit(tmp_path):
    source = written(tmp_path / "in.mkv", (scene(n) for n in range(7)))
    whole = seen(run_stage(ENLARGE, tmp_path / "whole", {"video": source})["segment"])
    parts = []
    for index, (start, stop) in enumerate([(0, 3), (3, 5), (5, 7)]):
        window = Window(index, 3, start, stop)
        done = run_stage(ENLARGE, tmp_path / f"{index}", {"video": source}, window=window)
        parts += seen(done["segment"])
    assert [same(a, b) for a, b in zip(parts, whole, strict=True)] == [True] * 7


def test_it_is_closer_to_the_truth_than_repeating_or_mixing_pixels():
    made = psnr(luma(enlarged(small(0), WIDE, HIGH)), truth(0))
    assert made > psnr(by(Image.Resampling.NEAREST, 0), truth(0)) + 6
    assert made > psnr(by(Image.Resampling.BILINEAR, 0), truth(0)) + 3
    assert made > psnr(by(Image.Resampling.BICUBIC, 0), truth(0))


def test_it_is_steadier_in_time_than_simple_filters():
    def unrest(frames: list[np.ndarray]) -> float:
        """How much more changes from frame to frame than what truly moved."""
        steps = zip(frames[1:], frames, strict=False)
        return float(
            np.mean(
                [
                    np.abs((after - before) - (truth(n + 1) - truth(n))).mean()
                    for n, (after, before) in enumerate(steps)
                ]
            )
        )

    ours = unrest([luma(enlarged(small(n), WIDE, HIGH)) for n in range(6)])
    assert ours < unrest([by(Image.Resampling.BICUBIC, n) for n in range(6)])
    assert ours < 0.7 * unrest([by(Image.Resampling.NEAREST, n) for n in range(6)])


def test_what_stands_still_stays_still(tmp_path):
    source = written(tmp_path / "in.mkv", [scene(3)] * 4)
    first, *others = seen(run_stage(ENLARGE, tmp_path / "o", {"video": source})["segment"])
    assert all(same(first, other) for other in others)


@pytest.mark.parametrize("sharpness", [0.0, 0.4, 2.0])
def test_an_edge_gets_no_halo(sharpness):
    edge = np.full((SMALL.height, SMALL.width), 60.0)
    edge[:, SMALL.width // 2 :] = 180
    shown = enlarged(
        picture(edge, *(np.full(s, 128.0) for s in SMALL.shapes[1:])), WIDE, HIGH, sharpness
    )
    slack = 120 * float(HALO) + 1
    assert shown.planes[0].min() >= 60 - slack and shown.planes[0].max() <= 180 + slack


def test_sharpening_makes_an_edge_steeper():
    soft = np.broadcast_to(
        np.clip((np.arange(SMALL.width) - 90) * 12.0 + 60, 60, 180), SMALL.shapes[0]
    )
    shown = picture(soft, *(np.full(s, 128.0) for s in SMALL.shapes[1:]))
    plain, crisp = (
        np.abs(np.diff(luma(enlarged(shown, WIDE, HIGH, amount))[40])).max() for amount in (0, 1.0)
    )
    assert crisp > plain


@pytest.mark.parametrize(
    "layout",
    [
        Layout(48, 32, "yuv420p"),
        Layout(49, 33, "yuv422p", 10),
        Layout(48, 32, "yuv444p", 12),
        Layout(48, 32, "gbrp", full=True),
    ],
    ids=lambda layout: layout.pixel_format,
)
def test_a_flat_colour_stays_that_colour_in_every_layout(layout):
    scale = 2 ** (layout.depth - 8)
    shown = enlarged(flat(90 * scale, 110 * scale, 150 * scale, layout), 96, 64)
    expected = flat(90 * scale, 110 * scale, 150 * scale, shown.layout)
    assert shown.layout.pixel_format == layout.pixel_format and apart(shown, expected) == 0


def test_colours_stay_where_they_were():
    across = 80 + 0.5 * 2 * np.arange(SMALL.width // 2)  # By luma column, on every other one.
    u = np.broadcast_to(across, SMALL.shapes[1])
    shown = enlarged(picture(np.full(SMALL.shapes[0], 120.0), u, u * 0 + 128), WIDE, HIGH, 0.0)
    columns = np.arange(16, WIDE // 2 - 16)
    expected = 80 + 0.5 * ((2 * columns + 0.5) / 2 - 0.5)
    assert np.array_equal(shown.planes[1][40, columns], np.floor(expected + 0.5))


def test_the_filter_leaves_straight_ramps_straight():
    ramp = np.broadcast_to(np.arange(40, dtype=np.float32), (24, 40))
    wide = resized(np.ascontiguousarray(ramp), 160, 96)
    expected = (np.arange(160) + 0.5) / 4 - 0.5
    assert np.abs(wide[48, 16:-16] - expected[16:-16]).max() < 0.05


def test_it_stops_when_asked_and_repeats_its_bytes(tmp_path):
    source = written(tmp_path / "in.mkv", (scene(n) for n in range(4)))
    with pytest.raises(TaskCancelled):
        run_stage(ENLARGE, tmp_path / "c", {"video": source}, cancel_after=1)
    one, two = (run_stage(ENLARGE, tmp_path / n, {"video": source})["segment"] for n in "ab")
    assert one.read_bytes() == two.read_bytes()


def odd_film(path, **marks) -> None:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for name, value in marks.items():
            setattr(stream.codec_context, name, value)
        frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def test_pictures_that_were_not_normalised_are_refused(tmp_path):
    cases = {
        "not square": {"sample_aspect_ratio": Fraction(4, 3)},
        "high dynamic range": {"color_trc": 16, "color_primaries": 9, "colorspace": 9},
    }
    for message, marks in cases.items():
        source = tmp_path / f"{message}.mp4"
        odd_film(source, **marks)
        with pytest.raises(InputError, match=rf"{message}.*media\.normalise"):
            run_stage(ENLARGE, tmp_path / "o", {"video": source})
