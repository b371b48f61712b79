"""Sentences of a text that is to be spoken.

Invariant: every word of the text is in exactly one sentence, in order; no sentence is longer than a
voice takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["heading", "sentence", "last"]
MOST = 600
"""Characters of a sentence; a longer one is cut at a comma, else between words."""
_NOT_THE_END = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|St|Jr|Sr|Gen|Rev|Hon|Capt|Lt|Sgt|e\.g|i\.e|eg|ie|vs|cf|viz|approx|"
    r"resp|Fig|fig|Figs|Eq|eq|Sec|Ch|Vol|No|Nos|pp|p|ed|Inc|Ltd|Corp|Co|[Dd]ept|est|max|min|avg|al|"
    r"a\.m|p\.m|z\.B|d\.h|bzw|usw|Nr)|\b[A-Z](?:\.[A-Z])*)\.$"
)
_ALWAYS_BEFORE = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|Prof|St|Gen|Rev|Hon|Capt|Lt|Sgt|Fig|No)\.$")
_END = re.compile(r"(?:[.!?…]+|[。！？।]+)[\"'”’)\]]*(?=\s|$)|[。！？]")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+")
_HEADING = re.compile(r"^\s*#{1,6}\s+")
_QUOTED = re.compile(r"^\s*>\s?")
_RULE = re.compile(r"^\s*(?:[-*_=]\s*){3,}$")
_CLAUSE = re.compile(r"[,;:—–]\s")


@dataclass(frozen=True, slots=True)
class Sentence:
    """kind : ``last`` of its paragraph, or a heading, or another one."""

    text: str
    kind: Kind


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of plain text or of simple Markdown."""
    for heading, paragraph in _paragraphs(text):
        parts = [part for whole in split(paragraph) for part in _short(whole)]
        for number, part in enumerate(parts, 1):
            last: Kind = "heading" if heading else "last"
            yield Sentence(part, last if number == len(parts) else "sentence")


def split(paragraph: str) -> list[str]:
    """The sentences of one paragraph."""
    found: list[str] = []
    start = 0
    for match in _END.finditer(paragraph):
        so_far, rest = paragraph[start : match.end()], paragraph[match.end() :].lstrip()
        if not _ends(so_far, rest):
            continue
        found.append(so_far.strip())
        start = match.end()
    if paragraph[start:].strip():
        found.append(paragraph[start:].strip())
    return found


def _ends(so_far: str, rest: str) -> bool:
    """Whether a sentence is over where a mark stands."""
    bare = so_far.rstrip("\"'”’)]")
    if not rest:
        return True
    if bare.endswith(".") and not bare.endswith(".."):
        if _ALWAYS_BEFORE.search(bare) or (
            re.search(r"(?:^|\s)\d{1,3}\.$", bare) and rest[0].islower()
        ):
            return False
        if _NOT_THE_END.search(bare):
            return rest[0].isupper() and bool(re.search(r"(?:etc|a\.m|p\.m|[A-Z]\.[A-Z])\.$", bare))
    return not rest[0].islower()


def _paragraphs(text: str) -> Iterator[tuple[bool, str]]:
    """Each paragraph on one line, and whether it is a heading."""
    held: list[str] = []
    for line in [*text.replace("\r\n", "\n").split("\n"), ""]:
        bare = _QUOTED.sub("", line).strip()
        heading = bool(_HEADING.match(line))
        if (not bare or heading or _ITEM.match(line) or _RULE.match(line)) and held:
            yield False, " ".join(held)
            held = []
        if heading:
            yield True, _HEADING.sub("", line).strip().rstrip("#").strip()
        elif bare and not _RULE.match(line):
            held.append(_ITEM.sub("", bare))


def _short(sentence: str) -> Iterator[str]:
    while len(sentence) > MOST:
        cuts = [match.end() for match in _CLAUSE.finditer(sentence, 0, MOST)]
        cut = cuts[-1] if cuts else sentence.rfind(" ", 0, MOST)
        cut = cut if cut > 0 else MOST
        yield sentence[:cut].strip()
        sentence = sentence[cut:].strip()
    if sentence:
        yield sentence
