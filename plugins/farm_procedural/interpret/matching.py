"""Which phrases of the lexicon stand where in a prompt.

Invariant: matches do not overlap and stand in the order of the text; at each place the longest
phrase wins, then the exact one over a stem, then the lexicon over learned words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from farm_procedural.interpret import grammar
from farm_procedural.interpret.concept import Concept
from farm_procedural.interpret.stems import folded, forms
from farm_procedural.interpret.tokens import Token, tokenise

Role = Literal["concept", "negate-word", "negate-list", "negate-before", "affirm", "contrast",
               "degree", "marker"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """What a phrase means: a concept, or a role in grammar with its value."""

    role: Role
    concept: Concept | None = None
    value: str | float = ""


@dataclass(frozen=True, slots=True)
class Match:
    """An entry at the tokens from ``first`` up to, not including, ``last``. amount: of the form,
    as of a comparative; refused: the word itself refuses ("cloudless")."""

    first: int
    last: int
    entry: Entry
    amount: float = 1.0
    refused: bool = False
    sure: float = 1.0


MOST_REMEMBERED = 20_000


class Index:
    """Phrases by their first word; remembers which forms of a word it has."""

    def __init__(self) -> None:
        self._by_word: dict[str, dict[tuple[str, ...], Entry]] = {}
        self._longest: dict[str, int] = {}
        self._forms: dict[str, tuple[tuple[str, float, int], ...]] = {}
        self.words: set[str] = set()

    def add(self, phrase: str, entry: Entry) -> None:
        """One more phrase; the first entry of a phrase stays."""
        keys = _keys(phrase)
        if not keys:
            return
        self._by_word.setdefault(keys[0], {}).setdefault(keys, entry)
        self._longest[keys[0]] = max(self._longest.get(keys[0], 0), len(keys))
        if len(keys) == 1:
            self.words.add(keys[0])

    def add_concepts(self, concepts: Iterable[Concept]) -> None:
        """All phrases of the concepts."""
        for concept in concepts:
            for phrase in concept.phrases:
                self.add(phrase, Entry("concept", concept))

    def at(self, tokens: Sequence[Token], place: int) -> Match | None:
        """The longest phrase that starts at a token."""
        key = tokens[place].key
        known = self._forms.get(key)
        if known is None:
            if len(self._forms) >= MOST_REMEMBERED:
                self._forms.clear()
            known = self._forms[key] = tuple(
                (form, amount, self._longest[form])
                for form, amount in forms(key)
                if form in self._longest
            )
        best: Match | None = None
        for form, amount, longest in known:
            for length in range(longest, 0, -1):
                if best is not None and length <= best.last - best.first:
                    break
                found = self._of_length(tokens, place, form, length)
                if found is not None and (form == key or found.role == "concept"):
                    best = Match(place, place + length, found, amount)
                    break
        return best

    def _of_length(
        self, tokens: Sequence[Token], place: int, form: str, length: int
    ) -> Entry | None:
        phrases = self._by_word[form]
        if length == 1:
            return phrases.get((form,))
        words = tokens[place : place + length]
        if len(words) < length or words[-1].clause != words[0].clause:
            return None
        keys = [form, *(token.key for token in words[1:])]
        entry = phrases.get(tuple(keys))
        if entry is None:
            # Only the last word of a phrase is bent: "shooting stars", "pans left".
            for ending, _ in forms(keys[-1])[1:]:
                entry = phrases.get((*keys[:-1], ending))
                if entry is not None and entry.role == "concept":
                    return entry
            return None
        return entry


@lru_cache(maxsize=1)
def index() -> Index:
    """The lexicon and the grammar as one index, made once."""
    from farm_procedural.interpret.lexicon import CONCEPTS

    made = Index()
    for phrase, kind in grammar.MARKERS.items():
        made.add(phrase, Entry("marker", value=kind))
    roles: tuple[tuple[Role, tuple[str, ...]], ...] = (
        ("affirm", grammar.AFFIRM), ("affirm", grammar.PLAIN), ("negate-word", grammar.NEGATE_WORD),
        ("negate-list", grammar.NEGATE_LIST), ("negate-before", grammar.NEGATE_BEFORE),
        ("contrast", grammar.CONTRAST),
    )  # fmt: skip
    for role, phrases in roles:
        for phrase in phrases:
            made.add(phrase, Entry(role, value=phrase))
    made.add_concepts(CONCEPTS)
    for phrase, amount in grammar.DEGREES.items():
        made.add(phrase, Entry("degree", value=amount))
    return made


def matches(tokens: Sequence[Token], learned: Sequence[Concept] = ()) -> list[Match]:
    """All phrases of a prompt, from left to right."""
    known, grown = index(), Index()
    grown.add_concepts(learned)
    found: list[Match] = []
    place = 0
    while place < len(tokens):
        if tokens[place].kind not in ("word", "symbol", "arrow", "number", "ratio"):
            place += 1
            continue
        match = known.at(tokens, place)
        if learned:
            other = grown.at(tokens, place)
            if other is not None and (match is None or other.last > match.last):
                match = other
        if match is None:
            match = _refused_by_ending(known, tokens, place)
        if match is None:
            place += 1
        else:
            found.append(match)
            place = match.last
    return found


def _refused_by_ending(known: Index, tokens: Sequence[Token], place: int) -> Match | None:
    key = tokens[place].key
    if not key.endswith(grammar.LESS) or len(key) < 7:
        return None
    stem = Token("word", key[:-4], key[:-4], 0, 0, 0, tokens[place].clause)
    match = known.at([stem], 0)
    if match is None or match.entry.role != "concept":
        return None
    return Match(place, place + 1, match.entry, refused=True)


@cache
def _keys(phrase: str) -> tuple[str, ...]:
    if phrase.isascii() and phrase.replace(" ", "").isalpha():
        return tuple(folded(word) for word in phrase.split())
    return tuple(token.key for token in tokenise(phrase))
