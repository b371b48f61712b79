"""Sound for a script: exact in length, on time, at the right loudness, and pleasant to hear."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import DirectTask, input_file

from farm import InputError, MediaKind, StageParams, TaskCancelled
from farm_procedural.script import Motion, Score, Script, Shot, Title, Transition
from farm_procedural.sound.arrange import arrange
from farm_procedural.sound.compose import length, samples
from farm_procedural.sound.grid import grid, sample_of
from farm_procedural.sound.harmony import chords, mode_of, tonic
from farm_procedural.sound.loudness import decibels, loudness, true_peak
from farm_procedural.sound.mix import blocks
from farm_procedural.sound.stage import run
from farm_procedural.sound.tables import RATE

PALETTE = ((0.2, 0.0, 0.0),) * 5
CALM = Score(0.5, 0.1, 62, 45, {"sea": 0.5}, {"pad": 0.9, "bells": 0.5, "choir": 0.4, "pluck": 0.3})
EPIC = Score(
    -0.5, 0.8, 128, 40, {"wind": 0.3}, {"pad": 0.8, "drums": 0.9, "bass": 0.8, "choir": 0.8}
)
HAPPY = Score(0.9, 0.3, 112, 48, {}, {"pad": 0.5, "pluck": 0.9, "bass": 0.6, "drums": 0.5})


def shot(frames: int, level: float = 0.4, a: float = 1.0, b: float = 1.0, **more) -> Shot:
    return Shot(
        frames, 1, PALETTE, motion=Motion(level), energy_from=a, energy_to=b, **more
    )  # fmt: skip


def film(*shots: Shot, score: Score | None = None, fps: int = 24, seed: int = 7) -> Script:
    return Script(320, 180, fps, seed, shots, score or Score())


def story(score: Score | None = None, seed: int = 7) -> Script:
    """Eight seconds: calm, waking, wild, ending."""
    return film(
        shot(48, 0.2, 0.6, 1.0),
        shot(48, 0.45, 1.0, 1.3),
        shot(48, 0.8, 0.8, 1.2),
        shot(48, 0.25, 1.0, 0.5),
        score=score,
        seed=seed,
    )


def sine(hz: float, level: float, length_s: float = 8.0, sides: tuple[int, int] = (1, 1)):
    wave = level * np.sin(2 * np.pi * hz * np.arange(round(length_s * RATE)) / RATE)
    ends = np.minimum(np.arange(len(wave)), np.arange(len(wave))[::-1])
    wave *= np.minimum(ends / 480, 1)
    return (wave[:, None] * np.array(sides)).astype(np.float32)


def measured_by_ffmpeg(sound: np.ndarray) -> tuple[float, float]:
    """Loudness in LUFS and true peak in dB of (n, 2) samples, by the filter ebur128."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        format="flt", sample_rate=RATE, layout="stereo", time_base="1/48000"
    )  # fmt: skip
    meter = graph.add("ebur128", "metadata=1:peak=true")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    last = None
    for at in [*range(0, len(sound), 4800), None]:
        if at is None:
            source.push(None)
        else:
            piece = np.ascontiguousarray(sound[at : at + 4800]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(piece, format="flt", layout="stereo")
            frame.sample_rate, frame.pts = RATE, at
            source.push(frame)
        while True:
            try:
                last = sink.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
    facts = last.metadata
    return float(facts["lavfi.r128.I"]), decibels(float(facts["lavfi.r128.true_peak"]))


def onsets(sound: np.ndarray, hop: int = 48) -> np.ndarray:
    """By how many times the 4 ms from each millisecond on are louder than the 8 ms before, from 2 to
    10 kHz: where strokes begin and held tones are weak."""
    spectrum = np.fft.rfft(sound, axis=0)
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    spectrum[(hz < 2000) | (hz > 10_000)] = 0
    power = np.square(np.fft.irfft(spectrum, len(sound), axis=0)).sum(1)
    sums = np.concatenate([[0.0], np.cumsum(power)])[::hop]
    after = (sums[12:] - sums[8:-4]) / 4
    before = (sums[8:-4] - sums[:-12]) / 8
    return np.concatenate([np.zeros(8), after / (before + 1e-5)])


# Loudness --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sound", "lufs"),
    [
        (sine(997, 1.0), 0.0),
        (sine(997, 1.0, sides=(1, 0)), -3.01),
        (sine(1000, 10 ** (-23 / 20)), -23.0),
        (sine(1000, 0.1, sides=(0, 1)), -23.01),
        (sine(100, 0.1), -21.8),
    ],
)
def test_a_sine_reads_its_known_loudness(sound, lufs):
    assert loudness(sound) == pytest.approx(lufs, abs=0.1 if lufs > -21.5 or lufs < -22 else 0.6)


def test_gates_leave_out_what_is_far_softer_than_the_rest():
    loud, soft = sine(1000, 0.1, 6.0), sine(1000, 0.001, 6.0)
    assert loudness(np.concatenate([soft, loud])) == pytest.approx(-20.0, abs=0.2)
    assert loudness(np.zeros((RATE, 2), np.float32)) == -np.inf


def test_loudness_and_peak_agree_with_the_filter_of_ffmpeg():
    for sound in (samples(story(EPIC)), sine(60, 0.3), sine(9000, 0.2)):
        lufs, peak_db = measured_by_ffmpeg(sound)
        assert loudness(sound) == pytest.approx(lufs, abs=0.05)
        assert decibels(true_peak(sound)) == pytest.approx(peak_db, abs=0.2)


def test_a_peak_between_samples_is_seen():
    times = np.arange(RATE)
    wave = np.sin(2 * np.pi * times / 4 + np.pi / 4)[:, None].repeat(2, 1).astype(np.float32)
    assert np.abs(wave).max() < 0.71
    assert true_peak(wave) == pytest.approx(1.0, abs=0.03)


# The whole ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "fps"), [(192, 24), (15, 30), (1, 24), (1, 1000), (7, 23), (601, 60), (5, 1)]
)
def test_the_sound_has_exactly_the_samples_of_the_film(frames, fps):
    script = film(shot(frames), fps=fps)
    sound = samples(script)
    assert sound.shape == (round(frames / fps * 48_000), 2)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert length(script) == len(sound)


@pytest.mark.parametrize("score", [None, CALM, EPIC, HAPPY], ids=["plain", "calm", "epic", "happy"])
def test_loudness_is_minus_16_and_no_peak_passes_minus_1(score):
    sound = samples(story(score))
    lufs, peak_db = measured_by_ffmpeg(sound)
    assert lufs == pytest.approx(-16.0, abs=0.3)
    assert peak_db < -1.0


@pytest.mark.parametrize("kind", ["wind", "rain", "sea", "fire", "hum", "night"])
def test_a_bed_alone_fills_the_film(kind):
    sound = samples(film(shot(144), score=Score(bed={kind: 0.3})))
    assert loudness(sound) == pytest.approx(-16.0, abs=0.5)
    assert decibels(true_peak(sound)) < -1.0
    tenths = np.square(sound[: 50 * 4800]).reshape(50, -1).mean(1)
    assert tenths.min() > tenths.mean() / 300


def test_a_silent_score_is_silence():
    sound = samples(film(shot(48), score=replace(EPIC, silent=True)))
    assert sound.shape == (96_000, 2)
    assert not sound.any()


def test_the_same_script_gives_the_same_samples_in_another_process():
    script = story(HAPPY)
    here = hashlib.sha256(samples(script).tobytes()).hexdigest()
    code = (
        "import sys, json, hashlib\n"
        "from farm_procedural.script import Script\n"
        "from farm_procedural.sound.compose import samples\n"
        "script = Script.from_record(json.load(sys.stdin))\n"
        "print(hashlib.sha256(samples(script).tobytes()).hexdigest())\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(script.record()),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "99", "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3"},
    )
    assert other.stdout.strip() == here


def test_another_seed_is_another_piece():
    assert not np.array_equal(samples(story(HAPPY, seed=1)), samples(story(HAPPY, seed=2)))


# Time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", [EPIC, HAPPY, CALM], ids=["epic", "happy", "calm"])
@pytest.mark.parametrize("fps", [24, 30])
def test_a_hit_is_heard_within_a_frame_and_10_ms_of_its_cut(score, fps):
    script = film(
        *(shot(frames, level) for frames, level in ((61, 0.3), (47, 0.7), (71, 0.4), (50, 0.6))),
        score=replace(score, bed={}),
        fps=fps,
    )
    rise = onsets(samples(script))
    for cut in grid(script).cuts[1:-1]:
        at = round(cut / 48)
        window = rise[at - 60 : at + 60]
        heard = int(np.argmax(window)) - 60
        assert window.max() > 3
        assert abs(heard) <= 10, f"cut at {cut / RATE:.3f} s is heard {heard} ms off"
        assert abs(heard) < 1000 / fps


def test_a_title_is_marked_as_it_enters():
    title = Title("Dusk", start_s=1.5)
    quiet = Score(bed={}, instruments={"pad": 0.6})
    plain = samples(film(shot(96), score=quiet)).astype(np.float64)
    marked = samples(film(shot(96, titles=(title,)), score=quiet)).astype(np.float64)
    # Both have their own gain; the pad before the title tells by how much they differ.
    gain = np.linalg.norm(marked[:60_000]) / np.linalg.norm(plain[:60_000])
    added = np.abs(marked - gain * plain).max(axis=1)
    first = int(np.argmax(added > 0.02))
    assert abs(first - sample_of(36, 24)) < 0.010 * RATE


def test_half_beats_land_on_every_cut_and_keep_the_tempo():
    script = film(*(shot(frames) for frames in (61, 47, 150, 33, 72)), score=Score(bpm=100))
    beat = grid(script)
    steps = [step for section in beat.sections for step in section.steps]
    assert set(beat.cuts) <= set(steps)
    for section in beat.sections:
        even = np.diff(section.steps)
        assert even.max() - even.min() <= 1
        assert 0.75 < even.mean() / RATE / 0.3 < 1.3


def test_a_storm_of_cuts_does_not_become_a_storm_of_notes():
    script = film(*(shot(1) for _ in range(240)), score=EPIC)
    music = arrange(script)
    assert len(music.strokes) < 30 * 10
    assert decibels(true_peak(samples(script))) < -1.0


@pytest.mark.parametrize(
    "score",
    [
        Score(5.0, 9.0, 0.0, 0, {"sea": 7.0}, {"pad": -1.0, "drums": 12.0}),
        Score(-3.0, -1.0, 5000.0, 127, {}, dict.fromkeys(("pad", "pluck", "bass", "bells"), 1.0)),
        Score(bed={"hum": 0.0}, instruments={"pad": 0.0}),
    ],
    ids=["low and loud", "high and fast", "nothing"],
)
def test_values_out_of_range_still_sound_or_are_silent(score):
    title = Title("x", start_s=-4.0)
    script = film(shot(30, -1.0), shot(30, 9.0, -2.0, 40.0, titles=(title,)), score=score)
    sound = samples(script)
    assert np.isfinite(sound).all()
    assert true_peak(sound) < 10 ** (-1 / 20)
    assert sound.any() == (max(*score.instruments.values(), *score.bed.values()) > 0)


def test_energy_is_heard():
    rising = film(shot(240, 0.5, 0.1, 1.8), score=HAPPY)
    sound = samples(rising)
    first, last = sound[: 2 * RATE], sound[6 * RATE : 8 * RATE]
    assert decibels(np.sqrt((last**2).mean() / (first**2).mean())) > 3.0
    strokes = [stroke.start for stroke in arrange(rising).strokes]
    assert sum(at > 5 * RATE for at in strokes) > 1.25 * sum(at < 5 * RATE for at in strokes)


def test_a_riser_swells_into_a_strong_cut_and_stops_there():
    script = film(shot(96, 0.2), shot(96, 0.9), score=replace(EPIC, bed={}))
    (sweep,) = arrange(script).sweeps
    assert sweep.kind == "riser"
    assert sweep.stop == 4 * RATE
    soft = film(
        shot(96, 0.2, transition=Transition("dissolve", 24)), shot(96, 0.3), score=CALM
    )  # fmt: skip
    assert [sweep.kind for sweep in arrange(soft).sweeps] == ["swell"]


# Music ----------------------------------------------------------------------------------------


def test_mood_chooses_the_mode():
    assert mode_of(0.9, 0.3) == "ionian"
    assert mode_of(0.5, 0.1) == "lydian"
    assert mode_of(-0.1, 0.3) == "dorian"
    assert mode_of(-0.6, 0.3) == "aeolian"
    assert mode_of(-0.6, 0.9) == "phrygian"


@pytest.mark.parametrize("valence", [-0.9, -0.6, -0.1, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("tension", [0.0, 0.5, 1.0])
def test_chords_are_consonant_move_little_and_come_home(valence, tension):
    import random

    score = Score(valence, tension)
    walk = chords(score, 60, random.Random(3))
    home = tonic(score.root) % 12
    assert walk[0].bass % 12 == walk[-1].bass % 12 == home
    for chord in walk:
        over_bass = {(voice - chord.bass) % 12 for voice in chord.voices}
        assert 1 not in over_bass
        assert 6 not in over_bass
        assert 7 in over_bass
        assert {voice % 12 for voice in chord.voices} <= set(chord.scale)
    for before, after in itertools.pairwise(walk):
        moved = [abs(a - b) for a, b in zip(before.voices, after.voices, strict=True)]
        assert sum(moved) <= 16
        assert max(moved) <= 7
    assert len({chord.voices for chord in walk}) >= 8


def test_every_note_belongs_to_the_scale_of_its_chord():
    script = film(shot(480, 0.7), shot(480, 0.4), score=replace(HAPPY, bed={}))
    music = arrange(script)
    scale = set(chords(script.score, 1, __import__("random").Random(0))[0].scale)
    tuned = [s for s in music.strokes if s.name in ("pluck", "bells", "bass")]
    assert len(tuned) > 40
    assert {stroke.pitch % 12 for stroke in tuned} <= scale
    assert {voice.pitch % 12 for voice in music.held} <= scale


@pytest.mark.parametrize("score", [None, CALM, EPIC, HAPPY], ids=["plain", "calm", "epic", "happy"])
def test_the_music_is_balanced_wide_and_never_stands_still(score):
    script = film(*(shot(120, level) for level in (0.3, 0.5, 0.8, 0.3)), score=score)
    sound = samples(script)
    middle = sound.mean(1)
    frames = np.lib.stride_tricks.sliding_window_view(middle, 4096)[::2400]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(4096)))
    hz = np.fft.rfftfreq(4096, 1 / RATE)
    share = {
        name: (spectra[:, (hz >= low) & (hz < high)] ** 2).sum() / (spectra**2).sum()
        for name, low, high in (("low", 20, 150), ("middle", 150, 2000), ("high", 2000, 20_000))
    }
    assert 0.25 < share["middle"] < 0.98
    assert share["low"] < 0.7
    assert 0.001 < share["high"] < 0.5
    crest = decibels(np.abs(sound).max() / np.sqrt((sound**2).mean()))
    assert 7 < crest < 19
    left, right = sound.T
    assert -0.2 < np.corrcoef(left, right)[0, 1] < 0.9
    # Chroma of each second: chords change, so that no two neighbours in time stay alike for long.
    pitch = np.round(12 * np.log2(np.maximum(hz, 1) / 440)).astype(int) % 12
    tuned = (hz > 180) & (hz < 1200)
    chroma = np.stack([spectra[:, tuned & (pitch == p)].sum(1) for p in range(12)], axis=1)
    seconds = chroma[: len(chroma) // 20 * 20].reshape(-1, 20, 12).sum(1)
    seconds /= np.linalg.norm(seconds, axis=1, keepdims=True)
    assert (seconds @ seconds.T).min() < 0.93


def test_no_clicks_where_blocks_meet_or_sounds_begin_and_end():
    score = Score(0.5, 0.1, 62, 45, {"sea": 0.4, "hum": 0.5}, {"pad": 0.9, "choir": 0.5})
    sound = samples(film(shot(480), score=score)).astype(np.float64)
    # A click is a jump in the second difference that stands out of its surroundings.
    bent = np.abs(np.diff(sound, 2, axis=0)).max(axis=1)
    parts = bent[: len(bent) // 256 * 256].reshape(-1, 256)
    assert (parts.max(1) / (np.median(parts, axis=1) + 1e-6)).max() < 12
    assert np.abs(sound[0]).max() < 1e-3
    assert np.abs(sound[-1]).max() < 1e-3


def test_the_end_rings_out_on_the_tonic():
    script = film(shot(360), score=replace(HAPPY, bed={}))
    sound = samples(script)
    tenths = np.sqrt(np.square(sound[-RATE:]).reshape(10, -1).mean(1))
    assert (np.diff(tenths) < 0.01).all()
    assert tenths[-1] < 0.1 * tenths[0]
    basses = [stroke for stroke in arrange(script).strokes if stroke.name == "bass"]
    assert basses[-1].pitch % 12 == tonic(script.score.root) % 12


# Speed and memory -----------------------------------------------------------------------------


def test_a_minute_is_made_at_fifty_times_its_own_pace_on_one_core():
    script = film(*(shot(120, 0.3 + 0.1 * (k % 6)) for k in range(12)), score=EPIC)
    start = time.process_time()
    samples(script)
    assert 60 / (time.process_time() - start) > 50


def test_memory_does_not_grow_with_the_film():
    def peak(shots: int) -> int:
        script = film(*(shot(120, 0.5) for _ in range(shots)), score=HAPPY)
        tracemalloc.start()
        for _ in blocks(script):
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(24)
    assert peak(24) < 1.3 * peak(6)


# The stage ------------------------------------------------------------------------------------


def task(folder: Path, script: Script, **more) -> DirectTask:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "script.json"
    path.write_text(json.dumps(script.record()))
    return DirectTask(
        folder / "work", StageParams(), {"script": [input_file(path, MediaKind.DATA)]}, **more
    )


def test_the_stage_writes_flac_of_the_very_samples(tmp_path):
    script = story(HAPPY)
    work = task(tmp_path, script)
    path = run(work)["audio"]
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name == "flac"
        assert (stream.rate, stream.channels) == (48_000, 2)
        heard = np.concatenate(
            [frame.to_ndarray().reshape(-1, 2) for frame in container.decode(stream)]
        )
    assert heard.dtype == np.int16
    assert heard.shape == (384_000, 2)
    assert np.abs(heard / 32767 - samples(script)).max() < 2 / 32767
    assert work.reports[-1][0] == work.reports[-1][1] == 2 * 384_000
    assert [done for done, _, _ in work.reports] == sorted(done for done, _, _ in work.reports)
    assert [file.name for file in work.scratch.iterdir()] == [path.name]


def test_the_stage_writes_the_same_bytes_again(tmp_path):
    first = run(task(tmp_path / "a", story(EPIC)))["audio"].read_bytes()
    again = run(task(tmp_path / "b", story(EPIC)))["audio"].read_bytes()
    assert first == again
    assert b"Lavf" not in first


def test_the_stage_keeps_silence_exact(tmp_path):
    path = run(task(tmp_path, film(shot(12), score=Score(silent=True))))["audio"]
    with av.open(str(path)) as container:
        heard = np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)
    assert heard.shape == (1, 48_000)
    assert not heard.any()


def test_the_stage_stops_when_it_is_told_to(tmp_path):
    work = task(tmp_path, story(), cancel_after=2)
    with pytest.raises(TaskCancelled):
        run(work)
    assert len(work.reports) == 3


def test_the_stage_refuses_what_is_not_a_script(tmp_path):
    work = task(tmp_path, story())
    for text in ("", "[]", '{"schema": "other/1"}', '{"schema": "farm.procedural.script/1"}'):
        (tmp_path / "script.json").write_text(text)
        with pytest.raises(InputError, match="is not a script"):
            run(work)


def test_sounds_that_there_are_not_are_refused_by_name():
    with pytest.raises(InputError, match=r"score\.bed: names 'thunder'.*wind, rain"):
        samples(film(shot(24), score=Score(bed={"thunder": 1.0})))
    with pytest.raises(InputError, match=r"score\.instruments: names 'kazoo'"):
        samples(film(shot(24), score=Score(instruments={"kazoo": 1.0})))
    with pytest.raises(InputError, match="no picture"):
        samples(film())
