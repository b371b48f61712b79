"""The forms that a word may stand for: plurals, verb endings, comparisons, both spellings.

Invariant: the word itself is always the first form, so that an exact entry is found before a stem.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

COMPARATIVE, SUPERLATIVE, NEARLY = 1.25, 1.6, 0.6

_SPELLINGS = {
    "color": "colour", "colors": "colours", "colored": "coloured", "colorful": "colourful",
    "colorless": "colourless", "multicolor": "multicolour", "multicolored": "multicolour",
    "multicoloured": "multicolour", "gray": "grey", "grays": "greys", "grayscale": "greyscale",
    "center": "centre", "watercolor": "watercolour", "harbor": "harbour", "molded": "moulded",
    "vapor": "vapour", "glamor": "glamour", "cozy": "cosy", "fibers": "fibres", "theater": "theatre",
    "monochromatic": "monochrome", "pls": "please",
}  # fmt: skip

_ENDINGS: tuple[tuple[str, tuple[str, ...], float], ...] = (
    ("'s", ("",), 1.0), ("ies", ("y", "ie"), 1.0), ("ves", ("f", "fe", "ve"), 1.0),
    ("es", ("", "e"), 1.0), ("s", ("",), 1.0), ("ing", ("", "e"), 1.0), ("ied", ("y",), 1.0),
    ("ed", ("", "e"), 1.0), ("ily", ("y",), 1.0), ("ally", ("", "al"), 1.0),
    ("ly", ("", "le"), 1.0), ("iest", ("y",), SUPERLATIVE), ("est", ("", "e"), SUPERLATIVE),
    ("ier", ("y",), COMPARATIVE), ("er", ("", "e"), COMPARATIVE), ("ish", ("", "e"), NEARLY),
    ("y", ("", "e"), 1.0), ("iness", ("y",), 1.0), ("ness", ("",), 1.0), ("like", ("",), 0.8),
    ("n", ("",), 1.0), ("in'", ("ing",), 1.0),
)  # fmt: skip


def folded(text: str) -> str:
    """Lower case without accents, in one spelling; a key to look words up by."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.replace("’", "'"))
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
    text = text.casefold()
    return _SPELLINGS.get(text, text)


@lru_cache(maxsize=8192)
def forms(word: str) -> tuple[tuple[str, float], ...]:
    """(form, amount) of a folded word, itself first; "brighter" is "bright" with 1.25."""
    found = {word: 1.0}
    if word.isascii() and 3 < len(word) <= 24:
        for ending, others, amount in _ENDINGS:
            if not word.endswith(ending):
                continue
            stem = word.removesuffix(ending)
            if len(stem) < 3 and not (len(stem) == 2 and ending in ("y", "ing", "ies", "ied")):
                continue
            for other in others:
                found.setdefault(stem + other, amount)
            if stem[-1] == stem[-2] and ending not in ("s", "es", "n"):
                found.setdefault(stem[:-1], amount)
            if ending == "s" and stem.endswith("ing") and len(stem) > 5:
                found.setdefault(stem[:-3], amount)
    return tuple(found.items())
