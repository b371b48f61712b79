"""The documents that a lesson is passed on as: ``farm.lesson/1``, ``farm.utterance/1`` and more.

Invariant: equal sentences are equal files, wherever they stand; the lesson's document alone knows the
order of scenes and sentences.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from farm import InputError
from farm_avatar.lesson.document import Card, Lesson
from farm_avatar.lesson.reading import Spoken

LESSON, UTTERANCE, PRESENCE = "farm.lesson/1", "farm.utterance/1", "farm.presence/1"
Seconds = Annotated[float, Field(ge=0, le=3600)]
Number = Annotated[int, Field(ge=0, le=100_000)]


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence in its place. utterance : index of its file. pause_s : silence after it."""

    text: str
    utterance: Number
    pause_s: Seconds


@dataclass(frozen=True, slots=True)
class Planned:
    """A scene in its place. least_s : it lasts at least so long. chapter : it begins one."""

    id: str
    title: str
    chapter: bool
    before_s: Seconds
    after_s: Seconds
    least_s: Seconds
    sentences: list[Said] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LessonFile:
    """``farm.lesson/1``. warnings : sentences for its author."""

    title: str
    project: str
    language: str
    size: tuple[int, int]
    fps: Annotated[int, Field(ge=5, le=60)]
    scenes: Annotated[list[Planned], Field(min_length=1, max_length=400)]
    author: str = ""
    warnings: list[str] = field(default_factory=list)


class Utterances:
    """Every different sentence of a lesson, once."""

    def __init__(self, lesson: Lesson, voice: str) -> None:
        self._lesson, self._voice = lesson, voice
        self._numbers: dict[bytes, int] = {}
        self._pronounced = [
            (re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE), word, said)
            for word, said in sorted(lesson.pronounce.items())
        ]

    @property
    def files(self) -> Sequence[bytes]:
        """The documents, in the order of their numbers."""
        return tuple(self._numbers)

    def number(self, text: str, spoken: Spoken) -> int:
        """The number of a sentence of a scene."""
        lesson, scene = self._lesson, spoken.scene
        record = {
            "schema": UTTERANCE,
            "text": text,
            "voice": self._voice or scene.voice or lesson.voice,
            "language": lesson.language,
            "speed": scene.speed or lesson.speed,
            # Only what it holds: a new entry for another word must not change this file.
            "pronunciations": {
                word: said for found, word, said in self._pronounced if found.search(text)
            },
        }
        return self._numbers.setdefault(as_json(record), len(self._numbers))


def planned(spoken: Spoken, lesson: Lesson, utterances: Utterances) -> Planned:
    """A scene with its pauses."""
    pauses, scene = lesson.pauses, spoken.scene
    said = [
        Said(
            sentence.text,
            utterances.number(sentence.text, spoken),
            sentence.pause_s + (pauses.paragraph_s if sentence.closes else pauses.sentence_s),
        )
        for sentence in spoken.sentences
    ]
    if said:
        # The silence at the end of a scene is the scene's own.
        last = spoken.sentences[-1]
        said[-1] = Said(said[-1].text, said[-1].utterance, last.pause_s)
    shown_s = sum(
        (shown.end_s - shown.start_s) / shown.speed for shown in scene.show if shown.end_s
    )
    after_s = pauses.after_s if scene.pause_s is None else scene.pause_s
    return Planned(
        spoken.id,
        scene.title or lesson.title,
        scene.chapter and bool(scene.title),
        pauses.before_s if said else 0.0,
        after_s if said else 0.0,
        scene.seconds or (0.0 if said else shown_s),
        said,
    )


def planned_card(name: str, card: Card) -> Planned:
    """A title card in its place."""
    return Planned(name, card.title, False, 0.0, 0.0, card.seconds)


def as_json(record: dict[str, Any]) -> bytes:
    """The same bytes for equal records."""
    return json.dumps(record, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def read_lesson(path: Path) -> LessonFile:
    """The document that ``lesson.read`` wrote. Raises InputError."""
    try:
        fields = json.loads(path.read_bytes())
        if not isinstance(fields, dict) or fields.pop("schema", None) != LESSON:
            raise ValueError(f"the schema is not {LESSON}")
        return TypeAdapter(LessonFile).validate_python(fields)
    except (ValidationError, ValueError) as error:
        raise InputError(
            "is no lesson that was read",
            where="lesson",
            expected=f"schema {LESSON}",
            got=" ".join(str(error).split())[:200],
            mend="Take the file as lesson.read wrote it.",
            code="lesson.bad-document",
        ) from error
