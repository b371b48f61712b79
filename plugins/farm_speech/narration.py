"""The stages ``speech.sentences`` and ``speech.join``: a text as utterances, and what was said of them
as one narration.

Invariant: an equal sentence is an equal file wherever it stands, so that it is spoken once; the pauses
are kept apart from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from farm import InputError, Result, Task
from farm.media.sound import BLOCK, RATE, Sound, blocks, sound_parts
from farm_speech.params import JoinParams, SentenceParams
from farm_speech.records import SCHEMA, read_pauses, read_words
from farm_speech.sound import flac_file
from farm_speech.text.sentences import Sentence, sentences
from farm_speech.utterance import SCHEMA as UTTERANCE

PAUSES = "farm.pauses/1"
MOST_BYTES, MOST_SENTENCES = 2_000_000, 5000


def split(task: Task[SentenceParams]) -> Result:
    """Write the ``utterances`` of ``text``, one a sentence, and the ``pauses`` after them.

    Raises
    ------
    InputError : the text is empty, no text, or too long.
    """
    params = task.params
    found = list(sentences(_text(task.input("text").path)))
    if not found:
        raise _refused("there is nothing to say", "at least one word", "an empty text")
    if len(found) > MOST_SENTENCES:
        raise _refused("is too long", f"at most {MOST_SENTENCES} sentences", str(len(found)))
    written: list[Path] = []
    for number, sentence in enumerate(found):
        task.progress(number, len(found))
        path = task.output("utterances", ".json")
        record: dict[str, Any] = {
            "schema": UTTERANCE,
            "text": sentence.text,
            "voice": params.voice,
            "language": params.language,
            "speed": params.speed,
            # Only those it uses, so that a new word says only its own sentences again.
            "pronunciations": {
                word: respelled
                for word, respelled in sorted(params.pronunciations.items())
                if word.casefold() in sentence.text.casefold()
            },
        }
        path.write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    pauses = task.output("pauses", ".json")
    seconds = [_pause(sentence, params) for sentence in found]
    pauses.write_text(json.dumps({"schema": PAUSES, "pauses_s": seconds}) + "\n", encoding="utf-8")
    return {"utterances": written, "pauses": pauses}


def join(task: Task[JoinParams]) -> Result:
    """Put ``speech`` one after another into ``narration``, with ``words`` on its clock.

    Raises
    ------
    InputError : there are not as many words or pauses as files of speech.
    """
    speech = [file.path for file in task.inputs["speech"]]
    told = [read_words(file.path, "words") for file in task.inputs["words"]]
    pauses = read_pauses(task.input("pauses").path, "pauses")
    if not len(speech) == len(told) == len(pauses):
        raise InputError(
            "these do not belong together",
            where="speech, words, pauses",
            expected="as many of each",
            got=f"{len(speech)}, {len(told)} and {len(pauses)}",
            mend="Take all three as the stages before wrote them.",
            code="speech.unequal",
        )
    target, words = task.output("narration", ".flac"), task.output("words", ".json")
    at = 0
    joined: list[dict[str, Any]] = []
    warnings: dict[str, None] = {}
    with flac_file(target) as writer:
        for number, (path, record, pause) in enumerate(zip(speech, told, pauses, strict=True)):
            task.progress(number, len(speech), "joining")
            start = at
            for part in blocks(sound_parts(path, "speech", Fraction(0), layout="mono"), BLOCK):
                writer.write(part[0])
                at += part.shape[1]
            joined += [_moved(word.model_dump(), start / RATE) for word in record.words]
            warnings.update(dict.fromkeys(record.warnings))
            for silence in _silence(0 if number + 1 == len(speech) else round(pause * RATE)):
                writer.write(silence)
                at += len(silence)
    document = {
        "schema": SCHEMA,
        "language": told[0].language,
        "words": joined,
        "duration_s": round(at / RATE, 3),
        "method": "shared" if any(one.method == "shared" for one in told) else "model",
        "warnings": list(warnings),
    }
    words.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")
    return {"narration": target, "words": words}


def _text(path: Path) -> str:
    if path.stat().st_size > MOST_BYTES:
        raise _refused("is too long", f"at most {MOST_BYTES} bytes", str(path.stat().st_size))
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused("is no text", "UTF-8", str(error)) from error


def _pause(sentence: Sentence, params: SentenceParams) -> float:
    if sentence.kind == "heading":
        return params.heading_pause_s
    return params.paragraph_pause_s if sentence.kind == "last" else params.pause_s


def _moved(word: dict[str, Any], start_s: float) -> dict[str, Any]:
    return word | {
        "start_s": round(word["start_s"] + start_s, 3),
        "end_s": round(word["end_s"] + start_s, 3),
    }


def _silence(samples: int) -> Iterator[Sound]:
    while samples > 0:
        part = min(samples, BLOCK)
        yield np.zeros(part, np.float32)
        samples -= part


def _refused(what: str, expected: str, got: str) -> InputError:
    return InputError(
        what,
        where="text",
        expected=expected,
        got=got,
        mend="Send a text file of UTF-8 with the words to be said.",
        code="speech.bad-text",
    )
