"""The active daemon's beats as a clock: it stands still while no daemon leads, and with the machine.

Invariant: only what the ledger says is noted, so a daemon that merely lives does not count as awake.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from sqlalchemy import select

from farm.ledger.database import Database
from farm.ledger.schema import leader


@dataclass(slots=True)
class Pulse:
    """heartbeat_s : the seconds that one beat stands for."""

    heartbeat_s: float
    _times: list[float] = field(default_factory=list)
    _beats: list[int] = field(default_factory=list)

    def note(self, database: Database) -> None:
        """Look at the ledger; call it more often than the heart beats."""
        with database.read() as connection:
            row = connection.execute(select(leader.c.beat_at, leader.c.beat)).first()
        if row is not None and (not self._beats or row.beat > self._beats[-1]):
            self._times.append(row.beat_at)
            self._beats.append(row.beat)

    def awake_s(self, since: float, until: float) -> float:
        """Seconds that a daemon led between two times (seconds since 1970)."""
        return (self._beat(until) - self._beat(since)) * self.heartbeat_s

    def _beat(self, at: float) -> int:
        index = bisect_right(self._times, at)
        return self._beats[index - 1] if index else 0
