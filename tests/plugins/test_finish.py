"""The finishing plugin: what leaves the farm is exact, tagged, in front-indexed MP4."""

from __future__ import annotations

import io
import json
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import run_stage, stage_of
from pydantic import ValidationError

import farm_finish
import farm_procedural
from farm import InputError
from farm.pipelines.template import load_pipeline
from farm.pipelines.wiring import check_against
from farm_finish.stamp import stamp

PROBE, POSTER, ENCODE, JOIN = (
    stage_of(farm_finish, name)
    for name in ("media.probe", "image.poster", "video.encode", "video.join")
)


def picture(index: int, width: int = 96, height: int = 64) -> np.ndarray:
    """A picture that tells its number: a bright bar moves over a coloured ramp."""
    x = np.linspace(30, 220, width)[None, :, None]
    frame = np.broadcast_to(x, (height, width, 3)).copy()
    frame[..., 2] = np.linspace(220, 30, height)[:, None]
    frame[:, (3 * index) % width : (3 * index) % width + 6] = 245
    return frame.astype(np.uint8)


def clip(
    path: Path,
    frames: int = 12,
    *,
    first: int = 0,
    codec: str = "libx264",
    fps: Fraction | int = 24,
    size: tuple[int, int] = (96, 64),
    sound_s: float = 0.0,
    draw=picture,
    **options: str,
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=fps, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = {"ffv1": "bgr0"}.get(codec, "yuv420p")
        stream.codec_context.thread_count = 1
        track = out.add_stream("pcm_s16le", rate=44_100, layout="mono") if sound_s else None
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(draw(first + index, *size), format="rgb24")
            frame.pts = index
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if track is not None:
            frame = av.AudioFrame.from_ndarray(tone(sound_s), format="s16", layout="mono")
            frame.sample_rate = 44_100
            out.mux(track.encode(frame))
            out.mux(track.encode(None))
    return path


def tone(length_s: float) -> np.ndarray:
    times = np.arange(round(length_s * 44_100)) / 44_100
    return (np.sin(2 * np.pi * 440 * times) * 12_000).astype(np.int16)[None]


def wave_file(path: Path, length_s: float) -> Path:
    with av.open(str(path), "w") as out:
        track = out.add_stream("pcm_s16le", rate=44_100, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(length_s), format="s16", layout="mono")
        frame.sample_rate = 44_100
        out.mux(track.encode(frame))
        out.mux(track.encode(None))
    return path


def parts(tmp_path: Path, *counts: int, **how) -> list[Path]:
    made, first = [], 0
    for number, count in enumerate(counts):
        made.append(clip(tmp_path / f"part{number}.mp4", count, first=first, **how))
        first += count
    return made


def packets(path: Path, kind: str = "video") -> list[bytes]:
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


def times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def gray(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format="gray") for f in container.decode(video=0)])


def samples(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)


def atoms(path: Path) -> list[str]:
    """Names of the top-level boxes of an MP4, in order."""
    data, at, names = path.read_bytes(), 0, []
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        names.append(name.decode())
        at += size or len(data)
    return names


def colour_tags(path: Path) -> tuple[int, ...]:
    with av.open(str(path)) as container:
        next(container.decode(video=0))
        c = container.streams.video[0].codec_context
        return tuple(
            int(tag) for tag in (c.colorspace, c.color_primaries, c.color_trc, c.color_range)
        )


# --- join -----------------------------------------------------------------------------------------


def test_join_keeps_every_packet_and_every_frame_on_one_timeline(tmp_path):
    segments = parts(tmp_path, 12, 12, 5)
    film = run_stage(JOIN, tmp_path / "out", {"segments": segments})["video"]
    assert packets(film) == [packet for part in segments for packet in packets(part)]
    assert times(film) == [Fraction(index, 24) for index in range(29)]
    assert np.array_equal(gray(film), np.concatenate([gray(part) for part in segments]))


def test_join_puts_the_index_in_front_and_decoding_times_rise(tmp_path):
    film = run_stage(JOIN, tmp_path / "out", {"segments": parts(tmp_path, 12, 12)})["video"]
    order = atoms(film)
    assert order.index("moov") < order.index("mdat")
    with av.open(str(film)) as container:
        decoding = [p.dts for p in container.demux(video=0) if p.size]
    assert decoding == sorted(set(decoding))


@pytest.mark.parametrize("fps", [12, 25, Fraction(30000, 1001), 60])
def test_join_keeps_the_frame_rate_exactly(tmp_path, fps):
    film = run_stage(JOIN, tmp_path / "o", {"segments": parts(tmp_path, 5, 6, fps=fps)})["video"]
    assert times(film) == [index / Fraction(fps) for index in range(11)]


@pytest.mark.parametrize("codec", ["h265", "av1"])
def test_av1_and_h265_segments_are_joined_and_stamped(tmp_path, codec):
    source = clip(tmp_path / "in.mkv", 5, codec="ffv1", size=(128, 96))
    options = {"codec": codec, "profile": "draft"}
    part = run_stage(ENCODE, tmp_path / "part", {"video": source}, options)["video"]
    film = run_stage(JOIN, tmp_path / "out", {"segments": [part, part]})["video"]
    stamped = tmp_path / "stamped.mp4"
    stamp(film, stamped, {"comment": "job 7"})
    assert packets(stamped) == packets(film) == packets(part) * 2
    assert times(stamped) == [Fraction(index, 24) for index in range(10)]


def test_join_takes_a_single_segment_of_a_single_frame(tmp_path):
    film = run_stage(JOIN, tmp_path / "out", {"segments": parts(tmp_path, 1)})["video"]
    assert len(gray(film)) == 1


def test_join_gives_the_same_bytes_twice(tmp_path):
    segments = parts(tmp_path, 6, 6)
    one, two = (
        run_stage(JOIN, tmp_path / n, {"segments": segments}, {"metadata": {"comment": "x"}})
        for n in "ab"
    )
    assert one["video"].read_bytes() == two["video"].read_bytes()


def test_join_adds_sound_cut_to_the_film(tmp_path):
    segments = parts(tmp_path, 12, 12)
    sound = wave_file(tmp_path / "long.wav", 3.0)
    film = run_stage(JOIN, tmp_path / "out", {"segments": segments, "audio": sound})["video"]
    heard = samples(film)
    assert packets(film) == [packet for part in segments for packet in packets(part)]
    assert 48_000 <= heard.shape[1] <= 48_000 + 1024
    middle = heard[0, 10_000:38_000]
    spectrum = np.abs(np.fft.rfft(middle))
    assert abs(spectrum.argmax() * 48_000 / len(middle) - 440) < 3


def test_join_writes_tags_that_readers_find(tmp_path):
    tags = {"comment": "made of light", "farm.seed": "7"}
    film = run_stage(JOIN, tmp_path / "out", {"segments": parts(tmp_path, 3)}, {"metadata": tags})[
        "video"
    ]
    with av.open(str(film)) as container:
        assert tags.items() <= dict(container.metadata).items()


def test_join_refuses_segments_that_differ_and_names_the_first(tmp_path):
    small = clip(tmp_path / "a.mp4", 4)
    cases = {
        "size": clip(tmp_path / "b.mp4", 4, size=(64, 64)),
        "frame rate": clip(tmp_path / "c.mp4", 4, fps=30),
        "encoder setup": clip(tmp_path / "d.mp4", 4, preset="ultrafast"),
    }
    for name, other in cases.items():
        with pytest.raises(InputError, match=f"segment 3: its {name} differs"):
            run_stage(JOIN, tmp_path / name, {"segments": [small, small, other]})


def test_join_refuses_what_would_need_encoding(tmp_path):
    lossless = clip(tmp_path / "a.mkv", 4, codec="ffv1")
    with pytest.raises(InputError, match=r"video\.encode"):
        run_stage(JOIN, tmp_path / "out", {"segments": [lossless]})


def test_join_refuses_a_segment_with_a_hole_in_its_timeline(tmp_path):
    whole = clip(tmp_path / "whole.mp4", 8, bf="0")
    holed = tmp_path / "holed.mp4"
    with av.open(str(whole)) as source, av.open(str(holed), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for index, packet in enumerate(source.demux(video=0)):
            if packet.size and index != 5:
                packet.stream = stream
                out.mux(packet)
    with pytest.raises(InputError, match="segment 2"):
        run_stage(JOIN, tmp_path / "out", {"segments": [whole, holed]})


def test_join_refuses_a_truncated_segment(tmp_path):
    whole = clip(tmp_path / "whole.mp4", 8)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(whole.read_bytes()[:400])
    with pytest.raises(InputError, match="segment 2: cannot be read"):
        run_stage(JOIN, tmp_path / "out", {"segments": [whole, broken]})


# --- encode ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "name", "tag"),
    [("h264", "h264", "avc1"), ("h265", "hevc", "hvc1"), ("av1", "av1", "av01")],
)
def test_encode_delivers_each_codec_with_every_frame_and_its_tags(tmp_path, codec, name, tag):
    source = clip(tmp_path / "in.mkv", 10, codec="ffv1", size=(128, 96))
    film = run_stage(
        ENCODE,
        tmp_path / "out",
        {"video": source},
        {"codec": codec, "profile": "draft", "metadata": {"title": "ten"}},
    )["video"]
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        assert (stream.codec.canonical_name, stream.codec_context.codec_tag) == (name, tag)
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert container.metadata["title"] == "ten"
    assert times(film) == [Fraction(index, 24) for index in range(10)]
    assert colour_tags(film) == (1, 1, 1, 1)
    assert atoms(film).index("moov") < atoms(film).index("mdat")


@pytest.mark.parametrize("codec", ["h264", "h265", "av1"])
def test_encode_gives_the_same_bytes_twice(tmp_path, codec):
    source = clip(tmp_path / "in.mkv", 10, codec="ffv1", size=(128, 96))
    options = {"codec": codec, "profile": "draft"}
    one, two = (run_stage(ENCODE, tmp_path / n, {"video": source}, options) for n in "ab")
    assert one["video"].read_bytes() == two["video"].read_bytes()


def test_encode_keeps_the_colours_that_were_meant(tmp_path):
    def patches(index: int, width: int, height: int) -> np.ndarray:
        frame = np.zeros((height, width, 3), np.uint8)
        colours = [(200, 40, 40), (40, 180, 60), (50, 60, 200), (220, 200, 50)]
        for column, colour in enumerate(colours):
            frame[:, column * width // 4 : (column + 1) * width // 4] = colour
        return frame

    source = clip(tmp_path / "in.mkv", 3, codec="ffv1", draw=patches)
    film = run_stage(ENCODE, tmp_path / "out", {"video": source}, {"profile": "high"})["video"]
    with av.open(str(film)) as container:
        shown = next(container.decode(video=0))
        rgb = shown.reformat(
            format="rgb24", src_colorspace="ITU709", dst_color_range="JPEG"
        ).to_ndarray()
    for column in range(4):
        middle = rgb[32, column * 24 + 12].astype(int)
        assert np.abs(middle - patches(0, 96, 64)[32, column * 24 + 12]).max() <= 4


def test_encode_keeps_the_films_own_sound_and_replaces_it_on_request(tmp_path):
    source = clip(tmp_path / "in.mkv", 24, codec="ffv1", sound_s=1.0)
    own = run_stage(ENCODE, tmp_path / "own", {"video": source})["video"]
    assert np.abs(samples(own)).max() > 0.2
    quiet = tmp_path / "quiet.wav"
    with av.open(str(quiet), "w") as out:
        track = out.add_stream("pcm_s16le", rate=48_000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 48_000 * 2), np.int16), format="s16", layout="stereo"
        )
        frame.sample_rate = 48_000
        out.mux([*track.encode(frame), *track.encode(None)])
    replaced = run_stage(ENCODE, tmp_path / "new", {"video": source, "audio": quiet})["video"]
    assert np.abs(samples(replaced)).max() < 0.01


def test_encode_makes_odd_sizes_even(tmp_path):
    source = clip(tmp_path / "in.mkv", 3, codec="ffv1", size=(97, 65))
    film = run_stage(ENCODE, tmp_path / "out", {"video": source})["video"]
    assert gray(film).shape == (3, 64, 96)


def test_encode_turns_a_phones_clip_upright(tmp_path):
    source = clip(tmp_path / "in.mp4", 4)
    data = bytearray(source.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    quarter = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 64 << 16, 0, 1 << 30)
    data[at : at + 36] = quarter
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(data)
    film = run_stage(ENCODE, tmp_path / "out", {"video": turned}, {"profile": "high"})["video"]
    shown, plain = gray(film)[0].astype(int), gray(source)[0].astype(int)
    assert shown.shape == (96, 64)
    # The matrix asks for a quarter turn clockwise.
    assert np.abs(shown - np.rot90(plain, -1)).mean() < 4


def test_encode_fills_a_variable_rate_to_a_constant_one(tmp_path):
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as out:
        stream = out.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "bgr0"
        for pts in (0, 1, 2, 5, 6):
            frame = av.VideoFrame.from_ndarray(picture(pts), format="rgb24")
            frame.pts = pts
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    film = run_stage(ENCODE, tmp_path / "out", {"video": source})["video"]
    moments = times(film)
    assert len(set(np.diff(moments))) == 1
    assert abs(float(moments[-1]) - 0.6) < 0.11


@pytest.mark.parametrize("content", [b"", b"not a film", b"\0" * 4096])
def test_what_is_no_media_is_refused(tmp_path, content):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(content)
    for stage, port in ((ENCODE, "video"), (POSTER, "video"), (PROBE, "media")):
        with pytest.raises(InputError):
            run_stage(stage, tmp_path / "out", {port: bad})


def test_a_sound_where_pictures_are_needed_is_refused(tmp_path):
    sound = wave_file(tmp_path / "a.wav", 0.2)
    for stage in (ENCODE, POSTER):
        with pytest.raises(InputError, match="no pictures"):
            run_stage(stage, tmp_path / "out", {"video": sound})


@pytest.mark.parametrize("tags", [{"bad name": "x"}, {"": "x"}, {"comment": "x" * 70_000}])
def test_tags_are_bounded(tags):
    with pytest.raises(ValidationError):
        JOIN.params(metadata=tags)


# --- stamp ----------------------------------------------------------------------------------------


def test_stamp_changes_tags_and_nothing_else(tmp_path):
    sound = wave_file(tmp_path / "a.wav", 1.0)
    film = run_stage(
        JOIN,
        tmp_path / "out",
        {"segments": parts(tmp_path, 12, 12), "audio": sound},
        {"metadata": {"title": "kept"}},
    )["video"]
    one, two = tmp_path / "one.mp4", tmp_path / "two.mp4"
    stamp(film, one, {"comment": "job 7", "farm.job": "7"})
    stamp(film, two, {"comment": "job 7", "farm.job": "7"})
    assert one.read_bytes() == two.read_bytes()
    for kind in ("video", "audio"):
        assert packets(one, kind) == packets(film, kind)
    assert times(one) == times(film)
    assert np.array_equal(samples(one), samples(film))
    assert atoms(one).index("moov") < atoms(one).index("mdat")
    with av.open(str(one)) as container:
        found = dict(container.metadata)
    assert {"title": "kept", "comment": "job 7", "farm.job": "7"}.items() <= found.items()


# --- poster and probe -----------------------------------------------------------------------------


def test_poster_is_not_the_black_start(tmp_path):
    def fade(index: int, width: int, height: int) -> np.ndarray:
        lit = 20 <= index < 26
        return picture(index, width, height) if lit else np.zeros((height, width, 3), np.uint8)

    for name, codec in (("in.mp4", "libx264"), ("in.mkv", "ffv1")):
        source = clip(tmp_path / name, 40, codec=codec, draw=fade)
        file = run_stage(POSTER, tmp_path / codec, {"video": source})["image"]
        assert gray(file)[0].mean() > 60


@pytest.mark.parametrize(("width", "shape"), [(0, (64, 96)), (48, (32, 48)), (192, (128, 192))])
def test_poster_is_a_jpeg_of_the_asked_width(tmp_path, width, shape):
    source = clip(tmp_path / "in.mp4", 6)
    file = run_stage(POSTER, tmp_path / "out", {"video": source}, {"width": width})["image"]
    assert file.read_bytes()[:3] == b"\xff\xd8\xff"
    assert gray(file)[0].shape == shape


def test_poster_of_a_single_frame_and_twice_the_same(tmp_path):
    source = clip(tmp_path / "in.mp4", 1)
    one, two = (run_stage(POSTER, tmp_path / n, {"video": source})["image"] for n in "ab")
    assert one.read_bytes() == two.read_bytes()


def test_probe_counts_and_describes(tmp_path):
    source = clip(tmp_path / "in.mkv", 12, codec="ffv1", sound_s=0.5)
    file = run_stage(PROBE, tmp_path / "out", {"media": source})["facts"]
    report = json.loads(file.read_text())
    assert report["schema"] == "farm.media/1"
    facts = report["facts"]
    assert (facts["frames"], facts["fps"], facts["codec"]) == (12, "24", "ffv1")
    assert (facts["width"], facts["height"]) == (96, 64)
    assert (facts["sample_rate"], facts["channels"]) == (44_100, 1)
    assert facts["duration_s"] == pytest.approx(0.5, abs=0.01)


def test_probe_takes_pictures_and_sounds(tmp_path):
    frame = av.VideoFrame.from_ndarray(picture(0), format="rgb24")
    image = tmp_path / "a.png"
    context = av.CodecContext.create("png", "w")
    context.width, context.height, context.pix_fmt = 96, 64, "rgb24"
    context.time_base = Fraction(1, 1)
    buffer = io.BytesIO()
    for packet in [*context.encode(frame), *context.encode(None)]:
        buffer.write(bytes(packet))
    image.write_bytes(buffer.getvalue())
    still = json.loads(run_stage(PROBE, tmp_path / "a", {"media": image})["facts"].read_text())
    assert (still["facts"]["frames"], still["facts"]["width"]) == (1, 96)
    sound = wave_file(tmp_path / "a.wav", 0.25)
    heard = json.loads(run_stage(PROBE, tmp_path / "b", {"media": sound})["facts"].read_text())
    assert "frames" not in heard["facts"] and heard["facts"]["channels"] == 1


# --- pipelines ------------------------------------------------------------------------------------


@pytest.mark.parametrize("plugin", [farm_finish, farm_procedural], ids=lambda p: p.__name__)
def test_pipelines_fit_the_stages_they_name(plugin):
    stages = [*farm_finish.farm_stages(), *farm_procedural.farm_stages()]
    providers = {stage.capability: [stage] for stage in stages}
    for path in plugin.farm_pipelines():
        pipeline = load_pipeline(path)
        check_against(pipeline, providers)
        assert pipeline.pipeline == path.stem
