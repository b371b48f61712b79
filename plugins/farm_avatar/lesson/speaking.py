"""What was said, as the stages of speech wrote it: words and phones with times, moved to a scene.

Invariant: moved words and phones stay in order and within the sentence they belong to.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from farm import InputError

PHONES, WORDS = "farm.phones/1", "farm.words/1"


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the script writes it; seconds."""

    text: str
    start_s: float
    end_s: float

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {"text": self.text, "start_s": self.start_s, "end_s": self.end_s}


def read_json(path: Path, schema: str, label: str) -> dict[str, Any]:
    """A document of a schema. Raises InputError."""
    try:
        record = json.loads(path.read_bytes())
        if isinstance(record, dict) and record.get("schema") == schema:
            return record
        got = record.get("schema") if isinstance(record, dict) else type(record).__name__
    except ValueError as error:
        got = str(error)
    raise InputError(
        "is another kind of document",
        where=label,
        expected=f"schema {schema}",
        got=str(got)[:200],
        mend="Take the file as the stage before wrote it.",
        code="lesson.bad-document",
    )


def words_of(path: Path | None, text: str, length_s: float) -> list[Word]:
    """The words of a sentence, from its start; without a document they share its time by their
    letters."""
    if path is None:
        return shared(text, 0.0, length_s)
    found = read_json(path, WORDS, "words").get("words", [])
    return [
        Word(str(each["text"]), float(each["start_s"]), min(float(each["end_s"]), length_s))
        for each in found
    ] or shared(text, 0.0, length_s)


def shared(text: str, start_s: float, end_s: float) -> list[Word]:
    """The words of a text over a stretch of time, each as long as its letters ask for."""
    written = text.split()
    letters = [max(1, sum(sign.isalnum() for sign in word)) + 1 for word in written]
    whole = sum(letters)
    made, at = [], start_s
    for word, count in zip(written, letters, strict=True):
        until = at + (end_s - start_s) * count / whole
        made.append(Word(word, round(at, 3), round(until, 3)))
        at = until
    return made


def moved(words: Sequence[Word], by_s: float, end_s: float) -> list[Word]:
    """The same words ``by_s`` later, none beyond ``end_s`` nor before the one in front of it."""
    made: list[Word] = []
    before = by_s
    for word in words:
        start_s = min(max(round(word.start_s + by_s, 3), before), end_s)
        stop_s = min(max(round(word.end_s + by_s, 3), start_s), end_s)
        made.append(Word(word.text, start_s, stop_s))
        before = start_s
    return made


class ScenePhones:
    """The phones of a scene, gathered a sentence at a time."""

    def __init__(self) -> None:
        self._record: dict[str, Any] = {
            "schema": PHONES, "words": [], "phones": [], "language": "en", "length_s": 0.0,
            "method": "aligned", "guessed": [], "shared": [],
        }  # fmt: skip
        self._last_s = 0.0

    def add(self, path: Path, by_s: float, until_s: float) -> None:
        """The phones of a sentence that begins at ``by_s`` and is over at ``until_s``."""
        record = read_json(path, PHONES, "phones")
        for name in ("words", "phones"):
            before_s = self._last_s
            for each in record.get(name, []):
                start_s = min(max(round(each["start_s"] + by_s, 3), before_s), until_s)
                end_s = min(max(round(each["end_s"] + by_s, 3), start_s), until_s)
                self._record[name].append({**each, "start_s": start_s, "end_s": end_s})
                before_s = end_s
        self._last_s = until_s
        for span in record.get("shared", []):
            self._record["shared"].append([round(edge + by_s, 3) for edge in span])
        self._record["guessed"] += record.get("guessed", [])
        self._record["language"] = record.get("language") or self._record["language"]

    def document(self, length_s: float) -> dict[str, Any]:
        """``farm.phones/1`` of a scene of ``length_s``."""
        return {**self._record, "length_s": length_s}
