"""Probing pictures, clips and sounds that are really made, cut off, damaged and misnamed."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from farm.artifacts.probe import ProbeLimits, probe, probe_output
from farm.domain.errors import AssetError, PluginError
from farm.domain.media import MediaKind

CLIPS = {
    "clip.mp4": "libx264",
    "front.mp4": "libx264",
    "clip.mkv": "ffv1",
    "clip.webm": "libvpx-vp9",
    "clip.avi": "mpeg4",
    "clip.mov": "libx265",
}
PICTURES = {
    "still.png": ("png", "rgb24"),
    "still.jpg": ("mjpeg", "yuvj420p"),
    "still.webp": ("libwebp", "yuv420p"),
    "still.bmp": ("bmp", "bgr24"),
    "still.tiff": ("tiff", "rgb24"),
}
SOUNDS = {
    "voice.wav": ("pcm_s16le", "s16"),
    "voice.flac": ("flac", "s16"),
    "voice.m4a": ("aac", "fltp"),
    "voice.mp3": ("libmp3lame", "s16p"),
    "voice.ogg": ("libopus", "s16"),
}


def noise(seed: int, width: int, height: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def make_clip(path: Path, codec: str, frames: int = 30, *, sound: bool = True) -> Path:
    options = {"movflags": "faststart"} if path.name.startswith("front") else {}
    with av.open(str(path), "w", options=options) as container:
        video = container.add_stream(codec, rate=Fraction(30000, 1001))
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        video.codec_context.gop_size = 10
        if sound:
            audio = container.add_stream(
                "libopus" if path.suffix == ".webm" else "aac", rate=48000, layout="stereo"
            )
            silence = np.zeros((1, 2 * frames * 1600), np.int16)
            samples = av.AudioFrame.from_ndarray(silence, format="s16", layout="stereo")
            samples.sample_rate = 48000
            resampler = av.AudioResampler(audio.format, "stereo", 48000)
            for frame in resampler.resample(samples):
                container.mux(audio.encode(frame))
            container.mux(audio.encode())
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(noise(number, 160, 96), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode())
    return path


def make_picture(path: Path, codec: str, pixels: str, width: int = 64, height: int = 48) -> Path:
    with av.open(str(path), "w", format="image2") as container:
        stream = container.add_stream(codec, rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        frame = av.VideoFrame.from_ndarray(noise(7, width, height), format="rgb24")
        container.mux(stream.encode(frame.reformat(format=pixels)))
        container.mux(stream.encode())
    return path


def make_sound(path: Path, codec: str, samples: str) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=48000, layout="mono")
        tone = np.random.default_rng(3).integers(-9000, 9000, (1, 96000)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
        frame.sample_rate = 48000
        resampler = av.AudioResampler(samples, "mono", 48000, frame_size=960)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    for name, codec in CLIPS.items():
        make_clip(folder / name, codec)
    for name, (codec, pixels) in PICTURES.items():
        make_picture(folder / name, codec, pixels)
    for name, (codec, samples) in SOUNDS.items():
        make_sound(folder / name, codec, samples)
    return folder


def refusal(path: Path, *, declared: str = "", limits: ProbeLimits | None = None) -> AssetError:
    with pytest.raises(AssetError) as caught:
        probe(path, declared=declared, limits=limits)
    error = caught.value
    assert error.where == (declared or path.name)
    assert error.got and error.expected and error.mend
    return error


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_has_its_exact_frames_rate_size_and_sound(media: Path, name: str) -> None:
    kind, facts = probe(media / name)
    assert kind is MediaKind.VIDEO
    assert (facts.frames, facts.width, facts.height) == (30, 160, 96)
    assert facts.fps == Fraction(30000, 1001)
    assert facts.duration_s == pytest.approx(30 * 1001 / 30000, abs=1e-4)
    assert (facts.sample_rate, facts.channels) == (48000, 2)
    assert facts.pixel_format == "yuv420p"
    assert facts.audio_codec in ("aac", "opus")
    assert probe_output(media / name) == (kind, facts)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_its_size_and_format(media: Path, name: str) -> None:
    kind, facts = probe(media / name)
    assert kind is MediaKind.IMAGE
    assert (facts.width, facts.height, facts.frames) == (64, 48, None)
    assert facts.codec == {"jpg": "jpeg"}.get(name[6:], name[6:])
    cheap_kind, cheap = probe_output(media / name)
    assert (cheap_kind, cheap.width, cheap.height, cheap.codec) == (kind, 64, 48, facts.codec)


@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_has_its_length_and_rate(media: Path, name: str) -> None:
    kind, facts = probe(media / name)
    assert kind is MediaKind.AUDIO
    assert facts.duration_s == pytest.approx(2.0, abs=0.05)
    assert (facts.sample_rate, facts.channels) == (48000, 1)
    assert facts.frames is None and facts.fps is None
    assert probe_output(media / name) == (kind, facts)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("name", [*CLIPS, *PICTURES, *SOUNDS])
def test_a_file_that_was_cut_off_is_refused(
    media: Path, tmp_path: Path, name: str, share: float
) -> None:
    data = (media / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(len(data) * share)])
    # FLAC and a video's own data give no length: there the decoder finds the gap.
    assert refusal(path).code in ("asset.truncated", "asset.broken")


def test_a_clip_whose_header_is_right_but_whose_end_is_zeros_is_refused(
    media: Path, tmp_path: Path
) -> None:
    data = bytearray((media / "front.mp4").read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    (tmp_path / "sparse.mp4").write_bytes(data)
    assert refusal(tmp_path / "sparse.mp4").code == "asset.broken"


@pytest.mark.parametrize("name", ["clip.mp4", "still.png", "voice.flac"])
def test_damage_in_the_middle_is_found(media: Path, tmp_path: Path, name: str) -> None:
    data = bytearray((media / name).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = np.random.default_rng(9).bytes(64)
    (tmp_path / name).write_bytes(data)
    assert refusal(tmp_path / name).code in ("asset.broken", "asset.truncated")


def test_a_long_clip_is_counted_exactly_though_only_its_key_frames_are_decoded(
    media: Path,
) -> None:
    little = ProbeLimits(full_decode_pixels=160 * 96 * 12)
    for name in CLIPS:
        assert probe(media / name, limits=little) == probe(media / name), name


def test_a_clip_without_sound_has_no_facts_of_sound(tmp_path: Path) -> None:
    _, facts = probe(make_clip(tmp_path / "mute.mp4", "libx264", 5, sound=False))
    assert (facts.frames, facts.sample_rate, facts.audio_codec) == (5, None, None)


def png_claiming(path: Path, width: int, height: int) -> Path:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1_000_000)))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + pixels + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize(("width", "height"), [(60000, 60000), (15000, 15000), (2**31 - 1, 2)])
def test_a_decompression_bomb_is_refused_by_its_header(
    tmp_path: Path, width: int, height: int
) -> None:
    error = refusal(png_claiming(tmp_path / "bomb.png", width, height))
    assert error.code == "asset.too-many-pixels"
    assert error.got == f"{width}x{height} = {width * height}"


def test_refusing_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    path = png_claiming(tmp_path / "bomb.png", 15000, 15000)
    code = """
import resource, sys
import av
from pathlib import Path
from farm.artifacts.probe import probe
from farm.domain.errors import AssetError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    probe(Path(sys.argv[1]))
except AssetError as error:
    print(error.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    refused, grown_kb = done.stdout.split()
    assert refused == "asset.too-many-pixels"
    assert int(grown_kb) < 50_000


@pytest.mark.parametrize("name", [*PICTURES, "clip.mp4", "clip.mkv"])
def test_the_limit_on_pixels_holds_for_every_format(media: Path, name: str) -> None:
    pixels = 64 * 48 if name in PICTURES else 160 * 96
    exact, less = ProbeLimits(max_pixels=pixels), ProbeLimits(max_pixels=pixels - 1)
    probe(media / name, limits=exact)
    assert refusal(media / name, limits=less).code == "asset.too-many-pixels"


def test_a_clip_of_too_many_frames_is_refused(media: Path) -> None:
    for name in CLIPS:
        error = refusal(media / name, limits=ProbeLimits(max_frames=29))
        assert error.expected == "at most 29"
        probe(media / name, limits=ProbeLimits(max_frames=30))


@pytest.mark.parametrize(
    ("name", "declared", "expected", "got", "mend"),
    [
        ("still.png", "motion.mp4", "video or audio", "image (png)", ".png"),
        ("clip.mp4", "character.png", "image", "video", ".mp4"),
        ("voice.wav", "character.png", "image", "audio", ".wav"),
        ("clip.mkv", "voice.wav", "audio", "video", ".mp4"),
        ("still.jpg", "character.png", "a .png file", "a jpeg file", ".jpg"),
        ("still.png", "prompt.txt", "text", "image (png)", ".png"),
        ("voice.mp3", "job.json", "data", "audio", ".mp3"),
        ("clip.mp4", "weights.safetensors", "model", "video", ".mp4"),
    ],
)
def test_a_name_that_misleads_is_refused_with_the_right_ending(
    media: Path, name: str, declared: str, expected: str, got: str, mend: str
) -> None:
    error = refusal(media / name, declared=declared)
    assert (error.code, error.expected, error.got) == ("asset.mislabelled", expected, got)
    assert mend in error.mend


@pytest.mark.parametrize("declared", ["anything", "x.bin", "CLIP.MP4", ".mp4", "a b.mov"])
def test_a_name_that_says_nothing_wrong_is_no_matter(media: Path, declared: str) -> None:
    assert probe(media / "clip.mp4", declared=declared) == probe(media / "clip.mp4")


def test_an_empty_file_and_one_over_the_limit_are_refused(media: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert refusal(tmp_path / "empty.mp4").code == "asset.empty"
    size = (media / "clip.mp4").stat().st_size
    probe(media / "clip.mp4", limits=ProbeLimits(max_bytes=size))
    limits = ProbeLimits(max_bytes=size - 1)
    assert refusal(media / "clip.mp4", limits=limits).code == "asset.too-large"


@pytest.mark.parametrize("name", ["random.bin", "random.mp4", "random.png", "random"])
def test_random_bytes_are_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(np.random.default_rng(5).bytes(50_000))
    assert refusal(tmp_path / name).code == "asset.unknown-format"


def test_bare_magic_numbers_are_refused_and_not_stumbled_over(media: Path, tmp_path: Path) -> None:
    for name in [*CLIPS, *PICTURES, *SOUNDS]:
        path = tmp_path / name
        head = (media / name).read_bytes()
        for length in (4, 8, 12, 20, 31, 60):
            path.write_bytes(head[:length])
            assert refusal(path).code.startswith("asset.")


def test_a_playlist_cannot_make_the_farm_read_another_file(media: Path, tmp_path: Path) -> None:
    target = media / "clip.mp4"
    for name, content in (
        ("list.mp4", f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n"),
        ("list.mkv", f"ffconcat version 1.0\nfile {target}\n"),
    ):
        (tmp_path / name).write_text(content)
        error = refusal(tmp_path / name)
        assert (error.code, error.got) == ("asset.mislabelled", "text")


def test_odd_file_names_are_names_and_not_patterns_or_protocols(
    media: Path, tmp_path: Path
) -> None:
    for name in ("a%03d.png", "http:x.png", "-i.png", "é 🎬.png"):
        (tmp_path / name).write_bytes((media / "still.png").read_bytes())
        assert probe(tmp_path / name)[0] is MediaKind.IMAGE
    (tmp_path / "pipe:0.mp4").write_bytes((media / "clip.mp4").read_bytes())
    assert probe(tmp_path / "pipe:0.mp4")[1].frames == 30


def test_a_cover_picture_does_not_make_a_song_a_clip(media: Path, tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    cover = (media / "still.jpg").read_bytes()
    body = b"\0image/jpeg\0\x03\0" + cover
    frame = b"APIC" + struct.pack(">I", len(body)) + b"\0\0" + body
    length = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\x03\0\0" + length + frame + (media / "voice.mp3").read_bytes())
    with av.open(str(path)) as container:
        assert container.streams.video, "the cover is a stream of its own"
    kind, facts = probe(path)
    assert (kind, facts.width, facts.codec) == (MediaKind.AUDIO, None, "mp3")


def test_an_animated_gif_is_a_clip_and_a_still_one_is_a_picture(tmp_path: Path) -> None:
    for frames, kind in ((1, MediaKind.IMAGE), (4, MediaKind.VIDEO)):
        path = tmp_path / f"{frames}.gif"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("gif", rate=10)
            stream.width, stream.height, stream.pix_fmt = 32, 16, "gray"
            for number in range(frames):
                frame = av.VideoFrame.from_ndarray(noise(number, 32, 16), format="rgb24")
                container.mux(stream.encode(frame.reformat(format="gray")))
            container.mux(stream.encode())
        found, facts = probe(path)
        assert (found, facts.width) == (kind, 32)
        assert facts.frames == (None if frames == 1 else frames)
        path.write_bytes(path.read_bytes()[:-20])
        assert refusal(path).code == "asset.truncated"


def test_a_broken_output_is_the_fault_of_its_stage(media: Path, tmp_path: Path) -> None:
    data = (media / "clip.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])
    (tmp_path / "empty.json").touch()
    for name in ("cut.mp4", "empty.json"):
        with pytest.raises(PluginError, match=name) as caught:
            probe_output(tmp_path / name)
        assert caught.value.code == "output.unreadable"


def test_nothing_heavy_is_imported_before_a_file_needs_it() -> None:
    code = (
        "import sys, farm.artifacts.probe, farm.artifacts.store, farm.artifacts.intake_copy, "
        "farm.artifacts.retention; print([m for m in ('av', 'numpy', 's3fs') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
