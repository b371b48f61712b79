"""Amounts as people read them.

Invariant: the same amount reads the same in the command line, the console and the reports, and means
the same in every setting, measurement and declaration.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_NAMED = 3

MB = 1_000_000
"""Bytes of a megabyte wherever the farm says MB or ``_mb``: of disks, memory and video memory."""


def duration(seconds: float | None) -> str:
    """``4 s``, ``3 m 20 s``, ``2 h 05 m``, ``3 d 4 h``; empty for ``None``."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} m"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def size(size_bytes: float) -> str:
    """``512 B``, ``3.4 MB``: decimal units."""
    amount = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


_EXPECTED = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "less_than": "less than {lt}",
}


def refusal(error: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong with a value and what was expected, from an error's record as pydantic gives it."""
    expected = _EXPECTED.get(error["type"])
    if expected is None:
        return str(error["msg"]).removeprefix("Value error, "), ""
    return "the value is not acceptable", expected.format(**error.get("ctx", {}))


def by_reason(reasons: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """``("a, b, c and 5 more", reason)`` for each reason, from the names it is given for."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(reasons):
        names[reasons[name]].append(name)
    for reason, found in names.items():
        yield shortened(found), reason


def shortened(names: Sequence[str]) -> str:
    """``a, b, c and 5 more``."""
    if len(names) <= _NAMED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
