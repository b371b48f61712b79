"""Following the events as they come.

Invariant: each event is handed out once. On PostgreSQL an id can become visible after a higher one,
because it is given out before the commit; such a gap is looked at again until it is filled or its
transaction must have been rolled back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select

from farm.ledger.database import Database
from farm.ledger.schema import events

_GAP_S = 30.0
_MOST_GAPS = 5000
_COLUMNS = (
    events.c.id,
    events.c.at,
    events.c.entity,
    events.c.entity_id,
    events.c.job_id,
    events.c.source,
    events.c.target,
    events.c.reason,
)
_AFTER = (
    select(*_COLUMNS)
    .where(events.c.id > bindparam("after"))
    .order_by(events.c.id)
    .limit(bindparam("limit"))
)
_THESE = select(*_COLUMNS).where(events.c.id.in_(bindparam("ids", expanding=True)))
_NEWEST = select(func.max(events.c.id))


@dataclass(frozen=True, slots=True)
class Event:
    """One transition. ``at``: seconds since 1970."""

    id: int
    at: float
    entity: str
    entity_id: str
    job_id: str | None
    source: str | None
    target: str
    reason: str


class EventFeed:
    """Hands out the events after ``after`` (default: those that are yet to come)."""

    def __init__(
        self,
        database: Database,
        after: int | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._monotonic = monotonic
        self._gaps: dict[int, float] = {}
        self._after = newest_event(database) if after is None else after

    @property
    def position(self) -> int:
        """Everything up to this id was handed out: where a later feed may begin."""
        return min(self._gaps, default=self._after + 1) - 1

    def next(self, limit: int = 2000) -> list[Event]:
        """The next events, oldest first; fewer than ``limit`` mean that there are no more now."""
        with self._database.read() as connection:
            found = [
                Event(*row)
                for row in connection.execute(_AFTER, {"after": self._after, "limit": limit})
            ]
            if self._gaps:
                filled = connection.execute(_THESE, {"ids": list(self._gaps)})
                found = [*(Event(*row) for row in filled), *found]
        self._note_gaps(found)
        return sorted(found, key=lambda event: event.id)

    def _note_gaps(self, found: list[Event]) -> None:
        now_s = self._monotonic()
        self._gaps = {id: at for id, at in self._gaps.items() if now_s - at < _GAP_S}
        for event in found:
            if event.id <= self._after:
                self._gaps.pop(event.id, None)
                continue
            # SQLite has one writer at a time: an id that is missing there never comes.
            if not self._database.is_sqlite and event.id - self._after <= _MOST_GAPS:
                self._gaps.update(dict.fromkeys(range(self._after + 1, event.id), now_s))
            self._after = event.id


def newest_event(database: Database) -> int:
    """The highest id there is; 0 in a new ledger."""
    with database.read() as connection:
        return int(connection.execute(_NEWEST).scalar_one() or 0)
