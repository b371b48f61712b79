"""The stage ``audio.features``: what a sound does in each frame of a film, as JSON lines.

Invariant: the first line tells of the whole, line ``n + 2`` of frame ``n``, and there is one for
every frame of the film. The sound is read once; what is kept of it is a few hundred numbers a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import Result, Task
from farm_vision.hearing import loudness, pitch, spectrum, voice
from farm_vision.hearing.beats import Rhythm, rhythm
from farm_vision.hearing.listening import RATE, Frames, frames_of, heard
from farm_vision.hearing.params import MODEL_VOICE, FeatureParams

SCHEMA = "farm.audio-features/1"
_MOMENT_S = 0.4
"""Stretch of sound around a frame whose loudness is told."""
_SPEECH = 0.5


def run(task: Task[FeatureParams]) -> Result:
    """The provider that is always there: voices are told by how their power swings."""
    return _listen(task, voice.ByPower(), "farm_vision")


def run_silero(task: Task[FeatureParams]) -> Result:
    """The same, with voices told by silero-vad's network."""
    folder = task.models.files(MODEL_VOICE)
    path = folder / "silero_vad_16k_op15.onnx"
    session = task.models.get(f"{MODEL_VOICE}:{folder}", lambda: voice.session(path), size_mb=20)
    return _listen(task, voice.Silero(session), "silero")


@dataclass(frozen=True, slots=True)
class Heard:
    """Series of a whole sound, each with steps of its own."""

    length_s: Fraction
    powers: NDArray[np.float64]
    growth: NDArray[np.float64]
    pitches: NDArray[np.float32]
    chances: NDArray[np.float32]
    voice_step: int
    rhythm: Rhythm


def _listen(task: Task[FeatureParams], speaker: voice.Voice, provider: str) -> Result:
    params = task.params
    target: Path = task.output("features", ".jsonl")
    frames = frames_of(task)
    levels, spectra = loudness.Loudness(), spectrum.Spectrum()
    pitches = pitch.Pitch(params.lowest_hz, params.highest_hz)
    samples = 0
    for part in heard(task.input("audio").path):
        task.progress(samples, samples + RATE, f"{samples // RATE} s")
        for listener in (levels, spectra, pitches, speaker):
            listener.take(part)
        samples += len(part)
    for ending in (levels, spectra, pitches):
        ending.end()
    task.progress(0.9, 1, "beats")
    growth = spectra.growth
    whole = Heard(
        Fraction(samples, RATE),
        levels.found,
        growth,
        pitches.found,
        speaker.found(spectra.voices),
        speaker.step,
        rhythm(growth, params.tempo, params.tightness),
    )
    with target.open("w", encoding="utf-8", newline="\n") as out:
        for number, line in enumerate(lines(whole, frames, provider)):
            if number % 1000 == 0:
                task.progress(0.95, 1, f"frame {number}")
            out.write(json.dumps(line, separators=(",", ":")) + "\n")
    task.progress(1, 1)
    return {"features": target}


def lines(whole: Heard, frames: Frames, provider: str) -> Iterator[dict[str, Any]]:
    """The first line, then one for each frame."""
    total = frames.total(whole.length_s)
    told = whole.rhythm
    yield {
        "schema": SCHEMA,
        "provider": provider,
        "fps": str(frames.fps),
        "frames": total,
        "length_s": round(float(whole.length_s), 4),
        "loudness_lufs": round(loudness.lufs(_gated(whole.powers[:, 0])), 1),
        "tempo": round(told.tempo, 2),
        "tempo_confidence": round(told.sure, 3),
        "beats_s": [round(beat, 4) for beat in told.beats],
        "onsets_s": [round(onset, 4) for onset in told.onsets],
    }
    beats, onsets = ({frames.number(at) for at in times} for times in (told.beats, told.onsets))
    highest = float(whole.growth.max(initial=0.0))
    scale = 1 / highest if highest > 0 else 0.0
    for number in range(total):
        start, stop = (float(Fraction(at) / frames.fps) for at in (number, number + 1))
        middle = (start + stop) / 2
        loud = _mean(
            whole.powers[:, 0], middle - _MOMENT_S / 2, middle + _MOMENT_S / 2, loudness.STEP
        )
        level = _mean(whole.powers[:, 1], start, stop, loudness.STEP)
        hertz, sure = _sung(whole.pitches, start, stop)
        chance = _mean(whole.chances, start, stop, whole.voice_step)
        yield {
            "frame": number,
            "loudness_lufs": round(loudness.lufs(loud), 1),
            "level_db": round(loudness.decibels(level), 1),
            "onset_strength": round(_top(whole.growth, start, stop, spectrum.HOP) * scale, 3),
            "onset": number in onsets,
            "beat": number in beats,
            "beat_phase": _phase(told.beats, start),
            "pitch_hz": None if hertz is None else round(hertz, 2),
            "pitch_confidence": round(sure, 3),
            "voice": round(chance, 3),
            "speech": chance >= _SPEECH,
        }


def _cut(series: NDArray[Any], start: float, stop: float, step: int) -> NDArray[Any]:
    """The values of a stretch of seconds; at least one, if the sound lasts that long."""
    low = max(0, round(start * RATE / step))
    return series[low : max(low + 1, round(stop * RATE / step))]


def _mean(series: NDArray[Any], start: float, stop: float, step: int) -> float:
    """The mean over a stretch, of which the part outside of the sound is silence."""
    if stop <= 0:
        return 0.0
    values = _cut(series, start, stop, step)
    return float(values.mean()) if len(values) else 0.0


def _top(series: NDArray[Any], start: float, stop: float, step: int) -> float:
    values = _cut(series, start, stop, step)
    return float(values.max()) if len(values) else 0.0


def _sung(pitches: NDArray[Any], start: float, stop: float) -> tuple[float | None, float]:
    """The middle pitch of a frame, if most of it has one, and how sure it is."""
    values = _cut(pitches, start, stop, pitch.HOP)
    voiced = values[values[:, 0] > 0]
    if not len(voiced) or 2 * len(voiced) < len(values):
        return None, 0.0
    return float(np.median(voiced[:, 0])), float(voiced[:, 1].mean())


def _phase(beats: tuple[float, ...], moment: float) -> float | None:
    """0 on a beat, rising to 1 at the next; ``None`` before the first and after the last."""
    at = int(np.searchsorted(beats, moment + 1e-9)) - 1
    if not 0 <= at < len(beats) - 1:
        return None
    return round((moment - beats[at]) / (beats[at + 1] - beats[at]), 3)


def _gated(powers: NDArray[Any]) -> float:
    """Mean power of what is heard: silence, and what is 10 LU below the rest, does not count."""
    size, hop = round(_MOMENT_S * RATE / loudness.STEP), round(0.1 * RATE / loudness.STEP)
    if len(powers) < size:
        return float(powers.mean()) if len(powers) else 0.0
    sums = np.concatenate([[0.0], np.cumsum(powers)])
    starts = np.arange(0, len(powers) - size + 1, hop)
    blocks = (sums[starts + size] - sums[starts]) / size
    heard_ones = blocks[blocks > 10 ** ((-70 + 0.691) / 10)]
    if not len(heard_ones):
        return 0.0
    return float(heard_ones[heard_ones > heard_ones.mean() / 10].mean())
