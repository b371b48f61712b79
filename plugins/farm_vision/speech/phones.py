"""The stage ``speech.phones``: which phone is said when.

Invariant: every word that can be said comes out once and in order, with all of its phones; where it is
not found in the sound its phones share its time, and the document says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np

from farm import InputError, Result, Task
from farm_vision.hearing.listening import RATE, Samples, heard
from farm_vision.speech.aligning import Aligner, Found
from farm_vision.speech.params import PhoneParams
from farm_vision.speech.records import Phone, PhoneName, Phones, Word, read_words, write_phones
from farm_vision.speech.spelling import Said, said
from farm_vision.speech.stretches import Spoken, pieces, stretches

MOST_S, MOST_TEXT_S = 3600, 600
_AT_ONCE_S = 20.0
_SILENT = 10 ** (-60 / 20)
_MODEL_MB = 120
_MOST_BYTES = 1_000_000


def run(task: Task[PhoneParams]) -> Result:
    """Write the phones of ``audio`` to ``phones``: of ``text``, else of ``words``, else any.

    Raises
    ------
    MissingExtra, InputError : the text is not what is said, is in a language without a dictionary
        here, or the sound is too long or cannot be read.
    """
    target: Path = task.output("phones", ".json")
    sound = _sound(task)
    aligner = task.models.get("pocketsphinx.en-us", Aligner, size_mb=_MODEL_MB)
    if task.inputs.get("text"):
        written = _text(task.input("text").path).split()
        language = _english(task.params.language, "text")
        found = _aligned(task, aligner, sound, written, _placed(task, aligner, sound, written))
    elif task.inputs.get("words"):
        told = read_words(task.input("words").path, "words")
        language = _english(task.params.language or told.language, "words")
        written = [word.text for word in told.words]
        later = [word.start_s for word in told.words[1:]] + [math.inf]
        spans = [
            (word.start_s, min(word.end_s, after))
            for word, after in zip(told.words, later, strict=True)
        ]
        found = _aligned(task, aligner, sound, written, _shared(said(written), spans))
    else:
        language, found = task.params.language, _recognised(task, aligner, sound)
    length_s = round(len(sound) / RATE, 3)
    write_phones(
        target,
        Phones(
            found.words, found.phones, language, length_s, found.method, found.guessed, found.shared
        ),
    )
    task.progress(1, 1)
    return {"phones": target}


def _sound(task: Task[PhoneParams]) -> Samples:
    parts: list[Samples] = []
    samples = 0
    for part in heard(task.input("audio").path):
        task.progress(0.1 * samples / (samples + RATE), 1, f"reading {samples // RATE} s")
        parts.append(part)
        samples += len(part)
        if samples > MOST_S * RATE:
            raise InputError(
                "is too long to find its phones",
                where="audio",
                expected=f"at most {MOST_S} s",
                mend="Cut it, and send the parts.",
                code="phones.too-long",
            )
    return np.concatenate(parts)


def _english(language: str, where: str) -> str:
    if language.partition("-")[0] not in ("", "en"):
        raise InputError(
            "is in a language whose words cannot be put to phones",
            where=where,
            expected="English, en",
            got=language,
            mend="Send the sound alone: phones are then told as they sound.",
            code="phones.language",
        )
    return language or "en"


def _text(path: Path) -> str:
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise InputError(
            "is too long for what is said",
            where="text",
            expected=f"at most {_MOST_BYTES} bytes",
            got=str(size),
            code="phones.too-long",
        )
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            "is not UTF-8 text",
            where="text",
            got=repr(error.object[error.start : error.start + 8]),
            mend="Save it as UTF-8, and send it again.",
            code="phones.text",
        ) from error


def _placed(
    task: Task[PhoneParams], aligner: Aligner, sound: Samples, written: list[str]
) -> list[Spoken]:
    """Words of a text without times, where they are in the sound."""
    words = said(written)
    if not words:
        raise InputError(
            "has no words", where="text", mend="Write what is said.", code="phones.no-words"
        )
    length_s = len(sound) / RATE
    if length_s > MOST_TEXT_S:
        raise InputError(
            "is too long for a text without times",
            where="audio",
            expected=f"at most {MOST_TEXT_S} s",
            got=f"{length_s:.0f} s",
            mend="Send the words of speech.transcribe in place of the text.",
            code="phones.too-long",
        )
    plain = [word.plain for word in words]
    aligner.learn(plain)

    def told(samples: int) -> None:
        task.progress(0.1 + 0.4 * samples / max(1, len(sound)), 1, f"{samples // RATE} s")

    places = None
    if len(sound) and float(np.abs(sound).max()) > _SILENT:
        places = aligner.places(sound, plain, told if length_s > _AT_ONCE_S else None)
    if places is None:
        raise InputError(
            "is not what is said",
            where="text",
            expected="the words of the speech, all of them and no others",
            got=f"{len(plain)} words in {length_s:.1f} s of sound",
            mend="Send the text of this very sound, or none.",
            code="phones.text-mismatch",
        )
    return [
        Spoken(word.plain, word.number, place.start_s, min(place.end_s, length_s))
        for word, place in zip(words, places, strict=True)
    ]


def _aligned(
    task: Task[PhoneParams],
    aligner: Aligner,
    sound: Samples,
    written: list[str],
    spoken: list[Spoken],
) -> Phones:
    guessed = aligner.learn([word.plain for word in spoken])
    length_s = len(sound) / RATE
    found: list[Found] = []
    shared: list[tuple[float, float]] = []
    for stretch in stretches(spoken, length_s):
        done = stretch.start_s / max(length_s, 0.1)
        task.progress(0.5 + 0.5 * done, 1, f"{stretch.start_s:.0f} s")
        first, stop = round(stretch.start_s * RATE), round(stretch.end_s * RATE)
        plain = [word.plain for word in stretch.words]
        words = aligner.phones(sound[first:stop], plain) if stop > first else None
        if words is None:
            shared.append((round(stretch.start_s, 3), round(stretch.end_s, 3)))
            found += [_in_turn(aligner, word) for word in stretch.words]
        else:
            found += [_moved(word, first / RATE, stop / RATE) for word in words]
    numbers = [word.number for word in spoken]
    phones = [phone for word in found for phone in word.phones]
    return Phones(_whole(written, numbers, found), phones, guessed=guessed, shared=shared)


def _whole(written: list[str], numbers: list[int], found: list[Found]) -> list[Word]:
    """The words as they were written, from the words that are said for each."""
    spans: dict[int, tuple[float, float]] = {}
    for number, part in zip(numbers, found, strict=True):
        start, _ = spans.get(number, (part.start_s, 0.0))
        spans[number] = start, part.end_s
    return [Word(written[number], *span) for number, span in spans.items()]


def _shared(words: list[Said], spans: Sequence[tuple[float, float]]) -> list[Spoken]:
    """Words with the times of the written ones, which those that are one word share."""
    made: list[Spoken] = []
    for number, (start_s, end_s) in enumerate(spans):
        parts = [word for word in words if word.number == number]
        whole = sum(len(part.plain) for part in parts)
        at = 0
        for part in parts:
            first, at = at, at + len(part.plain)
            step = (end_s - start_s) / whole
            made.append(Spoken(part.plain, number, start_s + first * step, start_s + at * step))
    return made


def _in_turn(aligner: Aligner, word: Spoken) -> Found:
    names = aligner.pronunciation(word.plain)
    step = (word.end_s - word.start_s) / max(1, len(names))
    edges = [round(word.start_s + number * step, 3) for number in range(len(names) + 1)]
    phones = tuple(
        Phone(cast(PhoneName, name), start, stop)
        for name, start, stop in zip(names, edges, edges[1:], strict=False)
    )
    return Found(word.plain, round(word.start_s, 3), round(word.end_s, 3), phones)


def _moved(word: Found, by_s: float, stop_s: float) -> Found:
    def at(moment: float) -> float:
        return round(min(moment + by_s, stop_s), 3)

    phones = tuple(Phone(p.phone, at(p.start_s), at(p.end_s)) for p in word.phones)
    return Found(word.plain, at(word.start_s), at(word.end_s), phones)


def _recognised(task: Task[PhoneParams], aligner: Aligner, sound: Samples) -> Phones:
    found: list[Phone] = []
    for start, piece in pieces(sound):
        task.progress(0.1 + 0.9 * start / len(sound), 1, f"{start // RATE} s")
        if float(np.sqrt(np.mean(piece * piece))) <= _SILENT:
            continue
        begin_s, stop_s = start / RATE, (start + len(piece)) / RATE
        for phone in aligner.recognised(piece):
            first = round(min(phone.start_s + begin_s, stop_s), 3)
            found.append(Phone(phone.phone, first, round(min(phone.end_s + begin_s, stop_s), 3)))
    return Phones([], found, method="recognised")
