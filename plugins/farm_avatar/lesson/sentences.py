"""Narration as sentences and the pauses between them.

Invariant: nothing that is written is lost or added: the sentences joined are the text, white space
and marks of pauses aside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ENDS = re.compile(r"""[.!?…]+["'”’)\]]*(?=\s|$)|[。！？]+[」』）]*""")
_ABBREVIATIONS = re.compile(
    r"(mr|mrs|ms|dr|prof|st|vs|etc|cf|approx|e\.g|i\.e|a\.m|p\.m|jr|sr|dept|z\.b|d\.h|bzw|usw|ca|bspw)"
)
_BEFORE_NUMBERS = re.compile(r"(no|nr|fig|vol|ch|sec|eq|p|pp)")
_PAUSE = re.compile(r"\[pause(?:\s+(\d+(?:\.\d+)?)\s*s?)?\]", re.IGNORECASE)
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
PAUSE_S = 1.0
LONGEST = 600
"""Characters of what is said in one breath; what is longer is cut at commas."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said at once. pause_s : more silence after it than usual. closes : a paragraph."""

    text: str
    pause_s: float = 0.0
    closes: bool = False


def sentences(text: str) -> list[Sentence]:
    """The sentences of a narration: paragraphs are parted by empty lines, and ``[pause 1.5]`` is
    silence, in seconds."""
    found: list[Sentence] = []
    for paragraph in _PARAGRAPH.split(text.replace("\r\n", "\n")):
        at = 0
        for mark in _PAUSE.finditer(paragraph):
            found += [Sentence(said) for said in _split(paragraph[at : mark.start()])]
            if found:
                pause_s = float(mark[1]) if mark[1] else PAUSE_S
                last = found[-1]
                found[-1] = Sentence(last.text, last.pause_s + pause_s, last.closes)
            at = mark.end()
        found += [Sentence(said) for said in _split(paragraph[at:])]
        if found:
            found[-1] = Sentence(found[-1].text, found[-1].pause_s, True)
    return found


def _split(text: str) -> list[str]:
    plain = " ".join(text.split())
    parts: list[str] = []
    start = 0
    for end in _ENDS.finditer(plain):
        if end[0].startswith(".") and not _really(plain, start, end):
            continue
        parts.append(plain[start : end.end()].strip())
        start = end.end()
    parts.append(plain[start:].strip())
    # Marks without a letter or a digit are not said; they stay with what is before them.
    whole: list[str] = []
    for part in filter(None, parts):
        if whole and not any(sign.isalnum() for sign in part):
            whole[-1] = f"{whole[-1]} {part}"
        else:
            whole.append(part)
    return [piece for part in whole for piece in _breaths(part)]


def _really(text: str, start: int, end: re.Match[str]) -> bool:
    """Whether a full stop ends a sentence, and not an abbreviation or the initial of a name."""
    if len(end[0].rstrip("\"'”’)]")) > 1:
        return True
    word = text[start : end.start()].rpartition(" ")[2].lstrip("(\"'“‘").lower()
    following = text[end.end() :].lstrip()[:1]
    if _ABBREVIATIONS.fullmatch(word):
        return not following
    if _BEFORE_NUMBERS.fullmatch(word) and following.isdigit():
        return False
    if len(word) == 1 and word.isalpha() and word not in "aio":
        return not following
    return not following.islower()


def _breaths(text: str) -> list[str]:
    """A sentence as it is, or an endless one cut after commas, semicolons or words."""
    pieces: list[str] = []
    while len(text) > LONGEST:
        room = text[:LONGEST]
        cut = max(room.rfind(sign) + 1 for sign in (", ", "; ", ": ", " – "))
        cut = cut if cut > LONGEST // 3 else room.rfind(" ") + 1 or LONGEST
        pieces.append(text[:cut].strip())
        text = text[cut:].strip()
    return [*pieces, text]
