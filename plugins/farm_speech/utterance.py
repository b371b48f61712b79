"""The file of one utterance, schema ``farm.utterance/1``: what is said, by which voice, how.

Invariant: strict; a document with anything unknown or out of range is refused with the field's name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from farm import InputError

SCHEMA = "farm.utterance/1"
MOST_TEXT = 2000
"""Characters of an utterance; a longer text is several."""
_LANGUAGE = r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$"


def _said(pronunciation: str) -> str:
    if not pronunciation.strip("/ "):
        raise ValueError("a pronunciation is a spelling such as `cube control`, or /ɹˈid/")
    return pronunciation.strip()


def _word(word: str) -> str:
    if not word.strip():
        raise ValueError("an empty word")
    return " ".join(word.split())


Word = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_word)]
Pronunciation = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_said)]


class Utterance(BaseModel):
    """voice, language : empty for the provider's own. speed : 1 is the voice's own.

    pronunciations : a word, or several, to another spelling of it or to ``/IPA/``.
    reference : SHA-256 of the sound whose voice is cloned.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    document: Literal["farm.utterance/1"] = Field(alias="schema")
    text: str = Field(max_length=MOST_TEXT)
    voice: str = Field("", max_length=100)
    language: str = Field("", pattern=_LANGUAGE)
    speed: float = Field(1.0, ge=0.5, le=2.0)
    pronunciations: dict[Word, Pronunciation] = Field(default_factory=dict, max_length=2000)
    reference: str = Field("", pattern=r"^([0-9a-f]{64})?$")


def read_utterance(path: Path, label: str) -> Utterance:
    """The utterance at ``path``. Raises InputError."""
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise _refused("is not JSON", label, f"JSON, schema {SCHEMA}", str(error)) from error
    got = content.get("schema") if isinstance(content, dict) else None
    if got != SCHEMA:
        raise _refused("is another kind of document", label, SCHEMA, str(got))
    try:
        found = Utterance.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _refused(f"{where}: {first['msg']}", label, SCHEMA, repr(first["input"])) from error
    if not found.text.strip():
        raise InputError(
            "there is nothing to say",
            where=f"{label}: text",
            expected="at least one word",
            got="an empty text",
            mend="Write what the voice is to say, or leave the utterance out.",
            code="speech.empty-text",
        )
    return found


def _refused(what: str, where: str, expected: str, got: str) -> InputError:
    return InputError(
        what,
        where=where,
        expected=expected,
        got=got[:200],
        mend="See farm.utterance/1 in the README of farm_speech.",
        code="speech.bad-utterance",
    )
