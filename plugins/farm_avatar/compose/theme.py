"""Colours of a lesson: four themes, each one set of colours that go together.

Invariant: text on any of a theme's grounds has a contrast of at least 4.5 to 1 (WCAG 2.2, AA).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from farm_avatar.compose.scene import Theme

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours, RGB 0-255. top, bottom : of the ground's gradient. glow : a light in its corner.

    panel : what cards and plates are made of; ink, faint : text on ground and panel.
    shadow : opacity of a card's shadow at its darkest, 0 to 1.
    """

    top: Rgb
    bottom: Rgb
    glow: Rgb
    panel: Rgb
    line: Rgb
    ink: Rgb
    faint: Rgb
    accent: Rgb
    shadow: float


@dataclass(frozen=True, slots=True)
class CodeColours:
    """Colours of a highlighted listing, RGB 0-255."""

    ground: Rgb = (23, 27, 38)
    bar: Rgb = (32, 37, 51)
    ink: Rgb = (214, 222, 240)
    faint: Rgb = (128, 140, 168)
    keyword: Rgb = (199, 146, 234)
    name: Rgb = (130, 190, 255)
    string: Rgb = (173, 219, 135)
    number: Rgb = (247, 160, 114)
    comment: Rgb = (118, 134, 164)
    operator: Rgb = (137, 221, 255)
    kind: Rgb = (255, 203, 107)
    error: Rgb = (255, 110, 120)


_THEMES = {
    "dusk": Palette(
        (38, 40, 66), (17, 18, 32), (86, 74, 150), (30, 32, 52), (66, 70, 104),
        (244, 245, 252), (182, 187, 214), (139, 146, 255), 0.55,
    ),
    "paper": Palette(
        (250, 248, 243), (232, 227, 216), (255, 255, 255), (255, 255, 255), (218, 212, 200),
        (32, 34, 40), (88, 90, 98), (196, 73, 40), 0.28,
    ),
    "slate": Palette(
        (43, 55, 70), (19, 26, 35), (52, 98, 124), (31, 41, 53), (66, 82, 100),
        (242, 246, 250), (176, 190, 205), (66, 194, 226), 0.5,
    ),
    "forest": Palette(
        (32, 56, 49), (13, 26, 24), (66, 112, 84), (24, 43, 38), (58, 86, 76),
        (242, 248, 243), (176, 200, 186), (126, 211, 142), 0.5,
    ),
}  # fmt: skip


def palette(theme: Theme) -> Palette:
    """The colours of a theme, with its own accent if one is given."""
    found = _THEMES[theme.name]
    return replace(found, accent=rgb(theme.accent)) if theme.accent else found


def rgb(colour: str) -> Rgb:
    """``#rrggbb`` as numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def contrast(one: Rgb, two: Rgb) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2.2)."""
    bright, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: Rgb) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
