"""Leases by observation.

Invariant: silence is measured on the observer's own monotonic clock, from the moment it last saw a
counter change. So neither a clock that jumps nor two machines whose clocks differ can end a lease.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable


class Watch:
    """Remembers when each watched counter was last seen to change."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._seen: dict[Hashable, tuple[int, float]] = {}

    def silent_s(self, key: Hashable, counter: int) -> float:
        """Seconds since ``counter`` of ``key`` last changed, or since it was first seen."""
        now = self._monotonic()
        known = self._seen.get(key)
        if known is None or known[0] != counter:
            self._seen[key] = (counter, now)
            return 0.0
        return now - known[1]

    def keep_only(self, keys: Iterable[Hashable]) -> None:
        """Forget every key that is not watched any more."""
        wanted = set(keys)
        for key in [k for k in self._seen if k not in wanted]:
            del self._seen[key]
