"""The phones of what is said: small words weak or strong, and words of two sounds, by their place.

Invariant: every word has phones, and says how they were found.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from farm_speech.english.endings import s_added
from farm_speech.english.letters import Letters
from farm_speech.english.lexicon import Lexicon
from farm_speech.english.parts import part_of
from farm_speech.english.stress import CONSONANTS, VOWELS, heard
from farm_speech.text.said import Said, Spoken

How = Literal["dictionary", "asked", "spelled", "letters", "none"]
_SIGNS = str.maketrans({"ɾ": "T", "ʔ": "t"})


@dataclass(frozen=True, slots=True)
class Sounded:
    """A spoken word with its phones."""

    word: str
    phones: str
    how: How


class English:
    """Says English. letters : for the words that no dictionary has."""

    def __init__(self, lexicon: Lexicon, letters: Letters) -> None:
        self._lexicon, self._letters = lexicon, letters

    def knows(self, word: str) -> bool:
        """Whether a word of small letters is in the dictionary."""
        return self._lexicon.find(word) is not None

    def phrases(self, words: Sequence[Said]) -> list[tuple[Sounded, ...]]:
        """The phones of each word of the script, spoken word by spoken word."""
        flat = [(place, part) for place, said in enumerate(words) for part in said.spoken]
        plain = [part.word.lower() for _, part in flat]
        found: list[tuple[Sounded, ...]] = [() for _ in words]
        vowel: bool | None = None  # Whether the next sound is a vowel; None at a pause.
        # From the end: how small words are said depends on what follows.
        for at in range(len(flat) - 1, -1, -1):
            place, part = flat[at]
            if at + 1 == len(flat) or (flat[at + 1][0] != place and words[place].mark):
                vowel = None
            sounded = self._sounded(part, part_of(plain, at), vowel)
            found[place] = (sounded, *found[place])
            vowel = _starts_with_vowel(sounded.phones, vowel)
        return found

    def _sounded(self, part: Spoken, kind: str, vowel: bool | None) -> Sounded:
        british = self._lexicon.british
        if part.phones:
            return Sounded(part.word, _ended(part.phones, part, british), "asked")
        if part.spelled:
            letters = self._lexicon.letters(part.word)
            return Sounded(part.word, _ended(letters, part, british), "spelled")
        word = part.word + part.ending
        small = _small_word(word.lower(), vowel, british)
        if small:
            return Sounded(word, small, "dictionary")
        known = self._lexicon.find(word, kind, vowel is None)
        if known:
            return Sounded(word, known.translate(_SIGNS), "dictionary")
        return self._unknown(word)

    def _unknown(self, word: str) -> Sounded:
        even = unicodedata.normalize("NFKD", word.replace("ß", "ss").replace("ø", "o")).lower()
        letters = "".join(sign for sign in even if "a" <= sign <= "z" or sign == "'")
        if known := self._lexicon.find(letters):
            return Sounded(word, known.translate(_SIGNS), "dictionary")
        bare, _, ending = letters.partition("'")
        if not bare:
            return Sounded(word, "", "none")
        if len(bare) == 1:
            phones = self._lexicon.letters(bare)
        else:
            phones = self._lexicon.compound(bare) or self._letters.phones(
                bare, self._lexicon.british
            )
        if ending == "s" and phones:
            phones = s_added(phones, self._lexicon.british)
        return Sounded(word, heard(phones.translate(_SIGNS)), "letters" if phones else "none")


def _ended(phones: str, part: Spoken, british: bool) -> str:
    return s_added(phones, british) if part.ending and phones else phones


def _small_word(word: str, vowel: bool | None, british: bool) -> str:
    """Words that change with the sound that follows."""
    if word == "a":
        return "ɐ"
    if word == "an":
        return "ɐn"
    if word == "the":
        return "ði" if vowel else "ðə"
    if word == "to" and vowel is not None:
        return "tʊ" if vowel else "tə"
    if word == "i":
        return "ˌI"
    if word == "vs":
        return "vˈɜːsəs" if british else "vˈɜɹsəs"
    return ""


def _starts_with_vowel(phones: str, before: bool | None) -> bool | None:
    for phone in phones:
        if phone in VOWELS:
            return True
        if phone in CONSONANTS:
            return False
    return before
