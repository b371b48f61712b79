"""Sound: measured as FFmpeg measures it, mixed as asked, mastered to its target, and in sync."""

from __future__ import annotations

import json
import math
import tracemalloc
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from direct_task import DirectTask, run_stage, stage_of
from pydantic import ValidationError
from test_finish import clip, packets

import farm_finish
from farm import InputError, InputFile, MediaFacts, TaskCancelled
from farm.media.loudness import LoudnessMeter
from farm.media.sound import RATE, sound_blocks
from farm.pipelines.template import load_pipeline
from farm.pipelines.wiring import check_against
from farm_finish.audio.limiter import Limiter
from farm_finish.audio.peaks import TruePeak, factor
from farm_finish.audio.room import ROOMS, Room, impulse_response
from farm_finish.audio.runs import Runs

MIX, MASTER, MEASURE, MUX = (
    stage_of(farm_finish, name)
    for name in ("audio.mix", "audio.master", "audio.measure", "video.mux")
)


def sine(hz: float, length_s: float, db: float = -20.0, sides=(1, 1)) -> np.ndarray:
    times = np.arange(round(length_s * RATE)) / RATE
    wave = 10 ** (db / 20) * np.sin(2 * np.pi * hz * times)
    return (wave * np.array(sides)[:, None]).astype(np.float32)


def noise(length_s: float, db: float = -20.0, seed: int = 1) -> np.ndarray:
    source = np.random.default_rng(seed)
    return (source.standard_normal((2, round(length_s * RATE))) * 10 ** (db / 20)).astype(
        np.float32
    )


def speech(length_s: float, db: float = -20.0) -> np.ndarray:
    """Bursts of a buzz with pauses, louder and softer, as in speech."""
    times = np.arange(round(length_s * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * 120 * k * times + k) / k for k in range(1, 20))
    shape = np.clip(np.sin(2 * np.pi * 0.7 * times), 0, 1) * (0.3 + 0.7 * (times % 7 > 3))
    return (np.stack([buzz * shape] * 2) * 10 ** (db / 20)).astype(np.float32)


def click(at_s: float, length_s: float) -> np.ndarray:
    """Silence with one click of 1 ms."""
    sound = np.zeros((2, round(length_s * RATE)), np.float32)
    sound[:, round(at_s * RATE) : round(at_s * RATE) + 48] = 0.9
    return sound


def saved(path: Path, sound: np.ndarray, rate: int = RATE, codec: str = "pcm_f32le") -> Path:
    """(channels, n) samples in a file of the kind of its name."""
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(sound)]
    with av.open(str(path), "w") as out:
        track = out.add_stream(codec, rate=rate, layout=layout)
        kind = track.codec_context.format.name if codec == "aac" else "flt"
        size = 1024 if codec == "aac" else max(1, sound.shape[1])
        for at in range(0, sound.shape[1], size):
            part = np.ascontiguousarray(sound[:, at : at + size], np.float32)
            given = part if kind == "fltp" else np.ascontiguousarray(part.T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(given, format=kind, layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
            out.mux(track.encode(frame))
        out.mux(track.encode(None))
    return path


def heard(path: Path) -> np.ndarray:
    """Decoded stereo samples on the file's clock, FFmpeg's own way: 0 is moment 0 of the film."""
    parts: list[np.ndarray] = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            if not parts:
                lead = round(Fraction(frame.pts) * frame.time_base * RATE)
                assert lead >= 0
                parts.append(np.zeros((2, lead), np.float32))
            samples = frame.to_ndarray()
            if frame.format.name in ("s32", "flt"):
                samples = samples.reshape(-1, 2).T
            scale = 2**31 if samples.dtype == np.int32 else 1
            parts.append((samples / scale).astype(np.float32))
    return np.concatenate(parts, axis=1)


def filtered(sound: np.ndarray, name: str, options: str) -> list[av.AudioFrame]:
    """The frames that an FFmpeg filter makes of (channels, n) samples."""
    layout = {1: "mono", 2: "stereo"}[len(sound)]
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        format="flt", sample_rate=RATE, layout=layout, time_base=Fraction(1, RATE)
    )
    through, sink = graph.add(name, options), graph.add("abuffersink")
    source.link_to(through)
    through.link_to(sink)
    graph.configure()
    frames: list[av.AudioFrame] = []
    for at in [*range(0, sound.shape[1], 4800), None]:
        if at is None:
            source.push(None)
        else:
            piece = np.ascontiguousarray(sound[:, at : at + 4800].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(piece, format="flt", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
            source.push(frame)
        while True:
            try:
                frames.append(sink.pull())
            except (av.error.BlockingIOError, av.error.EOFError):
                break
    return frames


def by_ffmpeg(sound: np.ndarray) -> dict[str, float]:
    """What the filter ebur128 measures."""
    frames = filtered(sound, "ebur128", "metadata=1:peak=true+sample")
    facts = [{k[11:]: float(v) for k, v in f.metadata.items()} for f in frames]
    facts = [f for f in facts if "I" in f]
    peaks = ("true_peaks_ch0", "true_peaks_ch1")
    last = facts[-1]
    return {
        "integrated_lufs": last["I"],
        "range_lu": last["LRA"],
        "momentary_max_lufs": max(f["M"] for f in facts),
        "short_term_max_lufs": max(f["S"] for f in facts),
        "true_peak_dbtp": 20 * math.log10(max(last.get(p, 0) for p in peaks) or 1e-9),
    }


def measured(folder: Path, sound: np.ndarray, **params: Any) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    source = saved(folder / "sound.wav", sound)
    return report(run_stage(MEASURE, folder / "out", {"media": source}, params)["report"])


def report(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def level(sound: np.ndarray) -> float:
    """Root mean square in dB against full scale."""
    return 10 * math.log10(float(np.square(sound, dtype=np.float64).mean()) + 1e-20)


# --- measure --------------------------------------------------------------------------------------

FILMS = {
    "tone": sine(997, 8),
    "low tone": sine(60, 6, -10),
    # Faded, because FFmpeg's resampler makes a peak of its own where a high tone begins.
    "high tone": sine(11_000, 6, -12) * np.sin(np.linspace(0, np.pi, 6 * RATE)).astype("f4"),
    "one side": sine(997, 6, -20, (1, 0)),
    "noise": noise(8, -25),
    "loud noise": noise(5, -9),
    "speech": speech(24, -14),
    "soft then loud": np.concatenate([noise(12, -50), noise(10, -20), noise(10, -35)], axis=1),
}


@pytest.mark.parametrize("name", FILMS)
def test_every_level_agrees_with_ffmpegs_meter(tmp_path, name):
    sound = FILMS[name]
    found, expected = measured(tmp_path, sound), by_ffmpeg(sound)
    assert found["integrated_lufs"] == pytest.approx(expected["integrated_lufs"], abs=0.1)
    assert found["momentary_max_lufs"] == pytest.approx(expected["momentary_max_lufs"], abs=0.1)
    assert found["short_term_max_lufs"] == pytest.approx(expected["short_term_max_lufs"], abs=0.1)
    assert found["range_lu"] == pytest.approx(expected["range_lu"], abs=0.3)
    assert found["true_peak_dbtp"] == pytest.approx(expected["true_peak_dbtp"], abs=0.15)


def test_the_standards_reference_tone_reads_minus_20(tmp_path):
    found = measured(tmp_path, sine(997, 5))
    assert found["integrated_lufs"] == pytest.approx(-20.0, abs=0.05)
    assert found["sample_peak_dbfs"] == pytest.approx(-20.0, abs=0.02)
    assert (found["schema"], found["duration_s"]) == ("farm.audio-measure/1", 5.0)


def test_the_gates_of_the_standard_leave_out_silence(tmp_path):
    found = measured(tmp_path, np.concatenate([sine(997, 4), np.zeros((2, 6 * RATE))], axis=1))
    assert found["integrated_lufs"] == pytest.approx(-20.0, abs=0.4)


def test_a_peak_between_the_samples_is_seen(tmp_path):
    times = np.arange(RATE)
    wave = 0.9 * np.sin(2 * np.pi * times / 4 + np.pi / 4)
    found = measured(tmp_path, np.stack([wave, wave]))
    assert found["sample_peak_dbfs"] < -3.9
    assert found["true_peak_dbtp"] == pytest.approx(20 * math.log10(0.9), abs=0.1)


def test_silence_has_no_loudness_and_is_one_span(tmp_path):
    found = measured(tmp_path, np.zeros((2, 3 * RATE), np.float32))
    assert found["integrated_lufs"] is None
    assert found["true_peak_dbtp"] is None
    assert found["silence"] == {"share": 1.0, "spans": [{"start_s": 0.0, "end_s": 3.0}]}


def test_silence_is_listed_where_it_is(tmp_path):
    quiet = np.zeros((2, RATE), np.float32)
    short = np.zeros((2, RATE // 5), np.float32)
    tone = sine(500, 1.5, -10)
    found = measured(tmp_path, np.concatenate([quiet, tone, short, tone, quiet, tone], axis=1))
    spans = [(span["start_s"], span["end_s"]) for span in found["silence"]["spans"]]
    assert spans == [pytest.approx(s, abs=0.002) for s in ((0, 1), (4.2, 5.2))]


def test_clipping_is_counted_and_a_tone_that_fits_is_not(tmp_path):
    hard = np.clip(sine(200, 1, 6), -1, 1)
    found = measured(tmp_path / "a", np.concatenate([sine(200, 1), hard], axis=1))["clipping"]
    assert found["count"] == pytest.approx(400, abs=2)
    assert found["spans"][0]["start_s"] == pytest.approx(1.0, abs=0.003)
    assert measured(tmp_path / "b", sine(997, 1, -0.1))["clipping"]["count"] == 0


@pytest.mark.parametrize("length_s", [0.001, 0.2, 0.39])
def test_a_very_short_sound_has_a_loudness(tmp_path, length_s):
    found = measured(tmp_path, sine(997, length_s))
    assert found["duration_s"] == pytest.approx(length_s, abs=1e-5)
    assert found["integrated_lufs"] is not None
    assert found["range_lu"] == 0


def test_mono_is_measured_as_mono_and_other_rates_at_48_khz(tmp_path):
    mono = saved(tmp_path / "mono.wav", sine(997, 4)[:1])
    found = report(run_stage(MEASURE, tmp_path / "a", {"media": mono})["report"])
    assert found["integrated_lufs"] == pytest.approx(-23.0, abs=0.1)
    assert found["sample_peak_dbfs"] == pytest.approx(-20, abs=0.02)
    times = np.arange(4 * 22_050) / 22_050
    slow = 0.1 * np.sin(2 * np.pi * 997 * times)
    source = saved(tmp_path / "slow.wav", np.stack([slow, slow]), rate=22_050)
    found = report(run_stage(MEASURE, tmp_path / "b", {"media": source})["report"])
    assert found["integrated_lufs"] == pytest.approx(-20.0, abs=0.1)
    assert found["duration_s"] == 4.0
    assert found["source"] == {"channels": 2, "codec": "pcm_f32le", "sample_rate": 22_050}


def test_meters_read_the_same_in_any_pieces():
    sound = speech(3)
    whole, pieces = LoudnessMeter(), LoudnessMeter()
    peak, peaks = TruePeak(), TruePeak()
    whole.feed(sound)
    peak.feed(sound)
    for at in range(0, sound.shape[1], 777):
        pieces.feed(sound[:, at : at + 777])
        peaks.feed(sound[:, at : at + 777])
    assert whole.loudness() == pieces.loudness()
    assert peak.true() == peaks.true()


def test_runs_that_cross_blocks_are_one():
    runs = Runs(3, keep=1)
    for part in ([1, 1, 0, 1], [1], [1, 0, 0], [], [1, 1, 1, 1]):
        runs.feed(np.array(part, bool))
    runs.finish()
    assert (runs.spans, runs.count, runs.samples) == ([(3, 6)], 2, 7)


# --- master ---------------------------------------------------------------------------------------


def mastered(folder: Path, sound: np.ndarray, **params: Any) -> tuple[np.ndarray, dict[str, Any]]:
    folder.mkdir(parents=True, exist_ok=True)
    source = saved(folder / "mix.wav", sound)
    made = run_stage(MASTER, folder / "out", {"audio": source}, params)
    return heard(made["audio"]), report(made["report"])


@pytest.mark.parametrize("target", [-14.0, -16.0, -23.0])
@pytest.mark.parametrize("name", ["tone", "noise", "speech", "soft then loud"])
def test_loudness_reaches_its_target_and_no_peak_passes_the_limit(tmp_path, name, target):
    sound, facts = mastered(tmp_path, FILMS[name], target_lufs=target)
    found = by_ffmpeg(sound)
    assert sound.shape == FILMS[name].shape
    assert found["integrated_lufs"] == pytest.approx(target, abs=0.15)
    assert found["true_peak_dbtp"] <= -1.0
    assert facts["after"]["integrated_lufs"] == pytest.approx(target, abs=0.1)
    assert abs(facts["missed_by_lu"]) <= 0.1


def test_a_gain_that_needs_no_limiter_is_a_plain_gain(tmp_path):
    given = FILMS["tone"]
    sound, facts = mastered(tmp_path, given, target_lufs=-23)
    assert facts["limited_db"] == 0
    assert facts["gain_db"] == pytest.approx(-3.0, abs=0.05)
    assert np.abs(sound - given * 10 ** (facts["gain_db"] / 20)).max() < 1e-3


def test_loudness_is_that_of_ffmpegs_loudnorm_and_closer_to_the_target(tmp_path):
    frames = filtered(FILMS["speech"], "loudnorm", "I=-16:TP=-1:LRA=20")
    theirs = [f.to_ndarray().reshape(-1, 2).T for f in frames]
    rate = frames[0].sample_rate
    at_48 = np.concatenate(theirs, axis=1)[:, :: rate // RATE].astype(np.float32)
    ours, _ = mastered(tmp_path, FILMS["speech"], target_lufs=-16)
    reached = [by_ffmpeg(sound)["integrated_lufs"] for sound in (ours, at_48)]
    assert reached[0] == pytest.approx(reached[1], abs=1.0)
    assert abs(reached[0] + 16) <= abs(reached[1] + 16)


def test_the_limiter_holds_the_ceiling_between_samples_and_leaves_the_rest_alone():
    sound = np.concatenate([noise(1, -30), noise(0.05, 3, seed=2), noise(1, -30, 3)], axis=1)
    limiter = Limiter(1.0, factor(-1))
    parts = [limiter.feed(sound[:, at : at + 1000]) for at in range(0, sound.shape[1], 1000)]
    limited = np.concatenate([*parts, limiter.finish()], axis=1)
    assert limited.shape == sound.shape
    assert by_ffmpeg(limited)["true_peak_dbtp"] <= -0.9
    quiet = slice(0, RATE - 600)
    assert np.abs(limited[:, quiet] - sound[:, quiet]).max() < 1e-6
    assert np.abs(limited[:, -RATE // 4 :] - sound[:, -RATE // 4 :]).max() < 1e-3
    assert limiter.least < 0.5


def test_the_limiter_gives_the_same_in_any_pieces():
    sound = noise(0.5, -3)
    whole = Limiter(1.5, 0.8)
    once = np.concatenate([whole.feed(sound), whole.finish()], axis=1)
    cut = Limiter(1.5, 0.8)
    parts = [cut.feed(sound[:, at : at + 97]) for at in range(0, sound.shape[1], 97)]
    assert np.allclose(once, np.concatenate([*parts, cut.finish()], axis=1), atol=1e-7)


def test_mastering_gives_the_same_bytes_twice(tmp_path):
    source = saved(tmp_path / "mix.wav", FILMS["speech"])
    one, two = (run_stage(MASTER, tmp_path / n, {"audio": source}, {"room": "hall"}) for n in "ab")
    for port in ("audio", "report"):
        assert one[port].read_bytes() == two[port].read_bytes()


def test_silence_is_cut_where_asked_and_kept_otherwise(tmp_path):
    quiet = np.zeros((2, RATE), np.float32)
    given = np.concatenate([quiet, sine(500, 2, -10), quiet, quiet], axis=1)
    lengths = {"none": 5.0, "head": 4.05, "tail": 3.05, "both": 2.1}
    for trim, expected in lengths.items():
        sound, facts = mastered(tmp_path / trim, given, trim=trim)
        assert sound.shape[1] / RATE == pytest.approx(expected, abs=0.002)
        cut = facts["trimmed_s"]["head"] + facts["trimmed_s"]["tail"]
        assert cut == pytest.approx(5 - expected, abs=0.002)


def test_silence_stays_silence_and_cannot_be_trimmed_to_nothing(tmp_path):
    quiet = np.zeros((2, RATE), np.float32)
    sound, facts = mastered(tmp_path / "a", quiet)
    assert not sound.any()
    assert facts["missed_by_lu"] is None
    for trim in ("head", "tail", "both"):
        with pytest.raises(InputError, match="silence"):
            mastered(tmp_path / trim, quiet, trim=trim)


def test_sound_that_is_too_soft_is_raised_only_so_far_and_the_report_says_so(tmp_path):
    _, facts = mastered(tmp_path, sine(997, 3, -55), most_gain_db=20)
    assert facts["gain_db"] == pytest.approx(20, abs=0.01)
    assert facts["missed_by_lu"] == pytest.approx(-19, abs=0.1)


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_rings_as_long_as_it_says(name):
    response = impulse_response(name).astype(np.float64)
    assert np.square(response).sum(axis=1) == pytest.approx([1, 1], rel=1e-3)
    fall = 10 * np.log10(np.cumsum(np.square(response).sum(0)[::-1])[::-1] / 2 + 1e-12)
    # The slope between -5 and -25 dB, as reverberation is measured (ISO 3382, T20).
    begin, stop = np.argmax(fall < -5), np.argmax(fall < -25)
    assert 3 * (stop - begin) / RATE == pytest.approx(ROOMS[name], rel=0.35)
    assert abs(np.corrcoef(response)[0, 1]) < 0.1


def test_room_tone_is_added_in_blocks_as_in_one_piece_and_as_strong_as_asked():
    sound = click(0.1, 1.0)
    whole = Room("room", factor(-20)).feed(sound)
    parts, room = [], Room("room", factor(-20))
    for at in range(0, RATE, 6000):
        parts.append(room.feed(sound[:, at : at + 6000]))
    assert np.allclose(np.concatenate(parts, axis=1), whole, atol=1e-6)
    added = level(whole - sound) - level(sound)
    assert added == pytest.approx(-20, abs=4)


# --- mix ------------------------------------------------------------------------------------------


def mixed(folder: Path, params: dict[str, Any] | None = None, **tracks: Any) -> np.ndarray:
    """A mix; tracks are samples, or lists of them, or a path, by port."""
    folder.mkdir(parents=True, exist_ok=True)
    inputs: dict[str, Any] = {}
    for port, given in tracks.items():
        every = given if isinstance(given, list) else [given]
        inputs[port] = [
            sound if isinstance(sound, Path) else saved(folder / f"{port}{n}.wav", sound)
            for n, sound in enumerate(every)
        ]
    return heard(run_stage(MIX, folder / "out", inputs, params)["audio"])


def test_a_mix_is_the_sum_of_its_tracks_and_never_clips(tmp_path):
    one, two = noise(2.5, -3, 1), noise(2, -3, 2)
    found = mixed(tmp_path, effects=[one, two])
    expected = one.copy()
    expected[:, : two.shape[1]] += two
    assert np.abs(found - expected).max() < 1e-6
    assert np.abs(found).max() > 1.5


def test_tracks_have_gain_balance_offset_trim_and_fades(tmp_path):
    tone = sine(500, 2, -10)
    entry = {
        "of": "effects",
        "gain_db": -6,
        "pan": -1,
        "offset_s": 0.75,
        "start_s": 0.5,
        "length_s": 1.0,
        "fade_in_s": 0.1,
        "fade_out_s": 0.2,
    }
    found = mixed(tmp_path, {"tracks": [entry]}, effects=tone)
    assert found.shape[1] == round(1.75 * RATE)
    assert not found[:, : round(0.75 * RATE)].any()
    assert np.abs(found[1]).max() < 1e-6
    middle = slice(round(0.9 * RATE), round(1.5 * RATE))
    assert level(found[0, middle]) == pytest.approx(-13 - 6 + 3, abs=0.05)
    start = found[0, round(0.75 * RATE) :]
    assert np.abs(start[:48]).max() < 0.02
    assert np.abs(found[0, -48:]).max() < 0.02


def test_a_track_may_begin_before_the_mix(tmp_path):
    tone = sine(500, 2, -10)
    found = mixed(tmp_path, {"tracks": [{"of": "voice", "offset_s": -0.5}]}, voice=tone)
    assert np.abs(found - tone[:, RATE // 2 :]).max() < 1e-6


def test_music_runs_on_into_the_next_piece_at_the_same_power(tmp_path):
    found = mixed(
        tmp_path, {"crossfade_s": 1.0, "music_db": 0}, music=[noise(4, -20, 1), noise(4, -20, 2)]
    )
    assert found.shape[1] == 7 * RATE
    tenths = np.square(found).mean(0).reshape(-1, RATE // 5).mean(1)
    assert 10 * np.log10(tenths.max() / tenths.min()) < 0.8


def test_music_repeats_to_the_end_of_the_film_and_fades_there(tmp_path):
    film = clip(tmp_path / "film.mp4", 24 * 5)
    params = {"music_loop": True, "crossfade_s": 0.5, "music_end_s": 1.0}
    found = mixed(tmp_path, params, video=film, music=noise(1.5))
    assert found.shape[1] == 5 * RATE
    tenths = [level(found[:, at : at + 4800]) for at in range(0, 5 * RATE, 4800)]
    assert min(tenths[:39]) > -28
    assert tenths[-1] < tenths[20] - 10


def test_music_gives_way_to_a_voice_and_comes_back(tmp_path):
    music = sine(3000, 12, -20)
    voice = np.zeros((2, 12 * RATE), np.float32)
    voice[:, 4 * RATE : 7 * RATE] = sine(200, 3, -12)
    params = {"music_db": 0, "duck_ratio": 4, "duck_threshold_db": -31, "duck_most_db": 30}
    found = mixed(tmp_path, params, voice=voice, music=music)

    def of_music(at_s: float) -> float:
        part = found[0, round(at_s * RATE) : round((at_s + 0.1) * RATE)]
        turn = np.exp(2j * np.pi * 3000 * np.arange(len(part)) / RATE)
        return 20 * math.log10(abs((part * turn).mean()) * 2)

    # The tone's mean square is -15 dB, 16 over the threshold; at 4:1 they give way by 12.
    assert of_music(2) == pytest.approx(-20, abs=0.1)
    assert of_music(6) == pytest.approx(-32, abs=0.3)
    # Attack of 40 ms: two thirds after one time constant; release of 600 ms.
    assert of_music(4.15) == pytest.approx(-32, abs=0.6)
    assert -32 < of_music(7.5) < -21
    assert of_music(11) == pytest.approx(-20, abs=0.2)
    assert not np.array_equal(found, mixed(tmp_path / "plain", {"duck": []} | params, voice=voice,
                                           music=music))  # fmt: skip


def test_ducking_never_goes_beyond_the_most_and_can_be_turned_off(tmp_path):
    music, voice = sine(3000, 3, -20), sine(200, 3, -3)
    params = {"music_db": 0, "duck_most_db": 6}
    found = mixed(tmp_path / "a", params, voice=voice, music=music) - voice
    assert level(found[:, 2 * RATE :]) == pytest.approx(-23 - 6, abs=0.1)
    found = mixed(tmp_path / "b", {"music_db": 0, "duck": []}, voice=voice, music=music) - voice
    assert np.abs(found - music).max() < 1e-6


def test_a_mix_for_a_film_has_the_films_length_to_the_sample(tmp_path):
    for fps, frames in ((24, 30), (Fraction(30000, 1001), 31), (60, 7)):
        film = clip(tmp_path / f"{frames}.mp4", frames, fps=fps, sound_s=3.0)
        found = mixed(tmp_path / str(frames), video=film, voice=sine(500, 0.1))
        assert found.shape[1] == round(frames / Fraction(fps) * RATE)


def test_a_films_own_sound_can_be_left_out(tmp_path):
    film = clip(tmp_path / "film.mkv", 24, sound_s=1.0)
    with_it = mixed(tmp_path / "a", video=film)
    without = mixed(tmp_path / "b", {"video_sound": False}, video=film, effects=sine(500, 1, -60))
    assert level(with_it) > -20
    assert level(without) < -55


def test_nothing_to_mix_and_tracks_that_are_not_there_are_refused(tmp_path):
    film = clip(tmp_path / "film.mp4", 12)
    with pytest.raises(InputError, match="nothing to mix"):
        run_stage(MIX, tmp_path / "a", {})
    with pytest.raises(InputError, match="nothing to mix"):
        run_stage(MIX, tmp_path / "b", {"video": film})
    with pytest.raises(InputError, match=r"tracks\[0\].*not there"):
        mixed(tmp_path / "c", {"tracks": [{"of": "voice", "index": 3}]}, voice=sine(500, 1))
    with pytest.raises(InputError, match="voice 1: has no sound"):
        mixed(tmp_path / "d", voice=film)
    with pytest.raises(InputError, match="empty"):
        mixed(tmp_path / "e", {"tracks": [{"of": "voice", "offset_s": -9}]}, voice=sine(500, 1))
    with pytest.raises(InputError, match="too short to be repeated"):
        mixed(tmp_path / "f", {"music_loop": True, "length_s": 60}, music=sine(500, 0.01))
    bad = sine(500, 1)
    bad[0, 700] = np.nan
    with pytest.raises(InputError, match="no numbers"):
        mixed(tmp_path / "g", voice=bad)


# --- reading --------------------------------------------------------------------------------------


def test_a_hole_in_a_recording_is_silence_and_what_follows_is_on_time(tmp_path):
    path = tmp_path / "holed.mka"
    with av.open(str(path), "w") as out:
        track = out.add_stream("pcm_f32le", rate=44_100, layout="stereo")
        for begin_s in (0, 2):
            times = np.arange(44_100) / 44_100
            wave = (0.5 * np.sin(2 * np.pi * 400 * times)).astype(np.float32)
            for at in range(0, 44_100, 4410):
                part = np.repeat(wave[at : at + 4410], 2)[None]
                frame = av.AudioFrame.from_ndarray(part, format="flt", layout="stereo")
                frame.sample_rate, frame.pts = 44_100, begin_s * 44_100 + at
                frame.time_base = Fraction(1, 44_100)
                out.mux(track.encode(frame))
        out.mux(track.encode(None))
    sound = np.concatenate(list(sound_blocks(path, "voice")), axis=1)
    assert sound.shape[1] == pytest.approx(3 * RATE, abs=4)
    assert level(sound[:, :RATE]) == pytest.approx(-9, abs=0.1)
    assert np.abs(sound[:, RATE + 200 : 2 * RATE - 200]).max() < 1e-3
    assert level(sound[:, 2 * RATE :]) == pytest.approx(-9, abs=0.1)


def test_surround_is_mixed_down_and_priming_is_not_heard(tmp_path):
    six = np.zeros((6, RATE), np.float32)
    six[2] = sine(500, 1)[0]
    centre = np.concatenate(list(sound_blocks(saved(tmp_path / "s.wav", six), "s")), axis=1)
    assert np.allclose(centre[0], centre[1])
    assert level(centre) > -40
    aac = saved(tmp_path / "a.m4a", click(0.5, 1.0), codec="aac")
    decoded = np.concatenate(list(sound_blocks(aac, "a")), axis=1)
    assert abs(onset(decoded) - 0.5) < 0.002


# --- mux ------------------------------------------------------------------------------------------


def onset(sound: np.ndarray) -> float:
    """Moment of the middle of a click of 1 ms, less half of it, in seconds."""
    power = np.square(sound).sum(0)
    return float((power * np.arange(len(power))).sum() / power.sum() - 24) / RATE


def frames_of(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


@pytest.mark.parametrize("codec", ["aac", "flac"])
@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("fps", [24, Fraction(30000, 1001), 60])
def test_a_click_is_heard_when_its_picture_is_shown(tmp_path, codec, container, fps):
    film = clip(tmp_path / "film.mp4", 60, fps=fps)
    at = Fraction(30) / Fraction(fps)
    sound = saved(tmp_path / "click.wav", click(float(at), 3.0))
    options = {"codec": codec, "container": container}
    made = run_stage(MUX, tmp_path / "out", {"video": film, "audio": sound}, options)["video"]
    off_ms = 1000 * (onset(heard(made)) - float(frames_of(made)[30]))
    assert abs(off_ms) < min(2, 1000 / float(fps))
    assert packets(made) == packets(film)
    moments = [float(moment) for moment in frames_of(made)]
    assert moments == pytest.approx([index / float(fps) for index in range(60)], abs=0.0006)


def test_sync_holds_for_sound_with_priming_and_films_that_begin_late(tmp_path):
    plain = clip(tmp_path / "film.mp4", 48)
    late = tmp_path / "late.mkv"
    with av.open(str(plain)) as source, av.open(str(late), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                shift = round(Fraction(3) / packet.time_base)
                packet.pts, packet.dts, packet.stream = (
                    packet.pts + shift,
                    packet.dts + shift,
                    stream,
                )
                out.mux(packet)
    sound = saved(tmp_path / "click.m4a", click(1.0, 2.0), codec="aac")
    made = run_stage(MUX, tmp_path / "out", {"video": late, "audio": sound})["video"]
    assert frames_of(made)[0] == 0
    assert abs(onset(heard(made)) - float(frames_of(made)[24])) < 0.002


@pytest.mark.parametrize("offset_ms", [-250, 40, 500])
def test_sound_is_moved_as_asked(tmp_path, offset_ms):
    film = clip(tmp_path / "film.mp4", 48)
    sound = saved(tmp_path / "click.wav", click(1.0, 2.0))
    made = run_stage(
        MUX, tmp_path / "out", {"video": film, "audio": sound}, {"offset_ms": offset_ms}
    )["video"]
    assert onset(heard(made)) == pytest.approx(1 + offset_ms / 1000, abs=0.002)


def test_sound_is_cut_to_the_pictures_and_may_be_shorter(tmp_path):
    film = clip(tmp_path / "film.mp4", 24)
    for length_s, expected_s in ((3.0, 1.0), (0.4, 0.4)):
        sound = saved(tmp_path / f"{length_s}.wav", sine(500, length_s))
        made = run_stage(MUX, tmp_path / "out", {"video": film, "audio": sound})["video"]
        assert heard(made).shape[1] / RATE == pytest.approx(expected_s, abs=1024 / RATE)
        assert len(frames_of(made)) == 24


def test_flac_keeps_every_bit_of_24(tmp_path):
    film = clip(tmp_path / "film.mp4", 24)
    sound = sine(500, 1, -6)
    source = saved(tmp_path / "a.wav", sound)
    made = run_stage(MUX, tmp_path / "out", {"video": film, "audio": source}, {"codec": "flac"})
    assert np.abs(heard(made["video"]) - sound).max() <= 2**-24 + 1e-9


@pytest.mark.parametrize(
    ("name", "codec", "tag"),
    [
        ("a.mp4", "libx264", "avc1"),
        ("a.ts", "libx264", "avc1"),
        ("a.mkv", "libx265", "hvc1"),
        ("a.mkv", "libsvtav1", "av01"),
        ("a.webm", "libvpx-vp9", "vp09"),
        ("a.avi", "mpeg4", "mp4v"),
    ],
)
def test_pictures_of_any_delivery_codec_and_container_are_copied_in_sync(
    tmp_path, name, codec, tag
):
    film = clip(tmp_path / name, 48, codec=codec)
    sound = saved(tmp_path / "click.wav", click(1.0, 3.0))
    made = run_stage(MUX, tmp_path / "out", {"video": film, "audio": sound})["video"]
    assert [float(moment) for moment in frames_of(made)] == [index / 24 for index in range(48)]
    assert abs(onset(heard(made)) - 1.0) < 0.002
    with av.open(str(made)) as container:
        assert container.streams.video[0].codec_context.codec_tag == tag
        assert container.streams.video[0].average_rate == 24


def test_a_file_that_does_not_say_when_its_pictures_are_shown_is_refused(tmp_path):
    sound = saved(tmp_path / "click.wav", click(1.0, 3.0))
    ordered = clip(tmp_path / "ordered.avi", 24, codec="libx264", bf="0")
    assert (
        len(frames_of(run_stage(MUX, tmp_path / "a", {"video": ordered, "audio": sound})["video"]))
        == 24
    )
    film = clip(tmp_path / "film.avi", 24, codec="libx264")
    with pytest.raises(InputError, match="does not say when"):
        run_stage(MUX, tmp_path / "b", {"video": film, "audio": sound})


def test_a_film_of_variable_rate_keeps_its_moments(tmp_path):
    source = tmp_path / "in.mkv"
    moments = (0, 40, 100, 500, 530, 1000)
    with av.open(str(source), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for moment in moments:
            frame = av.VideoFrame.from_ndarray(
                np.full((64, 96, 3), moment // 5, np.uint8), format="rgb24"
            )
            frame.pts, frame.time_base = moment, Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    sound = saved(tmp_path / "a.wav", sine(500, 3))
    made = run_stage(MUX, tmp_path / "out", {"video": source, "audio": sound})["video"]
    assert [round(1000 * moment) for moment in frames_of(made)] == list(moments)


def test_lossless_pictures_go_into_matroska_and_are_refused_in_mp4(tmp_path):
    film = clip(tmp_path / "film.mkv", 12, codec="ffv1")
    sound = saved(tmp_path / "a.wav", sine(500, 1))
    inputs = {"video": film, "audio": sound}
    with pytest.raises(InputError, match=r"ffv1.*video\.encode"):
        run_stage(MUX, tmp_path / "a", inputs)
    made = run_stage(MUX, tmp_path / "b", inputs, {"container": "mkv", "codec": "flac"})["video"]
    assert packets(made) == packets(film)


def test_muxing_gives_the_same_bytes_twice_and_writes_tags(tmp_path):
    film = clip(tmp_path / "film.mp4", 12)
    sound = saved(tmp_path / "a.wav", sine(500, 1))
    for container in ("mp4", "mkv"):
        options = {"container": container, "metadata": {"title": "ten"}}
        one, two = (
            run_stage(MUX, tmp_path / n, {"video": film, "audio": sound}, options)["video"]
            for n in "ab"
        )
        assert one.read_bytes() == two.read_bytes()
        with av.open(str(one)) as opened:
            tags = {name.lower(): text for name, text in opened.metadata.items()}
            assert tags["title"] == "ten"


def run_unread(stage, folder: Path, **inputs: Path) -> dict[str, Path]:
    """Run a stage without reading its inputs into memory first, as hashing them here would."""
    files = {
        port: [InputFile(path, stage.inputs[port].kind, "0" * 64, MediaFacts())]
        for port, path in inputs.items()
    }
    module, _, function = stage.run.partition(":")
    return getattr(import_module(module), function)(DirectTask(folder, stage.params(), files))


def test_memory_does_not_grow_with_the_sound(tmp_path):
    peaks = []
    for length_s in (2, 6, 30):  # The first one compiles the kernels.
        source = saved(tmp_path / f"{length_s}.wav", noise(length_s))
        film = clip(tmp_path / f"{length_s}.mp4", 2 * length_s, fps=2)
        tracemalloc.start()
        mix = run_unread(MIX, tmp_path / "m", video=film, voice=source, music=source)
        master = run_unread(MASTER, tmp_path / "n", audio=mix["audio"])
        run_unread(MUX, tmp_path / "o", video=film, audio=master["audio"])
        run_unread(MEASURE, tmp_path / "p", media=master["audio"])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < peaks[1] + 300_000
    assert peaks[2] < 20_000_000


# --- the whole ------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"not a sound", b"\0" * 4096])
def test_what_is_no_sound_is_refused_by_every_stage(tmp_path, content):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(content)
    film = clip(tmp_path / "film.mp4", 3)
    for stage, inputs in (
        (MIX, {"voice": bad}),
        (MASTER, {"audio": bad}),
        (MEASURE, {"media": bad}),
        (MUX, {"video": film, "audio": bad}),
        (MUX, {"video": bad, "audio": bad}),
    ):
        with pytest.raises(InputError):
            run_stage(stage, tmp_path / "out", inputs)


def test_stages_stop_when_they_are_asked_to(tmp_path):
    sound = saved(tmp_path / "a.wav", noise(6, -20))
    film = clip(tmp_path / "film.mp4", 48)
    for stage, inputs in (
        (MIX, {"voice": sound}),
        (MASTER, {"audio": sound}),
        (MEASURE, {"media": sound}),
        (MUX, {"video": film, "audio": sound}),
    ):
        with pytest.raises(TaskCancelled):
            run_stage(stage, tmp_path / stage.capability, inputs, cancel_after=3)
        assert not list((tmp_path / stage.capability).glob("*.f32"))


@pytest.mark.parametrize(
    ("stage", "wrong"),
    [
        (MIX, {"tracks": [{"of": "drums"}]}),
        (MIX, {"duck_ratio": 0.5}),
        (MASTER, {"target_lufs": 0}),
        (MASTER, {"true_peak_db": 3}),
        (MEASURE, {"silence_s": 0}),
        (MUX, {"codec": "mp3"}),
    ],
)
def test_parameters_out_of_range_are_refused(stage, wrong):
    with pytest.raises(ValidationError):
        stage.params(**wrong)


def test_the_pipeline_takes_a_film_with_music_and_voice_to_a_mastered_film(tmp_path):
    pipeline = load_pipeline(Path(farm_finish.__file__).parent / "pipelines" / "master-audio.yaml")
    providers = {stage.capability: [stage] for stage in farm_finish.farm_stages()}
    check_against(pipeline, providers)
    film = clip(tmp_path / "film.mp4", 24 * 8)
    chord = sine(220, 12, -14) + sine(330, 12, -18) + sine(1760, 12, -30)
    music, voice = saved(tmp_path / "m.wav", chord), saved(tmp_path / "v.wav", speech(6))
    mix = run_stage(MIX, tmp_path / "1", {"video": film, "music": music, "voice": voice})
    master = run_stage(MASTER, tmp_path / "2", {"audio": mix["audio"]}, {"true_peak_db": -1.5})
    made = run_stage(MUX, tmp_path / "3", {"video": film, "audio": master["audio"]})["video"]
    found = by_ffmpeg(heard(made))
    assert packets(made) == packets(film)
    assert found["integrated_lufs"] == pytest.approx(-16, abs=0.2)
    assert found["true_peak_dbtp"] < -1.0
