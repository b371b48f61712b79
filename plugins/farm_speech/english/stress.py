"""Stress marks among phones.

Invariant: a mark stands right before the vowel that it stresses; phones without a vowel have none.
"""

from __future__ import annotations

PRIMARY, SECONDARY = "ˈ", "ˌ"
VOWELS = frozenset("AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻᵊɐ")
CONSONANTS = frozenset("bdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθT")


def unstressed(phones: str) -> str:
    """Without any stress."""
    return phones.replace(PRIMARY, "").replace(SECONDARY, "")


def weakened(phones: str) -> str:
    """With its main stress made a second one."""
    return phones.replace(SECONDARY, "").replace(PRIMARY, SECONDARY)


def stressed(phones: str) -> str:
    """With a main stress: the second one raised, else on the first vowel."""
    if PRIMARY in phones:
        return phones
    if SECONDARY in phones:
        return phones.replace(SECONDARY, PRIMARY, 1)
    return _before_vowel(phones, PRIMARY)


def heard(phones: str) -> str:
    """With some stress."""
    if PRIMARY in phones or SECONDARY in phones:
        return phones
    return _before_vowel(phones, SECONDARY)


def spelled(letters: list[str]) -> str:
    """The names of letters in a row: the last is stressed most."""
    weak = [weakened(letter) for letter in letters[:-1]]
    return "".join([*weak, stressed(letters[-1])]) if letters else ""


def _before_vowel(phones: str, mark: str) -> str:
    for at, phone in enumerate(phones):
        if phone in VOWELS:
            return phones[:at] + mark + phones[at:]
    return phones
