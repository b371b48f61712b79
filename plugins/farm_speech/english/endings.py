"""The endings -s, -ed and -ing: how they are said after the phones of a stem.

Invariant: pure; the stem's phones come back unchanged but for a flapped t.

Source: the rules of hexgrad's misaki (Apache-2.0), see https://en.wiktionary.org/wiki/-s and -ed.
"""

from __future__ import annotations

from collections.abc import Iterator

_TAPPED_AFTER = frozenset("AIOWYiuæɑəɛɪɹʊʌ")


def s_added(stem: str, british: bool) -> str:
    """The plural, the genitive, the third person."""
    if stem[-1] in "ptkfθ":
        return stem + "s"
    if stem[-1] in "szʃʒʧʤ":
        return stem + ("ɪ" if british else "ᵻ") + "z"
    return stem + "z"


def ed_added(stem: str, british: bool) -> str:
    """The past."""
    if stem[-1] in "pkfθʃsʧ":
        return stem + "t"
    if stem[-1] == "d":
        return stem + ("ɪ" if british else "ᵻ") + "d"
    if stem[-1] != "t":
        return stem + "d"
    if british or len(stem) < 2:
        return stem + "ɪd"
    return (stem[:-1] + "ɾ" if stem[-2] in _TAPPED_AFTER else stem) + "ᵻd"


def ing_added(stem: str, british: bool) -> str:
    """The participle."""
    if not british and len(stem) > 1 and stem[-1] == "t" and stem[-2] in _TAPPED_AFTER:
        return stem[:-1] + "ɾɪŋ"
    return stem + ("ɹ" if british and stem[-1] in "əː" else "") + "ɪŋ"


def stems(word: str) -> Iterator[tuple[str, str]]:
    """What a word of small letters may be made of: (stem, ``s`` or ``ed`` or ``ing``)."""
    if word.endswith(("'s", "s'")):
        yield word[:-2], "s"
    elif word.endswith("s") and not word.endswith("ss") and len(word) > 2:
        yield word[:-1], "s"
        if word.endswith("es") and len(word) > 4:
            if word.endswith("ies"):
                yield word[:-3] + "y", "s"
            yield word[:-2], "s"
    if word.endswith("ed") and len(word) > 4:
        yield word[:-1], "ed"
        if word.endswith("ied"):
            yield word[:-3] + "y", "ed"
        yield word[:-2], "ed"
        if word[-3] == word[-4]:
            yield word[:-3], "ed"
    if word.endswith("ing") and len(word) > 5:
        yield word[:-3], "ing"
        yield word[:-3] + "e", "ing"
        if word[-4] == word[-5]:
            yield word[:-4], "ing"
