"""Every step of finishing against the ffmpeg command line, on clips of nasty kinds."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from pathlib import Path

import ffmpeg_reference as reference
import nasty_clips as nasty
import numpy as np
import pytest
from direct_task import run_stage, stage_of
from ffmpeg_reference import psnr
from nasty_clips import film, scene
from nasty_kinds import KINDS, SCALER, SOUND, TO_709, Kind, deep

import farm_finish
from farm import Window
from farm.media import ffv1

NORMALISE, ENCODE, JOIN, POSTER, PROBE, SPLIT, BLEND, ENLARGE, INTERPOLATE = (
    stage_of(farm_finish, name)
    for name in (
        "media.normalise", "video.encode", "video.join", "image.poster", "media.probe",
        "video.split", "video.blend", "video.enlarge", "video.interpolate",
    )
)  # fmt: skip
MIX, MASTER, MEASURE, MUX = (
    stage_of(farm_finish, name)
    for name in ("audio.mix", "audio.master", "audio.measure", "video.mux")
)


def test_there_are_sixty_kinds_and_more():
    assert len(KINDS) >= 60


@pytest.mark.parametrize("name", KINDS)
def test_a_clip_is_normalised_as_ffmpeg_does_it(tmp_path, name):
    kind = KINDS[name]
    source = kind.make(tmp_path)
    made = run_stage(NORMALISE, tmp_path / "ours", {"media": source}, kind.params)
    report = json.loads(made["report"].read_text())
    shown = kind.pixels.replace("bgr0", "rgb24")
    theirs = reference.seen(
        source, tmp_path, shown, kind.filters, sound=kind.sound, before=kind.before
    )
    ours = reference.seen(made["video"], tmp_path / "seen", shown)
    assert report["result"]["video"]["pixel_format"] == kind.pixels
    check_time(kind, ours, theirs)
    check_pictures(kind, ours, theirs)
    assert ("audio" in made) == (kind.sound is not None)
    if kind.sound is not None:
        check_sound(kind, made["audio"], ours, theirs)


def check_time(kind: Kind, ours: reference.Seen, theirs: reference.Seen) -> None:
    """As many frames, at the same moments from the first on."""
    assert abs(len(ours.frames) - len(theirs.frames)) <= kind.slack
    for number, (one, other) in enumerate(zip(ours.moments, theirs.moments, strict=False)):
        assert abs(one - number / kind.fps) <= Fraction(1, 1000)
        assert abs(one - (other - theirs.moments[0])) <= Fraction(2, 1000)


def check_pictures(kind: Kind, ours: reference.Seen, theirs: reference.Seen) -> None:
    """Equal frames, or near enough where both round."""
    deep = "10le" in kind.pixels
    for number, (one, other) in enumerate(zip(ours.frames, theirs.frames, strict=False)):
        if kind.psnr is None:
            assert one == other, f"frame {number}: {psnr(one, other, deep):.1f} dB"
        else:
            assert psnr(one, other, deep) >= kind.psnr, f"frame {number}"


def check_sound(kind: Kind, path: Path, ours: reference.Seen, theirs: reference.Seen) -> None:
    """The same samples at the same moments, as long as the pictures."""
    found = nasty.samples(path)
    assert found.shape[1] == round(len(ours.frames) / kind.fps * 48_000)
    expected = theirs.heard(found.shape[1])
    error = np.abs(found - expected)
    # Resamplers have no two filters alike, and differ most where a sound begins or breaks off.
    assert error.max() < 2e-3 and error.mean() < 2e-5


# --- the other steps ------------------------------------------------------------------------------

ENCODED = {
    "h264-b-frames-mp4": 35, "mpeg4-b-frames-avi": 35, "vp8-webm": 35, "mpeg2-ts": 35, "av1-10-mkv": 35,
    "ffv1-rgb": 32, "rate-29.97-mkv": 35, "rate-120": 35, "one-frame-h264": 35,
    "starts-at-100-s": 35, "edit-list-inside-a-group": 35, "turned-90": 30, "turned-270": 35,
    "odd-size-420": 35, "bt601": 35, "full-range": 35, "full-range-h264": 35, "grey-full": 35,
    "variable-rate-mkv": 35, "aac-priming": 35, "sound-later": 35, "sound-shorter": 35,
    "mono-44100": 35,
}  # fmt: skip
"""The least PSNR in dB against ffmpeg's pictures; what is left is the encoder's."""


@pytest.mark.parametrize("name", ENCODED)
def test_a_clip_is_encoded_as_ffmpeg_does_it(tmp_path, name):
    kind = KINDS[name]
    source = kind.make(tmp_path)
    made = run_stage(ENCODE, tmp_path / "ours", {"video": source}, {"profile": "draft"})["video"]
    filters = ",".join(part for part in (kind.filters, TO_709) if part)
    theirs = reference.seen(source, tmp_path, "yuv420p", filters, sound=kind.sound)
    ours = reference.seen(made, tmp_path / "seen", "yuv420p", sound=SOUND if kind.sound else None)
    check_time(kind, ours, theirs)
    for number, (one, other) in enumerate(zip(ours.frames, theirs.frames, strict=False)):
        assert psnr(one, other) >= ENCODED[name], f"frame {number}"
    if kind.sound is not None:
        length = round(len(ours.frames) / kind.fps * 48_000)
        heard = ours.heard(length)
        assert ours.sound.shape[1] <= length + 1024
        assert np.median(np.abs(heard - theirs.heard(length))) < 0.02


def hashed(path: Path, folder: Path, filters: str = "", pixels: str = "yuv420p") -> list[str]:
    """What ffmpeg sees in a film, a hash for each frame."""
    frames = reference.seen(path, folder, pixels, filters).frames
    return [hashlib.sha256(frame).hexdigest() for frame in frames]


CUT = [Window(0, 3, 0, 10), Window(1, 3, 7, 17), Window(2, 3, 14, 20)]


@pytest.mark.parametrize("name", ["bf-mp4", "open-mkv", "ffv1-444", "mpeg2-ts", "vp9"])
def test_windows_hold_the_frames_of_ffmpegs_trim_and_their_blend_is_the_film(tmp_path, name):
    how, pixels = {
        "bf-mp4": (("in.mp4", {"bf": "3", "g": "7"}), "yuv420p"),
        "open-mkv": (("in.mkv", {"bf": "2", "g": "5", "x264-params": "open-gop=1"}), "yuv420p"),
        "ffv1-444": (("in.mkv", {"codec": "ffv1", "pixels": "yuv444p"}), "yuv444p"),
        "mpeg2-ts": (("in.ts", {"codec": "mpeg2video", "fps": 25, "bf": "2"}), "yuv420p"),
        "vp9": (("in.webm", {"codec": "libvpx-vp9"}), "yuv420p"),
    }[name]
    source = film(tmp_path / how[0], 20, **how[1])
    parts = [
        run_stage(SPLIT, tmp_path / f"w{window.index}", {"video": source}, window=window)["segment"]
        for window in CUT
    ]
    for window, part in zip(CUT, parts, strict=True):
        trim = f"trim=start_frame={window.start}:end_frame={window.stop}"
        expected = hashed(source, tmp_path / "trim", trim, pixels)
        assert hashed(part, tmp_path / "part", "", pixels) == expected
    joined = run_stage(BLEND, tmp_path / "out", {"segments": parts}, {"overlap": 3})["video"]
    assert hashed(joined, tmp_path / "b", "", pixels) == hashed(source, tmp_path / "s", "", pixels)


def test_a_blend_is_the_sum_of_light_that_ffmpeg_makes(tmp_path):
    """A cross-fade of float RGB in linear light, weights as in the stage."""
    how = {"codec": "ffv1", "pixels": "yuv444p", "size": (96, 64)}
    dark = lambda index, width, height: scene(index, width, height) // 3  # noqa: E731
    parts = [
        film(tmp_path / "a.mkv", 4, **how),
        film(tmp_path / "b.mkv", 4, draw=dark, **how),
    ]
    params = {"overlap": 3, "drift": False}
    joined = run_stage(BLEND, tmp_path / "out", {"segments": parts}, params)["video"]
    ours = reference.seen(joined, tmp_path / "ours", "yuv444p").frames
    # zscale's curve for sRGB is the one that the stage comes close to.
    light = "zscale=tin=iec61966-2-1:min=709:rin=limited:pin=709:t=linear,format=gbrpf32le"
    back = "zscale=tin=linear:pin=709:p=709:t=iec61966-2-1:m=709:r=limited,format=yuv444p"
    for number in range(3):
        share = np.sin(np.pi / 2 * (number + 1) / 4) ** 2
        graph = (
            f"[0:v]trim=start_frame={number + 1}:end_frame={number + 2},setpts=0,{light}[a];"
            f"[1:v]trim=start_frame={number}:end_frame={number + 1},setpts=0,{light}[b];"
            f"[a][b]mix=weights={1 - share} {share}:scale=1,{back}"
        )
        mixed = tmp_path / f"mixed-{number}.raw"
        reference.call(
            "-i", parts[0], "-i", parts[1], "-filter_complex", graph, "-f", "rawvideo", mixed
        )
        assert psnr(ours[number + 1], mixed.read_bytes()) > 45


@pytest.mark.parametrize("codec", ["h264", "h265", "av1"])
def test_joined_segments_hold_the_packets_of_ffmpegs_concat(tmp_path, codec):
    parts = []
    for number in range(3):
        plain = film(tmp_path / f"{number}.mkv", range(8), codec="ffv1")
        made = run_stage(
            ENCODE, tmp_path / f"e{number}", {"video": plain}, {"codec": codec, "profile": "draft"}
        )
        parts.append(made["video"])
    joined = run_stage(JOIN, tmp_path / "out", {"segments": parts})["video"]
    listed = tmp_path / "list.txt"
    listed.write_text("".join(f"file '{part}'\n" for part in parts))
    theirs = tmp_path / "theirs.mp4"
    reference.call("-f", "concat", "-safe", "0", "-i", listed, "-c", "copy", theirs)
    one, other = (reference.packets(path, tmp_path / path.stem) for path in (joined, theirs))
    assert [moment for moment, _ in one] == [moment for moment, _ in other]
    each = [packet for part in parts for packet in reference.packets(part, tmp_path / "part")]
    assert [content for _, content in one] == [content for _, content in each]
    assert hashed(joined, tmp_path / "a") == hashed(theirs, tmp_path / "b")


def test_an_enlarged_film_is_ffmpegs_lanczos_to_a_hair(tmp_path):
    source = film(tmp_path / "in.mkv", 3, codec="ffv1", pixels="yuv444p")
    params = {"target": "x2", "sharpness": 0.0}
    made = run_stage(ENLARGE, tmp_path / "out", {"video": source}, params)["segment"]
    # In the light that is added up, which the scaler does not do by itself.
    light = "zscale=tin=iec61966-2-1:min=709:rin=limited:pin=709:t=linear,format=gbrpf32le"
    back = "zscale=tin=linear:pin=709:p=709:t=iec61966-2-1:m=709:r=limited,format=yuv444p"
    filters = f"{light},zscale=w=192:h=128:f=lanczos:param_a=3,{back}"
    theirs = reference.seen(source, tmp_path / "a", "yuv444p", filters)
    ours = reference.seen(made, tmp_path / "b", "yuv444p")
    assert len(ours.frames) == len(theirs.frames)
    values = [psnr(a, b) for a, b in zip(ours.frames, theirs.frames, strict=True)]
    assert min(values) > 38, values


@pytest.mark.parametrize("fps", ["48", "60", "25", "30"])
def test_a_smoother_film_has_ffmpegs_count_and_shows_its_frames_where_they_meet(tmp_path, fps):
    source = film(tmp_path / "in.mkv", 12, codec="ffv1", draw=nasty.moving)
    params = {"fps": fps, "duplicates": False}
    made = run_stage(INTERPOLATE, tmp_path / "out", {"video": source}, params)["segment"]
    ours = reference.seen(made, tmp_path / "a", "yuv420p")
    theirs = reference.seen(source, tmp_path / "b", "yuv420p", f"fps={fps}:round=near")
    rate = Fraction(fps)
    assert len(ours.frames) == round(12 * rate / 24)
    assert abs(len(ours.frames) - len(theirs.frames)) <= 1
    for number, frame in enumerate(ours.frames):
        assert abs(ours.moments[number] - number / rate) <= Fraction(1, 1000)
        if (number * 24 / rate).denominator == 1 and number < len(theirs.frames):
            assert frame == theirs.frames[number]


@pytest.mark.parametrize("name", ["h264-b-frames-mp4", "vp8-webm", "full-range", "turned-90"])
def test_a_poster_is_one_of_the_pictures_ffmpeg_sees(tmp_path, name):
    kind = KINDS[name]
    source = kind.make(tmp_path)
    poster = run_stage(POSTER, tmp_path / "out", {"video": source})["image"]
    matched = f"scale={SCALER}:in_color_matrix=bt601:in_range=full"
    (ours,) = reference.seen(poster, tmp_path / "a", "rgb24", matched).frames
    filters = ",".join(part for part in (kind.filters, f"scale={SCALER}") if part)
    theirs = reference.seen(source, tmp_path / "b", "rgb24", filters).frames
    assert max(psnr(ours, frame) for frame in theirs) > 32


@pytest.mark.parametrize(
    "name", ["h264-b-frames-mp4", "vp9-webm", "mpeg2-ts", "edit-list-on-a-key-frame"]
)
def test_facts_are_those_that_ffmpeg_finds(tmp_path, name):
    source = KINDS[name].make(tmp_path)
    facts = json.loads(run_stage(PROBE, tmp_path / "out", {"media": source})["facts"].read_text())
    theirs = reference.seen(source, tmp_path / "a", "yuv420p")
    assert facts["facts"]["frames"] == len(theirs.frames)
    assert (facts["facts"]["width"], facts["facts"]["height"]) == (96, 64)


# --- sound ----------------------------------------------------------------------------------------


def sound_file(path: Path, kind: str, level: float = 0.3) -> Path:
    """Three seconds of pink-like noise with a beat, in one of the usual forms."""
    layout, rate, codec = {
        "stereo-48": ("stereo", 48_000, "pcm_s16le"),
        "mono-44.1": ("mono", 44_100, "pcm_s16le"),
        "aac": ("stereo", 48_000, "aac"),
        "mp3": ("stereo", 44_100, "libmp3lame"),
        "opus": ("stereo", 48_000, "libopus"),
        "96-khz": ("stereo", 96_000, "flac"),
    }[kind]
    source = f"anoisesrc=d=3:c=pink:seed=3:a={level}:r={rate},tremolo=f=3:d=0.7"
    reference.call(
        "-f", "lavfi", "-i", source, "-af", f"aformat=channel_layouts={layout}", "-c:a", codec, path
    )
    return path


SOUNDS = {
    "stereo-48": ".wav", "mono-44.1": ".wav", "aac": ".m4a", "mp3": ".mp3", "opus": ".ogg",
    "96-khz": ".flac",
}  # fmt: skip


@pytest.mark.parametrize("kind", SOUNDS)
def test_sound_is_as_loud_as_ffmpeg_finds_it(tmp_path, kind):
    source = sound_file(tmp_path / f"in{SOUNDS[kind]}", kind)
    made = run_stage(MEASURE, tmp_path / "out", {"media": source})["report"]
    report, theirs = json.loads(made.read_text()), reference.loudness(source)
    assert report["integrated_lufs"] == pytest.approx(theirs["I"], abs=0.15)
    assert report["true_peak_dbtp"] == pytest.approx(theirs["Peak"], abs=0.3)


@pytest.mark.parametrize("target", [-14, -16, -23])
def test_mastered_sound_has_its_loudness_by_ffmpegs_meter(tmp_path, target):
    source = sound_file(tmp_path / "in.wav", "stereo-48")
    params = {"target_lufs": target, "true_peak_db": -1.5}
    made = run_stage(MASTER, tmp_path / "out", {"audio": source}, params)["audio"]
    theirs = reference.loudness(made)
    assert theirs["I"] == pytest.approx(target, abs=0.15)
    assert theirs["Peak"] <= -1.4


def test_a_mix_is_ffmpegs_sum(tmp_path):
    voice, music = (
        sound_file(tmp_path / f"{name}.wav", "stereo-48", level)
        for name, level in (("voice", 0.2), ("music", 0.1))
    )
    params = {"voice_db": -2.0, "music_db": -9.0, "duck_most_db": 0.0, "music_end_s": 0.0}
    made = run_stage(MIX, tmp_path / "out", {"voice": voice, "music": music}, params)["audio"]
    graph = "[0:a]volume=-2dB:precision=double[a];[1:a]volume=-9dB:precision=double[b];"
    graph += "[a][b]amix=normalize=0"
    raw = tmp_path / "mixed.raw"
    reference.call("-i", voice, "-i", music, "-filter_complex", graph, "-f", "f32le", raw)
    theirs = np.fromfile(raw, np.float32)
    reference.call("-i", made, "-f", "f32le", raw)
    ours = np.fromfile(raw, np.float32)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 1e-4


@pytest.mark.parametrize("name", ["h264-b-frames-mp4", "h265-mp4", "av1-mp4", "rate-29.97-mkv"])
def test_sound_is_put_to_the_packets_that_ffmpeg_copies(tmp_path, name):
    source, sound = KINDS[name].make(tmp_path), sound_file(tmp_path / "in.wav", "stereo-48")
    made = run_stage(MUX, tmp_path / "out", {"video": source, "audio": sound})["video"]
    ours, plain = (reference.packets(path, tmp_path / "p") for path in (made, source))
    assert [content for _, content in ours] == [content for _, content in plain]
    moments = reference.seen(made, tmp_path / "a", "yuv420p", sound=SOUND)
    length = round(len(moments.frames) / KINDS[name].fps * 48_000)
    raw = reference.seen(made, tmp_path / "b", "yuv420p", sound=SOUND).heard(length)
    wav = tmp_path / "wav.raw"
    reference.call("-i", sound, "-f", "f32le", wav)
    given = np.fromfile(wav, np.float32).reshape(-1, 2).T[:, :length]
    # AAC is no copy; it is in time when it fits best without a shift.
    shifts = range(-64, 65, 8)
    fit = [float((np.roll(raw[0], -shift) * given[0]).sum()) for shift in shifts]
    assert abs(shifts[int(np.argmax(fit))]) <= 8


# --- between stages -------------------------------------------------------------------------------


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p10le", "bgr0", "gbrp10le", "yuva444p"])
@pytest.mark.parametrize("largest", [0, ffv1.LARGEST_BUFFER], ids=["version-4", "version-3"])
def test_files_between_stages_are_read_by_ffmpeg_to_the_bit(tmp_path, monkeypatch, pixels, largest):
    monkeypatch.setattr(ffv1, "LARGEST_BUFFER", largest)
    kept = {"codec": "ffv1", "pixels": pixels, "draw": deep if "10le" in pixels else scene}
    source = film(tmp_path / "in.mkv", 3, **kept, colour=None if "rgb" in pixels else (1, 1, 1, 1))
    params = {"alpha": "keep"}
    made = run_stage(NORMALISE, tmp_path / "out", {"media": source}, params)["video"]
    assert hashed(made, tmp_path / "a", "", pixels) == hashed(source, tmp_path / "b", "", pixels)
    assert ffv1.options(96, 64, pixels)["level"] == ("3" if largest else "4")


def test_only_pictures_beyond_1440p_need_the_newer_version():
    sizes = {(1920, 1080): "3", (2560, 1440): "3", (3840, 2160): "4", (7680, 4320): "4"}
    for (width, height), level in sizes.items():
        assert ffv1.options(width, height, "yuv420p")["level"] == level
    assert ffv1.options(1920, 1080, "yuva444p10le")["level"] == "3"
