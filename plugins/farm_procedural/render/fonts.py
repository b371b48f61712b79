"""Manrope: the letters of every title, shipped with the package so that all nodes draw the same.

Invariant: a text is drawn from this folder's files alone; what the fonts cannot write is replaced
or left out, never drawn as a box. Fonts of the system are never asked.

The files are two weights of the variable font Manrope (SIL Open Font License, see
``manrope-license.txt``), reduced to Latin, Greek and Cyrillic, without hinting. The font's own
kerning stands in ``manrope.json``: left and right letter of each pair, by units.
"""

from __future__ import annotations

import json
import math
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Weight = Literal["bold", "medium"]
Placed = tuple[str, float, float]
"""A letter, its left end and its baseline in pixels."""

CAPITAL = 0.72
"""Height of a capital in letter sizes."""
DESCENT = 0.27
FINE = 4
"""Letters are drawn this many times larger and averaged, so their edges are exact to 1/16 pixel."""

_FOLDER = Path(__file__).parent
_REFERENCE_PX = 1000
_REPLACED = {
    "‐": "-",
    "‑": "-",
    "‒": "–",
    "―": "—",
    "‛": "’",
    "‟": "”",
    "″": "”",
    "⋯": "…",
    "•": "·",
    "∙": "·",
    "⁄": "/",
    "∕": "/",
    "−": "–",
    "、": ", ",
    "。": ". ",
    "「": "“",
    "」": "”",
    "ﬁ": "fi",
    "ﬂ": "fl",
}


@lru_cache(maxsize=1)
def _tables() -> tuple[frozenset[str], dict[str, float]]:
    """The characters that can be drawn, and kerning in letter sizes by pair."""
    data = json.loads((_FOLDER / "manrope.json").read_text(encoding="utf-8"))
    kerning = {
        pairs[i : i + 2]: int(units) / data["units"]
        for units, pairs in data["kerning"].items()
        for i in range(0, len(pairs), 2)
    }
    return frozenset(data["characters"]), kerning


@lru_cache(maxsize=16)
def _font(weight: Weight, size_px: float) -> ImageFont.FreeTypeFont:
    # The basic layout: the other one depends on a library that the system may or may not have.
    return ImageFont.truetype(
        str(_FOLDER / f"manrope-{weight}.ttf"), size_px, layout_engine=ImageFont.Layout.BASIC
    )


def displayable(text: str) -> str:
    """The text as it can be drawn: lines by newlines, single spaces, no unsupported character.

    Empty when nothing is left that says something, as for a text in a script without letters here.
    """
    known, _ = _tables()
    lines = []
    for line in text.splitlines():
        letters = [_drawable(c, known) for c in unicodedata.normalize("NFC", line)]
        lines.append(" ".join("".join(letters).split()))
    shown = "\n".join(line for line in lines if line)
    return shown if any(c.isalnum() for c in shown) else ""


def _drawable(character: str, known: frozenset[str]) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category == "Cc":
        return " "
    if character in _REPLACED:
        return _REPLACED[character]
    if character in known and category not in ("Mn", "Cf"):
        return character
    # Full-width and styled letters and rare accents fall back to their plain letters.
    plain = unicodedata.normalize("NFKD", character)
    return "".join(c for c in plain if c in known and unicodedata.category(c) != "Mn")


@lru_cache(maxsize=4096)
def _advance(weight: Weight, letter: str) -> float:
    """In letter sizes."""
    return _font(weight, _REFERENCE_PX).getlength(letter) / _REFERENCE_PX


def letter_places(text: str, weight: Weight, tracking: float) -> tuple[list[float], float]:
    """Left ends of the letters of a line and its width, in letter sizes; kerned and tracked."""
    _, kerning = _tables()
    places, at = [], 0.0
    for i, letter in enumerate(text):
        if i:
            at += kerning.get(text[i - 1] + letter, 0.0) + tracking
        places.append(at)
        at += _advance(weight, letter)
    return places, at


def drawn(
    letters: list[Placed], weight: Weight, size_px: float, margin_px: int
) -> tuple[NDArray[np.float32], int, int]:
    """Coverage of letters, float32 (h, w) 0 to 1, and the pixel that its upper left corner is on.

    A margin of at least ``margin_px`` is left on all sides.
    """
    left = math.floor(min(x for _, x, _ in letters) - 0.1 * size_px) - margin_px
    top = math.floor(min(y for _, _, y in letters) - 1.1 * size_px) - margin_px
    right = math.ceil(max(x + _advance(weight, c) * size_px for c, x, _ in letters))
    right += math.ceil(0.1 * size_px) + margin_px
    low = math.ceil(max(y for _, _, y in letters) + 0.35 * size_px) + margin_px
    image = Image.new("L", ((right - left) * FINE, (low - top) * FINE))
    pen = ImageDraw.Draw(image)
    font = _font(weight, max(1.0, round(size_px * FINE, 3)))
    for letter, x, y in letters:
        # Whole sub-pixels: how the font engine rounds others is its own business.
        at = (math.floor((x - left) * FINE + 0.5), math.floor((y - top) * FINE + 0.5))
        pen.text(at, letter, fill=255, font=font, anchor="ls")
    fine = np.asarray(image, np.float32).reshape(low - top, FINE, right - left, FINE)
    return fine.mean(axis=(1, 3), dtype=np.float32) / np.float32(255), left, top
