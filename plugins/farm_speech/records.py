"""The document beside the sound: which word is said when, and what was noticed.

Invariant: the words are those of the script that are said, in order, and do not overlap.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from farm import InputError
from farm_speech.text.said import Warned

SCHEMA = "farm.words/1"
Method = Literal["model", "shared"]
Document = TypeVar("Document", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word of the script with what is said of it, seconds of the sound."""

    text: str
    start_s: float
    end_s: float
    said: str


@dataclass(frozen=True, slots=True)
class Speech:
    """What was said. method : ``model``: the voice itself told the times; ``shared``: the words
    share the time by their length."""

    words: Sequence[TimedWord]
    duration_s: float
    language: str
    provider: str
    voice: str
    method: Method
    warnings: Sequence[Warned] = ()
    reference: str = ""


def write_words(path: Path, speech: Speech) -> None:
    """Write ``farm.words/1``."""
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "language": speech.language,
        "words": [asdict(word) for word in speech.words],
        "duration_s": speech.duration_s,
        "method": speech.method,
        "provider": speech.provider,
        "voice": speech.voice,
        "warnings": [f"{warned.text} ({warned.code})" for warned in speech.warnings],
    }
    if speech.reference:
        record["cloned"] = {"reference": speech.reference, "consent": True}
    path.write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")


Seconds = Annotated[float, Field(ge=0, le=360_000)]


class _Word(BaseModel):
    text: str
    start_s: Seconds
    end_s: Seconds
    said: str = ""


class ReadWords(BaseModel):
    """A document of words, this plugin's own or of a stage that listens."""

    document: Literal["farm.words/1"] = Field(alias="schema")
    language: str
    words: list[_Word]
    method: Method = "model"
    warnings: list[str] = []


class ReadPauses(BaseModel):
    """The silence after each sentence."""

    document: Literal["farm.pauses/1"] = Field(alias="schema")
    pauses_s: list[Annotated[float, Field(ge=0, le=60)]]


def read_words(path: Path, label: str) -> ReadWords:
    """The words at ``path``. Raises InputError."""
    return _read(path, label, ReadWords)


def read_pauses(path: Path, label: str) -> list[float]:
    """The pauses at ``path``. Raises InputError."""
    return _read(path, label, ReadPauses).pauses_s


def _read(path: Path, label: str, kind: type[Document]) -> Document:
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            first["msg"],
            where=f"{label}: {where}" if where else label,
            got=repr(first["input"])[:120],
            mend="Take the file as the stage before wrote it.",
            code="speech.bad-document",
        ) from error
