"""Order in time: which words speak of which part of the film.

Invariant: every token belongs to one phase or to the whole film; phases stand in the order of the
film, not of the text ("ends calm but starts wild"), and their shares sum to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from farm_procedural.instruction import Axis
from farm_procedural.interpret.matching import Match
from farm_procedural.interpret.tokens import Token

MOST = 12
_FADING = frozenset({Axis.COLOUR, Axis.PALETTE, Axis.BRIGHTNESS, Axis.INTENSITY, Axis.TEMPO, Axis.MOOD,
                     Axis.SCENE, Axis.TEMPERATURE, Axis.WEATHER, Axis.SATURATION})  # fmt: skip
_STILL_IMAGES = frozenset({"gradient", "gradients", "blend", "blends", "blending", "mix"})
_ARTICLES = frozenset({"a", "an", "the"})
_POSTPOSED = frozenset({"in", "at", "initially", "finally", "first", "last", "halfway", "towards"})
_TURNS = frozenset({"turns", "gets", "getting"})
_AFTER_TURNS = frozenset({"into", "to", "very", "more", "a", "dark", "slightly"})


@dataclass(slots=True)
class Part:
    """A phase while it is found: when, its tokens, its length if the words say so."""

    kind: str
    tokens: set[int] = field(default_factory=set)
    seconds: float | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Order:
    """parts in the order of the film with their shares; total_s: its length if the words say it."""

    parts: tuple[Part, ...]
    shares: tuple[float, ...]
    total_s: float | None
    notes: tuple[str, ...] = ()

    def phase_of(self, token: int) -> int | None:
        """The phase that a token speaks of, ``None`` for the whole film."""
        return next((i for i, part in enumerate(self.parts) if token in part.tokens), None)


def order(
    tokens: Sequence[Token], matches: Sequence[Match], seconds: Sequence[tuple[int, int, float]]
) -> Order:
    """The parts of the film; fewer than two parts are none at all."""
    content = {
        token
        for match in matches
        if match.entry.concept
        for token in range(match.first, match.last)
    }
    marks = _marks(tokens, matches, content, {first for first, _, _ in seconds})
    if not marks:
        marks = _timed_clauses(tokens, content, seconds)
    parts: list[Part] = []
    floating: set[int] = set()
    throughout = {
        tokens[place].clause for place, (_, kind) in marks.items() if kind == "throughout"
    }
    place = 0
    while place < len(tokens):
        end = place
        while end < len(tokens) and tokens[end].sentence == tokens[place].sentence:
            end += 1
        floating = _sentence(tokens, range(place, end), marks, content, parts, floating)
        place = end
    outside = {i for i, token in enumerate(tokens) if token.clause in throughout}
    for part in parts:
        part.tokens -= outside
    parts = [part for part in parts if part.tokens & content]
    if not parts or (len(parts) == 1 and parts[0].kind == "plain"):
        return Order((), (), None)
    notes = []
    if len(parts) > MOST:
        notes.append(f"{len(parts)} parts are told; from the {MOST}th on they are one")
        for part in parts[MOST:]:
            parts[MOST - 1].tokens |= part.tokens
        parts = parts[:MOST]
    rank = {"open": 0, "plain": 1, "next": 1, "end": 2}
    parts.sort(key=lambda part: rank[part.kind])
    if len(parts) == 1:
        # "Ends calm": what comes before is free.
        free = Part("next", weight=1.6)
        parts = [parts[0], free] if parts[0].kind == "open" else [free, parts[0]]
    total, told = _lengths(tokens, parts, seconds, content)
    notes += told
    return Order(tuple(parts), _shares(parts, total), total, tuple(notes))


def _marks(
    tokens: Sequence[Token], matches: Sequence[Match], content: set[int], lengths: set[int]
) -> dict[int, tuple[int, str]]:
    """Markers by their first token: (token after, kind)."""
    marks: dict[int, tuple[int, str]] = {}
    for match in matches:
        if match.entry.role != "marker":
            continue
        first, kind = match.first, str(match.entry.value)
        opens = first == 0 or tokens[first - 1].clause != tokens[first].clause
        key = tokens[first].key
        if key in ("second", "once", "following") and not opens:
            continue
        if key in _TURNS and match.last not in content and not _may_follow(tokens, match.last):
            continue
        if kind == "after" and match.last in lengths:
            kind = "next"
        if kind == "after" and not opens:
            continue
        marks[first] = (match.last, kind)
    for place, token in enumerate(tokens):
        if token.kind == "arrow":
            marks[place] = (place + 1, "next")
    _from_to(tokens, matches, marks)
    if len(marks) == 1 and all(tokens[place].key == "in" for place in marks):
        # A circle "in the middle" is a place, unless other times are told.
        return {}
    starts: dict[int, int] = {}
    for place, token in enumerate(tokens):
        starts.setdefault(token.clause, place)
    last_told = {tokens[place].clause: place for place in sorted(content)}
    for first, (after, kind) in sorted(marks.items()):
        clause = tokens[first].clause
        start = starts[clause]
        told_after = last_told.get(clause, -1) >= after
        if first > start and not told_after and tokens[first].key in _POSTPOSED:
            # "Gold at the end": the marker stands behind what it places.
            del marks[first]
            marks[start] = (start, kind)
    return marks


def _timed_clauses(
    tokens: Sequence[Token], content: set[int], seconds: Sequence[tuple[int, int, float]]
) -> dict[int, tuple[int, str]]:
    """Marks of "3 seconds black, 4 seconds white", which has no other."""
    clauses = [tokens[first].clause for first, _, _ in seconds]
    filled = {tokens[token].clause for token in content}
    if len(clauses) < 2 or len(set(clauses)) < len(clauses) or not set(clauses) <= filled:
        return {}
    starts = (next(i for i, t in enumerate(tokens) if t.clause == clause) for clause in clauses)
    return {start: (start, "next") for start in starts}


def _may_follow(tokens: Sequence[Token], place: int) -> bool:
    return place >= len(tokens) or tokens[place].key in _AFTER_TURNS


def _from_to(
    tokens: Sequence[Token], matches: Sequence[Match], marks: dict[int, tuple[int, str]]
) -> None:
    concepts = [match for match in matches if match.entry.concept]
    for before, behind in pairwise(concepts):
        gap = [token.key for token in tokens[before.last : behind.first]]
        while gap and gap[-1] in _ARTICLES:
            gap.pop()
        if (
            gap not in (["to"], ["into"])
            or tokens[before.first].clause != tokens[behind.first].clause
        ):
            continue
        start = before.first
        while start > 0 and tokens[start - 1].clause == tokens[before.first].clause and (
            before.first - start < 4 and tokens[start].key != "from"
        ):  # fmt: skip
            start -= 1
        explicit = tokens[start].key == "from"
        around = {t.key for t in tokens[max(0, start - 4) : behind.last + 3]
                  if t.clause == tokens[start].clause}  # fmt: skip
        if start == 0 or tokens[start - 1].clause != tokens[start].clause:
            # "A gradient from top to bottom, orange to purple" tells on of the gradient.
            around |= {t.key for t in tokens if t.clause == tokens[start].clause - 1}
        if around & _STILL_IMAGES or not _shared(before, behind):
            continue
        marks[before.last] = (before.last + 1, "next")
        if explicit:
            marks[start] = (start + 1, "open")


def _shared(first: Match, second: Match) -> bool:
    def axes(match: Match) -> set[Axis]:
        concept = match.entry.concept
        return {i.axis for i in concept.implies if i.confidence >= 0.6} if concept else set()

    return bool(axes(first) & axes(second) & _FADING)


def _sentence(
    tokens: Sequence[Token],
    places: range,
    marks: dict[int, tuple[int, str]],
    content: set[int],
    parts: list[Part],
    floating: set[int],
) -> set[int]:
    """Sorts one sentence into parts; gives back what may still become a first part."""
    pieces: list[Part] = [Part("plain")]
    place = places.start
    while place < places.stop:
        mark = marks.get(place)
        if mark is None or mark[1] == "throughout":
            pieces[-1].tokens.add(place)
            place += 1
            continue
        after, kind = mark
        if kind == "after":
            # "After a storm, calm": what is told first is what comes first.
            kind = "plain" if len(pieces) == 1 else "next"
            comma = next((p for p in range(after, places.stop)
                          if tokens[p].clause != tokens[place].clause), None)  # fmt: skip
            if comma is not None and comma not in marks:
                marks[comma] = (comma, "next")
        if after == place:
            del marks[place]
        if pieces[-1].tokens & content or len(pieces) == 1:
            pieces.append(Part(kind))
        elif kind in ("open", "end"):
            pieces[-1].kind = kind
        place = after
    lead, told = pieces[0], pieces[1:]
    told = [piece for piece in told if piece.tokens & content]
    if not told:
        return lead.tokens if not parts else set()
    if told[0].kind != "open":
        if lead.tokens & content:
            if parts:
                parts[-1].tokens |= lead.tokens
            else:
                parts.append(lead)
        elif not parts and floating & content:
            parts.append(Part("plain", set(floating)))
    parts.extend(told)
    return set()


def is_partial(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether a duration is a part's by its own words ("the first 5 seconds", "3 seconds later")."""
    before = tokens[first - 1].key if first else ""
    later = tokens[last].key if last < len(tokens) else ""
    return before in ("first", "last", "after", "final") or later in ("later", "after")


def _lengths(
    tokens: Sequence[Token],
    parts: Sequence[Part],
    seconds: Sequence[tuple[int, int, float]],
    content: set[int],
) -> tuple[float | None, list[str]]:
    """Durations of parts; gives the film's own, ``None`` when no length is told, and notes."""
    filled = {tokens[token].clause for token in content}
    total: float | None = None
    bare_before = False
    for first, last, length in seconds:
        before = tokens[first - 1].key if first else ""
        later = last < len(tokens) and tokens[last].key == "later"
        partial = is_partial(tokens, first, last)
        owner = next((part for part in parts if first in part.tokens), None)
        if before == "after" or later:
            # It says how long what came before lasts.
            place = parts.index(owner) if owner is not None else 1
            owner = parts[max(0, place - 1)]
        bare = tokens[first].clause not in filled and not partial
        # A length alone at the very end is the film's: "dark for 5 seconds, then bright, 20 seconds".
        closing = bare and last >= len(tokens) - 1 and (len(seconds) == 1 or not bare_before)
        bare_before = bare_before or bare
        if first and before == "for" and owner is not None and owner is not parts[-1]:
            partial = True
        if owner is not None and not closing and (partial or len(seconds) > 1):
            owner.seconds = (owner.seconds or 0.0) + length
        elif not partial:
            total = total or length
    known = [part.seconds for part in parts if part.seconds]
    if total is not None or not known:
        return total, []
    if len(known) == len(parts):
        return sum(known), []
    mean = sum(known) / len(known)
    return sum(known) + mean * (len(parts) - len(known)), [
        "some parts have no length of their own; they get as much as the others"
    ]


def _shares(parts: Sequence[Part], total: float | None) -> tuple[float, ...]:
    weights = [part.weight for part in parts]
    told = [part.seconds for part in parts]
    if total and any(told):
        rest = total - sum(length or 0.0 for length in told)
        free = sum(length is None for length in told)
        if rest > 0.05 * total * free or (free == 0):
            weights = [length if length else rest / free for length in told]
    weights = [max(weight, 0.002 * sum(weights)) for weight in weights]
    whole = sum(weights)
    shares = [round(weight / whole, 4) for weight in weights]
    shares[-1] = round(1.0 - sum(shares[:-1]), 4)
    return tuple(shares)
