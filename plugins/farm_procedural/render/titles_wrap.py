"""Lines of a title: wrapped where they read best, as large as the safe area allows.

Invariant: lines fit the width and the height that their style fills; a text that is too long for
that is shrunk first, broken inside words next, and cut with an ellipsis last.
"""

from __future__ import annotations

from dataclasses import dataclass

from farm_procedural.render.fonts import Weight, letter_places
from farm_procedural.script import TitleStyle

LEADING = 1.2
"""From baseline to baseline, in letter sizes."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a kind of title is set.

    tracking in letter sizes; width, height : shares of the frame to fill; lines : most before the
    text shrinks; place : where it stands when the title has no place of its own.
    """

    weight: Weight
    tracking: float
    width: float
    height: float
    lines: int
    place: tuple[float, float]


STYLES: dict[TitleStyle, Style] = {
    "title": Style("bold", 0.035, 0.86, 0.72, 3, (0.5, 0.5)),
    "kinetic": Style("bold", 0.0, 0.86, 0.72, 4, (0.5, 0.5)),
    "lower-third": Style("bold", 0.0, 0.62, 0.3, 2, (-1.0, 0.80)),
    "caption": Style("medium", 0.005, 0.80, 0.32, 3, (0.5, 0.88)),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line, its weight and its letters' size in pixels."""

    text: str
    weight: Weight
    size: float


def tracking_of(line: str, style: TitleStyle) -> float:
    """Air between letters, in letter sizes."""
    # Capitals need air between them; a title in capitals is set wide.
    return 0.10 if style == "title" and line.isupper() else STYLES[style].tracking


def width_of(line: str, style: TitleStyle, weight: Weight) -> float:
    """The width of a line in letter sizes."""
    return letter_places(line, weight, tracking_of(line, style))[1]


def fitted(shown: str, style: TitleStyle, size: float, width: int, height: int) -> list[Line]:
    """Lines that fit: the text is wrapped, then shrunk, then broken inside words, then cut."""
    form = STYLES[style]
    across = form.width * (width if width < 1.2 * height else min(width, 2.4 * height))
    if style == "lower-third" and width < 1.2 * height:
        across = 0.80 * width
    up = form.height * height
    wanted = min(max(size, 0.02) * height, 0.5 * height)
    least = max(3.0, 0.022 * height)
    size_px = wanted
    while True:
        hard = size_px < 0.62 * wanted or size_px <= least
        most = 8 if hard else max(form.lines, shown.count("\n") + 1)
        lines = _wrapped(shown, style, across / size_px, hard)
        high = (len(lines) - 1) * LEADING + 1.0
        if lines and len(lines) <= most and high * size_px <= up:
            break
        if size_px <= least:
            room = max(1, int((up / size_px - 1.0) / LEADING) + 1)
            lines = _wrapped(shown, style, across / size_px, True)
            cut = len(lines) > room
            lines = lines[:room]
            if cut:
                lines[-1] = lines[-1][:-1].rstrip(" .,;:-") + "…"
            break
        size_px = max(least, 0.93 * size_px)
    if style == "lower-third" and len(lines) > 1:
        # A name and what it is: the second line is quieter.
        return [Line(lines[0], "bold", size_px)] + [
            Line(line, "medium", 0.68 * size_px) for line in lines[1:]
        ]
    return [Line(line, form.weight, size_px) for line in lines]


def _wrapped(shown: str, style: TitleStyle, limit: float, hard: bool) -> list[str]:
    """Lines of at most ``limit`` letter sizes, as even as they come; empty if a word is longer
    and must not be broken."""
    lines: list[str] = []
    for paragraph in shown.split("\n"):
        words = paragraph.split()
        first = _greedy(words, style, limit, hard)
        if not first:
            return []
        low, high = 0.0, limit
        best = first
        for _ in range(8):
            middle = (low + high) / 2
            tried = _greedy(words, style, middle, False)
            if tried and len(tried) <= len(first):
                best, high = tried, middle
            else:
                low = middle
        lines += best
    return lines


def _greedy(words: list[str], style: TitleStyle, limit: float, hard: bool) -> list[str]:
    weight = STYLES[style].weight
    lines: list[str] = []
    for word in words:
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(joined, style, weight) <= limit:
            lines[-1] = joined
            continue
        while width_of(word, style, weight) > limit:
            if not hard:
                return []
            fits = 1
            while fits < len(word) and width_of(word[: fits + 1], style, weight) <= limit:
                fits += 1
            if fits >= len(word):
                break
            lines.append(word[:fits])
            word = word[fits:]
        lines.append(word)
    return lines
