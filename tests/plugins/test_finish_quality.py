"""The quality report: faults are found where they are, and a clean film has none."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import pytest
from direct_task import DirectTask, input_file, run_stage, stage_of
from moving_scene import SMALL, flat, picture, scene, written
from pydantic import ValidationError

import farm_finish
import farm_procedural
from farm import FarmError, InputError, MediaKind, MissingExtra, TaskCancelled, Window
from farm.artifacts.probe import probe_output
from farm.media.planes import Picture
from farm.pipelines.template import load_pipeline
from farm.pipelines.wiring import check_against
from farm_finish.quality import vmaf as vmaf_module
from farm_finish.quality.stage import run as run_quality

QUALITY = stage_of(farm_finish, "media.quality")
FPS = 24
with_extra = pytest.mark.skipif(
    not all(find_spec(name) for name in ("imageio_ffmpeg", "flip_evaluator")),
    reason="needs farm[quality]",
)
HD = replace(SMALL, matrix=1, primaries=1, transfer=1)
Draw = Callable[[int], Picture]


def shot(number: int) -> Picture:
    return replace(scene(number), layout=HD)


def film(folder: Path, draw: Draw, frames: int = 96) -> Path:
    return written(folder / "film.mkv", [draw(number) for number in range(frames)], FPS)


def judged(folder: Path, media: Path, reference: Path | None = None, **params) -> dict[str, Any]:
    inputs = {"media": media} | ({"reference": reference} if reference else {})
    made = run_stage(QUALITY, folder / "judged", inputs, {"policy": "report"} | params)
    return json.loads(made["report"].read_text(encoding="utf-8"))


def failed(report: dict[str, Any]) -> dict[str, list[tuple[float, float]]]:
    return {
        check["check"]: [(span["start_s"], span["end_s"]) for span in check["spans"]]
        for check in report["checks"]
        if not check["passed"]
    }


def check(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in report["checks"] if one["check"] == name)


def sound_file(path: Path, sound: np.ndarray, rate: int = 48_000) -> Path:
    """float (n,) as 16-bit WAV, the same on both sides."""
    with av.open(str(path), "w") as out:
        track = out.add_stream("pcm_s16le", rate=rate, layout="stereo")
        whole = np.clip(np.rint(sound * 32_768), -32_768, 32_767).astype(np.int16)
        packed = np.repeat(whole, 2)[None]
        frame = av.AudioFrame.from_ndarray(packed, format="s16", layout="stereo")
        frame.sample_rate = rate
        out.mux(track.encode(frame))
        out.mux(track.encode(None))
    return path


def with_sound(folder: Path, video: Path, sound: np.ndarray) -> Path:
    wave = sound_file(folder / "sound.wav", sound)
    mux = stage_of(farm_finish, "video.mux")
    how = {"container": "mkv", "codec": "flac"}
    return run_stage(mux, folder / "mux", {"video": video, "audio": wave}, how)["video"]


def hum(seconds: float, level: float = 0.1) -> np.ndarray:
    return level * np.sin(2 * np.pi * 330 * np.arange(round(48_000 * seconds)) / 48_000)


@pytest.fixture(scope="module")
def procedural(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A short film of the farm's own, with sound, as it is delivered and as a draft."""
    folder = tmp_path_factory.mktemp("procedural")
    prompt = folder / "prompt.txt"
    prompt.write_text("a red sea", encoding="utf-8")
    made = {"prompt": prompt}
    for capability, params, window in (
        ("video.script", {"duration_s": 3, "size": "256x144", "fps": FPS}, None),
        ("video.generate", {}, Window(0, 1, 0, 3 * FPS)),
        ("audio.compose", {}, None),
    ):
        stage = stage_of(farm_procedural, capability)
        inputs = {port: made[port] for port in stage.inputs if port in made}
        made |= run_stage(stage, folder / capability, inputs, params, window=window)
    encode = stage_of(farm_finish, "video.encode")
    for name, how in (("delivered", {"profile": "high"}), ("draft", {"profile": "draft"})):
        inputs = {"video": made["segment"], "audio": made["audio"]}
        made[name] = run_stage(encode, folder / name, inputs, how)["video"]
    return made


def test_a_clean_film_raises_no_alarm(procedural, tmp_path):
    report = judged(tmp_path, procedural["delivered"], frames=72, duration_s=3.0, width=256)
    assert failed(report) == {}
    assert report["verdict"] == "passed" and report["warnings"] == []
    assert len(report["checks"]) == 18
    moving = film(tmp_path, shot)
    assert failed(judged(tmp_path / "moving", moving)) == {}


def faulty(kind: str) -> tuple[Draw, tuple[float, float]]:
    """A film with one fault, and its time in seconds: from picture 24 to 71."""
    first, stop = FPS, 3 * FPS

    def draw(number: int) -> Picture:
        clean = shot(number)
        if not first <= number < stop:
            return clean
        y, u, v = (plane.astype(float) for plane in clean.planes)
        if kind == "black":
            return flat(17, layout=HD)
        if kind == "frozen":
            return shot(first)
        if kind == "flicker":
            return picture(y + (6 if number % 2 else -6), u, v, layout=HD)
        if kind == "blown":
            return picture(np.where(np.arange(192) < 90, 235, y), u, v, layout=HD)
        if kind == "crushed":
            return picture(np.where(np.arange(192) < 150, 16, y), u, v, layout=HD)
        steps = 60 + np.floor(np.arange(192) / 12) * 4
        return picture(np.broadcast_to(steps, y.shape) + number % 3, u, v, layout=HD)

    return draw, (first / FPS, stop / FPS)


@pytest.mark.parametrize("kind", ["black", "frozen", "flicker", "blown", "crushed", "banding"])
def test_a_fault_is_found_where_it_is_and_no_other(tmp_path, kind):
    draw, (start_s, end_s) = faulty(kind)
    report = judged(tmp_path, film(tmp_path, draw), frozen_s=1.0)
    ((name, spans),) = failed(report).items()
    assert name == f"video.{kind}"
    ((found_start, found_end),) = spans
    assert abs(found_start - start_s) <= 2 / FPS and abs(found_end - end_s) <= 2 / FPS
    assert check(report, name)["measured"] >= check(report, name)["limit"]


def test_a_standstill_and_a_flicker_are_found_in_an_encoded_film_too(tmp_path):
    for kind in ("frozen", "flicker"):
        draw, (start_s, end_s) = faulty(kind)
        made = encoded(tmp_path, film(tmp_path / kind, draw), "24")
        found = failed(judged(tmp_path / kind, made, frozen_s=1.0))
        assert list(found) == [f"video.{kind}"]
        ((first, last),) = found[f"video.{kind}"]
        # Towards a cut the encoder lets a picture drift that nobody will see for long.
        assert abs(first - start_s) <= 3 / FPS and end_s - 0.5 <= last <= end_s + 3 / FPS


def test_a_short_black_a_cut_and_a_flash_are_no_faults(tmp_path):
    def draw(number: int) -> Picture:
        if number == 30 or 50 <= number < 58:
            return flat(16 if number != 30 else 230, layout=HD)
        return shot(number + (400 if number > 70 else 0))

    assert failed(judged(tmp_path, film(tmp_path, draw))) == {}


def test_small_motion_in_a_still_picture_is_no_standstill(tmp_path):
    def draw(number: int) -> Picture:
        y, u, v = (plane.astype(float) for plane in shot(0).planes)
        y[50:60, 60 : 66 + number % 7] = 235
        return picture(y, u, v, layout=HD)

    assert failed(judged(tmp_path, film(tmp_path, draw), frozen_s=1.0)) == {}


def test_silence_and_clipping_are_found_where_they_are(tmp_path):
    sound = hum(4.0)
    sound[48_000 : 3 * 48_000] = 0
    clean = film(tmp_path, shot)
    report = judged(tmp_path, with_sound(tmp_path, clean, sound), silence_s=1.5)
    assert list(failed(report)) == ["sound.silence"]
    assert failed(report)["sound.silence"][0] == pytest.approx((1.0, 3.0), abs=0.002)
    clipped = hum(4.0)
    clipped[96_000:100_000] = np.clip(clipped[96_000:100_000] * 30, -1, 1)
    report = judged(tmp_path / "clipped", with_sound(tmp_path, clean, clipped))
    spans = failed(report)["sound.clipping"]
    assert spans[0][0] == pytest.approx(2.0, abs=0.002) and spans[-1][1] < 2.09


def test_sound_too_loud_too_soft_or_too_short_is_found(tmp_path):
    clean = film(tmp_path, shot)
    loud = judged(tmp_path / "a", with_sound(tmp_path, clean, hum(4.0, 0.95)))
    assert list(failed(loud)) == ["sound.loudness"]
    assert -5 < check(loud, "sound.loudness")["measured"] < 0
    soft = judged(tmp_path / "b", with_sound(tmp_path, clean, hum(4.0, 0.004)))
    assert list(failed(soft)) == ["sound.loudness"]
    short = judged(tmp_path / "c", with_sound(tmp_path, clean, hum(2.5)))
    assert failed(short)["sound.length"] == [(2.5, 4.0)]
    assert check(short, "sound.length")["measured"] == pytest.approx(1.5, abs=0.01)


def test_sound_that_is_missing_or_has_no_sample_is_found(tmp_path):
    clean = film(tmp_path, shot, 12)
    assert "sound.present" in failed(judged(tmp_path / "a", clean, sound="required"))
    assert failed(judged(tmp_path / "b", clean)) == {}
    empty = tmp_path / "empty.mkv"
    with av.open(str(empty), "w") as out, av.open(str(clean)) as source:
        video = out.add_stream_from_template(source.streams.video[0])
        out.add_stream("pcm_s16le", rate=48_000, layout="mono")
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                out.mux(packet)
    report = judged(tmp_path / "c", empty)
    assert check(report, "sound.present")["said"] == "there is a sound track without a sample"
    assert list(failed(report)) == ["sound.present"]
    heard = judged(tmp_path / "d", with_sound(tmp_path, clean, hum(0.5)), sound="none")
    assert list(failed(heard)) == ["sound.present"]


def test_a_sound_alone_is_judged_as_sound(tmp_path):
    report = judged(tmp_path, sound_file(tmp_path / "hum.wav", hum(3.0)))
    assert failed(report) == {} and report["media"] == {"sound_s": 3.0}


@pytest.mark.parametrize(
    ("tags", "colour", "found"),
    [
        ({"matrix": 2, "primaries": 2, "transfer": 2}, "bt709", "not told: matrix, primaries"),
        (
            {"matrix": 6, "primaries": 6, "transfer": 6},
            "bt709",
            "not BT.709: matrix 6, primaries 6",
        ),
        ({"matrix": 6, "primaries": 6, "transfer": 6}, "tagged", ""),
        ({"matrix": 2, "primaries": 2, "transfer": 2}, "any", ""),
    ],
)
def test_tags_that_are_missing_or_wrong_are_found(tmp_path, tags, colour, found):
    made = written(
        tmp_path / "film.mkv", [replace(shot(n), layout=replace(HD, **tags)) for n in (0, 1)]
    )
    tagged = check(judged(tmp_path, made, colour=colour), "video.tags")
    assert tagged["passed"] is (not found) and found in tagged["said"]


def test_full_range_pictures_that_are_tagged_limited_are_found(tmp_path):
    def draw(number: int) -> Picture:
        y, u, v = (plane.astype(float) for plane in shot(number).planes)
        return picture((y - 30) * 255 / 150, u, v, layout=HD)

    report = judged(tmp_path, film(tmp_path, draw, 12))
    assert "video.range" in failed(report)


def test_frames_that_are_missing_or_uneven_are_found(tmp_path):
    made = film(tmp_path, shot, 24)
    assert "video.frames" in failed(judged(tmp_path / "a", made, frames=25))
    assert "video.frames" in failed(judged(tmp_path / "b", made, duration_s=1.1))
    assert "video.size" in failed(judged(tmp_path / "c", made, width=200))
    holey = tmp_path / "holey.mkv"
    with av.open(str(holey), "w") as out, av.open(str(made)) as source:
        video = out.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.size and not 10 <= number < 14:
                packet.stream = video
                out.mux(packet)
    rate = check(judged(tmp_path / "d", holey), "video.rate")
    assert not rate["passed"] and rate["spans"][0]["start_s"] == pytest.approx(14 / FPS, abs=0.01)


def ffmpeg_says(test: Path, reference: Path, measure: str) -> str:
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    paired = "settb=1/24,setpts=N"
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", test, "-i", reference,
         "-lavfi", f"[0:v]{paired}[a];[1:v]{paired}[b];[a][b]{measure}", "-f", "null", "-"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stderr


def encoded(folder: Path, source: Path, crf: str) -> Path:
    """The same pictures after H.264."""
    target = folder / f"crf{crf}.mp4"
    with av.open(str(source)) as given, av.open(str(target), "w") as out:
        video = out.add_stream("libx264", rate=FPS, options={"crf": crf, "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = SMALL.width, SMALL.height, "yuv420p"
        video.codec_context.thread_count = 1
        context = video.codec_context
        context.colorspace = context.color_primaries = context.color_trc = context.color_range = 1
        for number, frame in enumerate(given.decode(video=0)):
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return target


@with_extra
def test_psnr_ssim_and_vmaf_are_those_of_ffmpeg(tmp_path):
    reference = film(tmp_path, shot, 24)
    test = encoded(tmp_path, reference, "34")
    report = judged(tmp_path, test, reference)
    said = ffmpeg_says(test, reference, "psnr")
    told = float(re.search(r"average:([\d.]+)", said)[1])
    assert check(report, "reference.psnr")["measured"] == pytest.approx(told, abs=0.001)
    told = float(re.search(r"All:([\d.]+)", ffmpeg_says(test, reference, "ssim"))[1])
    assert check(report, "reference.ssim")["measured"] == pytest.approx(told, abs=2e-5)
    told = float(re.search(r"VMAF score: ([\d.]+)", ffmpeg_says(test, reference, "libvmaf"))[1])
    assert check(report, "reference.vmaf")["measured"] == pytest.approx(told, abs=0.01)


@with_extra
def test_a_film_against_itself_is_perfect(tmp_path):
    reference = film(tmp_path, shot, 12)
    report = judged(tmp_path, reference, reference)
    assert check(report, "reference.psnr")["measured"] == 100
    assert check(report, "reference.ssim")["measured"] == pytest.approx(1, abs=1e-9)
    assert check(report, "reference.flip")["measured"] == 0
    assert check(report, "reference.vmaf")["measured"] > 95


@with_extra
def test_the_same_films_give_the_same_report_to_the_byte(tmp_path):
    reference = film(tmp_path, shot, 12)
    inputs = {"media": encoded(tmp_path, reference, "34"), "reference": reference}
    one, two = (run_stage(QUALITY, tmp_path / name, inputs) for name in ("one", "two"))
    for port in ("report", "page"):
        assert one[port].read_bytes() == two[port].read_bytes()


def test_ten_bits_are_compared_in_ten(tmp_path):
    deep = replace(HD, depth=10)
    base = [picture(*(p * 4.0 for p in shot(n).planes), layout=deep) for n in range(3)]
    off = [picture(*(p + 2.0 for p in one.planes), layout=deep) for one in base]
    one, two = written(tmp_path / "a.mkv", base), written(tmp_path / "b.mkv", off)
    report = judged(tmp_path, two, one, metrics=["psnr", "ssim"])
    wanted = 20 * np.log10(1023 / 2)
    assert check(report, "reference.psnr")["measured"] == pytest.approx(wanted, abs=0.01)
    told = float(re.search(r"All:([\d.]+)", ffmpeg_says(two, one, "ssim"))[1])
    assert check(report, "reference.ssim")["measured"] == pytest.approx(told, abs=2e-5)


@with_extra
def test_worse_is_measured_as_worse_by_every_metric(tmp_path):
    reference = film(tmp_path, shot, 24)
    reports = [
        judged(tmp_path / crf, encoded(tmp_path, reference, crf), reference, flip_frames=2)
        for crf in ("18", "45")
    ]
    fine, coarse = (
        {name: check(report, f"reference.{name}")["measured"] for name in QUALITY.params().metrics}
        for report in reports
    )
    for metric in ("psnr", "ssim", "vmaf"):
        assert fine[metric] > coarse[metric]
    assert fine["flip"] < coarse["flip"]


def test_a_shorter_film_and_one_of_another_size_are_told_from_the_reference(tmp_path):
    reference = film(tmp_path, shot, 12)
    short = written(tmp_path / "short.mkv", [shot(n) for n in range(9)], FPS)
    report = judged(tmp_path, short, reference, metrics=["psnr"])
    assert list(failed(report)) == ["reference.frames"]
    assert report["reference"]["frames"] == 12
    small = written(tmp_path / "small.mkv", [flat(99, layout=replace(HD, width=96))], FPS)
    with pytest.raises(InputError, match=r"another size.*96x112.*192x112|192x112.*96x112"):
        judged(tmp_path / "b", small, reference, metrics=["psnr"])


@with_extra
def test_films_of_any_size_and_length_are_measured_and_too_small_ones_told(tmp_path):
    for number, (size, count) in enumerate((((97, 65), 1), ((32, 32), 2), ((8, 8), 3))):
        layout = replace(HD, width=size[0], height=size[1])
        made = written(tmp_path / f"{number}.mkv", [flat(99, layout=layout)] * count, FPS)
        small = min(size) < 32
        metrics = ["psnr", "ssim"] if small else ["psnr", "ssim", "vmaf", "flip"]
        assert failed(judged(tmp_path / str(number), made, made, metrics=metrics)) == {}
    with pytest.raises(InputError, match="too small for VMAF"):
        judged(tmp_path / "small", made, made)


def test_the_policy_decides_what_a_failed_check_does(tmp_path):
    draw, _ = faulty("black")
    made = film(tmp_path, draw)
    with pytest.raises(InputError) as refused:
        judged(tmp_path / "fail", made, policy="fail")
    text = str(refused.value)
    assert refused.value.code == "quality.video.black"
    assert "1.000 to 3.000 s" in text and "expected 0.5 s" in text and "got 2 s" in text
    flagged = judged(tmp_path / "flag", made, policy="flag")
    assert flagged["verdict"] == "flagged"
    (warning,) = flagged["warnings"]
    assert "video.black" in warning and "1.000 to 3.000 s" in warning
    plain = judged(tmp_path / "report", made, policy="report")
    assert plain["verdict"] == "failed" and plain["warnings"] == []
    skipped = judged(tmp_path / "skip", made, policy="fail", skip=["video.black"])
    assert skipped["verdict"] == "passed"


def test_the_page_stands_alone_and_shows_what_failed(tmp_path):
    draw, _ = faulty("blown")
    made = run_stage(QUALITY, tmp_path / "out", {"media": film(tmp_path, draw)})
    text = made["page"].read_text(encoding="utf-8")
    assert "1 of 13 checks failed" in text and "video.blown" in text
    assert text.count("<svg") >= 3 and 'class="bad"' in text
    assert "data:image/jpeg;base64," in text
    assert not re.search(r'(src|href)="(?!data:)', text) and "<script" not in text
    assert len(text) < 80_000
    again = run_stage(QUALITY, tmp_path / "again", {"media": tmp_path / "film.mkv"})
    assert again["page"].read_bytes() == made["page"].read_bytes()


def test_a_metric_that_is_not_installed_is_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    made = film(tmp_path, shot, 2)
    with pytest.raises(MissingExtra, match=r"pip install 'farm\[quality\]'"):
        judged(tmp_path, made, made)
    assert failed(judged(tmp_path / "a", made, made, metrics=["psnr", "ssim"])) == {}
    assert failed(judged(tmp_path / "b", made)) == {}


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "ffmpeg" in child.name()]


@with_extra
def test_a_cancel_kills_the_process_of_vmaf(tmp_path):
    made = film(tmp_path, shot, 24)
    files = {port: [input_file(made, MediaKind.VIDEO)] for port in ("media", "reference")}
    task = DirectTask(tmp_path / "out", QUALITY.params(metrics=["vmaf"]), files)
    seen: list[int] = []
    check_before = task.checkpoint

    def stop_when_it_runs() -> None:
        seen.extend(child.pid for child in children())
        if seen:
            raise TaskCancelled("stopped by the test")
        check_before()

    task.checkpoint = stop_when_it_runs  # type: ignore[method-assign]
    with pytest.raises(TaskCancelled):
        run_quality(task)
    assert seen
    assert not any(psutil.pid_exists(pid) for pid in seen)


def test_a_vmaf_process_that_fails_is_named_with_what_it_said(tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho 'out of luck' >&2\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(vmaf_module, "ffmpeg_with_vmaf", lambda: str(program))
    made = film(tmp_path, shot, 24)
    with pytest.raises(FarmError, match="out of luck"):
        judged(tmp_path, made, made, metrics=["vmaf"])


def test_it_stops_when_asked_and_refuses_what_is_no_media(tmp_path):
    made = film(tmp_path, shot, 6)
    with pytest.raises(TaskCancelled):
        run_stage(QUALITY, tmp_path / "a", {"media": made}, cancel_after=3)
    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"no film at all" * 99)
    with pytest.raises(InputError, match="cannot be read as media"):
        run_stage(QUALITY, tmp_path / "b", {"media": junk})


def test_a_damaged_film_is_reported_as_damaged(tmp_path):
    made = encoded(tmp_path, film(tmp_path, shot, 48), "20")
    data = bytearray(made.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(bytes(data))
    report = judged(tmp_path, broken)
    assert "video.damage" in failed(report)
    assert "damaged" in check(report, "video.damage")["said"]


def test_parameters_out_of_range_are_refused_at_planning():
    for params in ({"policy": "panic"}, {"skip": ["video.beauty"]}, {"ssim": 2}, {"black_s": 0}):
        with pytest.raises(ValidationError):
            QUALITY.params(**params)


def test_the_pipeline_fits_the_stages():
    stages = {stage.capability: [stage] for stage in farm_finish.farm_stages()}
    path = next(p for p in farm_finish.farm_pipelines() if p.name == "quality.yaml")
    check_against(load_pipeline(path), stages)


def test_warnings_of_a_report_are_facts_of_its_artifact(tmp_path):
    draw, _ = faulty("black")
    made = run_stage(QUALITY, tmp_path / "out", {"media": film(tmp_path, draw)})
    kind, facts = probe_output(made["report"])
    assert kind is MediaKind.DATA and facts.frames == 96
    (warning,) = facts.extra["warnings"]
    assert "video.black" in warning
    assert probe_output(made["page"])[0] is MediaKind.TEXT
