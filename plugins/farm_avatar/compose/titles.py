"""Title cards, chapter cards and the line above what is on screen.

Invariant: text is set in the theme's ink on the theme's ground, inside its box, or refused by name.
"""

from __future__ import annotations

from PIL import Image, ImageDraw

from farm_avatar.compose.layout import Box
from farm_avatar.compose.theme import Palette
from farm_avatar.compose.wrapping import Set, fitted


def add_title(
    picture: Image.Image,
    area: Box,
    colours: Palette,
    unit: int,
    title: str,
    subtitle: str = "",
    label: str = "",
    centred: bool = False,
    where: str = "title",
) -> None:
    """A label, a title and a line below it in the middle of an area, to the left or centred.

    Raises
    ------
    InputError : ``compose.text-too-long``.
    """
    room = round(area.width * (0.86 if centred else 0.92))
    parts: list[tuple[Set, tuple[int, int, int], float]] = []
    if label:
        size = max(10, round(unit * 0.034))
        set_label = fitted(label.upper(), "strong", size, (room, 2 * size), f"{where}: label", 1)
        parts.append((set_label, colours.accent, 0.35))
    size = max(12, round(unit * 0.105))
    high = round(area.height * 0.62)
    parts.append(
        (fitted(title, "display", size, (room, high), where, 4, 0.4, 1.14), colours.ink, 0)
    )
    bar = max(2, round(unit * 0.009))
    if subtitle:
        size = max(10, round(unit * 0.044))
        high = round(area.height * 0.24)
        parts.append((fitted(subtitle, "text", size, (room, high), f"{where}: caption", 3),
                      colours.faint, 0))  # fmt: skip
    gap = round(unit * 0.035)
    total = sum(part.height + round(part.pitch * more) for part, _, more in parts)
    total += (2 * gap + bar) if subtitle else gap + bar
    y = area.y + max(0, (area.height - total) // 2)
    left = area.x + (area.width - room) // 2 if centred else area.x + round(area.width * 0.03)
    align = "centre" if centred else "left"
    for number, (part, ink, more) in enumerate(parts):
        part.draw(picture, (left, y), ink, align, room)
        y += part.height + round(part.pitch * more)
        if number == (1 if label else 0):
            y += gap
            wide = round(unit * 0.1)
            x = area.x + (area.width - wide) // 2 if centred else left + round(unit * 0.004)
            rule(picture, (x, y, x + wide, y + bar), colours)
            y += bar + gap


def add_heading(picture: Image.Image, area: Box, colours: Palette, unit: int, title: str) -> None:
    """The scene's title on one or two lines, with a small mark before it. Raises InputError."""
    bar = max(3, round(unit * 0.011))
    gap = round(unit * 0.028)
    room = (area.width - bar - gap, area.height)
    text = fitted(title, "display", round(unit * 0.056), room, "title", 2, 0.6, 1.16)
    y = area.y + (area.height - text.height) // 2
    inset = round(text.pitch * 0.14)
    rule(picture, (area.x, y + inset, area.x + bar, y + text.height - inset), colours)
    text.draw(picture, (area.x + bar + gap, y), colours.ink)


def rule(picture: Image.Image, edges: tuple[int, int, int, int], colours: Palette) -> None:
    """A bar in the accent colour with round ends, smooth."""
    x, y, right, bottom = edges
    size = (max(1, right - x), max(1, bottom - y))
    fine = Image.new("L", (size[0] * 4, size[1] * 4))
    radius = min(fine.size) // 2
    ImageDraw.Draw(fine).rounded_rectangle((0, 0, fine.width - 1, fine.height - 1), radius, 255)
    picture.paste(colours.accent, (x, y), fine.resize(size, Image.Resampling.BOX))
