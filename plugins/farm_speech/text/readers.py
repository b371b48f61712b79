"""What a reader is: a pattern, and what is said where it fits.

Invariant: a reader looks at its match and at the context, and at nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from farm_speech.text.said import Spoken


@dataclass(frozen=True, slots=True)
class Context:
    """british : a British voice reads. known : whether small letters are a word of the dictionary."""

    british: bool = False
    known: Callable[[str], bool] = lambda word: any(sign in "aeiouy" for sign in word)


Answer = list[Spoken] | None
Reader = tuple[re.Pattern[str], Callable[[re.Match[str], Context], Answer]]


def plain(words: Iterable[str]) -> list[Spoken]:
    """Words as they stand."""
    return [Spoken(word) for word in words]


def spelled(letters: str) -> list[Spoken]:
    """Letters by their names."""
    return [Spoken(letters, spelled=True)] if letters else []
