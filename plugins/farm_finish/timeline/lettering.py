"""Titles set in type, in the font that captions have, too.

Invariant: a title lies within the safe area, nine tenths of the frame each way, or it is refused;
so is a letter that the font does not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from farm import InputError
from farm_finish.captions.fonts import BUNDLED, Face
from farm_finish.timeline.model import Timeline, Title

SAFE = 0.9
"""Share of width and height within which titles stay (EBU R 95, graphics safe area)."""
_SHADOW = 0.55
_LEADING = 1.25
_BASELINE = 0.96
"""Of the letters' size, how far the line they stand on lies below the top of theirs."""

Mask = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lettering:
    """Masks (rows, columns) from 0 to 1, whose corner lies at ``x``, ``y``, both even.

    letters : of the title's colour. ground : of black behind them, a plate or a shadow.
    """

    x: int
    y: int
    letters: Mask
    ground: Mask


def check_titles(timeline: Timeline) -> None:
    """Set every title of a timeline. Raises InputError."""
    for layer in timeline.layers:
        for item in layer.items:
            if isinstance(item, Title):
                lettering(item, timeline.width, timeline.height)


@lru_cache(maxsize=16)
def lettering(title: Title, width: int, height: int) -> Lettering:
    """A title's masks for a frame of that size.

    Raises
    ------
    InputError : ``timeline.title-letter`` or ``timeline.title-size``.
    """
    size = max(6, round(title.size * height))
    face = _face()
    _check_letters(title.text, face)
    font = face.at(size)
    room = width * SAFE
    lines = _lines(title.text, font, room)
    pitch = round(size * _LEADING)
    block = pitch * len(lines)
    across = max(font.getlength(line) for line in lines)
    if across > room or block > height * SAFE:
        raise InputError(
            "a title does not fit into the safe area",
            where=f'title "{title.text[:40]}"',
            expected=f"at most {round(room)}x{round(height * SAFE)} pixels",
            got=f"{round(across)}x{block}",
            mend="Make `size` smaller, or the text shorter.",
            code="timeline.title-size",
        )
    margin = round(height * (1 - SAFE) / 2)
    top = {
        "upper": margin,
        "centre": (height - block) // 2,
        "lower": height - margin - block,
    }[title.place]
    pad = max(2, size // 3)
    left = max(0, int((width - across) / 2) - pad) // 2 * 2
    upper = max(0, top - pad) // 2 * 2
    right = min(width, width - left)
    lower = min(height, (top + block + pad + 1) // 2 * 2)
    picture = Image.new("L", (right - left, lower - upper))
    draw = ImageDraw.Draw(picture)
    for index, line in enumerate(lines):
        x = (width - font.getlength(line)) / 2 - left
        baseline = top - upper + index * pitch + round(size * _BASELINE)
        draw.text((round(x), baseline), line, fill=255, font=font, anchor="ls")
    letters = np.asarray(picture, np.float32) / 255
    return Lettering(left, upper, letters, _ground(picture, title, size))


def _ground(letters: Image.Image, title: Title, size: int) -> Mask:
    if title.plate:
        return np.full(letters.size[::-1], title.plate, np.float32)
    shadow = letters.filter(ImageFilter.GaussianBlur(max(1, size / 16)))
    return np.minimum(np.asarray(shadow, np.float32) / 255 * 1.6, 1) * np.float32(_SHADOW)


def _lines(text: str, font: Any, room: float) -> list[str]:
    """Lines that fit, broken between words; a word that is too wide stays as it is."""
    lines: list[str] = []
    for paragraph in text.strip().splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and font.getlength(longer) > room:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines or [""]


@lru_cache(maxsize=1)
def _face() -> Face:
    return Face(BUNDLED.read_bytes(), "Noto Sans")


def _check_letters(text: str, face: Face) -> None:
    lacking = face.lacks(text)
    if lacking:
        raise InputError(
            "the font has no such letter",
            where=f'title "{text[:40]}"',
            expected="Latin, Greek, Cyrillic, Arabic or Hebrew letters",
            got=" ".join(lacking)[:80],
            mend="Write it in other letters, or send it as a still with transparency.",
            code="timeline.title-letter",
        )
