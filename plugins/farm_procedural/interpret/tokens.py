"""A prompt as tokens with the characters they span, sentences and clauses.

Invariant: ``text[token.start:token.stop]`` is the token's text, for any text whatever; markup,
control characters and addresses make no words.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from farm_procedural.interpret.stems import folded

Kind = Literal["word", "number", "hex", "size", "ratio", "stop", "comma", "arrow", "symbol"]

_PATTERN = re.compile(
    r"""(?P<skip>https?://\S{1,2000}|</?[A-Za-z!][^<>]{0,200}>|&[a-z]{2,8};)
    |(?P<hex>\#(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3,4})(?![0-9A-Za-z]))
    |(?P<size>\d{1,6}\s?[xX×]\s?\d{1,6}(?![\w]))
    |(?P<ratio>\d{1,4}(?:\.\d{1,4})?:\d{1,4}(?:\.\d{1,4})?(?!\w))
    |(?P<number>\d+(?:[.,]\d+)*)
    |(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)
    |(?P<arrow>-+>|=+>|[→⇒➡➜])
    |(?P<stop>[.!?;\n\r。！？；]|\Z)
    |(?P<comma>[,:()\[\]|—–、，]|(?<=\s)-(?=\s))
    |(?P<symbol>[^\s\w])""",
    re.VERBOSE,
)
_SILENT = {"Mn", "Me", "Cf", "Cc", "Cs", "Cn", "Sk", "Co"}


@dataclass(frozen=True, slots=True)
class Token:
    """key: the folded text that entries are looked up by. sentence, clause: numbers counted from 0,
    clauses over the whole text. joined: no space stands before it ("30s")."""

    kind: Kind
    text: str
    key: str
    start: int
    stop: int
    sentence: int
    clause: int
    joined: bool = False


def tokenise(text: str, most: int | None = None) -> list[Token]:
    """Words, numbers and signs of a text in order, at most so many; separators end sentences and
    clauses."""
    found: list[Token] = []
    sentence = clause = 0
    last_stop = -1
    for match in _PATTERN.finditer(text):
        kind = match.lastgroup
        if kind == "skip" or kind is None:
            continue
        if kind in ("stop", "comma"):
            clause += 1
            sentence += kind == "stop"
            last_stop = -1
            continue
        piece = match.group()
        if kind == "symbol" and (
            unicodedata.category(piece) in _SILENT or piece.isascii() or piece in "“”‘’«»„‚…·•"
        ):
            continue
        start = match.start()
        key = folded(piece) if kind == "word" else piece.casefold()
        joined = start == last_stop
        last_stop = match.end()
        if most is not None and len(found) == most:
            break
        found.append(Token(kind, piece, key, start, last_stop, sentence, clause, joined))  # type: ignore[arg-type]
    return found
