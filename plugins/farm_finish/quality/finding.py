"""What a check found, as one record.

Invariant: a check that failed says by how much; times are seconds of the film, from its first
picture on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the film. worst : the value that counts, in the unit of the check."""

    start_s: float
    end_s: float
    worst: float | None = None

    def text(self) -> str:
        """Such as ``3.000 to 4.250 s``."""
        return f"{self.start_s:.3f} to {self.end_s:.3f} s"

    def record(self) -> dict[str, Any]:
        """As JSON."""
        times = {"start_s": round(self.start_s, 4), "end_s": round(self.end_s, 4)}
        return times if self.worst is None else {**times, "worst": round(self.worst, 5)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. measured, limit : in ``unit``; ``None`` or a text where there is no number.

    spans : where it failed; empty for what concerns the whole. said : one sentence.
    """

    check: str
    passed: bool
    measured: float | str | None
    limit: float | str | None
    unit: str
    said: str
    spans: tuple[Span, ...] = ()

    def where(self) -> str:
        """The first stretch and how many more there are; empty for the whole."""
        if not self.spans:
            return ""
        more = f" and {len(self.spans) - 1} more" if len(self.spans) > 1 else ""
        return self.spans[0].text() + more

    def sentence(self) -> str:
        """For a warning."""
        limit = f", limit {self.text(self.limit)}" if isinstance(self.limit, (int, float)) else ""
        where = f" ({self.where()})" if self.spans else ""
        return f"{self.check}: {self.said}{limit}{where}"

    def text(self, value: float | str | None) -> str:
        """A value of this check with its unit, for people."""
        if value is None:
            return "nothing"
        if isinstance(value, str):
            return f"{value} {self.unit}".rstrip()
        if self.unit == "share":
            return f"{100 * value:.3g} %"
        return f"{value:.5g} {self.unit}".rstrip()

    def record(self) -> dict[str, Any]:
        """As JSON."""
        measured = self.measured
        return {
            "check": self.check,
            "passed": self.passed,
            "measured": round(measured, 5) if isinstance(measured, float) else measured,
            "limit": self.limit,
            "unit": self.unit,
            "said": self.said,
            "spans": [span.record() for span in self.spans],
        }
