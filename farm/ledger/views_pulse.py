"""The farm's pulse: what the console looks at each second to learn whether anything happened.

Invariant: it is one statement that reads no large table, so that an idle console costs next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from farm.domain.states import ATTEMPT_ACTIVE
from farm.ledger.database import Database
from farm.ledger.schema import attempts, events, leader, nodes, settings, shapes


@dataclass(frozen=True, slots=True)
class Pulse:
    """Signs of life.

    daemon_silent_s : since the active daemon's last one; ``None`` without one. disk_full : why
    nothing new is accepted, while the disk has no room. What moves without an event is here to be
    compared with the last look. beats : sum of the nodes' heartbeats. working : attempts at work, and
    the sum of their progress. placed : when a reason to wait was last written.
    """

    last_event: int
    paused: str | None
    daemon: str
    daemon_silent_s: float | None
    disk_full: str | None
    beats: int = 0
    working: tuple[int, float] = (0, 0.0)
    placed: float = 0.0


def read_pulse(database: Database) -> Pulse:
    """The pulse now."""
    with database.read() as connection:
        row = connection.execute(_PULSE).one()
    full = row.disk_reason if row.disk == "trouble" else None
    silent_s = None
    if row.beat_at is not None:
        silent_s = max(0.0, database.clock() - row.beat_at)
    return Pulse(
        last_event=row.last_event or 0,
        paused=row.paused,
        daemon=row.holder or "",
        daemon_silent_s=silent_s,
        disk_full=full,
        beats=int(row.beats or 0),
        working=(int(row.working), float(row.progress or 0.0)),
        placed=float(row.placed or 0.0),
    )


def _pulse() -> Any:
    """All of it in one statement, because the console asks each second."""

    def one(column: Any, *where: Any) -> Any:
        return select(column).where(*where).scalar_subquery()

    def disk(column: Any) -> Any:
        newest = select(column).where(events.c.entity_id == "disk", events.c.entity == "farm")
        return newest.order_by(events.c.id.desc()).limit(1).scalar_subquery()

    daemon = leader.c.role == "daemon"
    at_work = attempts.c.state.in_(list(ATTEMPT_ACTIVE))
    return select(
        one(func.max(events.c.id)).label("last_event"),
        one(settings.c.value, settings.c.name == "paused").label("paused"),
        one(leader.c.holder, daemon).label("holder"),
        one(leader.c.beat_at, daemon).label("beat_at"),
        disk(events.c.target).label("disk"),
        disk(events.c.reason).label("disk_reason"),
        one(func.sum(nodes.c.beat)).label("beats"),
        one(func.count(), at_work).label("working"),
        one(func.sum(attempts.c.progress), at_work).label("progress"),
        one(func.max(shapes.c.updated_at)).label("placed"),
    )


_PULSE = _pulse()
