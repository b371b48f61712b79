"""Asked numbers of things: "three red circles", "five cuts", "a dozen stars".

Invariant: a number counts the next countable thing of its own group of words and nothing else;
zero of a thing refuses it.
"""

from __future__ import annotations

from collections.abc import Sequence

from farm_procedural.instruction import Axis, Decision
from farm_procedural.interpret import grammar
from farm_procedural.interpret.matching import Match
from farm_procedural.interpret.measures import Measures
from farm_procedural.interpret.scope import Steer
from farm_procedural.interpret.tokens import Token
from farm_procedural.interpret.vocabulary import TEMPOS

_NOUNS = {
    "cuts": "cuts", "cut": "cuts", "edits": "cuts", "transitions": "cuts", "shots": "shots",
    "shot": "shots", "scenes": "shots", "takes": "shots", "clips": "shots", "colours": "colours",
    "colour": "colours", "layers": "layers", "planes": "layers",
}  # fmt: skip
_REACH = 4
FEW = 12
"""So many stars are drawn one by one, as shapes; more of them are a sky."""


def counted(
    tokens: Sequence[Token],
    found: Sequence[Match],
    steers: dict[int, Steer],
    measures: Measures,
    text: str,
) -> tuple[dict[str, int], list[Decision], set[int]]:
    """(counts, what the numbers decide, tokens that they spent)."""
    counts: dict[str, int] = {}
    decisions: list[Decision] = []
    spent: set[int] = set()
    owners = {t: i for i, match in enumerate(found) for t in range(match.first, match.last)}
    for first, (after, number) in measures.numbers.items():
        if first in owners and found[owners[first]].last > after:
            continue
        for place in range(after, min(len(tokens), after + _REACH)):
            token = tokens[place]
            if token.clause != tokens[first].clause or token.key in grammar.GROUP_ENDERS:
                break
            owner = owners.get(place)
            thing = _NOUNS.get(token.key) or _thing(found[owner] if owner is not None else None)
            if thing is None:
                continue
            spent.update(range(first, after))
            if owner is not None and owner in steers and number == 0:
                steers[owner].negated, steers[owner].start = True, first
            if owner is not None and owner in steers and steers[owner].negated and number:
                break
            if number or thing in ("cuts", "shots"):
                counts.setdefault(thing, number)
                if thing == "stars" and number <= FEW:
                    counts.setdefault("star", number)
            decisions += _decided(thing, number, text, tokens[first].start, token.stop,
                                  (token.start, token.stop))  # fmt: skip
            break
    if measures.bpm is not None:
        start, stop = tokens[measures.bpm_at[0]].start, tokens[measures.bpm_at[1] - 1].stop
        counts["bpm"] = measures.bpm
        nearest = min(TEMPOS, key=lambda name: abs(TEMPOS[name] - (measures.bpm or 0)))
        decisions.append(_rule(Axis.TEMPO, nearest, "beats per minute", text, start, stop))
    return counts, decisions, spent


def _thing(match: Match | None) -> str | None:
    concept = match.entry.concept if match else None
    if concept is None or not concept.implies:
        return None
    first = concept.implies[0]
    return first.value if first.axis in (Axis.SHAPE, Axis.PARTICLES) else None


def _decided(
    thing: str, number: int, text: str, start: int, stop: int, at: tuple[int, int]
) -> list[Decision]:
    if thing == "cuts" or thing == "shots":
        cuts = number if thing == "cuts" else max(0, number - 1)
        value = "none" if cuts == 0 else "few" if cuts < 3 else "some" if cuts < 9 else "many"
        return [_rule(Axis.CUTS, value, f"number of {thing}", text, start, stop)]
    if thing == "stars" and 0 < number <= FEW:
        return [_rule(Axis.SHAPE, "star", "few stars", text, *at)]
    if thing == "layers":
        return [_rule(Axis.DEPTH, "layered", "number of layers", text, start, stop)]
    return []


def _rule(axis: Axis, value: str, name: str, text: str, start: int, stop: int) -> Decision:
    return Decision(axis, value, by="rule", words=text[start:stop], name=name, confidence=0.95,
                    start=start, stop=stop)  # fmt: skip
