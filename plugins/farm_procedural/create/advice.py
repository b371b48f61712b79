"""Asking what was learned, and keeping account of it.

Invariant: a suggestion that changed anything left a sentence; one that did not, left none. Whether a
suggestion is followed depends on the film's seed and on the suggestion, not on the order of asking.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from farm_procedural.create.chance import Chance
from farm_procedural.create.knowledge import Knowledge, Suggestion
from farm_procedural.instruction import Axis


@dataclass(slots=True)
class Advice:
    """What a snapshot says to one film. said : the sentences so far, each once, in order."""

    knowledge: Knowledge | None
    keywords: tuple[str, ...]
    chance: Chance
    said: list[str] = field(default_factory=list)

    def on(self, axis: Axis, refused: frozenset[str] = frozenset()) -> Suggestion | None:
        """The suggestion to follow on an axis that the words left open, or ``None``."""
        for found in self._all(axis):
            if found.weight <= 0 or found.value in refused:
                continue
            if self.chance.unit(f"follow {axis.value} {found.name} {found.value}") < found.weight:
                reason = found.reason.rstrip(".")
                what = found.value if found.value == found.name else f"{found.value} ({found.name})"
                self.say(f"{axis.value}: {what}, because {reason}.")
                return found
        return None

    def number(self, axis: Axis, name: str) -> float | None:
        """One number of the suggestion to follow on an axis."""
        found = self.on(axis)
        return None if found is None else found.numbers.get(name)

    def weights(self, axis: Axis) -> dict[str, float]:
        """Factors for free choices on an axis: over 1 for suggested values, under 1 for worn ones."""
        return {s.value: max(0.05, 1.0 + 2.0 * s.weight) for s in self._all(axis)}

    def say(self, sentence: str) -> None:
        """Note why something is as it is."""
        if sentence not in self.said:
            self.said.append(sentence)

    def _all(self, axis: Axis) -> tuple[Suggestion, ...]:
        if self.knowledge is None:
            return ()
        return tuple(self.knowledge.suggest(axis, self.keywords))
