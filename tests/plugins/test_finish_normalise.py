"""Normalising against references made with PyAV: nasty clips in, exact media out, or a refusal."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import nasty_clips as nasty
import numpy as np
import pytest
from direct_task import run_stage
from nasty_clips import film, scene, tone
from PIL import Image
from pydantic import ValidationError

from farm import InputError, TaskCancelled
from farm_finish import stages_normalise
from farm_finish.normalise import tonemap
from farm_finish.normalise.params import NormaliseParams

NORMALISE = next(iter(stages_normalise.stages()))


@dataclass
class Normalised:
    """The files of a run and its report."""

    video: Path | None
    audio: Path | None
    report: dict = field(default_factory=dict)

    @property
    def changes(self) -> set[str]:
        return {change["what"] for change in self.report["changes"]}

    def change(self, what: str) -> dict:
        return next(change for change in self.report["changes"] if change["what"] == what)


def normalised(folder: Path, source: Path, **params) -> Normalised:
    made = run_stage(NORMALISE, folder, {"media": source}, params)
    done = Normalised(
        made.get("video"), made.get("audio"), json.loads(made["report"].read_text("utf-8"))
    )
    check_form(done)
    return done


def check_form(done: Normalised) -> None:
    """What holds of every result: rate, tags, size, counts, and sound as long as the film."""
    told = done.report["result"]
    if done.video is not None:
        with av.open(str(done.video)) as container:
            stream = container.streams.video[0]
            fps = Fraction(told["video"]["fps"])
            assert stream.average_rate == fps
            moments = []
            for frame in container.decode(stream):
                moments.append(frame.pts * frame.time_base)
                rgb = frame.format.is_rgb
                assert not frame.interlaced_frame
                assert (frame.colorspace, frame.color_range) == ((0, 2) if rgb else (1, 1))
                assert (frame.color_primaries, frame.color_trc) == (1, 1)
                assert frame.format.name == told["video"]["pixel_format"]
                assert frame.width % 2 == frame.height % 2 == 0
                assert (frame.width, frame.height) == tuple(
                    told["video"][side] for side in ("width", "height")
                )
            assert stream.sample_aspect_ratio in (None, 0, 1)
            assert len(moments) == told["video"]["frames"]
            for index, moment in enumerate(moments):
                assert abs(moment - index / fps) <= Fraction(1, 1000)
    if done.audio is not None:
        with av.open(str(done.audio)) as container:
            stream = container.streams.audio[0]
            assert (stream.rate, stream.layout.name) == (48_000, "stereo")
            heard = sum(frame.samples for frame in container.decode(stream))
        assert heard == told["audio"]["samples"]
        if done.video is not None:
            assert heard == round(told["video"]["frames"] / fps * 48_000)


def rgb(path: Path) -> list[np.ndarray]:
    """Frames as RGB 0-255, read as their BT.709 tags say."""
    with av.open(str(path)) as container:
        return [
            frame.reformat(
                format="rgb24",
                src_colorspace="ITU709",
                dst_color_range="JPEG",
                interpolation=4 | 0x40000 | 0x2000,
            )
            .to_ndarray()
            .astype(int)
            for frame in container.decode(video=0)
        ]


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one, other))


# --- what is right already passes untouched -------------------------------------------------------

INTACT = {
    "h264-b-frames.mp4": {},
    "h264-b-frames.mkv": {"fps": Fraction(24000, 1001)},
    "mpeg4-b-frames.avi": {"codec": "mpeg4", "fps": 25, "bf": "2", "size": (48, 720)},
    "h265.mp4": {"codec": "libx265", "fps": 30, "x265-params": "log-level=none"},
    "vp9.webm": {"codec": "libvpx-vp9", "fps": 12, "lag-in-frames": "8", "auto-alt-ref": "1"},
    "av1.mp4": {"codec": "libsvtav1", "fps": 24, "preset": "12"},
    "ten-bits-444.mkv": {"codec": "ffv1", "pixels": "yuv444p10le", "draw": None},
    "prores.mov": {"codec": "prores_ks", "pixels": "yuv422p10le", "draw": None},
    "very-fast.mkv": {"fps": 120},
    "odd-rate.mkv": {"codec": "ffv1", "fps": 7},
}


@pytest.mark.parametrize("name", INTACT)
def test_every_frame_of_a_clip_that_is_right_passes_bit_by_bit(tmp_path, name):
    how = dict(INTACT[name])
    if how.get("draw", 0) is None:
        how["draw"] = lambda i, w, h: scene(i, w, h).astype(np.uint16) * 257
    source = film(tmp_path / name, 14, **how)
    done = normalised(tmp_path / "out", source)
    assert same(nasty.frames(done.video), nasty.frames(source))
    assert Fraction(done.report["result"]["video"]["fps"]) == how.get("fps", 24)
    assert done.changes <= {"start-moved"}


def test_hidden_frames_are_not_shown_and_the_matrix_of_vp8_is_bt601(tmp_path):
    source = film(
        tmp_path / "in.webm", 14, codec="libvpx", **{"lag-in-frames": "8", "auto-alt-ref": "1"}
    )
    done = normalised(tmp_path / "out", source)
    with av.open(str(source)) as container:
        expected = [
            frame.reformat(
                format="rgb24", src_colorspace="ITU601", dst_color_range="JPEG",
                interpolation=4 | 0x40000 | 0x2000,
            ).to_ndarray().astype(int)
            for frame in container.decode(video=0)
        ]  # fmt: skip
    found = rgb(done.video)
    assert len(found) == len(expected) == 14
    assert all(np.abs(one - other).mean() < 1 for one, other in zip(found, expected, strict=True))


def test_a_result_normalised_again_is_the_same_and_the_bytes_repeat(tmp_path):
    source = film(tmp_path / "in.mp4", 9, fps=Fraction(30000, 1001), sound=[(0, tone(0.3))])
    one, two = (normalised(tmp_path / name, source, fps="24") for name in "ab")
    assert one.video.read_bytes() == two.video.read_bytes()
    assert one.audio.read_bytes() == two.audio.read_bytes()
    again = normalised(tmp_path / "c", one.video)
    assert again.changes == set()
    assert again.video.read_bytes() == one.video.read_bytes()


def test_a_recording_that_starts_at_some_time_starts_at_zero_with_its_sound(tmp_path):
    click = np.zeros((2, 48_000), np.int16)
    click[:, 24_000:24_200] = 30_000
    source = film(
        tmp_path / "in.ts",
        range(2400, 2424),
        codec="mpeg2video",
        sound=[(4_800_000, click)],
        sound_codec="mp2",
        bf="2",
    )
    done = normalised(tmp_path / "out", source)
    assert same(nasty.frames(done.video), nasty.frames(source))
    assert done.change("start-moved")["from_s"] > 1
    loud = np.abs(nasty.samples(done.audio)[0])
    with av.open(str(source)) as container:
        first = min(frame.pts * frame.time_base for frame in container.decode(video=0))
    with av.open(str(source)) as container:
        for frame in container.decode(audio=0):
            heard = np.abs(frame.to_ndarray()[0])
            if heard.max() > 0.3:
                moment = frame.pts * frame.time_base + Fraction(int(heard.argmax()), 48_000)
                break
    assert abs(int(np.argmax(loud > 0.3)) - (moment - first) * 48_000) < 480


# --- time -----------------------------------------------------------------------------------------


def by_filter(source: Path, fps: Fraction | int) -> list[np.ndarray]:
    """The reference for time: FFmpeg's own ``fps`` filter."""
    found = []
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        graph = av.filter.Graph()
        graph.link_nodes(
            graph.add_buffer(template=stream),
            graph.add("fps", f"fps={fps}:start_time=0"),
            graph.add("buffersink"),
        ).configure()
        first = None
        for frame in container.decode(stream):
            first = frame.pts if first is None else first
            frame.pts -= first
            graph.vpush(frame)
            found += pulled(graph)
        graph.vpush(None)
        return found + pulled(graph)


def pulled(graph) -> list[np.ndarray]:
    found = []
    while True:
        try:
            found.append(nasty.planes(graph.vpull()))
        except (av.error.BlockingIOError, av.error.EOFError):
            return found


@pytest.mark.parametrize("fps", ["12", "25", "30", "23.976", "60", "29.97"])
def test_another_rate_shows_the_frames_ffmpegs_fps_filter_shows(tmp_path, fps):
    source = film(tmp_path / "in.mp4", 24, fps=24)
    done = normalised(tmp_path / "out", source, fps=fps)
    rate = Fraction(done.report["result"]["video"]["fps"])
    expected = by_filter(source, rate)
    assert abs(len(nasty.frames(done.video)) - len(expected)) <= 1
    shared = min(len(expected), round(rate))
    assert same(nasty.frames(done.video)[:shared], expected[:shared])
    assert abs(done.report["result"]["video"]["duration_s"] - 1) <= 0.5 / rate


VARIABLE = [0, 40, 80, 200, 240, 260, 270, 280, 400, 640, 680, 720]


def test_a_variable_rate_becomes_constant_and_every_moment_is_met(tmp_path):
    source = film(tmp_path / "in.mkv", VARIABLE, codec="ffv1", tick=Fraction(1, 1000), fps=25)
    done = normalised(tmp_path / "out", source)
    assert done.report["source"]["video"]["constant_rate"] is False
    assert done.report["result"]["video"]["fps"] == "25"
    pictures, originals = nasty.frames(done.video), nasty.frames(source)
    slots = [(moment * 25 + 500) // 1000 for moment in VARIABLE]
    for slot, picture in enumerate(pictures):
        shown = max(index for index, at in enumerate(slots) if at <= slot)
        assert np.array_equal(picture, originals[shown])
    assert len(pictures) == 19
    assert done.change("frames-repeated")["count"] == 9
    assert done.change("frames-dropped")["count"] == 2


def test_slow_pictures_keep_their_lengths(tmp_path):
    pages = [Image.fromarray(scene(index)) for index in range(4)]
    source = tmp_path / "in.gif"
    pages[0].save(source, save_all=True, append_images=pages[1:], duration=[500, 120, 1000, 200])
    done = normalised(tmp_path / "out", source, fps="50")
    pictures = [picture.tobytes() for picture in nasty.frames(done.video)]
    lengths = [1]
    for one, other in pairwise(pictures):
        lengths[-1:] = [lengths[-1] + 1] if one == other else [lengths[-1], 1]
    assert lengths == [25, 6, 50, 10]


def test_an_edit_list_is_honoured(tmp_path):
    whole = film(
        tmp_path / "whole.mp4", 24, bf="0", g="6", sound=[(0, tone(1.0))], sound_codec="aac"
    )
    trimmed = tmp_path / "trimmed.mp4"
    with av.open(str(whole)) as source, av.open(str(trimmed), "w") as out:
        kept = {s.index: out.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.size:
                shift = round(Fraction(1, 4) / packet.time_base)
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = kept[packet.stream_index]
                out.mux(packet)
    assert b"elst" in trimmed.read_bytes()
    done = normalised(tmp_path / "out", trimmed)
    assert same(nasty.frames(done.video), nasty.frames(whole)[6:])
    assert done.report["result"]["audio"]["samples"] == 36_000


def test_pictures_without_time_stamps_get_the_rate_of_the_file(tmp_path):
    source = film(tmp_path / "in.h264", 12, fps=25, bf="2")
    done = normalised(tmp_path / "out", source)
    assert same(nasty.frames(done.video), nasty.frames(source))
    assert done.report["result"]["video"]["fps"] == "25"


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_shortest_films_keep_every_frame(tmp_path, frames):
    source = film(tmp_path / "in.mp4", frames)
    done = normalised(tmp_path / "out", source)
    assert same(nasty.frames(done.video), nasty.frames(source))


# --- shape ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("angle", "turns"), [(90, 1), (180, 2), (-90, 3)])
def test_a_turned_clip_stands_upright(tmp_path, angle, turns):
    source = film(tmp_path / "in.mp4", 4, pixels="yuv444p", rotate=angle)
    plain = nasty.frames(source, "yuv444p")
    done = normalised(tmp_path / "out", source)
    assert "turned-upright" in done.changes
    with av.open(str(source)) as container:
        turned = round(next(container.decode(video=0)).rotation / 90) % 4
    assert turned in (turns, 4 - turns)
    expected = [np.rot90(frame, turned, axes=(1, 2)) for frame in plain]
    assert same(nasty.frames(done.video, "yuv444p"), expected)


def test_a_mirrored_clip_is_mirrored_back(tmp_path):
    plain = film(tmp_path / "plain.mp4", 3, pixels="yuv444p")
    source = nasty.mirrored(plain, tmp_path / "in.mp4", (96, 64))
    done = normalised(tmp_path / "out", source)
    expected = [frame[:, :, ::-1] for frame in nasty.frames(plain, "yuv444p")]
    assert same(nasty.frames(done.video, "yuv444p"), expected)


@pytest.mark.parametrize(
    ("size", "even"), [((97, 65), (96, 64)), ((33, 2), (32, 2)), ((1, 1), (2, 2))]
)
def test_odd_sizes_lose_a_line_and_nothing_is_scaled(tmp_path, size, even):
    source = film(tmp_path / "in.mkv", 3, codec="ffv1", pixels="bgr0", size=size)
    done = normalised(tmp_path / "out", source)
    found, plain = nasty.frames(done.video, "rgb24"), nasty.frames(source, "rgb24")
    assert found[0].shape == (even[1], even[0], 3)
    width, height = min(size[0], even[0]), min(size[1], even[1])
    assert np.array_equal(found[0][:height, :width], plain[0][:height, :width])


@pytest.mark.parametrize(
    ("aspect", "size"), [((16, 11), (140, 64)), ((2, 1), (192, 64)), ((1, 2), (96, 128))]
)
def test_anamorphic_pixels_become_square(tmp_path, aspect, size):
    source = film(tmp_path / "in.mkv", 3, aspect=Fraction(*aspect))
    done = normalised(tmp_path / "out", source)
    shape = rgb(done.video)[0]
    assert shape.shape == (size[1], size[0], 3)
    expected = np.asarray(Image.fromarray(rgb(source)[0].astype(np.uint8)).resize(size, 3), int)
    assert np.abs(shape - expected).mean() < 2.5


SHAPES = {"pad": (128, 128), "fill": (64, 64), "fit": (48, 32)}


@pytest.mark.parametrize("fit", SHAPES)
def test_a_size_is_reached_by_fitting_filling_or_padding(tmp_path, fit):
    source = film(tmp_path / "in.mp4", 2, draw=lambda i, w, h: np.full((h, w, 3), 128, np.uint8))
    size = SHAPES[fit]
    done = normalised(
        tmp_path / "out",
        source,
        fit=fit,
        width=size[0],
        height=0 if fit == "fit" else size[1],
        background="#c03020",
    )
    picture = rgb(done.video)[0]
    assert picture.shape == (size[1], size[0], 3)
    if fit == "pad":
        bar = np.abs(picture - (0xC0, 0x30, 0x20)).max(axis=2) <= 4
        assert bar[:18].all() and bar[-20:].all() and not bar[24:100].any()
    else:
        assert np.abs(picture - 128).max() <= 2


def test_a_film_that_changes_its_size_keeps_that_of_its_first_picture(tmp_path):
    parts = [
        film(tmp_path / f"{size[0]}.h264", 5, size=size, fps=25, bf="0")
        for size in ((96, 64), (64, 64))
    ]
    source = tmp_path / "in.h264"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    done = normalised(tmp_path / "out", source)
    pictures = rgb(done.video)
    assert len(pictures) == 10
    assert done.change("size-changes-evened")["count"] == 1
    assert pictures[9].shape == (64, 96, 3)
    assert pictures[9][:, :14].max() <= 4 and pictures[9][:, 20:76].max() > 100


# --- interlacing ----------------------------------------------------------------------------------

LACED = {
    "flagged-top.mkv": ({"codec": "mpeg2video", "flags": "+ilme+ildct", "top": "1"}, True),
    "unflagged-top.mkv": ({"codec": "ffv1"}, True),
    "unflagged-bottom.mkv": ({"codec": "ffv1"}, False),
}


def combing(frame: np.ndarray) -> float:
    """How much more neighbouring lines differ than every second one."""
    grey = frame.astype(float)
    near = np.abs(grey[1:-1] - (grey[:-2] + grey[2:]) / 2).mean()
    far = np.abs(grey[:-2] - grey[2:]).mean()
    return near / (far + 0.5)


@pytest.mark.parametrize("name", LACED)
def test_interlaced_pictures_are_found_by_looking_and_made_whole(tmp_path, name):
    how, top_first = LACED[name]
    draw = nasty.woven(top_first)
    source = film(tmp_path / name, 16, size=(128, 96), fps=25, draw=draw, **how)
    done = normalised(tmp_path / "out", source)
    assert done.change("deinterlaced")["fields"] == ("tff" if top_first else "bff")
    assert done.report["result"]["video"]["frames"] == 16
    before, after = nasty.frames(source, "gray"), nasty.frames(done.video, "gray")
    assert combing(before[8]) > 3 * combing(after[8])
    # The first field of each frame is kept as it was.
    kept = slice(0, None, 2) if top_first else slice(1, None, 2)
    assert np.abs(after[8][kept].astype(int) - before[8][kept]).mean() < 1.5


def test_progressive_pictures_are_never_deinterlaced(tmp_path):
    source = film(tmp_path / "in.mkv", 16, size=(128, 96), draw=nasty.moving)
    done = normalised(tmp_path / "out", source)
    assert same(nasty.frames(done.video), nasty.frames(source))
    laced = film(
        tmp_path / "flag.mkv", 16, codec="mpeg2video", size=(128, 96), flags="+ilme+ildct",
        draw=nasty.moving,
    )  # fmt: skip
    done = normalised(tmp_path / "out2", laced)
    assert "deinterlaced" not in done.changes
    assert same(nasty.frames(done.video), nasty.frames(laced))


def test_deinterlacing_can_be_forced_and_forbidden(tmp_path):
    source = film(tmp_path / "in.mkv", 8, codec="ffv1", size=(128, 96), draw=nasty.woven(True))
    assert "deinterlaced" not in normalised(tmp_path / "a", source, deinterlace="off").changes
    still = film(tmp_path / "still.mkv", 1, codec="ffv1", size=(128, 96), draw=nasty.woven(True))
    assert "deinterlaced" in normalised(tmp_path / "b", still, deinterlace="on").changes


# --- colour ---------------------------------------------------------------------------------------

FLAT = {
    "tagged-601.mkv": {"codec": "ffv1", "colour": (6, 6, 6, 1)},
    "untagged-small.mkv": {"codec": "ffv1", "colour": None},
    "full-range.mkv": {"codec": "ffv1", "colour": (1, 1, 1, 2)},
    "full-range-422.avi": {"codec": "mjpeg", "pixels": "yuvj422p", "colour": (6, 1, 1, 2),
                           "qmin": "1", "qmax": "1"},
    "dv-411.mkv": {"codec": "ffv1", "pixels": "yuv411p"},
    "png.png": {"codec": "png", "pixels": "rgb24", "colour": None},
    "paeth.mkv": {"codec": "ffv1", "pixels": "bgr0", "colour": None},
    "rgb-in-mov.mov": {"codec": "qtrle", "pixels": "rgb24", "colour": None},
}  # fmt: skip
COLOURS = [(200, 40, 40), (40, 180, 60), (50, 60, 200), (220, 200, 50)]


def patches(index: int, width: int, height: int) -> np.ndarray:
    frame = np.zeros((height, width, 3), np.uint8)
    for column, colour in enumerate(COLOURS):
        frame[:, column * width // 4 : (column + 1) * width // 4] = colour
    return frame


@pytest.mark.parametrize("name", FLAT)
def test_the_colours_that_were_meant_are_kept(tmp_path, name):
    frames = 1 if name.endswith("png") else 3
    source = film(tmp_path / name, frames, draw=patches, **FLAT[name])
    done = normalised(tmp_path / "out", source)
    picture = rgb(done.video)[0]
    for column, colour in enumerate(COLOURS):
        assert np.abs(picture[32, column * 24 + 12] - colour).max() <= 4


@pytest.mark.parametrize("limited", [True, False])
def test_grey_becomes_grey(tmp_path, limited):
    def ramp(index: int, width: int, height: int) -> av.VideoFrame:
        levels = np.linspace(16, 235, width) if limited else np.linspace(0, 255, width)
        plane = np.repeat(levels.astype(np.uint8)[None], height, 0)
        frame = av.VideoFrame.from_ndarray(plane, format="gray")
        frame.color_range = 1 if limited else 2
        return frame

    colour = (1, 1, 1, 1 if limited else 2)
    source = film(tmp_path / "in.mkv", 2, codec="ffv1", pixels="gray", draw=ramp, colour=colour)
    done = normalised(tmp_path / "out", source)
    picture = rgb(done.video)[0][32]
    assert np.abs(picture - np.linspace(0, 255, 96)[:, None]).max() <= 3


def linear_picture(nits: np.ndarray, transfer: str) -> np.ndarray:
    """uint16 RGB (32, n, 3) whose columns are BT.2020 colours of these cd/m2 (n, 3)."""
    if transfer == "pq":
        signal = tonemap.nits_to_pq(nits)
    else:
        luma = nits @ np.array([0.2627, 0.6780, 0.0593])
        scene_light = nits / 1000 * np.maximum(luma / 1000, 1e-9)[:, None] ** (1 / 1.2 - 1)
        low = np.sqrt(3 * scene_light)
        high = 0.17883277 * np.log(np.maximum(12 * scene_light - 0.28466892, 1e-9)) + 0.55991073
        signal = np.where(scene_light <= 1 / 12, low, high)
    return np.repeat(np.rint(np.clip(signal, 0, 1) * 65535).astype(np.uint16)[None], 32, 0)


def expected_sdr(nits: np.ndarray, peak: float) -> np.ndarray:
    """The reference for grey: the published EETF, then BT.1886, as 0-255."""
    mapped = tonemap.mapped_nits(nits, peak, 203)
    return 255 * (mapped / 203) ** (1 / 2.4)


@pytest.mark.parametrize(("transfer", "code"), [("pq", 16), ("hlg", 18)])
def test_hdr_greys_follow_the_published_curve(tmp_path, transfer, code):
    nits = np.repeat(np.geomspace(0.5, 1000, 64), 2)
    picture = linear_picture(np.repeat(nits[:, None], 3, 1), transfer)
    source = film(
        tmp_path / "in.mkv", 2, codec="ffv1", pixels="yuv444p10le", size=(128, 32),
        draw=lambda i, w, h: picture, colour=(9, 9, code, 1),
    )  # fmt: skip
    done = normalised(tmp_path / "out", source)
    assert done.change("mapped-to-sdr")["source_peak_nits"] == 1000
    assert done.report["result"]["video"]["pixel_format"] == "yuv444p10le"
    shown = rgb(done.video)[0][16]
    assert np.abs(shown - expected_sdr(nits, 1000)[:, None]).max() <= 4
    assert (np.diff(shown.mean(axis=1)) >= -0.5).all()
    assert shown[-1].min() >= 252


def test_the_curve_keeps_darks_meets_the_peak_and_never_turns_back():
    nits = np.geomspace(0.01, 4000, 500)
    mapped = tonemap.mapped_nits(nits, 4000.0, 203.0)
    assert (np.diff(mapped) > 0).all()
    assert np.allclose(mapped[nits < 5], nits[nits < 5], rtol=1e-6)
    assert mapped[-1] == pytest.approx(203, rel=1e-3)
    assert np.allclose(tonemap.pq_to_nits(tonemap.nits_to_pq(nits)), nits, rtol=1e-6)
    # ST 2084: 100 cd/m2 is 0.508, 1000 is 0.752.
    assert tonemap.nits_to_pq(np.array([100.0, 1000.0])) == pytest.approx(
        [0.5081, 0.7518], abs=1e-4
    )


def test_wide_colours_come_into_bt709_with_their_hue(tmp_path):
    wide = np.array([[100.0, 10, 10], [10, 100, 10], [10, 10, 100], [60, 60, 60]])
    picture = linear_picture(np.repeat(wide, 24, 0), "pq")
    source = film(
        tmp_path / "in.mkv", 2, codec="ffv1", pixels="yuv444p10le", size=(96, 32),
        draw=lambda i, w, h: picture, colour=(9, 9, 16, 1),
    )  # fmt: skip
    shown = rgb(normalised(tmp_path / "out", source).video)[0][16, 12::24]
    assert [int(np.argmax(colour)) for colour in shown[:3]] == [0, 1, 2]
    assert (np.sort(shown[:3], axis=1)[:, 2] > np.sort(shown[:3], axis=1)[:, 1] + 60).all()
    assert np.ptp(shown[3]) <= 2


def test_wide_gamut_in_sdr_only_changes_its_gamut(tmp_path):
    grey = np.repeat(np.linspace(0, 65535, 96).astype(np.uint16)[None, :, None], 3, 2)
    source = film(
        tmp_path / "in.mkv", 2, codec="ffv1", pixels="yuv420p10le", size=(96, 32),
        draw=lambda i, w, h: np.repeat(grey, 32, 0), colour=(9, 9, 14, 1),
    )  # fmt: skip
    done = normalised(tmp_path / "out", source)
    assert done.change("gamut-mapped")["gamut"] == "bt2020"
    shown = rgb(done.video)[0][16]
    assert np.abs(shown - np.linspace(0, 255, 96)[:, None]).max() <= 3


# --- transparency and stills ----------------------------------------------------------------------


def glass(index: int, width: int, height: int) -> np.ndarray:
    """RGBA: opaque red, half-transparent white, and nothing (over hidden green)."""
    frame = np.zeros((height, width, 4), np.uint8)
    frame[:, :32] = (220, 30, 30, 255)
    frame[:, 32:64] = (255, 255, 255, 128)
    frame[:, 64:] = (0, 255, 0, 0)
    return frame


GLASS = {
    "in.png": {"codec": "png", "pixels": "rgba"},
    "in.mov": {"codec": "qtrle", "pixels": "argb"},
    "in.webm": {"codec": "libvpx-vp9", "pixels": "yuva420p", "crf": "4", "b": "0",
                "auto-alt-ref": "0", "tags": {"alpha_mode": "1"}},
    "in.mkv": {"codec": "ffv1", "pixels": "yuva444p"},
}  # fmt: skip


@pytest.mark.parametrize("name", GLASS)
def test_transparent_pictures_are_put_over_the_background_or_keep_their_alpha(tmp_path, name):
    frames = 1 if name.endswith("png") else 3
    source = film(tmp_path / name, frames, draw=glass, **GLASS[name])
    done = normalised(tmp_path / "flat", source, background="#0000ff")
    shown = rgb(done.video)[0][32, (16, 48, 80), :]
    assert np.abs(shown - [(220, 30, 30), (128, 128, 255), (0, 0, 255)]).max() <= 6
    kept = normalised(tmp_path / "kept", source, alpha="keep")
    with av.open(str(kept.video)) as container:
        frame = next(container.decode(video=0))
        assert any(part.is_alpha for part in frame.format.components)
        alpha = frame.to_ndarray(format="rgba")[32, (16, 48, 80), 3].astype(int)
    assert np.abs(alpha - (255, 128, 0)).max() <= 4


def test_a_photo_is_one_frame_turned_as_its_camera_says_and_shown_as_long_as_asked(tmp_path):
    photo = Image.fromarray(scene(3))
    exif = photo.getexif()
    exif[0x0112] = 6
    source = tmp_path / "in.jpg"
    photo.save(source, quality=98, subsampling=0, exif=exif)
    done = normalised(tmp_path / "one", source)
    (picture,) = rgb(done.video)
    assert picture.shape == (96, 64, 3)
    assert np.abs(picture - np.rot90(scene(3).astype(int), -1)).mean() < 4
    held = normalised(tmp_path / "held", source, still_s=1.5, fps="30")
    assert held.report["result"]["video"]["frames"] == 45


# --- sound ----------------------------------------------------------------------------------------


def test_stereo_at_48_khz_passes_bit_by_bit_and_ends_with_the_film(tmp_path):
    rng = np.random.default_rng(5)
    noise = rng.integers(-20_000, 20_000, (2, 60_000), dtype=np.int16)
    source = film(tmp_path / "in.mkv", 24, codec="ffv1", sound=[(0, noise)])
    done = normalised(tmp_path / "out", source)
    assert np.array_equal(nasty.samples(done.audio), noise[:, :48_000] / 32768)
    assert done.change("sound-cut-after-film")["samples"] == 12_000


def level(sound: np.ndarray) -> float:
    """Amplitude of 440 Hz in the middle of one channel."""
    part = sound[len(sound) // 4 : len(sound) * 3 // 4]
    times = np.arange(len(part)) / 48_000
    return 2 * abs((part * np.exp(-2j * np.pi * 440 * times)).mean())


def test_mono_goes_to_both_sides_at_minus_3_db(tmp_path):
    source = film(
        tmp_path / "in.mkv", 24, sound=[(0, tone(1.0, 44_100, 1))], sound_rate=44_100, layout="mono"
    )
    done = normalised(tmp_path / "out", source)
    left, right = nasty.samples(done.audio)
    assert np.array_equal(left, right)
    assert level(left) == pytest.approx(0.4 * 0.5**0.5, rel=0.01)
    assert {"sound-resampled", "sound-mixed-to-stereo"} <= done.changes


@pytest.mark.parametrize("channel", range(6))
def test_surround_is_mixed_with_the_coefficients_of_bs_775(tmp_path, channel):
    sound = np.zeros((6, 48_000), np.int16)
    sound[channel] = tone(1.0)[0]
    source = film(tmp_path / "in.mkv", 24, sound=[(0, sound)], layout="5.1")
    done = normalised(tmp_path / "out", source)
    half = 0.5**0.5
    expected = [(1, 0), (0, 1), (half, half), (0, 0), (half, 0), (0, half)][channel]
    heard = [level(side) / 0.4 * (1 + 2 * half) for side in nasty.samples(done.audio)]
    assert heard == pytest.approx(expected, abs=0.01)


def test_a_hole_in_the_sound_is_silence_and_what_follows_stays_in_time(tmp_path):
    pieces = [(0, tone(0.4)), (33_600, tone(0.3))]
    source = film(tmp_path / "in.mkv", 24, sound=pieces)
    done = normalised(tmp_path / "out", source)
    sound = np.abs(nasty.samples(done.audio)[0])
    assert sound[19_400:33_400].max() < 1e-3
    assert sound[:19_000].max() > 0.39 and sound[34_000:].max() > 0.39
    assert abs(int(np.argmax(sound[20_000:] > 0.02)) + 20_000 - 33_600) < 100
    assert done.change("sound-holes-filled")["count"] == 1


def test_a_clock_that_runs_off_is_followed_to_the_end(tmp_path):
    """The sound says 10 s by its time stamps, and has samples for 9.95 s only."""
    sound = tone(9.95)
    sound[:, -2400:] = 0
    path = tmp_path / "in.mkv"
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        track = out.add_stream("pcm_s16le", rate=48_000, layout="stereo")
        for index in range(240):
            frame = nasty.shown(scene(index), "yuv420p", None)
            frame.pts = index
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for at in range(0, sound.shape[1], 960):
            part = np.ascontiguousarray(sound[:, at : at + 960].T.reshape(1, -1))
            piece = av.AudioFrame.from_ndarray(part, format="s16", layout="stereo")
            piece.sample_rate, piece.time_base = 48_000, Fraction(1, 48_000)
            piece.pts = round(at * 10 / 9.95)
            out.mux(track.encode(piece))
        out.mux(track.encode(None))
    done = normalised(tmp_path / "out", path)
    heard = np.abs(nasty.samples(done.audio)[0])
    last = len(heard) - int(np.argmax(heard[::-1] > 0.1))
    assert abs(last / 48_000 - 9.9 * 10 / 9.95) < 1 / 24
    # No hole and no click where it was stretched.
    loudest = heard[: last // 480 * 480 - 960].reshape(-1, 480).max(axis=1)
    assert loudest.min() > 0.39 and loudest.max() < 0.41


@pytest.mark.parametrize(
    ("shift", "what"), [(12_000, "sound-begins-later"), (-12_000, "sound-cut-before-film")]
)
def test_sound_that_begins_elsewhere_stays_with_its_pictures(tmp_path, shift, what):
    first = 24
    source = film(
        tmp_path / "in.mkv", range(first, first + 24), codec="ffv1",
        sound=[(48_000 + shift, tone(1.5))],
    )  # fmt: skip
    done = normalised(tmp_path / "out", source)
    assert done.change(what)["samples"] == abs(shift)
    sound = np.abs(nasty.samples(done.audio)[0])
    if shift > 0:
        assert sound[:shift].max() == 0 and sound[shift : shift + 200].max() > 0.3
    else:
        # The same samples as in the source, from the moment of the first picture on.
        expected = np.abs(tone(1.5)[0, -shift : -shift + 48_000] / 32768)
        assert np.array_equal(sound, expected)


def test_pictures_are_held_as_long_as_there_is_sound_when_asked(tmp_path):
    source = film(tmp_path / "in.mkv", range(12, 24), codec="ffv1", sound=[(0, tone(2.0))])
    done = normalised(tmp_path / "out", source, span="all")
    pictures, plain = nasty.frames(done.video), nasty.frames(source)
    assert same(pictures, [plain[0]] * 12 + plain + [plain[-1]] * 24)
    assert done.report["result"]["audio"]["samples"] == 96_000


def test_short_sound_is_padded_and_no_sound_is_silence_when_asked(tmp_path):
    short = film(tmp_path / "short.mkv", 24, codec="ffv1", sound=[(0, tone(0.25))])
    done = normalised(tmp_path / "a", short)
    assert done.change("sound-padded-to-film")["samples"] == 36_000
    mute = film(tmp_path / "mute.mp4", 12)
    assert normalised(tmp_path / "b", mute).audio is None
    silent = normalised(tmp_path / "c", mute, silence=True)
    assert not nasty.samples(silent.audio).any()
    assert "sound-silent" in silent.changes


def test_a_sound_alone_gives_sound_only(tmp_path):
    source = tmp_path / "in.wav"
    with av.open(str(source), "w") as out:
        track = out.add_stream("pcm_s16le", rate=22_050, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(0.5, 22_050, 1), format="s16", layout="mono")
        frame.sample_rate = 22_050
        out.mux([*track.encode(frame), *track.encode(None)])
    done = normalised(tmp_path / "out", source)
    assert done.video is None
    assert abs(done.report["result"]["audio"]["samples"] - 24_000) <= 1


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"not a film", b"\0" * 4096])
def test_what_is_no_media_is_refused(tmp_path, content):
    source = tmp_path / "in.mp4"
    source.write_bytes(content)
    with pytest.raises(InputError) as refused:
        normalised(tmp_path / "out", source)
    assert refused.value.code == "media.unreadable"


def test_a_file_without_streams_is_refused(tmp_path):
    source = tmp_path / "in.srt"
    source.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n\n")
    with pytest.raises(InputError) as refused:
        normalised(tmp_path / "out", source)
    assert refused.value.code == "media.no-streams"
    assert "subtitle" in refused.value.got


@pytest.mark.parametrize("name", ["in.mkv", "in.mp4", "in.avi"])
def test_a_truncated_film_is_refused_or_kept_as_far_as_it_goes(tmp_path, name):
    options = {"movflags": "faststart"} if name.endswith("mp4") else {}
    with av.open(str(tmp_path / name), "w", options=options) as out:
        stream = out.add_stream(
            "ffv1" if name != "in.mp4" else "libx264", rate=24, options={"bf": "0"}
        )
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for index in range(48):
            frame = nasty.shown(scene(index), "yuv420p", None)
            frame.pts = index
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    whole = nasty.frames(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    cut = tmp_path / f"cut-{name}"
    cut.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(InputError) as refused:
        normalised(tmp_path / "out", cut)
    assert refused.value.code in ("media.truncated", "media.damaged", "media.unreadable")
    if name == "in.avi":
        return
    kept = normalised(tmp_path / "kept", cut, damaged="keep")
    assert "truncated" in kept.changes
    count = kept.report["result"]["video"]["frames"]
    assert 8 < count < 48
    assert len(whole) == 48


def test_damage_in_the_middle_is_refused_or_passed_over(tmp_path):
    source = film(tmp_path / "in.mkv", 24, codec="ffv1", slicecrc="1", level="3", slices="4", g="1")
    data = bytearray(source.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    source.write_bytes(data)
    with pytest.raises(InputError) as refused:
        normalised(tmp_path / "out", source)
    assert refused.value.code == "media.damaged"
    kept = normalised(tmp_path / "kept", source, damaged="keep")
    assert kept.report["result"]["video"]["frames"] == 24
    assert "damage-passed-over" in kept.changes


def test_an_mp4_header_that_claims_an_hour_is_overruled_by_its_sample_tables(tmp_path):
    plain = film(tmp_path / "plain.mp4", 12, bf="0")
    hour = (360_000_000).to_bytes(4, "big")
    lying = nasty.patched(plain, tmp_path / "one.mp4", b"mvhd", 16, hour)
    lying = nasty.patched(lying, tmp_path / "two.mp4", b"mdhd", 16, hour)
    done = normalised(tmp_path / "out", lying)
    assert same(nasty.frames(done.video), nasty.frames(plain))


def test_a_matroska_header_that_claims_more_than_there_is_is_refused(tmp_path):
    plain = film(tmp_path / "plain.mkv", 12)
    hour_ms = struct.pack(">d", 3_600_000)
    lying = nasty.patched(plain, tmp_path / "in.mkv", b"\x44\x89\x88", -1, hour_ms)
    with pytest.raises(InputError) as refused:
        normalised(tmp_path / "out", lying)
    assert refused.value.code == "media.truncated"
    assert refused.value.expected == "3600.00 s"
    kept = normalised(tmp_path / "kept", lying, damaged="keep")
    assert same(nasty.frames(kept.video), nasty.frames(plain))


def test_a_header_that_lies_about_the_size_is_overruled_by_the_pictures(tmp_path):
    plain = film(tmp_path / "plain.mp4", 6)
    lying = nasty.patched(plain, tmp_path / "in.mp4", b"avc1", 24, (4000).to_bytes(2, "big"))
    assert same(nasty.frames(normalised(tmp_path / "out", lying).video), nasty.frames(plain))


def test_a_hole_in_time_is_held_or_refused(tmp_path):
    moments = [0, 40, 80, 5000, 5040, 5080]
    source = film(tmp_path / "in.mkv", moments, codec="ffv1", tick=Fraction(1, 1000), fps=25)
    done = normalised(tmp_path / "out", source)
    assert done.report["result"]["video"]["frames"] == 128
    with pytest.raises(InputError) as refused:
        normalised(tmp_path / "out2", source, longest_gap_s=4)
    assert refused.value.code == "timeline.gap"


def test_time_that_jumps_back_is_refused(tmp_path):
    parts = [
        film(
            tmp_path / f"{first}.ts", range(first, first + 12), codec="mpeg2video", bf="0"
        ).read_bytes()
        for first in (240, 0)
    ]
    source = tmp_path / "in.ts"
    source.write_bytes(b"".join(parts))
    with pytest.raises(InputError) as refused:
        normalised(tmp_path / "out", source)
    assert refused.value.code == "timeline.jump"


def test_8k_passes_and_more_is_refused_before_it_is_decoded(tmp_path):
    def plain(index: int, width: int, height: int) -> av.VideoFrame:
        frame = av.VideoFrame(width, height, "yuv420p")
        for plane, value in zip(frame.planes, (90, 110, 150), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.colorspace, frame.color_range = 1, 1
        return frame

    source = film(tmp_path / "in.mkv", 1, codec="mpeg2video", size=(7680, 4320), fps=25, draw=plain)
    done = normalised(tmp_path / "out", source)
    assert done.report["result"]["video"]["width"] == 7680
    wide = tmp_path / "wide.png"
    Image.new("1", (10_000, 8_000)).save(wide)
    with pytest.raises(InputError) as refused:
        normalised(tmp_path / "out2", wide)
    assert refused.value.code == "media.too-large"


# --- parameters, cancelling -----------------------------------------------------------------------

WRONG = [
    {"fps": "0"}, {"fps": "1/0"}, {"fps": "fast"}, {"fps": "1000"}, {"width": 63, "fit": "fit"},
    {"width": 64}, {"fit": "pad", "width": 64}, {"fit": "fit"}, {"background": "red"},
]  # fmt: skip


@pytest.mark.parametrize("params", WRONG, ids=str)
def test_parameters_that_make_no_sense_are_refused(params):
    with pytest.raises(ValidationError):
        NormaliseParams(**params)


def test_rates_may_be_given_as_numbers():
    assert NormaliseParams(fps=None).fps == "keep" and NormaliseParams(fps=29.97).fps == "29.97"
    assert NormaliseParams(fps=25).fps == "25" and NormaliseParams(fps=30.0).fps == "30"


def test_it_stops_when_it_is_asked_to(tmp_path):
    source = film(tmp_path / "in.mp4", 24)
    with pytest.raises(TaskCancelled):
        run_stage(NORMALISE, tmp_path / "out", {"media": source}, {}, cancel_after=6)
