"""What is heard in sounds whose truth is known: clicks, tones, sweeps, words and silence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from direct_task import WarmModels, run_stage, stage_of
from moving_scene import flat
from spoken import spoken
from stored_models import StoredModels

import farm_vision
from farm import FarmError, InputError, ParameterError, Stage
from farm.media.film import write_lossless
from farm_vision.hearing.listening import RATE, Spans
from farm_vision.hearing.pitch import Pitch
from farm_vision.hearing.states import stretches
from farm_vision.hearing.voice import ByPower

FULL = 48_000


def written(path: Path, sound: np.ndarray, rate: int = FULL) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=rate, layout="mono")
        samples = np.rint(np.clip(sound, -1, 1) * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = rate
        out.mux([*stream.encode(frame), *stream.encode(None)])
    return path


def clicks(tempo: float, length_s: float = 12.0, first_s: float = 0.31) -> Any:
    times = np.arange(first_s, length_s - 0.1, 60 / tempo)
    sound = np.random.default_rng(1).normal(0, 1e-3, round(length_s * FULL))
    ring = np.arange(FULL // 20)
    click = 0.5 * np.sin(2 * np.pi * 1000 * ring / FULL) * np.exp(-ring / 450)
    for time in times:
        at = round(time * FULL)
        sound[at : at + len(click)] += click[: len(sound) - at]
    return sound, times


def lines_of(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    first, *rest = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return first, rest


def features(folder: Path, sound: np.ndarray, **params: Any) -> tuple[dict, list[dict]]:
    folder.mkdir(exist_ok=True)
    given = {"audio": written(folder / "sound.wav", sound)}
    made = run_stage(stage_of(farm_vision, "audio.features"), folder, given, params)
    return lines_of(made["features"])


@pytest.mark.parametrize("tempo", [60, 83, 120, 137.5, 174])
def test_beats_of_a_metronome_are_within_a_frame_and_its_tempo_is_right(
    tempo: float, tmp_path: Path
) -> None:
    sound, times = clicks(tempo)
    whole, frames = features(tmp_path, sound, fps="25")
    assert whole["tempo"] == pytest.approx(tempo, rel=0.005)
    beats = np.array(whole["beats_s"])
    assert abs(len(beats) - len(times)) <= 1
    assert max(np.abs(times - beat).min() for beat in beats) < 0.02
    onsets = np.array(whole["onsets_s"])
    assert max(np.abs(onsets - time).min() for time in times) < 0.02
    assert len(frames) == whole["frames"] == 300
    marked = [line["frame"] for line in frames if line["beat"]]
    assert marked == sorted({int(beat * 25 + 1e-3) for beat in beats})
    between = [line["beat_phase"] for line in frames if line["beat_phase"] is not None]
    assert between
    assert all(0 <= phase < 1 for phase in between)


def test_the_frames_of_a_film_count_when_it_is_given(tmp_path: Path) -> None:
    sound, _ = clicks(120, 2.0)
    film = tmp_path / "film.mkv"
    write_lossless(film, [flat(90)] * 61, Fraction(30000, 1001))
    given = {"audio": written(tmp_path / "sound.wav", sound), "video": film}
    made = run_stage(stage_of(farm_vision, "audio.features"), tmp_path / "out", given)
    whole, frames = lines_of(made["features"])
    assert (whole["fps"], whole["frames"], len(frames)) == ("30000/1001", 61, 61)
    assert [line["frame"] for line in frames] == list(range(61))
    assert frames[-1]["level_db"] == -70.0


def test_the_pitch_of_a_sweep_is_followed_within_one_percent(tmp_path: Path) -> None:
    time = np.arange(6 * FULL) / FULL
    hertz = 90 * (900 / 90) ** (time / 6)
    _, frames = features(tmp_path, 0.3 * np.sin(2 * np.pi * np.cumsum(hertz) / FULL), fps="24")
    voiced = frames[2:-2]
    true = [hertz[round((line["frame"] + 0.5) / 24 * FULL)] for line in voiced]
    found = [line["pitch_hz"] for line in voiced]
    assert None not in found
    assert np.abs(np.array(found) / true - 1).max() < 0.01
    assert min(line["pitch_confidence"] for line in voiced) > 0.85


def test_a_tone_rich_in_overtones_has_its_own_pitch_and_noise_has_none(tmp_path: Path) -> None:
    time = np.arange(FULL) / FULL
    rich = sum(0.1 * np.sin(2 * np.pi * 147 * part * time) for part in (2, 3, 4, 5, 6))
    noise = np.random.default_rng(2).normal(0, 0.1, FULL)
    _, frames = features(tmp_path, np.concatenate([rich, noise]))
    assert all(abs(line["pitch_hz"] / 147 - 1) < 0.01 for line in frames[2:22])
    assert sum(line["pitch_hz"] is not None for line in frames[26:46]) <= 2


def test_loudness_of_a_full_tone_is_what_the_standard_says(tmp_path: Path) -> None:
    time = np.arange(3 * FULL) / FULL
    whole, frames = features(tmp_path, 0.5 * np.sin(2 * np.pi * 997 * time))
    # -3.01 LUFS for a full-scale tone of 997 Hz in one channel; this one is 6.02 dB lower.
    assert whole["loudness_lufs"] == pytest.approx(-9.03, abs=0.15)
    assert frames[36]["loudness_lufs"] == pytest.approx(-9.03, abs=0.15)
    assert frames[36]["level_db"] == pytest.approx(-9.03, abs=0.1)


@pytest.mark.parametrize("length_s", [0.01, 2.0])
def test_silence_has_no_beat_no_pitch_and_no_voice(length_s: float, tmp_path: Path) -> None:
    whole, frames = features(tmp_path, np.zeros(round(length_s * FULL)), fps="25")
    assert len(frames) == max(1, round(length_s * 25))
    assert (whole["tempo"], whole["beats_s"], whole["onsets_s"]) == (0.0, [], [])
    for line in frames:
        assert (line["loudness_lufs"], line["level_db"]) == (-70.0, -70.0)
        assert (line["pitch_hz"], line["voice"], line["speech"]) == (None, 0.0, False)
        assert not line["onset"]


def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    write_lossless(film, [flat(90)] * 3, Fraction(24))
    with pytest.raises(InputError, match="has no sound"):
        run_stage(stage_of(farm_vision, "audio.features"), tmp_path / "out", {"audio": film})


def syllables() -> np.ndarray:
    """Two seconds of hum, then two of a voice-like sound of four syllables a second, then hum."""
    time = np.arange(6 * FULL) / FULL
    hum = 0.01 * np.sin(2 * np.pi * 100 * time)
    buzz = sum(np.sin(2 * np.pi * 130 * part * time) / part for part in range(1, 25))
    swell = np.clip(np.sin(2 * np.pi * 4 * time), 0, 1)
    speaking = (time > 2) & (time < 4)
    return hum + 0.1 * buzz * swell * speaking


def test_what_swells_like_syllables_is_taken_for_speech_and_a_steady_tone_is_not(
    tmp_path: Path,
) -> None:
    _, frames = features(tmp_path / "a", syllables(), fps="20")
    voices = np.array([line["voice"] for line in frames])
    assert voices[44:76].mean() > 0.4
    assert voices[:28].max() < 0.2
    time = np.arange(2 * FULL) / FULL
    _, steady = features(tmp_path / "b", 0.3 * np.sin(2 * np.pi * 400 * time), fps="20")
    assert max(line["voice"] for line in steady[4:-4]) < 0.3


def test_the_same_is_heard_in_parts_of_any_length() -> None:
    sound = np.random.default_rng(3).normal(0, 0.1, 9000).astype(np.float32)
    whole = Pitch(80, 500)
    whole.take(sound)
    whole.end()
    parts = Pitch(80, 500)
    for at in range(0, 9000, 700):
        parts.take(sound[at : at + 700])
    parts.end()
    assert np.array_equal(whole.found, parts.found)
    spans = Spans(512, 64)
    assert len(spans.take(sound)) + len(spans.rest()) == 1 + (9000 - 1) // 64


def provider(capability: str, name: str) -> Stage:
    stages: Iterator[Stage] = iter(farm_vision.farm_stages())
    return next(s for s in stages if (s.capability, s.provider) == (capability, name))


def test_both_listeners_hear_where_somebody_speaks(tmp_path: Path) -> None:
    speech = spoken("a small boat sails over the dark sea and comes home before the storm")
    pause = np.zeros(speech.rate)
    sound = np.concatenate([pause, speech.samples, pause, pause])
    given = {"audio": written(tmp_path / "sound.wav", sound, speech.rate)}
    stop_s = 1 + len(speech.samples) / speech.rate
    for name in ("farm_vision", "silero"):
        stage = provider("audio.features", name)
        made = run_stage(stage, tmp_path / name, given, models=StoredModels())
        _, frames = lines_of(made["features"])
        said = np.array([line["speech"] for line in frames])
        first, stop = round((1 + speech.starts_s[0]) * 24), round(stop_s * 24)
        assert said[first + 6 : stop - 18].mean() > 0.7
        assert said[: first - 4].mean() < 0.1
        assert not said[stop + 12 :].any()


def test_silero_hears_nobody_in_tones_and_silence(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    time = np.arange(2 * FULL) / FULL
    sound = np.concatenate([np.zeros(FULL), 0.3 * np.sin(2 * np.pi * 440 * time)])
    given = {"audio": written(tmp_path / "sound.wav", sound)}
    stage = provider("audio.features", "silero")
    made = run_stage(stage, tmp_path / "out", given, models=StoredModels())
    whole, frames = lines_of(made["features"])
    assert (whole["provider"], len(frames)) == ("silero", 72)
    assert max(line["voice"] for line in frames) < 0.4
    assert frames[40]["pitch_hz"] == pytest.approx(440, rel=0.01)


class Folder(WarmModels):
    """A store with one model."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def files(self, name: str) -> Path:
        return self._folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network with random weights, saved as its library does."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("wav2vec2")
    torch.manual_seed(1)
    config = transformers.Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=[8] * 7,
        conv_kernel=[10, 3, 3, 3, 3, 2, 2],
        conv_stride=[5, 2, 2, 2, 2, 2, 2],
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        vocab_size=32,
        apply_spec_augment=False,
    )
    transformers.Wav2Vec2Model(config).eval().save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(
        feature_size=1,
        sampling_rate=16000,
        padding_value=0.0,
        do_normalize=True,
        return_attention_mask=False,
    ).save_pretrained(folder)
    return folder


def states(folder: Path, tiny: Path, sound: np.ndarray, **params: Any) -> np.ndarray:
    folder.mkdir(exist_ok=True)
    given = {"audio": written(folder / "sound.wav", sound, RATE)}
    stage = provider("audio.states", "wav2vec2")
    made = run_stage(stage, folder, given, {"model": "tiny"} | params, models=Folder(tiny))
    note = json.loads(made["facts"].read_text("utf-8"))
    rows: np.ndarray = np.load(made["states"])
    assert (note["schema"], note["frames"], note["width"]) == ("farm.audio-states/1", *rows.shape)
    return rows


def test_states_of_a_speech_network_come_for_each_frame(tmp_path: Path, tiny: Path) -> None:
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    noise = np.random.default_rng(4).normal(0, 0.3, 3 * RATE)
    sound = np.convolve(noise, np.hanning(17) / 8, "same")
    rows = states(tmp_path / "a", tiny, sound, fps="25")
    assert rows.shape == (75, 16)
    assert rows.dtype == np.float32
    again = states(tmp_path / "b", tiny, sound, fps="25")
    assert np.array_equal(rows, again)
    # The network itself, asked without any of this: two states of 20 ms make a frame of 40.
    model = transformers.Wav2Vec2Model.from_pretrained(tiny, local_files_only=True).eval()
    heard = np.rint(sound * 32767) / 32768
    even = torch.from_numpy((heard - heard.mean()) / heard.std()).float()
    with torch.inference_mode():
        plain = model(even[None]).last_hidden_state[0].numpy()
    assert np.abs(rows[10:70] - plain[:148].reshape(-1, 2, 16)[10:70].mean(axis=1)).max() < 0.05
    other = states(tmp_path / "c", tiny, sound, fps="25", layer=0)
    assert np.abs(other - rows).max() > 0.01


def test_a_long_sound_is_heard_in_stretches_that_hold_all_of_it_once() -> None:
    sound = np.arange(100_001, dtype=np.float32)
    parts = [sound[at : at + 7000] for at in range(0, len(sound), 7000)]
    kept = [part[keep] for _, keep, part in stretches(parts, 40_000, 320)]
    assert len(kept) > 2
    assert np.array_equal(np.concatenate(kept), sound)
    starts = [start for start, _, _ in stretches(parts, 40_000, 320)]
    assert all(start % 320 == 0 for start in starts)


def test_a_network_must_be_named_and_have_the_layer(tmp_path: Path, tiny: Path) -> None:
    sound = np.zeros(RATE)
    refusals: list[tuple[dict[str, Any], type[FarmError]]] = [
        ({"model": ""}, ParameterError),
        ({"layer": 9}, InputError),
    ]
    for number, (params, kind) in enumerate(refusals):
        with pytest.raises(kind):
            states(tmp_path / f"{number}", tiny, sound, **params)


@pytest.mark.parametrize(
    "params", [{"fps": "0"}, {"fps": "1/0"}, {"lowest_hz": 300, "highest_hz": 310}]
)
def test_parameters_that_make_no_sense_are_refused(params: dict[str, Any]) -> None:
    make: Callable[..., Any] = stage_of(farm_vision, "audio.features").params
    with pytest.raises(ValueError):
        make(**params)


def test_the_classical_listener_needs_no_voice_in_silence() -> None:
    assert not ByPower().found(np.zeros(500)).any()
