"""Numbers as marks: bars, sparklines, durations, sizes. Pure text, the same at every width.

Invariant: a bar is exactly as wide as it was asked to be.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from farm.domain import wording
from farm.domain.wording import size as size

_EIGHTHS = "▁▂▃▄▅▆▇█"
_PARTS = " ▏▎▍▌▋▊▉"


def bar(share: float, width: int) -> str:
    """``share`` (0 to 1) of ``width`` cells filled."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    full, part = divmod(eighths, 8)
    text = "█" * full + (_PARTS[part] if part else "")
    return text + "░" * (width - len(text))


def thin_bar(share: float, width: int) -> tuple[str, str]:
    """A line of ``width`` cells: the part that is done, and the part that is not."""
    full = round(max(0.0, min(1.0, share)) * width)
    return "━" * full, "─" * (width - full)


def spark(values: Sequence[float], width: int) -> str:
    """The newest ``width`` values as heights; zero is the lowest mark."""
    shown = list(values)[-width:]
    top = max(shown, default=0.0)
    if top <= 0:
        return _EIGHTHS[0] * len(shown)
    return "".join(_EIGHTHS[min(7, int(value / top * 7.999))] for value in shown)


def duration(seconds: float | None) -> str:
    """``4s``, ``3m20s``, ``2h05m``, ``3d4h``; empty for ``None``."""
    return wording.duration(seconds).replace(" ", "")


def count(number: int, bound: int | None = None) -> str:
    """``12,345``; with a bound that was reached ``10,000+``."""
    return f"{number:,}" + ("+" if bound is not None and number >= bound else "")


def compact(number: int) -> str:
    """``950``, ``12.3k``, ``100k``, ``1.2M``: at most five cells below a billion."""
    if number < 10_000:
        return str(number)
    if number < 1_000_000:
        return f"{number / 1000:.1f}k" if number < 100_000 else f"{number // 1000}k"
    return f"{number / 1_000_000:.1f}M"


def moment(at_s: float | None) -> str:
    """Local date and time of a number of seconds since 1970; empty for ``None``."""
    return "" if at_s is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_s))


def clock(at_s: float) -> str:
    """Local time of day."""
    return time.strftime("%H:%M:%S", time.localtime(at_s))
