"""What was said and when: words with the moments of their beginning and end.

Invariant: words stand in the order they are said, and none ends before it begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field

from farm import InputError
from farm_finish.captions.documents import read_document, write_document

SCHEMA = "farm.words/1"
Seconds = Annotated[float, Field(ge=0, le=360_000)]


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its punctuation.

    start_s, end_s : s after the film's first picture. confidence : 0 to 1. space : whether a space
    stands before it, which is not so in Chinese or Japanese.
    """

    text: Annotated[str, Field(min_length=1, max_length=500)]
    start_s: Seconds
    end_s: Seconds
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0
    space: bool = True


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of speech: ``count`` words from word ``first`` on."""

    first: Annotated[int, Field(ge=0)]
    count: Annotated[int, Field(ge=0)]
    start_s: Seconds
    end_s: Seconds
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that was said. language : ISO 639-1 code; empty when not known. duration_s : of the sound."""

    language: Annotated[str, Field(pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$")]
    words: list[Word]
    segments: list[Span] = field(default_factory=list)
    language_confidence: Annotated[float, Field(ge=0, le=1)] = 1.0
    duration_s: Seconds = 0.0
    model: str = ""


def read_words(path: Path, label: str) -> Transcript:
    """The transcript at ``path``.

    Raises
    ------
    InputError : it is none, or its words are not in order.
    """
    transcript = read_document(path, SCHEMA, Transcript, label)
    before = 0.0
    for number, word in enumerate(transcript.words):
        if word.end_s < word.start_s or word.start_s < before:
            raise InputError(
                "words are not in the order they are said",
                where=f"{label}, words.{number}",
                expected=f"a word that begins at {before:.3f} s or later, and ends after that",
                got=f'"{word.text}", {word.start_s:.3f} to {word.end_s:.3f} s',
                code="captions.word-order",
            )
        before = word.start_s
    return transcript


def write_words(path: Path, transcript: Transcript) -> None:
    """Write a transcript as JSON."""
    write_document(path, SCHEMA, transcript)


def joined(words: Sequence[Word]) -> str:
    """The words as a line of text."""
    text = "".join(f" {word.text}" if word.space else word.text for word in words)
    return text.strip()
