"""What an entry of the lexicon is, and the short notation that the tables are written in.

Invariant: an entry can only imply values that ``vocabulary.py`` lists; a slip of the pen in a table
raises when the table is loaded, naming the entry.
"""

from __future__ import annotations

from dataclasses import dataclass

from farm_procedural.instruction import Axis
from farm_procedural.interpret.vocabulary import is_legal

OWN, FURTHER = 0.9, 0.6
"""Confidence of what an entry says first, and of what it implies besides."""


@dataclass(frozen=True, slots=True)
class Implied:
    """One value that a word stands for. own: it is the word's meaning, not a consequence."""

    axis: Axis
    value: str
    confidence: float = OWN
    amount: float = 1.0
    negated: bool = False

    @property
    def own(self) -> bool:
        """Whether refusing the word refuses this value."""
        return self.confidence >= 0.8


@dataclass(frozen=True, slots=True)
class Concept:
    """name; the phrases that mean it; what it implies; what its refusal implies instead of plain
    absence ("not dark" is medium, not only "anything but dark")."""

    name: str
    phrases: tuple[str, ...]
    implies: tuple[Implied, ...]
    absent: tuple[Implied, ...] = ()
    learned: bool = False


@dataclass(frozen=True, slots=True)
class LearnedWord:
    """A grown entry. name: its reserved name; words: phrases that mean it besides the name;
    implies: (axis, value) or (axis, value, amount); confidence 0 to 1."""

    name: str
    words: tuple[str, ...] = ()
    implies: tuple[tuple[str, str] | tuple[str, str, float], ...] = ()
    confidence: float = 0.7

    def concept(self) -> Concept:
        """As an entry; values that the vocabulary does not know are left out."""
        implied = tuple(
            Implied(Axis(axis), value, self.confidence, float(rest[0]) if rest else 1.0)
            for axis, value, *rest in self.implies
            if axis in Axis._value2member_map_ and is_legal(Axis(axis), value)
        )
        return Concept(self.name, (self.name, *self.words), implied, learned=True)


def concept(name: str, words: str, implies: str, absent: str = "") -> Concept:
    """An entry from its notation.

    words : phrases with commas between them; the name is one only when it stands there.
    implies, absent : ``axis=value`` with spaces between them, the word's own meaning first;
    ``@0.7`` sets the confidence, ``*0.5`` the amount, a leading ``!`` refuses the value.
    """
    phrases = tuple(" ".join(phrase.split()) for phrase in words.split(",") if phrase.strip())
    try:
        return Concept(name, phrases, _implied(implies), _implied(absent))
    except ValueError as error:
        raise ValueError(f"lexicon entry {name!r}: {error}") from error


def _implied(notation: str) -> tuple[Implied, ...]:
    found = []
    for number, item in enumerate(notation.split()):
        body, _, amount = item.partition("*")
        body, _, confidence = body.partition("@")
        axis, _, value = body.removeprefix("!").partition("=")
        if not is_legal(Axis(axis), value):
            raise ValueError(f"{value!r} is not a value of {axis}")
        found.append(
            Implied(
                Axis(axis),
                value,
                float(confidence) if confidence else (FURTHER if number else OWN),
                float(amount) if amount else 1.0,
                item.startswith("!"),
            )
        )
    return tuple(found)
