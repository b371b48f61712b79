"""Complaints about a lesson that its author can act on.

Invariant: a complaint names the file as the author calls it and, where there is one, the line.
"""

from __future__ import annotations

from farm import InputError


def refused(
    what: str,
    file: str,
    line: int = 0,
    *,
    field: str = "",
    expected: str = "",
    got: str = "",
    mend: str = "",
    code: str = "lesson.bad",
) -> InputError:
    """An error to raise. line : counted from 1; 0 for the file as a whole."""
    where = f"{file}, line {line}" if line else file
    return InputError(
        what,
        where=f"{where}, {field}" if field else where,
        expected=expected,
        got=got[:200],
        mend=mend,
        code=code,
    )
