"""A column plot out of block characters: pure text, the same in every terminal.

Invariant: a plot is never wider or higher than it was asked to be, and a value above zero is never
drawn as nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_WIDEST = 9


def columns(
    points: Sequence[tuple[str, float]],
    width: int,
    height: int,
    say: Callable[[float], str] = "{:g}".format,
) -> list[str]:
    """Lines of a plot: columns on an axis, with the first and last label under it.

    points : label and value (0 or more); the last ones that fit are shown. height : lines, at least
    3. say : how a value on the axis is written.
    """
    if not points or height < 3:
        return []
    rows = height - 2
    top = max(value for _, value in points)
    gutter = max(len(say(value)) for value in (top, top / 2, 0.0)) + 1
    room = width - gutter - 1
    if room < 1:
        return []
    shown = list(points[-room:])
    each = min(_WIDEST, room // len(shown))
    gap = 1 if each > 1 else 0
    heights = [_height(value, top, rows) for _, value in shown]
    lines = []
    for row in range(rows):
        floor = (rows - 1 - row) * 8
        cells = "".join(
            _EIGHTHS[max(0, min(8, h - floor))] * (each - gap) + " " * gap for h in heights
        )
        label = say(top) if row == 0 else say(top / 2) if rows > 4 and row == rows // 2 else ""
        lines.append(f"{label:>{gutter - 1}} │{cells}".rstrip())
    across = each * len(shown)
    lines.append(f"{say(0.0):>{gutter - 1}} └{'─' * across}")
    first, last = shown[0][0], shown[-1][0]
    between = across - len(first) - len(last)
    labels = f"{first}{' ' * between}{last}" if len(shown) > 1 and between >= 1 else last[:room]
    lines.append(" " * (gutter + 1) + labels)
    return lines


def _height(value: float, top: float, rows: int) -> int:
    """Eighths of a line."""
    if value <= 0 or top <= 0:
        return 0
    return max(1, round(value / top * rows * 8))
