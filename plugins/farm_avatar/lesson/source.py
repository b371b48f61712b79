"""What an author wrote, as plain fields, each with the line it stands on.

Invariant: every complaint about a field can name a line, whichever form the lesson was written in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """The fields of a lesson. lines : line (from 1) by the path of a field.

    warnings : what was read another way than its author may have meant.
    """

    file: str
    fields: dict[str, Any]
    lines: dict[Path, int]
    warnings: list[str] = field(default_factory=list)

    def line(self, path: Sequence[str | int]) -> int:
        """The line of a field, or of the nearest one around it."""
        for length in range(len(path), -1, -1):
            found = self.lines.get(tuple(path[:length]))
            if found:
                return found
        return 0
