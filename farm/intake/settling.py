"""Settling: knowing by observation that nobody writes to a submission any more.

Invariant: only the monotonic clock and the farm's own looks decide; a file's times are compared
with each other and never with a clock, so a clock that jumps changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from farm.intake.scan import Seen


@dataclass(slots=True)
class _Watched:
    fingerprint: str
    since_s: float
    first_s: float


class Settling:
    """What was seen of one door's entries. Times are seconds of a monotonic clock."""

    def __init__(self, quiet_s: float) -> None:
        self.quiet_s = quiet_s
        self._watched: dict[str, _Watched] = {}

    def observe(self, seen: Seen, now_s: float) -> float:
        """Take note of a look; returns the seconds that it must still stay as it is, 0 when it
        has settled: two equal looks at least, and a quiet time between them."""
        known = self._watched.get(seen.name)
        if known is None:
            self._watched[seen.name] = _Watched(seen.fingerprint, now_s, now_s)
            return max(self.quiet_s, 0.001)
        if known.fingerprint != seen.fingerprint:
            known.fingerprint, known.since_s = seen.fingerprint, now_s
            return max(self.quiet_s, 0.001)
        return max(0.0, self.quiet_s - (now_s - known.since_s))

    def waiting_s(self, name: str, now_s: float) -> float:
        """Seconds since its last change."""
        known = self._watched.get(name)
        return 0.0 if known is None else now_s - known.since_s

    def present_s(self, name: str, now_s: float) -> float:
        """Seconds since it was first seen."""
        known = self._watched.get(name)
        return 0.0 if known is None else now_s - known.first_s

    def keep(self, names: Iterable[str]) -> None:
        """Forget everything but these."""
        kept = set(names)
        for name in [name for name in self._watched if name not in kept]:
            del self._watched[name]
