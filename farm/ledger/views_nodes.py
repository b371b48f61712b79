"""What people read about nodes and about the farm as a whole.

Invariant: the cost depends on the number of nodes and engines, never on how many tasks wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from farm.domain.states import ATTEMPT_ACTIVE, JOB_ENDED, JobState
from farm.ledger.database import Database
from farm.ledger.schema import attempts, blocks, jobs, leader, nodes, settings


@dataclass(frozen=True, slots=True)
class EngineLine:
    """An engine and what it runs now; ``progress``: 0 to 1."""

    slot: str
    device: str
    resident: Sequence[str]
    task_id: str | None = None
    progress: float = 0.0
    note: str | None = None


@dataclass(frozen=True, slots=True)
class NodeLine:
    """A node. ``silent_s``: since its last heartbeat, by the writer's clock;
    ``blocked``: stage id to why it is not given tasks of it."""

    name: str
    state: str
    reason: str | None
    silent_s: float
    started_at: float
    engines: Sequence[EngineLine]
    offers: Mapping[str, int]
    complaints: Mapping[str, str]
    blocked: Mapping[str, str]
    facts: Mapping[str, Any]
    tags: Sequence[str]

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class FarmLine:
    """The farm as a whole.

    paused : why nothing is handed out, or ``None``. daemon : host and process of the active daemon,
    empty when there is none. daemon_beat : changes with every sign of life it gives;
    daemon_beat_at : when the last one was, in seconds since 1970 by its own clock.
    """

    paused: str | None
    daemon: str
    daemon_beat: int
    daemon_beat_at: float
    active_jobs: int


class NodeViews:
    """Reads about nodes; nothing here writes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def nodes(self) -> list[NodeLine]:
        """Every node the farm has known, by name."""
        now_s = self.database.clock()
        with self.database.read() as connection:
            busy: dict[tuple[str, str], Any] = {}
            for row in connection.execute(
                select(
                    attempts.c.node,
                    attempts.c.slot,
                    attempts.c.task_id,
                    attempts.c.progress,
                    attempts.c.note,
                ).where(attempts.c.state.in_(list(ATTEMPT_ACTIVE)))
            ):
                busy[row.node, row.slot] = row
            blocked: dict[str, dict[str, str]] = {}
            for row in connection.execute(select(blocks)):
                blocked.setdefault(row.node, {})[row.stage_id] = row.reason
            rows = connection.execute(select(nodes).order_by(nodes.c.name)).all()
        return [_node(row, busy, blocked.get(row.name, {}), now_s) for row in rows]

    def names(self) -> list[str]:
        """Names of all nodes, sorted."""
        with self.database.read() as connection:
            return list(connection.execute(select(nodes.c.name).order_by(nodes.c.name)).scalars())

    def farm(self) -> FarmLine:
        """The farm's pause, its active daemon, and how many jobs have not ended (up to 1000)."""
        unended = [state for state in JobState if state not in JOB_ENDED]
        with self.database.read() as connection:
            paused = connection.execute(
                select(settings.c.value).where(settings.c.name == "paused")
            ).scalar_one_or_none()
            held = connection.execute(select(leader).where(leader.c.role == "daemon")).first()
            active = connection.execute(
                select(jobs.c.number).where(jobs.c.state.in_(unended)).limit(1000)
            ).all()
        return FarmLine(
            paused=paused,
            daemon=held.holder if held else "",
            daemon_beat=held.beat if held else 0,
            daemon_beat_at=held.beat_at if held else 0.0,
            active_jobs=len(active),
        )


def _node(
    row: Any, busy: Mapping[tuple[str, str], Any], blocked: Mapping[str, str], now_s: float
) -> NodeLine:
    engines = []
    for engine in row.engines:
        work = busy.get((row.name, engine["slot"]))
        engines.append(
            EngineLine(
                slot=engine["slot"],
                device=engine["device"],
                resident=tuple(engine.get("resident", ())),
                task_id=work.task_id if work else None,
                progress=work.progress if work else 0.0,
                note=work.note if work else None,
            )
        )
    return NodeLine(
        name=row.name,
        state=row.state.value,
        reason=row.reason,
        silent_s=max(0.0, now_s - row.beat_at),
        started_at=row.started_at,
        engines=engines,
        offers=row.offers,
        complaints=row.complaints,
        blocked=blocked,
        facts=row.facts,
        tags=row.tags,
    )
