"""Words to cues: how many at a time, broken where, shown for how long.

Invariant: every word is in exactly one cue, in order; cues do not overlap; a cue begins with its
first word, and is gone before the next begins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from farm_finish.captions.breaking import CLAUSE, bonds, columns, cut
from farm_finish.captions.cues import Cue, Timed
from farm_finish.captions.params import SegmentParams
from farm_finish.captions.words import Word, joined

WIDE_CHARS, UPRIGHT_CHARS = 42, 24
_PAUSE_S = 1.0
"""Words further apart are never in one cue."""
_SENTENCE_PAUSE_S = 0.6
_CUE_COST = 3.0
"""Of having another cue at all: a short one must be worth it."""


def cues_of(
    words: Sequence[Word],
    params: SegmentParams,
    line_chars: int,
    language: str = "",
    told: Callable[[int], None] = lambda done: None,
) -> list[Cue]:
    """The cues of speech. told : is called with the number of words that are done."""
    groups: list[tuple[Sequence[Word], list[str]]] = []
    start = 0
    for stop in range(1, len(words) + 1):
        if stop < len(words) and not _parted(words[stop - 1], words[stop]):
            continue
        groups.extend(_divided(words[start:stop], params, line_chars, language))
        start = stop
        told(stop)
    return _timed(groups, params)


def _parted(one: Word, two: Word) -> bool:
    pause = two.start_s - one.end_s
    return pause >= _PAUSE_S or (pause >= _SENTENCE_PAUSE_S and one.text.endswith((".", "?", "!")))


def _divided(
    words: Sequence[Word], params: SegmentParams, line_chars: int, language: str
) -> list[tuple[Sequence[Word], list[str]]]:
    """Words without a long pause as groups with their lines: the division that costs least."""
    run = _Run(words, bonds(words, language), params, line_chars)
    best = [math.inf] * (len(words) + 1)
    best[0] = 0.0
    came: list[tuple[int, list[int]]] = [(0, [])] * (len(words) + 1)
    for start in range(len(words)):
        for stop in range(start + 1, len(words) + 1):
            found = run.cue(start, stop)
            if found is None:
                break
            cost, cuts = found
            if best[start] + cost < best[stop]:
                best[stop], came[stop] = best[start] + cost, (start, cuts)
    groups: list[tuple[Sequence[Word], list[str]]] = []
    stop = len(words)
    while stop:
        start, cuts = came[stop]
        parts = pairwise([start, *(start + at for at in cuts), stop])
        groups.append((words[start:stop], [joined(words[one:two]) for one, two in parts]))
        stop = start
    return groups[::-1]


class _Run:
    """Words that follow one another, and what it costs to show a few of them as one cue."""

    def __init__(
        self,
        words: Sequence[Word],
        held: Sequence[float],
        params: SegmentParams,
        line_chars: int,
    ) -> None:
        self._words, self._held = words, held
        self._params, self._line_chars = params, line_chars
        # Where each word begins and ends in the line that all of them would be.
        self._begins: list[float] = []
        self._ends: list[float] = []
        at = 0.0
        for word in words:
            self._begins.append(at + (1.0 if word.space else 0.0))
            at = self._begins[-1] + columns(word.text)
            self._ends.append(at)

    def cue(self, start: int, stop: int) -> tuple[float, list[int]] | None:
        """Cost of words ``start`` to ``stop`` and where their lines break, counted from ``start``;
        ``None`` if they are too many."""
        params, words, held = self._params, self._words, self._held
        length = self._ends[stop - 1] - self._begins[start]
        length_s = words[stop - 1].end_s - words[start].start_s
        many = stop - start > 1
        if many and (length > self._line_chars * params.lines or length_s > params.most_s):
            return None
        cuts = cut(
            stop - start,
            held[start:stop],
            self._line_chars,
            params.lines,
            lambda one, two: self._ends[start + two - 1] - self._begins[start + one],
        )
        if cuts is None:
            if many:
                return None
            cuts = []  # A word longer than a line: whoever shows it finds room for it.
        last = stop == len(words)
        lingers_s = words[stop - 1].end_s + params.linger_ms / 1000
        until_s = lingers_s if last else min(words[stop].start_s, lingers_s)
        room_s = max(0.05, until_s - words[start].start_s)
        hurry = max(0.0, length / room_s / params.chars_per_s - 1.0)
        short = max(0.0, params.least_s - room_s) / params.least_s
        # Two sentences in one cue are read as one unless each has lines of its own.
        inner = sum(4.0 for bond in held[start : stop - 1] if bond < CLAUSE)
        breaks = sum(held[start + at - 1] for at in cuts)
        after = 0.0 if last else 2.0 * held[stop - 1]
        return _CUE_COST + 10.0 * hurry * hurry + 8.0 * short + inner + breaks + after, cuts


def _timed(groups: Sequence[tuple[Sequence[Word], list[str]]], params: SegmentParams) -> list[Cue]:
    cues = []
    starts: list[int] = []
    for words, _ in groups:
        start = round(words[0].start_s * 1000)
        starts.append(max(start, starts[-1] + 1) if starts else start)
    for number, (words, lines) in enumerate(groups):
        start, said = starts[number], round(words[-1].end_s * 1000)
        need = max(params.least_s, columns(" ".join(lines)) / params.chars_per_s)
        end = max(said + params.linger_ms, start + round(need * 1000))
        end = min(end, max(said, start + round(params.most_s * 1000)))
        if number + 1 < len(groups):
            following = starts[number + 1]
            if following - end < params.close_ms:
                end = following - params.gap_ms
            end = max(min(end, following), start + 1)
        timed = [
            Timed(w.text, max(start, round(w.start_s * 1000)), round(w.end_s * 1000)) for w in words
        ]
        cues.append(Cue(start, end, tuple(lines), tuple(timed)))
    return cues
