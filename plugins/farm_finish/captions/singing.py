"""When each word of a cue is said, as places in its lines.

Invariant: tokens cover the words of the lines from left to right; where nothing is known of the
moments, words share the time of the cue by their length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from farm_finish.captions.cues import Cue


@dataclass(frozen=True, slots=True)
class Token:
    """Characters ``start`` to ``stop`` of line ``line``, said from ``start_ms`` on."""

    line: int
    start: int
    stop: int
    start_ms: int


def tokens_of(cue: Cue, lines: Sequence[str]) -> list[Token]:
    """The words of a cue that is shown as ``lines``."""
    return _known(cue, lines) or _shared(cue, lines)


def _known(cue: Cue, lines: Sequence[str]) -> list[Token]:
    """By the cue's own words; empty where they are not those of the lines."""
    made: list[Token] = []
    line = at = 0
    for word in cue.words:
        while line < len(lines):
            found = lines[line].find(word.text, at)
            if found >= 0 and not lines[line][at:found].strip():
                break
            if lines[line][at:].strip():
                return []
            line, at = line + 1, 0
        else:
            return []
        at = found + len(word.text)
        made.append(Token(line, found, at, word.start_ms))
    return made


def _shared(cue: Cue, lines: Sequence[str]) -> list[Token]:
    places = [
        (number, match.start(), match.end())
        for number, text in enumerate(lines)
        for match in re.finditer(r"\S+", text)
    ]
    whole = sum(stop - start for _, start, stop in places)
    made, before = [], 0
    for number, start, stop in places:
        at = cue.start_ms + (cue.end_ms - cue.start_ms) * before // whole
        made.append(Token(number, start, stop, at))
        before += stop - start
    return made
