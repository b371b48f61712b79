"""A clock held still."""

from __future__ import annotations


class FrozenClock:
    """A clock that moves only when told to."""

    def __init__(self, now_s: float = 1_800_000_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds
