"""What was written put to what was heard: the text's spelling with the recognised words' times.

Invariant: every word of the text comes out once and in order; words that were recognised as written
keep their times, and those between them share the time there is by their length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from farm import InputError
from farm_finish.captions.breaking import wide
from farm_finish.captions.words import Word

LEAST_FOUND = 0.4
"""Part of the text's words that must have been heard for it to be the text of this speech."""
_SIGNS = re.compile(r"\W+")


def text_words(text: str) -> list[tuple[str, bool]]:
    """Words of a text and whether a space stands before each; each Chinese character is one."""
    found: list[tuple[str, bool]] = []
    for chunk in text.split():
        pieces: list[str] = []
        for character in chunk:
            alone = wide(character) and character.isalnum()
            after = bool(pieces) and wide(pieces[-1][0]) and character.isalnum()
            if alone or after or not pieces:
                pieces.append(character)
            else:
                pieces[-1] += character
        found += [(piece, number == 0) for number, piece in enumerate(pieces)]
    return found


def reworded(words: Sequence[Word], text: str, label: str) -> list[Word]:
    """The words of ``text`` at the times of ``words``.

    Raises
    ------
    InputError : the text is empty, or is not what is said.
    """
    wanted = text_words(text)
    if not wanted:
        raise InputError(
            "has no words", where=label, mend="Write what is said.", code="captions.empty"
        )
    heard = [_plain(word.text) for word in words]
    written = [_plain(piece) for piece, _ in wanted]
    blocks = SequenceMatcher(None, heard, written).get_matching_blocks()
    found = sum(block.size for block in blocks)
    if not words or found < LEAST_FOUND * len(wanted):
        raise InputError(
            "is not what is said",
            where=label,
            expected="the words of the speech",
            got=f"{found} of its {len(wanted)} words were heard, of {len(words)} in all",
            mend="Send the text of this very film, or none.",
            code="captions.text-mismatch",
        )
    made: list[Word] = []
    heard_at = written_at = 0
    for block in blocks:
        made += _shared(words, heard_at, block.a, wanted[written_at : block.b])
        for step in range(block.size):
            word, (piece, space) = words[block.a + step], wanted[block.b + step]
            made.append(Word(piece, word.start_s, word.end_s, word.confidence, space))
        heard_at, written_at = block.a + block.size, block.b + block.size
    return _in_order(made)


def _shared(
    words: Sequence[Word], start: int, stop: int, pieces: Sequence[tuple[str, bool]]
) -> list[Word]:
    """Pieces over the time of words ``start`` to ``stop``, or between their neighbours."""
    if not pieces:
        return []
    if start < stop:
        begin, end = words[start].start_s, words[stop - 1].end_s
    else:
        begin = words[start - 1].end_s if start else words[0].start_s
        end = words[start].start_s if start < len(words) else begin
    whole = sum(len(piece) for piece, _ in pieces)
    made, at = [], 0
    for piece, space in pieces:
        first, at = at, at + len(piece)
        span = (end - begin) / whole
        made.append(Word(piece, begin + first * span, begin + at * span, 0.0, space))
    return made


def _in_order(words: list[Word]) -> list[Word]:
    made: list[Word] = []
    before = 0.0
    for word in words:
        start = max(before, word.start_s)
        made.append(Word(word.text, start, max(start, word.end_s), word.confidence, word.space))
        before = start
    return made


def _plain(text: str) -> str:
    return _SIGNS.sub("", text).casefold()
