"""A text as the words that are said, in small letters.

Invariant: what comes out holds nothing but a to z and apostrophes, numbers are written out, and the
words stand in the order they are said. Each knows which word of the text it is a part of.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_SMALL = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen
"""
_ONES = tuple(_SMALL.split())
_TENS = (
    "zero",
    "ten",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
)
_GROUPS = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_SIGNS = {"&": "and", "%": "percent", "+": "plus", "@": "at", "=": "equals", "$": "dollars"}
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_PIECE = re.compile(r"\d[\d,]*(?:st|nd|rd|th)\b|\d[\d,]*(?:\.\d+)?|[a-z]+(?:'[a-z]+)*'?|[&%+@=$]")
_MOST = 10**12


@dataclass(frozen=True, slots=True)
class Said:
    """A word as it is said. number : of the text's word it belongs to, from 0."""

    plain: str
    number: int


def said(words: list[str]) -> list[Said]:
    """What is said of a text's words; a word of signs alone is silent."""
    return [Said(plain, number) for number, word in enumerate(words) for plain in _plain(word)]


def _plain(word: str) -> Iterator[str]:
    even = unicodedata.normalize("NFKD", word.replace("’", "'").replace("ß", "ss")).casefold()
    letters = "".join(sign for sign in even if not unicodedata.combining(sign))
    for piece in _PIECE.findall(letters):
        digits = piece.replace(",", "")
        if piece[0].isdigit() and piece[-1].isalpha():
            *before, last = _number(digits[:-2])
            yield from before
            yield _ORDINALS.get(last) or f"{last.removesuffix('y')}{'ie' * last.endswith('y')}th"
        elif piece[0].isdigit():
            yield from _number(digits, year="," not in piece)
        else:
            yield _SIGNS.get(piece) or piece.rstrip("'")


def _number(digits: str, year: bool = False) -> Iterator[str]:
    whole, _, rest = digits.partition(".")
    value = int(whole)
    if value >= _MOST or (len(whole) > 1 and whole[0] == "0"):
        yield from (_ONES[int(digit)] for digit in whole)
    elif year and not rest and (1100 <= value < 2000 or 2010 <= value < 2100):
        # Most numbers like these in speech are years.
        yield from _counted(value // 100)
        tens = value % 100
        if tens == 0:
            yield "hundred"
        else:
            yield from (["oh", _ONES[tens]] if tens < 10 else _counted(tens))
    else:
        yield from _counted(value)
    if rest:
        yield "point"
        yield from (_ONES[int(digit)] for digit in rest)


def _counted(value: int) -> list[str]:
    """A number as it is counted."""
    if value < 20:
        return [_ONES[value]]
    if value < 100:
        return [_TENS[value // 10], *([_ONES[value % 10]] if value % 10 else [])]
    if value < 1000:
        rest = _counted(value % 100) if value % 100 else []
        return [_ONES[value // 100], "hundred", *rest]
    for size, name in _GROUPS:
        if value >= size:
            rest = _counted(value % size) if value % size else []
            return [*_counted(value // size), name, *rest]
    raise AssertionError(value)
