"""A text as the words that are said.

Invariant: every sign of the text is read by exactly one reader, is silent on purpose, or is named in a
warning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from farm_speech.text import amounts, code, dates, signs, words
from farm_speech.text.pronunciations import reader_of
from farm_speech.text.readers import Context, Reader
from farm_speech.text.said import Reading, Said, Spoken, Warned

_READERS: tuple[Reader, ...] = (
    *code.SPANS,
    *words.BEFORE,
    *code.ADDRESSES,
    *dates.READERS,
    *code.PATHS,
    *amounts.MARKED,
    *code.ASSIGNMENTS,
    *words.MIXED,
    *amounts.PLAIN,
    *code.NAMES,
    *words.AFTER,
)
_LINK = re.compile(r"!?\[(?P<text>[^\]]*)\]\([^)\s]*\)")
_MARKS = {
    ".": ".", ",": ",", ";": ";", ":": ":", "!": "!", "?": "?", "—": "—", "–": "—", "…": "…",
    "(": ",", ")": ",", "¡": "", "¿": "", "。": ".", "，": ",", "？": "?", "！": "!",
}  # fmt: skip
_STRONGER = {"": 0, ",": 1, "—": 2, ":": 3, ";": 4, "…": 5, ".": 6, "!": 7, "?": 8}
_PAUSE = re.compile(r"\s(?:-{1,3}|–)\s|\.{3,}|(?<=\w)-{2,3}(?=\w)")
_MOST_UNSAID = 5


@dataclass(slots=True)
class _Piece:
    """start, stop : in the text."""

    start: int
    stop: int
    spoken: list[Spoken]
    mark: str = ""


@dataclass(slots=True)
class _Scan:
    text: str
    context: Context
    readers: tuple[Reader, ...]
    pieces: list[_Piece] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)


def read(
    text: str, context: Context | None = None, pronunciations: Mapping[str, str] | None = None
) -> Reading:
    """What is said of an English text."""
    own = reader_of(pronunciations or {})
    readers = (own, *_READERS) if own else _READERS
    scan = _Scan(_LINK.sub(lambda link: link["text"], text), context or Context(), readers)
    at = 0
    while at < len(scan.text):
        at = _next(scan, at)
    return Reading(_by_script(scan), _warnings(scan))


def _next(scan: _Scan, at: int) -> int:
    """Read what stands at ``at``; where the next begins."""
    text = scan.text
    if pause := _PAUSE.match(text, at):
        _mark(scan, "…" if "..." in pause[0] else "—")
        return pause.end()
    if text[at].isspace():
        if text[at : at + 2] == "\n\n":
            _mark(scan, ".")
        return at + 1
    if signs.is_named_letter(text, at):
        return _sign(scan, at)
    inside = at > 0 and text[at - 1].isalnum() and text[at].isalnum()
    for pattern, reader in scan.readers:
        match = pattern.match(text, at)
        if match is None or match.end() == at or (inside and not text[at].isalpha()):
            continue
        answer = reader(match, scan.context)
        if answer is None:
            continue
        scan.pieces.append(_Piece(at, match.end(), answer))
        if match[0].endswith(".") and not text[match.end() :].strip(" \"'”’)*_"):
            _mark(scan, ".")
        return match.end()
    return _sign(scan, at)


def _sign(scan: _Scan, at: int) -> int:
    sign = scan.text[at]
    if sign in _MARKS:
        _mark(scan, _MARKS[sign])
        return at + 1
    if sign.isdecimal():
        match = re.compile(r"\d+").match(scan.text, at)
        assert match is not None
        answer = amounts.PLAIN[-1][1](match, scan.context) or []
        scan.pieces.append(_Piece(at, match.end(), answer))
        return match.end()
    said = signs.said_of(sign)
    if said:
        doubled = scan.pieces and scan.pieces[-1].spoken == list(said) and at
        if not (doubled and scan.text[at - 1] == sign):
            scan.pieces.append(_Piece(at, at + 1, list(said)))
    elif said is None:
        scan.unsaid.append(sign)
    return at + 1


def _mark(scan: _Scan, mark: str) -> None:
    if scan.pieces:
        last = scan.pieces[-1]
        last.mark = max(last.mark, mark, key=lambda sign: _STRONGER[sign])


def _by_script(scan: _Scan) -> tuple[Said, ...]:
    """The pieces, put together where the script has no space between them."""
    joined: list[_Piece] = []
    for piece in scan.pieces:
        last = joined[-1] if joined else None
        if last is None or any(sign.isspace() for sign in scan.text[last.stop : piece.start]):
            joined.append(_Piece(piece.start, piece.stop, list(piece.spoken), piece.mark))
        else:
            last.stop = piece.stop
            last.spoken += piece.spoken
            last.mark = piece.mark
    found = []
    limits = [piece.start for piece in joined[1:]] + [len(scan.text)]
    for piece, limit in zip(joined, limits, strict=False):
        if not piece.spoken:
            continue
        written = _written(scan.text, piece, limit)
        found.append(Said(written, tuple(piece.spoken), piece.mark))
    return tuple(found)


def _written(text: str, piece: _Piece, limit: int) -> str:
    """The script's words a piece is of, with the signs that belong to them."""
    start, stop = piece.start, piece.stop
    while start and not text[start - 1].isspace():
        start -= 1
    while stop < limit and not text[stop].isspace():
        stop += 1
    return " ".join(text[start:stop].split())


def _warnings(scan: _Scan) -> tuple[Warned, ...]:
    if not scan.unsaid:
        return ()
    shown = sorted(set(scan.unsaid))
    more = f" and {len(shown) - _MOST_UNSAID} more" if len(shown) > _MOST_UNSAID else ""
    text = f"nothing is said of {' '.join(shown[:_MOST_UNSAID])}{more}"
    return (Warned("speech.unpronounceable", text),)
