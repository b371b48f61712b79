"""Single signs and pictures in a text: what is said of them, if anything.

Invariant: a sign that means something is said; one that only shapes the text is silent.
"""

from __future__ import annotations

import unicodedata

from farm_speech.text.said import Spoken

_SIGNS = {
    "&": "and", "+": "plus", "=": "equals", "@": "at", "%": "percent", "×": "times", "÷": "divided by",
    "±": "plus or minus", "≈": "is about", "≠": "is not equal to", "≤": "is at most",
    "≥": "is at least", "<": "is less than", ">": "is greater than", "→": "to", "⇒": "gives",
    "←": "from", "√": "the square root of", "∞": "infinity", "∑": "the sum of", "∫": "the integral of",
    "∂": "partial", "∆": "delta", "∈": "in", "°": "degrees", "¢": "cents", "$": "dollars",
    "€": "euros", "£": "pounds", "№": "number", "§": "section", "#": "number", "µ": "micro",
    "♥": "heart", "²": "squared", "³": "cubed", "✓": "check", "✔": "check", "✗": "cross", "★": "star",
}  # fmt: skip
_SILENT_CATEGORIES = frozenset(
    ["Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Mn", "Me", "Mc", "Cf", "Cc", "Zs", "Sk", "Lm"]
)
_SILENT = frozenset("*_~|\\/^`©®™•·�")


def is_named_letter(text: str, at: int) -> bool:
    """Whether a Greek letter stands alone, as in a formula."""
    if not "\u0370" <= text[at] <= "\u03ff":
        return False
    beside = text[at - 1 : at] + text[at + 1 : at + 2] if at else text[1:2]
    return not any("\u0370" <= sign <= "\u03ff" for sign in beside)


def said_of(sign: str) -> tuple[Spoken, ...] | None:
    """What is said of a sign: nothing for what is silent, ``None`` if nobody knows."""
    if sign in _SIGNS:
        return tuple(Spoken(word) for word in _SIGNS[sign].split())
    if sign in _SILENT:
        return ()
    category = unicodedata.category(sign)
    name = unicodedata.name(sign, "")
    if name.startswith("GREEK ") and " LETTER " in name:
        return (Spoken(name.split(" LETTER ")[-1].split()[-1].lower()),)
    if category in _SILENT_CATEGORIES or "VARIATION SELECTOR" in name or "MODIFIER" in name:
        return ()
    if "BOX DRAWINGS" in name or "BLOCK" in name:
        return ()
    if category in ("So", "Sm") and name:
        return tuple(Spoken(word) for word in name.lower().replace("-", " ").split())
    return None
