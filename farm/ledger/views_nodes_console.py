"""What the console tells about one node besides its state: its history and the jobs it works for.

Invariant: the cost depends on what is shown, never on how long the farm has run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from farm.ledger.database import Database
from farm.ledger.schema import events, jobs


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """One thing that happened to a node. ``at``: seconds since 1970."""

    id: int
    at: float
    target: str
    reason: str
    actor: str


class NodeConsoleViews:
    """Reads about nodes for the console; nothing here writes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def history(self, name: str, limit: int = 200) -> list[NodeEvent]:
        """What happened to a node, the newest first."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(events.c.id, events.c.at, events.c.target, events.c.reason, events.c.actor)
                .where(events.c.entity_id == name, events.c.entity == "node")
                .order_by(events.c.id.desc())
                .limit(limit)
            )
            return [NodeEvent(*row) for row in rows]

    def job_names(self, job_ids: Iterable[str]) -> dict[str, str]:
        """Job id to ``#42 name``."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(jobs.c.id, jobs.c.number, jobs.c.name).where(jobs.c.id.in_(sorted(job_ids)))
            )
            return {row.id: f"#{row.number} {row.name}" for row in rows}
