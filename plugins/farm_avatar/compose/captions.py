"""Captions in the picture: cues broken to its width, with the word that is spoken lit if wanted.

Invariant: every word of a cue is shown, in order, on at most two lines (three in narrow pictures)
that fit; a cue that is too long for them is shown in parts, each while its words are spoken.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from farm import InputError
from farm_avatar.compose.fonts import clean, face
from farm_avatar.compose.ground import rounded_mask
from farm_avatar.compose.layout import Places, even
from farm_avatar.compose.planes import Planes, Sprite, lay, sprite_of
from farm_avatar.compose.theme import Palette

SCHEMA = "farm.cues/1"
_LINGER_S, _LEAST_S, _CLOSE_S = 0.35, 1.0, 0.3
_PLATE = (12, 13, 18)
_ENDS, _PAUSES = (".", "?", "!", "…", ":"), (",", ";", "–", "—")
Spoken = tuple[str, float]
"""A word and when it begins, seconds."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Words shown from ``start_s`` to ``end_s``."""

    start_s: float
    end_s: float
    words: tuple[Spoken, ...]


@dataclass(frozen=True, slots=True)
class Caption:
    """A cue as it is set. lines : numbers of words, from 0, in each."""

    cue: Cue
    lines: tuple[tuple[int, ...], ...]


def read_cues(path: Path) -> list[Cue]:
    """The cues of a document of schema ``farm.cues/1``.

    Raises
    ------
    InputError : it is another document.
    """
    try:
        document = json.loads(path.read_bytes())
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']!r}")
        return [_cue(record) for record in document["cues"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "holds no cues",
            where="cues",
            expected=f"a document of schema {SCHEMA}",
            got=str(error)[:80],
            mend="Make it with captions.segment.",
            code="compose.cues",
        ) from error


def _cue(record: Mapping[str, Any]) -> Cue:
    start, end = float(record["start_ms"]) / 1000, float(record["end_ms"]) / 1000
    words = [
        (clean(str(word["text"])).strip(), float(word["start_ms"]) / 1000)
        for word in record.get("words", ())
    ]
    if not words:
        pieces = clean(" ".join(record["lines"])).split()
        step = (end - start) / max(1, len(pieces))
        words = [(piece, start + step * at) for at, piece in enumerate(pieces)]
    return Cue(start, end, tuple(word for word in words if word[0]))


def cues_of(sentences: Sequence[Sequence[tuple[str, float, float]]]) -> list[Cue]:
    """A cue for each sentence of words with their beginnings and ends, where none were made."""
    said = [[word for word in words if word[0].strip()] for words in sentences]
    said = [words for words in said if words]
    cues = []
    for number, words in enumerate(said):
        end_s = max(words[-1][2] + _LINGER_S, words[0][1] + _LEAST_S)
        if number + 1 < len(said):
            follows = said[number + 1][0][1]
            end_s = follows if follows - end_s < _CLOSE_S else end_s
        cues.append(
            Cue(words[0][1], end_s, tuple((clean(text), start) for text, start, _ in words))
        )
    return cues


class Captions:
    """Captions for pictures of one size. lit : the word that is spoken has the accent's colour."""

    def __init__(self, cues: Sequence[Cue], places: Places, colours: Palette, lit: bool) -> None:
        self._places, self._colours, self._lit = places, colours, lit
        share = {"wide": 0.05, "square": 0.052, "upright": 0.062}[places.shape]
        self.size = max(9, round(places.unit * share))
        self._pad = round(self.size * 0.55)
        room = places.captions.width - 2 * self._pad
        most = min(3, max(1, int((places.captions.height - self._pad) / (self.size * 1.32))))
        most = most if places.captions.width < 620 / 720 * places.unit else min(most, 2)
        self.captions = [caption for cue in cues for caption in _set(cue, room, most, self.size)]
        self._starts = [caption.cue.start_s for caption in self.captions]
        self._sprite = lru_cache(maxsize=4)(self._drawn)

    def draw(self, target: Planes, at_s: float) -> None:
        """Draw what is said at a moment."""
        number = bisect_right(self._starts, at_s + 1e-6) - 1
        if number < 0 or at_s >= self.captions[number].cue.end_s:
            return
        words = self.captions[number].cue.words
        spoken = -1
        if self._lit:
            spoken = max(0, bisect_right([start for _, start in words], at_s + 1e-6) - 1)
        lay(target, self._sprite(number, spoken))

    def _drawn(self, number: int, spoken: int) -> Sprite:
        caption, area = self.captions[number], self._places.captions
        size, pad = _fitting(caption, area.width - 2 * self._pad, self.size), self._pad
        font, pitch = face("strong", size), round(size * 1.32)
        texts = [" ".join(caption.cue.words[at][0] for at in line) for line in caption.lines]
        wide = even(max(font.getlength(text) for text in texts) + 2 * pad + 1)
        high = even(pitch * len(texts) + pad * 0.9)
        layer = Image.new("RGBA", (wide, high), _PLATE)
        plate = rounded_mask((wide, high), round(size * 0.42))
        layer.putalpha(plate.point([round(value * 0.8) for value in range(256)]))
        draw = ImageDraw.Draw(layer)
        for row, (line, text) in enumerate(zip(caption.lines, texts, strict=True)):
            x = (wide - font.getlength(text)) / 2
            baseline = round(pad * 0.45) + row * pitch + round(pitch / 2 + size * 0.36)
            for at in line:
                word = caption.cue.words[at][0]
                ink = _lit_ink(self._colours) if at == spoken else (255, 255, 255)
                draw.text((x, baseline), word, (*ink, 255), font, anchor="ls")
                x += font.getlength(f"{word} ")
        x = area.x + (area.width - wide) / 2
        y = area.y if self._places.captions_top else area.bottom - high
        return sprite_of(layer, even(x), even(y))


def _lit_ink(colours: Palette) -> tuple[int, int, int]:
    """The accent, light enough for the dark plate."""
    red, green, blue = colours.accent
    while 0.2126 * red + 0.7152 * green + 0.0722 * blue < 150:
        red, green, blue = (round(part + (255 - part) * 0.15) for part in (red, green, blue))
    return red, green, blue


def _fitting(caption: Caption, room: int, size: int) -> int:
    """The size at which even a word that is longer than a line fits."""
    longest = max(
        face("strong", size).getlength(" ".join(caption.cue.words[at][0] for at in line))
        for line in caption.lines
    )
    return size if longest <= room else max(6, int(size * room / longest))


def _set(cue: Cue, room: int, most: int, size: int) -> list[Caption]:
    """A cue as one caption, or as several where it has too many lines."""
    if not cue.words:
        return []
    font = face("strong", size)
    lengths = [font.getlength(text) for text, _ in cue.words]
    lines = _broken(cue.words, lengths, room, font.getlength(" "))
    if len(lines) <= most:
        return [Caption(cue, tuple(lines))]
    parts = -(-len(lines) // most)
    each = -(-len(lines) // parts)
    groups = [lines[at : at + each] for at in range(0, len(lines), each)]
    starts = [cue.words[group[0][0]][1] for group in groups[1:]]
    edges = [cue.start_s, *starts, cue.end_s]
    made = []
    for group, (start, stop) in zip(groups, pairwise(edges), strict=True):
        first, last = group[0][0], group[-1][-1]
        words = cue.words[first : last + 1]
        own = tuple(tuple(at - first for at in line) for line in group)
        made.append(Caption(Cue(start, stop, words), own))
    return made


def _broken(
    words: Sequence[Spoken], lengths: Sequence[float], room: float, space: float
) -> list[tuple[int, ...]]:
    """The fewest lines that fit, of about equal length, broken rather after a comma."""
    count = len(words)
    fewest = [0] + [10**6] * count
    cost = [0.0] + [float("inf")] * count
    came = [0] * (count + 1)
    for stop in range(1, count + 1):
        length = -space
        for start in range(stop - 1, -1, -1):
            length += lengths[start] + space
            if length > room and start < stop - 1:
                break
            spare = max(0.0, room - length) / room
            bond = 0.0
            if stop < count:
                text = words[stop - 1][0]
                bond = 0.0 if text.endswith(_ENDS) else 0.15 if text.endswith(_PAUSES) else 0.5
                bond += 0.4 if len(text) < 4 and not text.endswith((*_ENDS, *_PAUSES)) else 0.0
            found = (fewest[start] + 1, cost[start] + spare * spare + bond)
            if found < (fewest[stop], cost[stop]):
                (fewest[stop], cost[stop]), came[stop] = found, start
    lines: list[tuple[int, ...]] = []
    stop = count
    while stop:
        lines.append(tuple(range(came[stop], stop)))
        stop = came[stop]
    return lines[::-1]
