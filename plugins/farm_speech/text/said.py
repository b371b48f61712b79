"""What is said of a text: the script's words, and the spoken words of each.

Invariant: ``Reading.words`` has every word of the script that is said, once and in order.
"""

from __future__ import annotations

from dataclasses import dataclass

MARKS = frozenset(";:,.!?—…")
"""Signs that shape the melody, one after a word at most."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word as it is said. phones : IPA that the script asks for. spelled : letter by letter.

    ending : ``'s`` after letters or after phones, as in ``GPUs``.
    """

    word: str
    phones: str = ""
    spelled: bool = False
    ending: str = ""

    @property
    def plain(self) -> str:
        """As plain words: ``A P I`` where it is spelled."""
        letters = " ".join(self.word.upper()) if self.spelled else self.word
        return letters + self.ending


@dataclass(frozen=True, slots=True)
class Said:
    """A word of the script, or several that are read as one, with the mark after it or ``""``."""

    text: str
    spoken: tuple[Spoken, ...]
    mark: str = ""

    @property
    def plain(self) -> str:
        """What is said of it."""
        return " ".join(part.plain for part in self.spoken)


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that was not done as one might expect; ``code`` names its kind."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A text that was read."""

    words: tuple[Said, ...]
    warnings: tuple[Warned, ...] = ()

    @property
    def plain(self) -> str:
        """All that is said, in plain words."""
        return " ".join(word.plain for word in self.words)
