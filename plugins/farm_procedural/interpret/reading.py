"""From a prompt to an instruction.

Invariant: pure: the same text and the same learned words give the same instruction; any text gives
one, and each decision's words are the characters that it spans.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from farm_procedural.instruction import Axis, Decision, Instruction, Phase
from farm_procedural.interpret import grammar
from farm_procedural.interpret.concept import Concept, Implied, LearnedWord
from farm_procedural.interpret.conflicts import settled
from farm_procedural.interpret.counting import counted
from farm_procedural.interpret.languages import language_of, translated
from farm_procedural.interpret.lexicon.colours import SHADES
from farm_procedural.interpret.matching import Entry, Match, index, matches
from farm_procedural.interpret.measures import DURATION_LIMITS_S, Measures, measure
from farm_procedural.interpret.phases import Order, is_partial, order
from farm_procedural.interpret.quotes import titles
from farm_procedural.interpret.scope import GLOBAL_AXES, Steer, steer
from farm_procedural.interpret.stems import forms
from farm_procedural.interpret.tokens import Token, tokenise
from farm_procedural.interpret.vocabulary import TEMPOS

MOST_UNKNOWN, MOST_TOKENS, MOST_NOTES = 200, 20_000, 40
_MIDDLES = {
    Axis.BRIGHTNESS: "medium", Axis.INTENSITY: "moderate", Axis.TEMPO: "moderate",
    Axis.CONTRAST: "medium", Axis.SATURATION: "natural", Axis.TEMPERATURE: "neutral",
}  # fmt: skip
_SHADE_LEVELS = {
    "dark": "dim",
    "deep": "dim",
    "light": "bright",
    "pale": "bright",
    "bright": "bright",
}
_SHADE_CHROMA = {
    **dict.fromkeys(("vivid", "vibrant", "neon", "saturated"), "vivid"),
    **dict.fromkeys(("muted", "dusty", "faded"), "muted"),
}
_FORMS_OF_TITLE = {"kinetic", "lower-third", "caption"}

__all__ = ["LearnedWord", "interpret"]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A prompt taken apart."""

    text: str
    tokens: Sequence[Token]
    found: Sequence[Match]
    steers: dict[int, Steer]
    order: Order


def interpret(text: str, *, learned: Sequence[LearnedWord] = ()) -> Instruction:
    """What a prompt asks for.

    learned : grown entries; they decide where the lexicon has nothing as long.
    """
    blanked, shown, notes = titles(text)
    tokens = tokenise(blanked, MOST_TOKENS + 1)
    if len(tokens) > MOST_TOKENS:
        notes.append(f"only the first {MOST_TOKENS} words are read")
        tokens.pop()
    language = language_of(tokens, index().words.__contains__)
    tokens = translated(tokens, language, _known)
    measures = measure(tokens)
    notes += measures.notes
    found = _coloured(matches(tokens, [word.concept() for word in learned]), tokens, measures)
    reading = _Reading(text, tokens, found, steer(tokens, found),
                       order(tokens, found, measures.seconds))  # fmt: skip
    notes += reading.order.notes
    counts, counting, spent = counted(tokens, found, reading.steers, measures, text)
    placed = [*_decided(reading), *((None, d) for d in counting)]
    placed += [(None, d) for d in _shown(text, shown, placed)]
    whole, parts = _sorted(placed, len(reading.order.parts))
    refusals = [d for d in whole if d.negated]
    whole, more = settled(whole, text)
    notes += more
    phases = []
    for share, part in zip(reading.order.shares, parts, strict=True):
        part, more = settled(part, text, refusals)
        notes += more
        phases.append(Phase(share, tuple(part)))
    duration, more = _duration(tokens, measures, reading.order)
    return Instruction(
        text=text,
        language=language,
        decisions=tuple(whole),
        phases=tuple(phases),
        duration_s=duration,
        fps=measures.fps,
        width=measures.width,
        height=measures.height,
        counts=counts,
        titles=tuple(title for title, _, _ in shown),
        unknown=_unknown(tokens, found, measures.spent | spent),
        notes=_bounded(list(dict.fromkeys([*notes, *more]))),
    )


def _bounded(notes: list[str]) -> tuple[str, ...]:
    if len(notes) > MOST_NOTES:
        notes[MOST_NOTES - 1 :] = [f"and {len(notes) - MOST_NOTES + 1} more notes"]
    return tuple(notes)


def _known(key: str) -> bool:
    return key in grammar.STOP_WORDS or any(form in index().words for form, _ in forms(key))


def _coloured(found: Sequence[Match], tokens: Sequence[Token], measures: Measures) -> list[Match]:
    """Matches without those on spent tokens, with hex colours, and shades joined to colours."""
    kept = [m for m in found if not any(t in measures.spent for t in range(m.first, m.last))]
    for place, token in enumerate(tokens):
        if token.kind == "hex":
            value = _hex(token.key)
            kept.append(Match(place, place + 1, Entry("concept", Concept(
                "hex", (), (Implied(Axis.COLOUR, value, 1.0),)))))  # fmt: skip
    kept.sort(key=lambda match: match.first)
    result: list[Match] = []
    for match in kept:
        concept = match.entry.concept
        before = match.first - 1
        if (
            concept is None or not concept.implies or concept.implies[0].axis is not Axis.COLOUR
            or before < 0 or tokens[before].clause != tokens[match.first].clause
            or tokens[before].key not in SHADES
        ):  # fmt: skip
            result.append(match)
            continue
        first = before
        if result and result[-1].last == match.first and result[-1].first == before:
            result.pop()
        elif result and result[-1].last > before:
            result.append(match)
            continue
        key = tokens[before].key
        implied = [replace(concept.implies[0], value=_shade(concept.implies[0].value, key)),
                   *concept.implies[1:]]  # fmt: skip
        if key in _SHADE_LEVELS and not any(i.axis is Axis.BRIGHTNESS for i in implied):
            implied.append(Implied(Axis.BRIGHTNESS, _SHADE_LEVELS[key], 0.5))
        if key in _SHADE_CHROMA:
            implied.append(Implied(Axis.SATURATION, _SHADE_CHROMA[key], 0.6))
        shaded = Concept(f"{key} {concept.name}", (), tuple(implied))
        result.append(replace(match, first=first, entry=Entry("concept", shaded)))
    return result


def _decided(reading: _Reading) -> Iterable[tuple[int | None, Decision]]:
    """(phase, decision) of every concept; said again in the same way, it says nothing new."""
    said: set[tuple[object, ...]] = set()
    for place, how in reading.steers.items():
        match = reading.found[place]
        concept = match.entry.concept
        phase = reading.order.phase_of(match.first)
        key = (
            id(concept),
            match.sure,
            phase,
            how.amount,
            how.negated,
            how.plain,
            how.softened,
            how.only,
        )
        if concept is None or key in said:
            continue
        said.add(key)
        first = reading.tokens[match.first]
        start = min(
            first.start, reading.tokens[how.start].start if how.start is not None else first.start
        )
        stop = reading.tokens[match.last - 1].stop
        blank = Decision(
            Axis.SCENE, "", words=reading.text[start:stop], name=concept.name,
            by="learned" if concept.learned else "words", start=start, stop=stop,
        )  # fmt: skip
        for decision in _of_concept(concept, how, blank, match.sure):
            everywhere = decision.axis in GLOBAL_AXES or (how.negated and not how.plain)
            yield (None if everywhere else phase), decision


def _of_concept(concept: Concept, how: Steer, blank: Decision, sure: float) -> Iterable[Decision]:
    for implied in concept.implies:
        amount = round(min(2.0, implied.amount * how.amount), 3)
        confidence = round(implied.confidence * sure, 3)
        plain = replace(blank, axis=implied.axis, value=implied.value, amount=amount,
                        negated=implied.negated, confidence=confidence)  # fmt: skip
        if how.softened and implied.own and implied.axis in _MIDDLES and not how.negated:
            middle = _MIDDLES[implied.axis]
            if middle != implied.value:
                yield replace(
                    plain, value=middle, amount=1.0, by="rule", name=f"not too {concept.name}"
                )
                yield replace(
                    plain, negated=True, amount=1.0, by="rule", name=f"not too {concept.name}"
                )
        elif not how.negated:
            yield replace(plain, amount=max(plain.amount, 1.5)) if how.only else plain
        elif implied.own and not implied.negated:
            yield replace(plain, negated=True, amount=1.0, by="rule", name=f"no {concept.name}")
    if how.negated:
        for implied in concept.absent:
            yield replace(blank, axis=implied.axis, value=implied.value, amount=implied.amount,
                          negated=implied.negated, confidence=min(implied.confidence, 0.75),
                          by="rule", name=f"no {concept.name}")  # fmt: skip


def _shown(
    text: str, shown: Sequence[tuple[str, int, int]], placed: Sequence[tuple[int | None, Decision]]
) -> Iterable[Decision]:
    told = any(
        d.axis is Axis.TITLE and d.value in _FORMS_OF_TITLE and not d.negated for _, d in placed
    )
    for _, start, stop in shown:
        if not told:
            yield Decision(Axis.TITLE, "title", by="rule", words=text[start:stop], name="quoted text",
                           confidence=0.95, start=start, stop=stop)  # fmt: skip


def _sorted(
    placed: Sequence[tuple[int | None, Decision]], number: int
) -> tuple[list[Decision], list[list[Decision]]]:
    """Decisions of the whole film and of each phase, each said once."""
    whole = [d for phase, d in placed if phase is None]
    parts = [[d for phase, d in placed if phase == i] for i in range(number)]
    for i, part in enumerate(parts):
        others = [d for j, other in enumerate(parts) if j != i for d in other]
        # A place that only one part names is where the whole film plays.
        if not any(d.axis is Axis.SCENE and d.confidence >= 0.7 for d in others):
            moved = [d for d in part if d.axis is Axis.SCENE and d.confidence >= 0.7 and i == 0]
            whole += moved
            parts[i] = [d for d in part if d not in moved]
    return _once(whole), [_once(part) for part in parts]


def _once(decisions: Iterable[Decision]) -> list[Decision]:
    best: dict[tuple[Axis, str, bool], Decision] = {}
    for decision in decisions:
        key = (decision.axis, decision.value, decision.negated)
        other = best.get(key)
        if (
            other is None
            or decision.confidence > other.confidence
            or (decision.amount > other.amount and decision.confidence == other.confidence)
        ):
            best[key] = decision
    return list(best.values())


def _duration(
    tokens: Sequence[Token], measures: Measures, told: Order
) -> tuple[float | None, list[str]]:
    total, end = told.total_s, None
    for first, last, seconds in measures.seconds if not told.parts else ():
        if is_partial(tokens, first, last):
            continue
        if total is None or (end == first and tokens[end].clause == tokens[end - 1].clause):
            total, end = (total or 0.0) + seconds, last
    if total is None:
        return None, []
    low, high = DURATION_LIMITS_S
    if not low <= total <= high:
        return None, [f"{total:g} seconds is not between {low:g} s and {high / 60:g} min;"
                      " the job's own length counts"]  # fmt: skip
    return round(total, 3), []


def _unknown(tokens: Sequence[Token], found: Sequence[Match], spent: set[int]) -> tuple[str, ...]:
    understood = {t for match in found for t in range(match.first, match.last)} | spent
    words: dict[str, None] = {}
    for place, token in enumerate(tokens):
        if place in understood or token.kind not in ("word", "symbol"):
            continue
        if token.kind == "word" and (
            (len(token.key) < 2 and token.key.isascii())
            or any(form in grammar.STOP_WORDS for form, _ in forms(token.key)[:3])
        ):
            continue
        words.setdefault(token.text.casefold()[:64])
        if len(words) == MOST_UNKNOWN:
            break
    return tuple(words)


def _hex(text: str) -> str:
    digits = text.removeprefix("#")
    if len(digits) < 6:
        digits = "".join(digit * 2 for digit in digits)
    return f"#{digits[:6]}"


def _shade(value: str, word: str) -> str:
    lighter, purer = SHADES[word]
    hue, light, chroma = colorsys.rgb_to_hls(*(int(value[i : i + 2], 16) / 255 for i in (1, 3, 5)))
    rgb = colorsys.hls_to_rgb(hue, min(0.92, light * lighter), min(1.0, chroma * purer))
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in rgb)


def tempo_of(bpm: int) -> str:
    """The value of the tempo axis that is nearest to a number of beats per minute."""
    return min(TEMPOS, key=lambda name: abs(TEMPOS[name] - bpm))
