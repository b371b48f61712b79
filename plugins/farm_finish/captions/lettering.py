"""Captions as letters: broken to fit the picture, outlined, on a soft box, in the safe area.

Invariant: nothing is drawn outside of the safe area's width and height, nothing is cut off, and the
same cues give the same pixels.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter, ImageFont

from farm import InputError
from farm_finish.captions.breaking import FAST, bonds, broken
from farm_finish.captions.cues import Cue
from farm_finish.captions.fonts import Face, best_face, solid
from farm_finish.captions.params import BurnParams
from farm_finish.captions.wording import text_words
from farm_finish.captions.words import Word

_LINE = 1.24
"""Distance of two baselines, in sizes of the letters."""
_SMALLER = 0.75
"""Rather than break a name or a number, letters are made smaller down to this part of the size."""
_SMALLEST = 0.55
"""A cue that is still too long at this part of the size is refused."""
_UPRIGHT_BOTTOM = 0.16
"""Of an upright film the lowest part is covered by the players of phones."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a caption as it is drawn."""

    text: str
    size: int
    face: Face


@dataclass(frozen=True, slots=True)
class Lit:
    """A word to be drawn in another colour: characters ``start`` to ``stop`` of a line."""

    line: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture to be laid over another, its upper left corner at ``x``, ``y``."""

    x: int
    y: int
    picture: Image.Image


class Lettering:
    """Sets cues for pictures of one size."""

    def __init__(self, params: BurnParams, width: int, height: int, found: list[Face]) -> None:
        self._params, self._found = params, found
        self._width, self._height = width, height
        short = min(width, height)
        upright = height > width
        # A phone is held closer, but its lines are short: letters may be larger there.
        self.size = max(8, round(short * params.size / (17 if upright else 20)))
        pad = self._pad(self.size)
        self._room = round(width * (1 - 2 * params.safe)) - 2 * pad
        bottom = max(params.safe, _UPRIGHT_BOTTOM if upright else 0.0)
        self._top, self._bottom = round(height * params.safe), round(height * (1 - bottom))

    def lines_of(self, cue: Cue, number: int, language: str) -> tuple[list[Line], str]:
        """The lines of a cue as they fit, and the characters that no font has.

        Raises
        ------
        InputError : it is too long for the picture even in small letters.
        """
        face, lacking = best_face(self._found, cue.text)
        for tidy, least in ((True, _SMALLER), (False, _SMALLEST)):
            size = self.size
            while size >= max(6, round(self.size * least)):
                lines = self._fitting(cue, face, size, language, tidy)
                if lines is not None:
                    return [Line(text, size, face) for text in lines], lacking
                size = min(size - 1, round(size * 0.94))
        raise InputError(
            "does not fit into the picture",
            where=f"cues.{number}",
            expected=f"at most {self._params.lines} lines of {self._room} px",
            got=f'"{cue.text[:60]}"',
            mend="Make shorter cues, allow more lines, or set a smaller size.",
            code="captions.does-not-fit",
        )

    def _fitting(
        self, cue: Cue, face: Face, size: int, language: str, tidy: bool
    ) -> list[str] | None:
        """Lines in letters of a size. tidy : without breaking a name or a number."""
        font = face.at(size)
        high = (self._bottom - self._top - 2 * self._pad(size)) // round(size * _LINE)
        most = min(self._params.lines, high)
        if len(cue.lines) <= most and all(font.getlength(t) <= self._room for t in cue.lines):
            return list(cue.lines)
        pieces = text_words(cue.text)
        words = [Word(piece, 0.0, 0.0, space=space) for piece, space in pieces]
        return broken(
            [piece for piece, _ in pieces],
            [space for _, space in pieces],
            [math.inf if tidy and bond >= FAST else bond for bond in bonds(words, language)],
            self._room,
            most,
            font.getlength,
        )

    def drawn(self, lines: Sequence[Line], lit: Sequence[Lit] = ()) -> Drawn:
        """The lines, one below another, in their place. ``lit`` : words in the other colour."""
        pad = self._pad(max(line.size for line in lines))
        pitches = [round(line.size * _LINE) for line in lines]
        wide = max(round(line.face.at(line.size).getlength(line.text)) for line in lines) + 2 * pad
        high = sum(pitches) + 2 * pad
        x, y = (self._width - wide) // 2, self._from_top(high)
        # Chroma is shared by two by two pixels: the corner lies on one of those blocks.
        x, y = x - x % 2, y - y % 2
        size = (wide + wide % 2, high + high % 2)
        letters, outlines = Image.new("L", size), Image.new("L", size)
        lights = Image.new("L", size)
        top = pad
        boxes = Image.new("L", size)
        for number, (line, pitch) in enumerate(zip(lines, pitches, strict=True)):
            font = line.face.at(line.size)
            length = font.getlength(line.text)
            at = ((wide - length) / 2, top + round(line.size * 1.0))
            stroke = round(line.size * self._params.outline)
            ImageDraw.Draw(letters).text(at, line.text, 255, font, anchor="ls")
            ImageDraw.Draw(outlines).text(
                at, line.text, 255, font, anchor="ls", stroke_width=stroke
            )
            reach = line.size // 3
            ImageDraw.Draw(boxes).rounded_rectangle(
                (at[0] - reach, top - reach // 3, at[0] + length + reach, top + pitch + reach // 3),
                radius=reach,
                fill=255,
            )
            for word in (word for word in lit if word.line == number):
                left, right = _extent(font, line.text, word)
                # Of this line only: the letters of the one above reach down into its rows.
                own, part = Image.new("L", size), Image.new("L", size)
                ImageDraw.Draw(own).text(at, line.text, 255, font, anchor="ls")
                ImageDraw.Draw(part).rectangle((at[0] + left, 0, at[0] + right, size[1]), fill=255)
                lights = ImageChops.lighter(lights, ImageChops.multiply(own, part))
            top += pitch
        return Drawn(x, y, self._composed(size, boxes, outlines, letters, lights))

    def _composed(
        self,
        size: tuple[int, int],
        boxes: Image.Image,
        outlines: Image.Image,
        letters: Image.Image,
        lights: Image.Image,
    ) -> Image.Image:
        params = self._params
        soft = boxes.filter(ImageFilter.GaussianBlur(self.size / 7))
        soft = soft.point([round(value * params.box) for value in range(256)])
        picture = solid(size, (0, 0, 0), soft)
        picture.alpha_composite(solid(size, (0, 0, 0), outlines))
        picture.alpha_composite(solid(size, _rgb(params.colour), letters))
        if lights.getbbox():
            picture.alpha_composite(solid(size, _rgb(params.highlight_colour), lights))
        return picture

    def _from_top(self, high: int) -> int:
        if self._params.place == "top":
            return self._top
        if self._params.place == "middle":
            return (self._height - high) // 2
        return self._bottom - high

    @staticmethod
    def _pad(size: int) -> int:
        return round(size * 0.5)


def rightward(text: str) -> bool:
    """Whether the text holds letters that are read from right to left."""
    return any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)


def _extent(font: ImageFont.FreeTypeFont, text: str, word: Lit) -> tuple[float, float]:
    """Where the word begins and ends in a left-to-right line, px: half of a gap on either side."""
    gap = font.getlength(" ") / 2
    return font.getlength(text[: word.start]) - gap, font.getlength(text[: word.stop]) + gap


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return red, green, blue
