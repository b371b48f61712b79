"""Phones of other languages than English, in the signs that Kokoro was taught.

Invariant: one string of phones for each word; eSpeak NG, which gives them, runs in a process of its
own.

Source: the signs are those of hexgrad's misaki (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Sequence

from farm_speech.espeak.calling import asked
from farm_speech.text.said import Reading, Said

_JOINED = {
    "a^ɪ": "I", "a^ʊ": "W", "d^z": "ʣ", "d^ʒ": "ʤ", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q", "s^s": "S",
    "t^s": "ʦ", "t^ʃ": "ʧ", "ɔ^ɪ": "Y",
}  # fmt: skip


def foreign_phones(reading: Reading, language: str) -> list[str]:
    """Phones of each word. Raises MissingExtra."""
    clauses = _clauses(reading.words)
    texts = [" ".join(word.plain for word in clause) for clause in clauses]
    whole = asked({"voice": language, "phones": texts}, "speech.say/kokoro")["phones"]
    found: list[str] = []
    for clause, phones in zip(clauses, whole, strict=True):
        parts = str(phones).split()
        if len(parts) != len(clause):
            # A number is several words: each is asked for by itself.
            alone = [word.plain for word in clause]
            parts = asked({"voice": language, "phones": alone}, "speech.say/kokoro")["phones"]
        found += [_own(word) or _signs(part) for word, part in zip(clause, parts, strict=True)]
    return found


def _clauses(words: Sequence[Said]) -> list[list[Said]]:
    clauses: list[list[Said]] = [[]]
    for word in words:
        clauses[-1].append(word)
        if word.mark:
            clauses.append([])
    return [clause for clause in clauses if clause]


def _own(word: Said) -> str:
    """Phones that the dictionary of the project gives."""
    return " ".join(part.phones for part in word.spoken if part.phones)


def _signs(phones: str) -> str:
    for joined, sign in _JOINED.items():
        phones = phones.replace(joined, sign)
    for mark in ("^", "-", "\u0329", "(", ")"):
        phones = phones.replace(mark, "")
    return " ".join(phones.split())
