"""Whether a word is a noun, a verb or else, as far as its pronunciation depends on it.

Invariant: pure; a guess by the words beside it, ``""`` when they do not tell.
"""

from __future__ import annotations

from collections.abc import Sequence

_BEFORE_VERBS_TEXT = """
to will would can could should must may might shall do does did don't doesn't didn't can't won't
couldn't wouldn't shouldn't cannot let let's please i you we they who which never always often
also then just i'll you'll we'll they'll it'll he'll she'll
"""
_BEFORE_VERBS = frozenset(_BEFORE_VERBS_TEXT.split())
_BEFORE_NOUNS_TEXT = """
a an the this that these those my your his her its our their each every some any no another many
few several most of in on with for from by at into per without between two three four five six
seven eight nine ten first second third same other whose new old own single
"""
_BEFORE_NOUNS = frozenset(_BEFORE_NOUNS_TEXT.split())
_PRONOUNS = frozenset(["he", "she", "it"])
_HAVING_TEXT = """
have has had having been be is are was were being i've you've we've they've isn't wasn't
"""
_HAVING = frozenset(_HAVING_TEXT.split())
_SMALL_WORDS_TEXT = """
and or but to as than is are was were be it them him us me you so if when while because which will
can would could should must may does do did has have had then not out up off over
"""
_SMALL_WORDS = _BEFORE_NOUNS | frozenset(_SMALL_WORDS_TEXT.split())
_OPENERS_TEXT = """
a an the this that these those my your his her its our their it them us
"""
_OPENERS = frozenset(_OPENERS_TEXT.split())
_BOTH_WAYS = frozenset(["close", "live", "perfect", "present", "separate", "content"])
"""Adjectives before a noun, though a word before them is also one before nouns."""


def part_of(words: Sequence[str], at: int) -> str:
    """``VERB``, ``NOUN``, ``ADJ``, ``VBD``, ``VBN`` or ``""`` for a word among those of a clause,
    small letters."""
    word = words[at]
    before = words[at - 1] if at else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    if word == "used":
        return "VBD" if after == "to" and before not in _HAVING else ""
    if word in ("read", "wound"):
        if before in _HAVING or (at > 1 and words[at - 2] in _HAVING):
            return "VBN"
        if before in _PRONOUNS:
            return "VBD"
    if before in _BEFORE_VERBS:
        return "VERB"
    if before in _PRONOUNS and word.endswith("s"):
        return "VERB"
    if before in _BEFORE_NOUNS or before.endswith("'s"):
        if after and after not in _SMALL_WORDS and word in _BOTH_WAYS:
            return "ADJ"
        return "NOUN"
    if after in _OPENERS and (not before or before not in _SMALL_WORDS or before in ("and", "or")):
        return "VERB"
    if word.endswith("s") and before and before not in _SMALL_WORDS and after in _SMALL_WORDS:
        return "VERB"
    return ""
