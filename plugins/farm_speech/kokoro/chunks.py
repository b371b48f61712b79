"""What the network is given at a time: a sentence or a few, with each word's place among the phones.

Invariant: every word is in exactly one chunk, and no chunk is longer than the network takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from farm_speech.kokoro.network import known

MOST, ENOUGH, FEW = 380, 90, 24
"""Phones of a chunk: at most; a sentence's end is taken after so many; a rest of fewer joins."""
_ENDS = frozenset(".!?…")
_BREAKS = frozenset(",;:—")
SENTENCE_S, CLAUSE_S, WORD_S = 0.36, 0.16, 0.04
"""Silence between chunks, by what the first ends with."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """phones : what is said. places : each word's first phone and the one after its last.

    pause_s : silence after it.
    """

    phones: str
    places: tuple[tuple[int, int], ...]
    pause_s: float


def chunks(phones: Sequence[str], marks: Sequence[str]) -> Iterator[Chunk]:
    """Words of phones, each with the mark after it, in chunks."""
    first = 0
    sizes = [len(known(word)) + len(mark) + 1 for word, mark in zip(phones, marks, strict=True)]
    while first < len(phones):
        stop = _stop(sizes, marks, first)
        yield _chunk(phones[first:stop], marks[first:stop], stop == len(phones))
        first = stop


def _stop(sizes: Sequence[int], marks: Sequence[str], first: int) -> int:
    """The word after the last of a chunk."""
    whole, clause = 0, 0
    for at in range(first, len(sizes)):
        if whole + sizes[at] > MOST and at > first:
            return clause or at
        whole += sizes[at]
        if marks[at] in _ENDS and whole >= ENOUGH and sum(sizes[at + 1 :]) >= FEW:
            return at + 1
        if marks[at] in _BREAKS or marks[at] in _ENDS:
            clause = at + 1
    return len(sizes)


def _chunk(phones: Sequence[str], marks: Sequence[str], last: bool) -> Chunk:
    said, places = "", []
    for number, (word, mark) in enumerate(zip(phones, marks, strict=True)):
        said += " " * bool(number)
        word = known(word)[:MOST]
        places.append((len(said), len(said) + len(word)))
        said += word + mark
    end = marks[-1]
    pause = SENTENCE_S if end in _ENDS else CLAUSE_S if end in _BREAKS else WORD_S
    # Without a mark at the end the melody stays open.
    closing = "." if last and not end else ""
    return Chunk(said + closing, tuple(places), 0.0 if last else pause)
