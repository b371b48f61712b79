"""The stage ``lesson.narrate``: sentences and pauses become the narration of each scene.

Invariant: every narration is a whole number of frames long, to the sample, and the film's whole
narration is those of its scenes one after another: sound and pictures cannot drift apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.codec.context import Flags

from farm import InputError, InputFile, Result, Task
from farm.media.sound import RATE, Sound, sound_parts
from farm_avatar.lesson.params import NarrateParams
from farm_avatar.lesson.script_files import LessonFile, Planned, as_json, read_lesson
from farm_avatar.lesson.speaking import WORDS, ScenePhones, Word, moved, words_of

TIMING = "farm.timing/1"
_FLAC_FRAME = 4608
_LONGEST_SENTENCE = 600 * RATE


class _Writer:
    """A mono FLAC of 16 bits that is written in pieces of any length."""

    def __init__(self, path: Path) -> None:
        self._container = av.open(str(path), "w", format="flac", options={"fflags": "+bitexact"})
        self._stream = self._container.add_stream("flac", rate=RATE, layout="mono")
        self._stream.codec_context.format = "s16"
        self._stream.codec_context.thread_count = 1
        self._stream.codec_context.flags |= Flags.bitexact
        self._rest = np.zeros(0, np.int16)
        self.samples = 0

    def write(self, sound: np.ndarray[Any, np.dtype[np.int16]]) -> None:
        """The next samples."""
        held = np.concatenate([self._rest, sound])
        whole = len(held) // _FLAC_FRAME * _FLAC_FRAME
        for first in range(0, whole, _FLAC_FRAME):
            self._encode(held[first : first + _FLAC_FRAME])
        self._rest = held[whole:]

    def close(self) -> None:
        """Write what is left."""
        if len(self._rest):
            self._encode(self._rest)
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def _encode(self, samples: np.ndarray[Any, np.dtype[np.int16]]) -> None:
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self.samples, Fraction(1, RATE)
        self._container.mux(self._stream.encode(frame))
        self.samples += len(samples)


@contextmanager
def _flac(path: Path) -> Iterator[_Writer]:
    writer = _Writer(path)
    try:
        yield writer
    finally:
        writer.close()


@dataclass
class _Scene:
    """What is known of a scene while it is narrated."""

    sentences: list[dict[str, Any]] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    phones: ScenePhones = field(default_factory=ScenePhones)


def run(task: Task[NarrateParams]) -> Result:
    """Write the narration, timing, words and phones of every scene of ``lesson``.

    Raises
    ------
    InputError : there are other sentences than the lesson has.
    """
    lesson = read_lesson(task.input("lesson").path)
    _check(task, lesson)
    files: dict[str, list[Path]] = {name: [] for name in ("narration", "timing", "phones")}
    voice, listing = task.output("voice", ".flac"), task.output("words", ".json")
    scene_words: list[Path] = []
    every: list[Word] = []
    at_frame = 0
    with _flac(voice) as whole:
        for number, planned in enumerate(lesson.scenes):
            task.progress(number, len(lesson.scenes), planned.id)
            narration = task.output("narration", ".flac")
            with _flac(narration) as own:
                scene, frames = _narrated(task, planned, lesson, [own, whole])
            length_s = frames / lesson.fps
            files["narration"].append(narration)
            files["timing"].append(task.output("timing", ".json"))
            files["timing"][-1].write_bytes(as_json(_timing(scene, frames, lesson.fps)))
            if task.inputs.get("phones"):
                files["phones"].append(task.output("phones", ".json"))
                files["phones"][-1].write_bytes(as_json(scene.phones.document(length_s)))
            scene_words.append(task.output("scene_words", ".json"))
            scene_words[-1].write_bytes(_transcript(scene.words, lesson.language, length_s))
            begin_s = at_frame / lesson.fps
            every += moved(scene.words, begin_s, begin_s + length_s)
            at_frame += frames
    listing.write_bytes(_transcript(every, lesson.language, at_frame / lesson.fps))
    task.progress(1, 1)
    return {"voice": voice, "words": listing, "scene_words": scene_words, **files}


def _narrated(
    task: Task[NarrateParams], planned: Planned, lesson: LessonFile, out: list[_Writer]
) -> tuple[_Scene, int]:
    """Write one scene to all of ``out``; returns what is said in it when, and its frames."""
    scene = _Scene()
    at = 0

    def silence(samples: int) -> None:
        nonlocal at
        for first in range(0, samples, RATE):
            _write(np.zeros(min(RATE, samples - first), np.int16), out)
        at += max(0, samples)

    silence(_samples(planned.before_s))
    for said in planned.sentences:
        begin_s = at / RATE
        for part in _sound(task.inputs["speech"][said.utterance], said.text):
            task.checkpoint()
            _write(np.round(np.clip(part[0], -1, 32767 / 32768) * 32768).astype(np.int16), out)
            at += part.shape[1]
        end_s = at / RATE
        words = _file(task, "words", said.utterance)
        scene.words += moved(words_of(words, said.text, end_s - begin_s), begin_s, end_s)
        phones = _file(task, "phones", said.utterance)
        if phones is not None:
            scene.phones.add(phones, begin_s, end_s)
        scene.sentences.append(
            {"text": said.text, "start_s": round(begin_s, 4), "end_s": round(end_s, 4)}
        )
        silence(_samples(said.pause_s))
    silence(_samples(planned.after_s))
    frames = max(
        1, math.ceil(at * lesson.fps / RATE - 1e-9), math.ceil(planned.least_s * lesson.fps - 1e-6)
    )
    silence(frames * RATE // lesson.fps - at)
    return scene, frames


def _timing(scene: _Scene, frames: int, fps: int) -> dict[str, Any]:
    return {
        "schema": TIMING,
        "fps": fps,
        "frames": frames,
        "duration_s": frames / fps,
        "sentences": scene.sentences,
        "words": [word.record() for word in scene.words],
    }


def _transcript(words: list[Word], language: str, length_s: float) -> bytes:
    return as_json(
        {
            "schema": WORDS,
            "language": language,
            "duration_s": length_s,
            "words": [word.record() for word in words],
        }
    )


def _sound(file: InputFile, text: str) -> Iterator[Sound]:
    count = 0
    for part in sound_parts(file.path, f'speech "{text[:40]}"', layout="mono"):
        count += part.shape[1]
        if count > _LONGEST_SENTENCE:
            raise InputError(
                "a sentence goes on for more than ten minutes", where=text[:60],
                mend="Look at the voice that said it.", code="lesson.endless",
            )  # fmt: skip
        yield part


def _write(samples: np.ndarray[Any, np.dtype[np.int16]], out: list[_Writer]) -> None:
    for writer in out:
        writer.write(samples)


def _file(task: Task[NarrateParams], port: str, number: int) -> Path | None:
    files = task.inputs.get(port, ())
    return files[number].path if files else None


def _check(task: Task[NarrateParams], lesson: LessonFile) -> None:
    wanted = 1 + max(
        (said.utterance for scene in lesson.scenes for said in scene.sentences), default=-1
    )
    for port in ("speech", "words", "phones"):
        have = len(task.inputs.get(port, ()))
        if have != wanted and (have or port == "speech"):
            raise InputError(
                "has another number of sentences than the lesson",
                where=port,
                expected=str(wanted),
                got=str(have),
                mend="Send what was said of every sentence, in order.",
                code="lesson.other-sentences",
            )


def _samples(time_s: float) -> int:
    return round(time_s * RATE)
