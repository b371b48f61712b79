"""The stage ``speech.transcribe`` by faster-whisper: what is said, word by word, and when.

Invariant: times count from the film's first picture; sound is listened to in pieces that end in
silence, so that memory does not grow with its length and no word is cut in two.

Whisper: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, TimeoutError as NotYet
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from farm import InputError, MissingExtra, Result, Task
from farm.media.sound import RATE, sound_parts
from farm.media.source import opened
from farm_finish.captions.params import TranscribeParams
from farm_finish.captions.sounding import Sounding
from farm_finish.captions.words import Span, Transcript, Word, write_words

Samples = NDArray[np.float32]
HEARD = 16_000
"""Samples a second that the model is made for."""
MODEL = "whisper-base"
_PIECE = 28 * HEARD
"""The model listens to 30 s at a time."""
_EARLIEST = 16 * HEARD
"""A piece is not cut before this, however silent it becomes."""
_HUSH = HEARD // 4
_SILENT = 10 ** (-60 / 20)
"""Root mean square of a piece that is not worth listening to."""
_MODEL_MB = 400


@dataclass(slots=True)
class _Heard:
    """What was understood up to now. language : of the first piece in which it was clear."""

    language: str
    confidence: float = 0.0
    words: list[Word] = field(default_factory=list)
    segments: list[Span] = field(default_factory=list)


def run(task: Task[TranscribeParams]) -> Result:
    """Write what is said in ``media`` to ``words``.

    Raises
    ------
    MissingExtra : faster-whisper is not installed. InputError : there is no sound.
    """
    target: Path = task.output("words", ".json")
    given = task.inputs.get("media", ())
    if not given:
        raise InputError(
            "there is no sound to listen to",
            where="media",
            expected="a film with sound, a voice, or a file of captions",
            mend="Send one of them.",
            code="media.no-audio",
        )
    media = given[0].path
    model = task.models.get(f"{MODEL}.{task.device}", lambda: _loaded(task), size_mb=_MODEL_MB)
    length_s, begins = _clock(media)
    heard = _Heard(task.params.language)
    end = 0
    for start, piece in _pieces(_at_16k(media, begins)):
        end = start + len(piece)
        done_s = start / HEARD
        note = f"{done_s:.0f} s"
        if float(np.sqrt(np.mean(piece * piece))) > _SILENT:
            _listen(task, model, piece, done_s, heard, max(length_s, end / HEARD), note)
        task.progress(end / HEARD, max(length_s, end / HEARD), note)
    write_words(
        target,
        Transcript(
            heard.language if heard.words else task.params.language,
            heard.words,
            heard.segments,
            round(heard.confidence, 3),
            round(end / HEARD, 3),
            MODEL,
        ),
    )
    task.progress(1, 1)
    return {"words": target}


def _loaded(task: Task[TranscribeParams]) -> Any:
    if find_spec("faster_whisper") is None:
        raise MissingExtra(
            "faster-whisper is not installed",
            where="speech.transcribe/faster_whisper",
            mend="pip install 'farm[speech]'",
        )
    from faster_whisper import WhisperModel

    device, _, number = task.device.partition(":")
    return WhisperModel(
        str(task.models.files(MODEL)),
        device=device,
        device_index=int(number or 0),
        compute_type="int8" if device == "cpu" else "float16",
        cpu_threads=task.threads,
        local_files_only=True,
    )


def _listen(
    task: Task[TranscribeParams],
    model: Any,
    piece: Samples,
    at_s: float,
    heard: _Heard,
    length_s: float,
    note: str,
) -> None:
    """Understand a piece in a thread, so that a task that is to stop is not kept waiting for it."""
    stop = Event()
    with ThreadPoolExecutor(1, "listening") as executor:
        future = executor.submit(_understood, task.params, model, piece, heard.language, stop)
        try:
            while True:
                task.progress(at_s, length_s, note)
                try:
                    found, language, confidence = future.result(timeout=0.5)
                    break
                except NotYet:
                    continue
        finally:
            stop.set()
    if not heard.language and found:
        heard.language, heard.confidence = language, confidence
    elif found:
        heard.confidence = max(heard.confidence, confidence)
    sounding = Sounding(piece, HEARD)
    for segment in found:
        _add(heard, segment, sounding, at_s, at_s + len(piece) / HEARD)


def _understood(
    params: TranscribeParams, model: Any, piece: Samples, language: str, stop: Event
) -> tuple[list[list[Any]], str, float]:
    segments, about = model.transcribe(
        piece,
        language=language or None,
        beam_size=params.beam,
        initial_prompt=params.prompt or None,
        word_timestamps=True,
        # What was understood before leads a small model into repeating it.
        condition_on_previous_text=False,
        vad_filter=True,
        # Another try at a higher temperature is chance, and would give other words each time.
        temperature=0.0,
    )
    found = []
    for segment in segments:
        if stop.is_set():
            break
        found.append(list(segment.words or ()))
    return found, about.language, float(about.language_probability)


def _add(heard: _Heard, found: list[Any], sounding: Sounding, at_s: float, end_s: float) -> None:
    first = len(heard.words)
    for item in found:
        text = item.word.strip()
        if not text:
            continue
        before = heard.words[-1].start_s if heard.words else 0.0
        begins_s, ends_s = sounding.within(float(item.start), float(item.end))
        start = min(max(round(at_s + begins_s, 3), before), max(end_s, before))
        stop = max(start, min(round(at_s + ends_s, 3), end_s))
        space = item.word[:1].isspace() or not heard.words
        confidence = round(min(max(float(item.probability), 0.0), 1.0), 3)
        heard.words.append(Word(text, round(start, 3), round(stop, 3), confidence, space))
    said = heard.words[first:]
    if said:
        text = "".join(f" {word.text}" if word.space else word.text for word in said).strip()
        heard.segments.append(Span(first, len(said), said[0].start_s, said[-1].end_s, text))


def _clock(path: Path) -> tuple[float, Fraction | None]:
    """About how long the file is, s, and the moment of its first picture if it has any."""
    with opened(path, "media") as container:
        length_s = (container.duration or 0) / 1_000_000
        if not container.streams.video:
            return length_s, None
        stream = container.streams.video[0]
        return length_s, Fraction(stream.start_time or 0) * (stream.time_base or Fraction(1))


def _at_16k(path: Path, begins: Fraction | None) -> Iterator[Samples]:
    resampler = AudioResampler(format="fltp", layout="mono", rate=HEARD)
    for part in sound_parts(path, "media", begins, "mono"):
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(part), "fltp", "mono")
        frame.sample_rate = RATE
        for made in resampler.resample(frame):
            yield made.to_ndarray()[0]
    for made in resampler.resample(None):
        yield made.to_ndarray()[0]


def _pieces(parts: Iterator[Samples]) -> Iterator[tuple[int, Samples]]:
    """Samples in pieces of at most 28 s, each with where it starts, cut where it is most silent."""
    start, held = 0, np.zeros(0, np.float32)
    waiting: list[Samples] = []
    count = 0
    for part in parts:
        waiting.append(part)
        count += len(part)
        while len(held) + count >= _PIECE:
            held = np.concatenate([held, *waiting])
            waiting, count = [], 0
            cut = _quietest(held[:_PIECE])
            yield start, held[:cut]
            start, held = start + cut, held[cut:]
    held = np.concatenate([held, *waiting])
    if len(held):
        yield start, held


def _quietest(piece: Samples) -> int:
    """The middle of the most silent quarter of a second in the later part of a piece."""
    power = np.concatenate([[0.0], np.cumsum(piece.astype(np.float64) ** 2)])
    starts = np.arange(_EARLIEST, len(piece) - _HUSH, HEARD // 100)
    loud = power[starts + _HUSH] - power[starts]
    return int(starts[int(np.argmin(loud))]) + _HUSH // 2
