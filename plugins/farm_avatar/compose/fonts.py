"""The letters of a lesson: a face for titles, two for text, one for code.

Invariant: the same text at the same size gives the same letters on every machine: the fonts ship
with the plugin and are set by the basic layout, and what a face lacks is known before it is drawn.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Literal

from PIL import ImageFont

FaceName = Literal["display", "strong", "text", "code"]
_FOLDER = Path(__file__).parent / "fonts"
_PROBE_SIZE = 32
_STANDS_FOR = {"\u00ad": "", "\u200b": "", "\t": "    ", "\u2028": " ", "\ufeff": ""}


@lru_cache(maxsize=256)
def face(name: FaceName, size: int) -> ImageFont.FreeTypeFont:
    """A face with letters of ``size`` px."""
    path = _FOLDER / f"lesson-{name}.ttf"
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


def clean(text: str) -> str:
    """The text without signs that are never drawn; tabs are four spaces, letters are composed."""
    composed = unicodedata.normalize("NFC", text)
    for sign, instead in _STANDS_FOR.items():
        composed = composed.replace(sign, instead)
    return "".join(c for c in composed if c == "\n" or unicodedata.category(c)[0] != "C")


def lacking(name: FaceName, text: str) -> str:
    """The characters of ``text`` that the face has no picture of, each once."""
    return "".join(dict.fromkeys(c for c in text if not _has(name, c)))


@lru_cache(maxsize=4096)
def _has(name: FaceName, character: str) -> bool:
    kind = unicodedata.category(character)
    if kind[0] in "ZC" or kind == "Mn":
        return True
    return _drawn(name, character) != _drawn(name, "\U0010fffe")


@lru_cache(maxsize=4096)
def _drawn(name: FaceName, character: str) -> tuple[tuple[int, int], bytes]:
    mask = face(name, _PROBE_SIZE).getmask(character)
    return mask.size, bytes(mask)
