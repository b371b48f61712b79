"""How far a refusal and a degree reach.

Invariant: each concept of a prompt gets one strength between 0 and 2 and is either wanted or
refused; only words between the steering word and the end of its group are touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from farm_procedural.instruction import Axis
from farm_procedural.interpret import grammar
from farm_procedural.interpret.matching import Match
from farm_procedural.interpret.tokens import Token

_ONLY = frozenset({"only", "nothing but", "exclusively", "solely", "purely"})
_REACH = 6
"""Words that a refusal may skip before the first thing it refuses."""


@dataclass(slots=True)
class Steer:
    """What steers one concept. plain: refused by a word such as "not", in place and time;
    softened: "not too"; only: nothing else is wanted."""

    amount: float = 1.0
    negated: bool = False
    plain: bool = False
    softened: bool = False
    only: bool = False
    start: int | None = None


def steer(tokens: Sequence[Token], matches: Sequence[Match]) -> dict[int, Steer]:
    """The steering of each concept, by its place among the matches."""
    steers = {i: Steer(m.amount, m.refused) for i, m in enumerate(matches) if m.entry.concept}
    _degrees(tokens, matches, steers)
    for place, match in enumerate(matches):
        role = match.entry.role
        if role in ("negate-word", "negate-list"):
            _refuse(tokens, matches, steers, place, listing=role == "negate-list")
        elif role == "negate-before":
            _refuse_before(tokens, matches, steers, place)
        elif match.entry.value in _ONLY and place + 1 in steers:
            steers[place + 1].only = matches[place + 1].first == match.last
    return steers


def _degrees(tokens: Sequence[Token], matches: Sequence[Match], steers: dict[int, Steer]) -> None:
    amount, until, softened, start = 1.0, -1, False, 0
    for place, match in enumerate(matches):
        if match.entry.role == "degree":
            chained = match.first <= until
            own = float(match.entry.value)
            start = start if chained else match.first
            amount = own * (amount if chained else 1.0)
            words = " ".join(t.key for t in tokens[match.first : match.last])
            softened = (softened and chained) or words in grammar.SOFTENED
            until = match.last + 1
        elif place in steers:
            if match.first <= until and _same_clause(tokens, start, match.first):
                target = steers[place]
                target.amount = max(0.05, min(2.0, target.amount * amount))
                target.softened, target.start = softened, start
            until = -1


def _refuse(
    tokens: Sequence[Token], matches: Sequence[Match], steers: dict[int, Steer], place: int,
    *, listing: bool,
) -> None:  # fmt: skip
    start = matches[place].last
    end = matches[place].last
    wide_and = listing and tokens[matches[place].first].key != "no"
    closed_by = _closed_by(tokens, start, ("or", "nor")) if listing else 0
    # "Avoid red, green and blue": only things of one kind make such a list.
    alike_by = _closed_by(tokens, start, ("and",)) if wide_and else 0
    touched = 0
    for number in range(place + 1, len(matches)):
        match = matches[number]
        gap = tokens[end : match.first]
        role = match.entry.role
        if role in ("contrast", "marker", "affirm") or role.startswith("negate"):
            break
        crossed = match.first > 0 and tokens[match.first].clause != tokens[end - 1].clause
        listed = match.first <= closed_by or (
            match.first <= alike_by and _alike(matches[number - 1], match)
        )
        if crossed and not (touched and listed):
            break
        keys = {token.key for token in gap}
        if touched:
            joined = keys & grammar.COUPLERS
            if keys & grammar.GROUP_ENDERS:
                break
            if joined and not keys & {"or", "nor"} and not (wide_and and _ends_soon(tokens, match)):
                break
            if not joined and not crossed and len(gap) > 1:
                break
            if not listing and not joined and gap:
                break
        elif len(gap) > _REACH:
            break
        if number in steers:
            target = steers[number]
            target.negated, target.plain = not target.negated, not listing
            target.start = matches[place].first
            touched += 1
        end = match.last


def _refuse_before(
    tokens: Sequence[Token], matches: Sequence[Match], steers: dict[int, Steer], place: int
) -> None:
    match = matches[place]
    if place - 1 not in steers or tokens[match.first].clause - tokens[match.first - 1].clause > 1:
        return
    gap = tokens[matches[place - 1].last : match.first]
    hyphened = match.first > 0 and tokens[match.first].start - tokens[match.first - 1].stop <= 2
    if {t.key for t in gap} <= {"is", "are", "be"} and (hyphened or gap):
        steers[place - 1].negated = True


def _alike(first: Match, second: Match) -> bool:
    one, other = first.entry.concept, second.entry.concept
    if one is None or other is None or not one.implies or not other.implies:
        return False
    return one.implies[0].axis is other.implies[0].axis


def _closed_by(tokens: Sequence[Token], start: int, couplers: tuple[str, ...]) -> int:
    """The token after an "or" that ends a list of short items, 0 for none."""
    sentence = tokens[start - 1].sentence
    since = 0
    clause = tokens[start - 1].clause
    for place in range(start, min(len(tokens), start + 24)):
        token = tokens[place]
        if token.sentence != sentence:
            return 0
        since = 0 if token.clause != clause else since + 1
        clause = token.clause
        if token.key in couplers:
            return place + 3
        if since > 3 or token.key in ("but", "with", "then"):
            return 0
    return 0


def _ends_soon(tokens: Sequence[Token], match: Match) -> bool:
    after = tokens[match.last : match.last + 1]
    return (
        not after
        or not _same_clause(tokens, match.first, match.last)
        or after[0].key in (grammar.COUPLERS | grammar.GROUP_ENDERS)
    )


def _same_clause(tokens: Sequence[Token], first: int, second: int) -> bool:
    return tokens[first].clause == tokens[second].clause


GLOBAL_AXES = frozenset({Axis.GENRE, Axis.CUTS, Axis.TITLE, Axis.GRADE})
"""What is always said of the whole film."""
