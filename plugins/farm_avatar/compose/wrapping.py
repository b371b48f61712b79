"""Text set into a box: broken into lines, made smaller down to a limit, then refused by name.

Invariant: what is set lies inside its box, whole; letters are never cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from farm import InputError
from farm_avatar.compose.fonts import FaceName, clean, face
from farm_avatar.compose.theme import Rgb

LEADING = 1.28


@dataclass(frozen=True, slots=True)
class Set:
    """Lines in a face. size : of the letters, px. pitch : from baseline to baseline, px."""

    lines: tuple[str, ...]
    face: FaceName
    size: int
    pitch: int

    @property
    def height(self) -> int:
        """Height of all lines, px."""
        return self.pitch * len(self.lines)

    @property
    def width(self) -> int:
        """Length of the longest line, px."""
        return round(max((self._font.getlength(line) for line in self.lines), default=0.0))

    def draw(
        self,
        picture: Image.Image,
        place: tuple[int, int],
        ink: Rgb,
        align: str = "left",
        room: int = 0,
    ) -> None:
        """Draw it, the upper left corner of its box at ``place``. room : width to align within."""
        draw = ImageDraw.Draw(picture)
        for number, line in enumerate(self.lines):
            spare = (room or self.width) - self._font.getlength(line)
            x = place[0] + (spare / 2 if align == "centre" else spare if align == "right" else 0)
            # Capitals are seven tenths of the size: this puts their middle in that of the line.
            baseline = place[1] + number * self.pitch + round(self.pitch / 2 + self.size * 0.36)
            draw.text((x, baseline), line, fill=ink, font=self._font, anchor="ls")

    @property
    def _font(self):  # type: ignore[no-untyped-def]
        return face(self.face, self.size)


def fitted(
    text: str,
    name: FaceName,
    size: int,
    room: tuple[int, int],
    where: str,
    most_lines: int = 3,
    least: float = 0.55,
    leading: float = LEADING,
) -> Set:
    """``text`` inside ``room`` (width, height), in letters of ``size`` px or as few smaller as
    needed, never below ``least`` of it.

    Raises
    ------
    InputError : ``compose.text-too-long``; where : what the text is, for the message.
    """
    plain = clean(text).strip()
    now = max(8, size)
    smallest = max(8, round(size * least))
    while now >= smallest:
        pitch = round(now * leading)
        lines = wrapped(plain, name, now, room[0])
        if lines is not None and len(lines) <= most_lines and pitch * len(lines) <= room[1]:
            return Set(tuple(lines), name, now, pitch)
        now = min(now - 1, round(now * 0.95))
    raise InputError(
        "is too long for its place in the picture",
        where=where,
        expected=f"at most {most_lines} lines of {room[0]} px in letters of {smallest} px",
        got=f'{len(plain)} characters: "{plain[:60]}"',
        mend="Make the text shorter.",
        code="compose.text-too-long",
    )


def wrapped(text: str, name: FaceName, size: int, room: int) -> list[str] | None:
    """Lines no longer than ``room`` px and of about equal length; ``None`` if a word is longer."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        words = paragraph.split()
        found = _balanced(words, name, size, room)
        if found is None:
            return None
        lines.extend(found or [""])
    return lines


def _balanced(words: Sequence[str], name: FaceName, size: int, room: int) -> list[str] | None:
    greedy = _filled(words, name, size, room)
    if greedy is None or len(greedy) < 2:
        return greedy
    # The narrowest room that needs no more lines: a last line of one word looks forgotten.
    low, high = room // 2, room
    while high - low > max(2, size // 4):
        middle = (low + high) // 2
        tried = _filled(words, name, size, middle)
        if tried is not None and len(tried) <= len(greedy):
            high, greedy = middle, tried
        else:
            low = middle
    return greedy


def _filled(words: Sequence[str], name: FaceName, size: int, room: int) -> list[str] | None:
    font = face(name, size)
    lines: list[str] = []
    line = ""
    for word in words:
        longer = f"{line} {word}" if line else word
        if font.getlength(longer) <= room:
            line = longer
            continue
        if not line or font.getlength(word) > room:
            return None
        lines.append(line)
        line = word
    return [*lines, line] if line else lines
