"""The dictionary of English: phones of a word, as Kokoro was taught them.

Invariant: a word that is found has phones of the dictionary's own signs; nothing is guessed here.

Source: the word lists and the rules of hexgrad's misaki (Apache-2.0).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from farm_speech.english import endings
from farm_speech.english.stress import PRIMARY, spelled, weakened

Entry = str | Mapping[str, str | None]
_PARENTS = {"VBD": "VERB", "VBN": "VERB"}
_ENDINGS = {"s": endings.s_added, "ed": endings.ed_added, "ing": endings.ing_added}
_LEAST_PART = 3


class Lexicon:
    """One dialect. folder : of the model ``english-words``."""

    def __init__(self, folder: Path, british: bool) -> None:
        dialect = "gb" if british else "us"
        self.british = british
        self._good = _read(folder / f"{dialect}_gold.json")
        self._more = _read(folder / f"{dialect}_silver.json")

    def find(self, word: str, part: str = "", last: bool = False) -> str | None:
        """Phones of a word, which may have an ending. last : of a clause, where small words are
        said in full."""
        return self._known(word, part, last) or self._with_ending(word, part)

    def letters(self, word: str) -> str:
        """Phones of a word that is spelled; other signs than letters are silent."""
        names = [self._letter(sign) for sign in word if sign.isalpha()]
        return spelled([name for name in names if name])

    def compound(self, word: str) -> str | None:
        """Phones of a word made of two that are known, as ``filename`` is."""
        cuts = range(_LEAST_PART, len(word) - _LEAST_PART + 1)
        for cut in sorted(cuts, key=lambda cut: abs(2 * cut - len(word))):
            first, second = self._good.get(word[:cut]), self._good.get(word[cut:])
            if isinstance(first, str) and isinstance(second, str):
                if PRIMARY not in first or PRIMARY not in second:
                    continue
                return first + weakened(second)
        return None

    def _letter(self, sign: str) -> str:
        found = self._good.get(sign.upper())
        return found if isinstance(found, str) else ""

    def _known(self, word: str, part: str, last: bool) -> str | None:
        for entries in (self._good, self._more):
            for form in (word, word.lower(), word.lower().capitalize()):
                entry = entries.get(form)
                if entry is None or (len(form) == 1 and form.islower()):
                    continue
                return _chosen(entry, part, last)
        return None

    def _with_ending(self, word: str, part: str) -> str | None:
        for stem, ending in endings.stems(word.lower()):
            found = self._known(stem, "VERB" if ending != "s" else part, False)
            if found:
                return _ENDINGS[ending](found, self.british)
        return None


def _chosen(entry: Entry, part: str, last: bool) -> str | None:
    if isinstance(entry, str):
        return entry
    if last and entry.get("None"):
        return entry["None"]
    return entry.get(part) or entry.get(_PARENTS.get(part, "")) or entry["DEFAULT"]


def _read(path: Path) -> dict[str, Entry]:
    entries: dict[str, Entry] = json.loads(path.read_bytes())
    return entries
