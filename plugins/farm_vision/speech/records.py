"""The files of speech: which phones are said when, and what the mouth does.

Invariant: phones and words stand in the order they are said and do not overlap; what is between them
is silence. ``farm.phones/1`` and ``farm.visemes/1`` are documented in the plugin's README.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from farm import InputError

PHONES, VISEMES, WORDS = "farm.phones/1", "farm.visemes/1", "farm.words/1"
Seconds = Annotated[float, Field(ge=0, le=360_000)]
Share = Annotated[float, Field(ge=0, le=1)]
PhoneName = Literal[
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH",
    "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH",
    "UW", "V", "W", "Y", "Z", "ZH",
]  # fmt: skip
VisemeName = Literal[
    "sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "ih", "oh", "ou"
]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone of ARPAbet without stress, seconds of the sound."""

    phone: PhoneName
    start_s: Seconds
    end_s: Seconds


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it was written, seconds of the sound."""

    word: Annotated[str, Field(min_length=1, max_length=500)]
    start_s: Seconds
    end_s: Seconds


@dataclass(frozen=True, slots=True)
class Phones:
    """All that was said. language : ISO 639-1; empty when not known. length_s : of the sound.

    method : ``aligned`` to known words, or ``recognised`` without any. guessed : words that were in
    no dictionary. shared : stretches whose words were not found in the sound and share its time.
    """

    words: list[Word]
    phones: list[Phone]
    language: str = ""
    length_s: Seconds = 0.0
    method: Literal["aligned", "recognised"] = "aligned"
    guessed: list[str] = field(default_factory=list)
    shared: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word that a stage understood."""

    text: Annotated[str, Field(min_length=1, max_length=500)]
    start_s: Seconds
    end_s: Seconds


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a stage that understands speech heard."""

    words: list[HeardWord]
    language: str = ""


@dataclass(frozen=True, slots=True)
class Viseme:
    """A shape of the mouth, one of the fifteen of the OVR standard. weight : how fully it is made."""

    start_s: Seconds
    end_s: Seconds
    viseme: VisemeName
    weight: Share


@dataclass(frozen=True, slots=True)
class MouthFrame:
    """The mouth in a frame: how far open, wide and round it is, 0 to 1; 0.5 wide is at rest."""

    frame: Annotated[int, Field(ge=0)]
    open: Share
    wide: Share
    round: Share
    viseme: VisemeName


@dataclass(frozen=True, slots=True)
class Visemes:
    """A mouth that speaks. fps : frames per second, a number. method : told by phones or by sound."""

    fps: Annotated[float, Field(gt=0, le=1000)]
    language: str
    method: Literal["phones", "sound"]
    visemes: list[Viseme]
    frames: list[MouthFrame]


def write_phones(path: Path, found: Phones) -> None:
    """Write ``farm.phones/1``."""
    _write(path, {"schema": PHONES, **asdict(found)})


def read_phones(path: Path, label: str) -> Phones:
    """The phones at ``path``. Raises InputError."""
    found = _read(path, Phones, PHONES, label)
    _check_order(((p.phone, p.start_s, p.end_s) for p in found.phones), f"{label}, phones")
    return found


def read_words(path: Path, label: str) -> Transcript:
    """The words of ``farm.words/1``, as ``speech.transcribe`` writes it. Raises InputError."""
    found = _read(path, Transcript, WORDS, label)
    _check_order(
        ((w.text, w.start_s, w.end_s) for w in found.words), f"{label}, words", apart=False
    )
    return found


def write_visemes(path: Path, found: Visemes) -> None:
    """Write ``farm.visemes/1``."""
    _write(path, {"schema": VISEMES, **asdict(found)})


def read_visemes(path: Path, label: str) -> Visemes:
    """The visemes at ``path``. Raises InputError."""
    found = _read(path, Visemes, VISEMES, label)
    for number, frame in enumerate(found.frames):
        if frame.frame != number:
            raise _refused("frames are not in order", label, f"frame {number}", str(frame.frame))
    return found


def _write(path: Path, record: dict[str, Any]) -> None:
    path.write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")


def _read(path: Path, kind: type[T], schema: str, label: str) -> T:
    try:
        fields = json.loads(path.read_bytes())
    except ValueError as error:
        raise _refused("is not JSON", label, f"JSON, schema {schema}", str(error)) from error
    got = fields.get("schema") if isinstance(fields, dict) else None
    if got != schema:
        raise _refused("is another kind of document", label, schema, str(got))
    try:
        return TypeAdapter(kind).validate_json(json.dumps(fields))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _refused(f"{where}: {first['msg']}", label, schema, repr(first["input"])) from error


def _check_order(spans: Iterable[tuple[str, float, float]], where: str, apart: bool = True) -> None:
    """Refuse spans that are not in order. apart : nor may they overlap."""
    before = 0.0
    for name, start, end in spans:
        if end < start or start < before - 1e-6:
            raise _refused(
                "are not in the order they are said",
                where,
                f"one that begins at {before:.3f} s or later, and ends after that",
                f"{name}, {start:.3f} to {end:.3f} s",
            )
        before = end if apart else start


def _refused(what: str, where: str, expected: str, got: str) -> InputError:
    return InputError(
        what,
        where=where,
        expected=expected,
        got=got[:200],
        mend="Take the file as the stage before wrote it.",
        code="speech.bad-document",
    )
