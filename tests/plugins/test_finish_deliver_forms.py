"""Ladders, picture sequences, previews, contact sheets and waveforms, read back by others."""

from __future__ import annotations

import json
import re
import zipfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import run_stage
from ffmpeg_reference import call, psnr, seen
from nasty_clips import film, frames, tone
from PIL import Image
from pydantic import ValidationError

import farm_finish
from farm import InputError, TaskCancelled
from farm.media.sound_files import wav_file
from farm_finish.deliver.hls import rung_sizes
from farm_finish.deliver.params import LadderParams, SequenceParams
from farm_finish.deliver.timecode import timecode
from farm_finish.deliver.waveform import Stretches

STAGES = {stage.id: stage for stage in farm_finish.farm_stages()}
LADDER, SEQUENCE, PREVIEW, SHEET, WAVEFORM = (
    STAGES[f"{name}/farm_finish"]
    for name in (
        *("video.hls", "video.sequence", "video.preview"),
        *("image.contact_sheet", "audio.waveform"),
    )
)


def unpacked(stage, folder: Path, inputs, params=None) -> Path:
    made = run_stage(stage, folder, inputs, params)["folder"]
    with zipfile.ZipFile(made) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def numbered(index: int, width: int, height: int) -> np.ndarray:
    """The picture of each frame has a grey of its own, with a ramp in it."""
    picture = np.full((height, width, 3), 20 + 8 * index, np.uint8)
    picture[: height // 4] = np.linspace(0, 255, width).astype(np.uint8)[None, :, None]
    return picture


def see_through(index: int, width: int, height: int) -> np.ndarray:
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., :3] = (220, 120, 40)
    picture[..., 3] = np.linspace(0, 255, width).round().astype(np.uint8)[None]
    return picture


def attributes(line: str) -> dict[str, str]:
    found = re.findall(r'([A-Z-]+)=("[^"]*"|[^,]*)', line.partition(":")[2])
    return {name: value.strip('"') for name, value in found}


# --- HLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """Two and a half seconds at an NTSC rate, with sound."""
    path = tmp_path_factory.mktemp("ladder") / "in.mkv"
    return film(path, 75, codec="ffv1", size=(640, 360), fps=Fraction(30000, 1001),
                sound=[(0, tone(2.5025))])  # fmt: skip


@pytest.fixture(scope="module")
def ladder(source, tmp_path_factory) -> Path:
    params = {"heights": [360, 240, 144], "segment_s": 1, "keyframe_s": 0.5, "profile": "draft"}
    return unpacked(LADDER, tmp_path_factory.mktemp("made"), {"video": source}, params)


def rungs(ladder: Path) -> list[tuple[dict[str, str], str]]:
    lines = (ladder / "master.m3u8").read_text().splitlines()
    return [
        (attributes(line), lines[at + 1])
        for at, line in enumerate(lines)
        if line.startswith("#EXT-X-STREAM-INF")
    ]


def test_the_master_playlist_says_what_the_rungs_are(ladder):
    told = rungs(ladder)
    assert [entry["RESOLUTION"] for entry, _ in told] == ["640x360", "426x240", "256x144"]
    assert [place for _, place in told] == [f"{side}p/index.m3u8" for side in (360, 240, 144)]
    for entry, place in told:
        folder = (ladder / place).parent
        with av.open(str(folder / "init.mp4")) as container:
            setup = container.streams.video[0].codec_context.extradata
            assert container.streams.audio[0].codec.canonical_name == "aac"
        assert entry["CODECS"] == f"avc1.{setup[1:4].hex()},mp4a.40.2"
        assert entry["FRAME-RATE"] == "29.970"
        sizes = [file.stat().st_size for file in sorted(folder.glob("*.m4s"))]
        lengths = [float(n) for n in re.findall(r"EXTINF:([\d.]+)", (ladder / place).read_text())]
        peak = max(8 * s / n for s, n in zip(sizes, lengths, strict=True) if 2 * n >= lengths[0])
        assert int(entry["BANDWIDTH"]) == pytest.approx(peak, rel=1e-3)
        assert int(entry["AVERAGE-BANDWIDTH"]) == pytest.approx(
            8 * sum(sizes) / sum(lengths), rel=1e-3
        )
    bandwidths = [int(entry["BANDWIDTH"]) for entry, _ in told]
    assert bandwidths == sorted(bandwidths, reverse=True)


def test_key_frames_and_segments_of_all_rungs_lie_at_the_same_moments(ladder):
    found = []
    for entry, place in rungs(ladder):
        folder = (ladder / place).parent
        starts, keys = [], []
        for segment in sorted(folder.glob("*.m4s")):
            whole = folder / "one.mp4"
            whole.write_bytes((folder / "init.mp4").read_bytes() + segment.read_bytes())
            with av.open(str(whole)) as container:
                first = [p for p in container.demux(video=0) if p.size]
            assert first[0].is_keyframe, entry["RESOLUTION"]
            starts.append(min(p.pts for p in first) * first[0].time_base)
            keys += [p.pts * p.time_base for p in first if p.is_keyframe]
            whole.unlink()
        found.append((starts, keys))
    assert found[0] == found[1] == found[2]
    starts, keys = found[0]
    beat = Fraction(1001, 30000)
    assert starts == [index * 30 * beat for index in range(3)]
    assert keys == [index * 15 * beat for index in range(5)]


def test_ffmpeg_itself_plays_every_rung_with_every_picture_in_sync(ladder, source, tmp_path):
    told = seen(source, tmp_path / "source", "yuv420p", sound="anull")
    for number, (entry, place) in enumerate(rungs(ladder)):
        width, height = map(int, entry["RESOLUTION"].split("x"))
        assert call("-i", ladder / place, "-f", "null", "-") == ""
        shown = seen(ladder / place, tmp_path / "rung", "yuv420p", sound="anull")
        assert shown.moments == [index * Fraction(1001, 30000) for index in range(75)]
        assert {len(picture) for picture in shown.frames} == {width * height * 3 // 2}
        heard, meant = shown.heard(100_000), told.heard(100_000)
        steady = slice(5_000, 90_000)
        assert np.abs(heard[:, steady] - meant[:, steady]).max() < 0.05
        if number == 0:
            assert psnr(b"".join(told.frames), b"".join(shown.frames)) > 30
    best = seen(ladder / "master.m3u8", tmp_path / "master", "yuv420p")
    assert len(best.frames) == 75


def test_a_ladder_repeats_its_bytes_and_names_no_library(source, tmp_path):
    params = {"heights": [144], "segment_s": 1, "profile": "draft", "keyframe_s": 1}
    one, two = (run_stage(LADDER, tmp_path / n, {"video": source}, params) for n in "ab")
    assert one["folder"].read_bytes() == two["folder"].read_bytes()
    assert b"Lav" not in one["folder"].read_bytes()
    assert [path.suffix for path in (tmp_path / "a").rglob("*") if path.is_file()] == [".zip"]


def test_a_silent_film_in_h265_has_a_ladder_too(tmp_path):
    silent = film(tmp_path / "in.mkv", 30, codec="ffv1", size=(128, 96), fps=25)
    how = {"codec": "h265", "profile": "draft", "segment_s": 1, "keyframe_s": 1}
    made = unpacked(LADDER, tmp_path / "out", {"video": silent}, how)
    ((entry, place),) = rungs(made)
    assert entry["RESOLUTION"] == "128x96"
    assert re.fullmatch(r"hvc1\.1\.6\.L\d+\.90", entry["CODECS"])
    shown = seen(made / place, tmp_path / "seen", "yuv420p")
    assert shown.moments == [Fraction(index, 25) for index in range(30)]


@pytest.mark.parametrize(
    ("size", "asked", "sizes"),
    [
        ((1920, 1080), [], [(1920, 1080), (1280, 720), (854, 480), (640, 360), (426, 240)]),
        ((1080, 1920), [720], [(720, 1280)]),
        ((1600, 900), [], [(1600, 900), (1280, 720), (854, 480), (640, 360), (426, 240)]),
        ((64, 48), [], [(64, 48)]),
    ],
)
def test_rungs_keep_the_shape_and_are_never_larger_than_the_film(size, asked, sizes):
    assert rung_sizes(*size, asked) == sizes


def test_what_makes_no_ladder_is_refused(source, tmp_path):
    with pytest.raises(InputError, match="larger than the film"):
        run_stage(LADDER, tmp_path / "out", {"video": source}, {"heights": [720]})
    with pytest.raises(ValidationError, match="key frame"):
        LadderParams(segment_s=2, keyframe_s=4)
    with pytest.raises(TaskCancelled):
        run_stage(LADDER, tmp_path / "stop", {"video": source}, cancel_after=2)


# --- sequences ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["png", "tiff"])
def test_pictures_of_an_rgb_film_are_its_frames_to_the_bit_at_any_size(tmp_path, form):
    given = film(tmp_path / "in.mkv", 5, codec="ffv1", pixels="bgr0", size=(97, 65), draw=numbered)
    how = {"form": form, "first_number": 0}
    made = unpacked(SEQUENCE, tmp_path / "out", {"video": given}, how)
    names = [f"frame_{number:06d}.{form}" for number in range(5)]
    assert sorted(path.name for path in made.iterdir()) == [*names, "sequence.json"]
    for index, name in enumerate(names):
        assert np.array_equal(np.asarray(Image.open(made / name)), numbered(index, 97, 65))
    facts = json.loads((made / "sequence.json").read_text())
    assert (facts["frames"], facts["fps"], facts["width"], facts["height"]) == (5, "24", 97, 65)
    again = tmp_path / "again.mkv"
    call("-framerate", facts["fps"], "-start_number", facts["first_number"],
         "-i", made / facts["pattern"], "-c:v", "ffv1", again)  # fmt: skip
    assert len(frames(again)) == 5


def test_deep_films_become_pictures_of_16_bits_as_ffmpeg_has_them(tmp_path):
    given = film(tmp_path / "in.mkv", 2, codec="ffv1", pixels="yuv444p10le", draw=numbered)
    made = unpacked(SEQUENCE, tmp_path / "out", {"video": given})
    one = np.frombuffer(seen(made / "frame_000001.png", tmp_path / "a", "rgb48le").frames[0], "<u2")
    assert one.reshape(64, 96, 3)[0, -1].tolist() == [65_535] * 3
    assert one.reshape(64, 96, 3)[0, 0].tolist() == [0] * 3
    flags = "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp:in_color_matrix=bt709"
    two = np.frombuffer(seen(given, tmp_path / "b", "rgb48le", flags).frames[0], "<u2")
    assert np.abs(one.astype(int) - two * (65_535 / 65_283)).max() <= 1
    assert np.unique(one & 0xFF).size > 20


@pytest.mark.parametrize("form", ["png", "tiff"])
def test_transparency_is_kept_or_put_over_the_background(tmp_path, form):
    given = film(tmp_path / "in.mkv", 2, codec="ffv1", pixels="bgra", draw=see_through)
    kept = unpacked(SEQUENCE, tmp_path / "a", {"video": given}, {"form": form})
    shown = np.asarray(Image.open(kept / f"frame_000002.{form}"))
    assert np.array_equal(shown, see_through(1, 96, 64))
    how = {"form": form, "alpha": "flatten", "background": "#0000ff"}
    flat = unpacked(SEQUENCE, tmp_path / "b", {"video": given}, how)
    row = np.asarray(Image.open(flat / f"frame_000001.{form}"))[10]
    assert row.shape == (96, 3)
    assert row[0].tolist() == [0, 0, 255]
    assert row[-1].tolist() == [220, 120, 40]


def test_8_bits_become_16_by_repeating_them(tmp_path):
    given = film(tmp_path / "in.mkv", 1, codec="ffv1", pixels="bgra", draw=see_through)
    made = unpacked(SEQUENCE, tmp_path / "out", {"video": given}, {"bits": "16"})
    deep = np.frombuffer(
        seen(made / "frame_000001.png", tmp_path / "s", "rgba64le").frames[0], "<u2"
    )
    assert np.array_equal(deep.reshape(64, 96, 4), see_through(0, 96, 64).astype(int) * 257)


def test_exr_holds_linear_light_with_alpha_multiplied_in(tmp_path):
    given = film(tmp_path / "in.mkv", 1, codec="ffv1", pixels="bgra", draw=see_through)
    made = unpacked(SEQUENCE, tmp_path / "out", {"video": given}, {"form": "exr"})
    with av.open(str(made / "frame_000001.exr")) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="gbrapf32le")[10]
    alpha = np.linspace(0, 255, 96).round() / 255
    signal = np.array([220, 120, 40]) / 255
    light = np.where(signal < 0.081, signal / 4.5, ((signal + 0.099) / 1.099) ** (1 / 0.45))
    assert picture[:, 3] == pytest.approx(alpha, abs=1e-3)
    assert picture[:, :3] == pytest.approx(light[None] * alpha[:, None], abs=1e-3)


def test_sequences_repeat_their_bytes_and_refuse_what_does_not_fit(tmp_path):
    given = film(tmp_path / "in.mkv", 3, codec="ffv1")
    for form in ("png", "tiff", "exr"):
        one, two = (
            run_stage(SEQUENCE, tmp_path / f"{form}{n}", {"video": given}, {"form": form})
            for n in "ab"
        )
        assert one["folder"].read_bytes() == two["folder"].read_bytes()
    with pytest.raises(ValidationError, match="halves"):
        SequenceParams(form="exr", bits="8")


# --- previews -------------------------------------------------------------------------------------


def beats(path: Path) -> list[int]:
    """How long each picture is shown, in milliseconds."""
    with Image.open(path) as picture:
        found = []
        for number in range(picture.n_frames):
            picture.seek(number)
            picture.load()
            found.append(picture.info["duration"])
        return found


def bouncing(index: int, width: int, height: int) -> np.ndarray:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:] = (30, 90, 160)
    picture[8:40, 4 * index % width : 4 * index % width + 24] = (250, 200, 40)
    picture[-12:, : width // 2] = (200, 30, 60)
    return picture


@pytest.mark.parametrize(("fps", "shown"), [(12.5, 25), (10, 20), (24, 48), (12, 24)])
def test_previews_show_every_picture_at_its_moment_and_last_as_long_as_the_film(
    tmp_path, fps, shown
):
    given = film(tmp_path / "in.mkv", 48, codec="ffv1", draw=bouncing, size=(128, 96))
    made = run_stage(PREVIEW, tmp_path / "out", {"video": given}, {"fps": fps})
    gif, webp = beats(made["gif"]), beats(made["webp"])
    assert (len(gif), len(webp)) == (shown, shown)
    for unit, found in ((10, gif), (1, webp)):
        moments = np.cumsum([0, *found])
        meant = np.arange(shown + 1) * 1000 / fps
        assert np.abs(moments - meant).max() <= unit / 2 + 1e-6


def test_previews_have_the_colours_of_the_film(tmp_path):
    given = film(tmp_path / "in.mkv", 12, codec="ffv1", draw=bouncing, size=(128, 96))
    made = run_stage(PREVIEW, tmp_path / "out", {"video": given}, {"fps": 24})
    for name, most in (("gif", 6), ("webp", 14)):
        with Image.open(made[name]) as picture:
            assert picture.info["loop"] == 0
            picture.seek(10)
            shown = np.asarray(picture.convert("RGB")).astype(int)
        for y, x in ((60, 100), (20, 52), (90, 20)):
            assert np.abs(shown[y, x] - bouncing(10, 128, 96)[y, x]).max() <= most


def test_previews_are_smaller_shorter_transparent_and_repeat_their_bytes(tmp_path):
    given = film(tmp_path / "in.mkv", 24, codec="ffv1", pixels="bgra", draw=see_through)
    how = {"width": 48, "longest_s": 0.5, "loop": False, "colours": 32}
    one, two = (run_stage(PREVIEW, tmp_path / n, {"video": given}, how) for n in "ab")
    for name in ("gif", "webp"):
        assert one[name].read_bytes() == two[name].read_bytes()
        with Image.open(one[name]) as picture:
            assert picture.size == (48, 32)
            alpha = np.asarray(picture.convert("RGBA"))[16, :, 3].astype(int)
        assert (alpha[2], alpha[-2]) == pytest.approx((0, 255), abs=16)
    assert sum(beats(one["gif"])) <= 560
    assert b"NETSCAPE" not in one["gif"].read_bytes()


# --- sheets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "cells"), [(1, 1), (5, 5), (200, 12)])
def test_a_contact_sheet_shows_pictures_from_all_over_the_film(tmp_path, count, cells):
    def grey(index: int, width: int, height: int) -> np.ndarray:
        return np.full((height, width, 3), 40 + index, np.uint8)

    given = film(tmp_path / "in.mkv", count, codec="ffv1", draw=grey, size=(128, 96))
    how = {"columns": 4, "rows": 3, "cell_width": 64}
    made = run_stage(SHEET, tmp_path / "out", {"video": given}, how)["image"]
    sheet = np.asarray(Image.open(made).convert("L")).astype(int)
    columns, rows = min(4, cells), -(-cells // 4)
    assert sheet.shape[1] == columns * (64 + 12) + 12
    assert sheet.shape[0] == 43 + rows * 79
    cell = [divmod(index, columns) for index in range(cells)]
    found = [int(sheet[43 + row * 79 + 24, 12 + column * 76 + 32]) for row, column in cell]
    meant = [40 + (2 * index + 1) * count // (2 * cells) for index in range(cells)]
    assert np.abs(np.array(found) - meant).max() <= 2


def test_a_long_film_is_sought_and_shows_the_same_pictures(tmp_path):
    given = film(tmp_path / "in.mp4", 700, crf="20", preset="ultrafast", g="50", size=(64, 48))
    how = {"columns": 2, "rows": 2, "cell_width": 64}
    one, two = (run_stage(SHEET, tmp_path / n, {"video": given}, how)["image"] for n in "ab")
    assert one.read_bytes() == two.read_bytes()
    sheet = np.asarray(Image.open(one).convert("L")).astype(int)
    stored = frames(given, "gray")
    for index, number in enumerate((87, 262, 437, 612)):
        row, column = divmod(index, 2)
        shown = sheet[43 + row * 79 :, 12 + column * 76 :][:48, :64]
        apart = [np.abs(shown - stored[number + near].astype(int)).mean() for near in (-3, 0, 3)]
        assert apart[1] == min(apart)


@pytest.mark.parametrize(
    ("frame", "fps", "code"),
    [
        (0, Fraction(24), "00:00:00:00"),
        (23, Fraction(24), "00:00:00:23"),
        (24 * 3600, Fraction(24), "01:00:00:00"),
        (29, Fraction(30000, 1001), "00:00:00:29"),
        (30, Fraction(30000, 1001), "00:00:01:00"),
        (119, Fraction(120), "00:00:00:119"),
    ],
)
def test_timecodes_count_every_frame(frame, fps, code):
    assert timecode(frame / fps, fps) == code


# --- waveforms ------------------------------------------------------------------------------------


def test_a_waveform_rises_where_the_sound_does_and_marks_full_scale(tmp_path):
    sound = np.zeros((2, 96_000), np.float32)
    sound[0, 24_000:48_000] = np.sin(np.arange(24_000) / 5) * 0.5
    sound[1, 60_000:60_400] = 1.0
    path = tmp_path / "in.wav"
    with wav_file(path) as writer:
        writer.write(sound)
    made = run_stage(WAVEFORM, tmp_path / "out", {"media": path}, {"width": 200, "height": 122})
    picture = np.asarray(Image.open(made["image"])).astype(int)
    colour = np.array([0x3F, 0xB6, 0xC6])
    left = np.abs(picture[:50] - colour).sum(axis=2).min(axis=0)
    assert left[60:95].max() == 0
    assert left[2:45].max() == 0  # The line of silence.
    tall = [(np.abs(picture[:50, x] - colour).sum(axis=1) == 0).sum() for x in (20, 75, 150)]
    assert tall[0] <= 2 and tall[2] <= 2 and 10 < tall[1] < 30
    red = (picture == [0xE5, 0x48, 0x4D]).all(axis=2)
    assert red.any(axis=0).nonzero()[0].tolist() == [125]
    again = run_stage(WAVEFORM, tmp_path / "b", {"media": path}, {"width": 200, "height": 122})
    assert again["image"].read_bytes() == made["image"].read_bytes()


def test_stretches_see_every_sample_in_flat_memory():
    rng = np.random.default_rng(5)
    sound = rng.uniform(-1, 1, (2, 700_003)).astype(np.float32)
    stretches = Stretches()
    for at in range(0, 700_003, 48_000):
        stretches.add(sound[:, at : at + 48_000])
    low, high, mean = stretches.columns(1)
    assert low[:, 0] == pytest.approx(sound.min(axis=1))
    assert high[:, 0] == pytest.approx(sound.max(axis=1))
    assert mean[:, 0] == pytest.approx(np.sqrt(np.square(sound).mean(axis=1)), rel=1e-3)
    assert stretches.columns(100)[0].shape == (2, 100)


def test_a_film_without_sound_has_no_waveform(tmp_path):
    silent = film(tmp_path / "in.mkv", 3, codec="ffv1")
    with pytest.raises(InputError, match="no sound"):
        run_stage(WAVEFORM, tmp_path / "out", {"media": silent})
