"""Choices that look free and are not: numbers out of a seed, a text and the name of the choice.

Invariant: a choice depends on its key and its name alone, never on the choices made before it; so a
new choice added to creation leaves all others as they were.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Chance:
    """A source of choices. key : text that all of them depend on."""

    key: str

    @classmethod
    def of(cls, seed: int, text: str) -> Chance:
        """The source of a film; case and punctuation of its text do not matter."""
        words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
        return cls(f"{seed}\n{' '.join(words)}")

    def within(self, name: str) -> Chance:
        """A source of its own, for a part."""
        return Chance(f"{self.key}\n{name}")

    def number(self, name: str) -> int:
        """An integer of 32 bits."""
        digest = hashlib.blake2b(f"{self.key}\n{name}".encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big")

    def unit(self, name: str) -> float:
        """A number in [0, 1)."""
        return self.number(name) / 2**32

    def between(self, name: str, low: float, high: float) -> float:
        """A number in [low, high), rounded to 4 decimals."""
        return round(low + (high - low) * self.unit(name), 4)

    def sign(self, name: str) -> int:
        """1 or -1."""
        return 1 if self.unit(name) < 0.5 else -1

    def pick(self, name: str, options: Sequence[T]) -> T:
        """One of the options, all alike."""
        return options[int(self.unit(name) * len(options))]

    def weighed(self, name: str, options: Mapping[T, float]) -> T:
        """One of the options by its weight; weights of 0 and less are never chosen.

        The options are not empty; when no weight is above 0, the first is taken.
        """
        total = sum(max(0.0, weight) for weight in options.values())
        at = self.unit(name) * total
        for option, weight in options.items():
            at -= max(0.0, weight)
            if weight > 0 and at < 0:
                return option
        return next(iter(options))
