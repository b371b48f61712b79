"""Who waits for which model: what an engine may keep, load next, or go on with.

Invariant: a look costs one statement and at most ``LOOK_AHEAD`` rows, however many tasks wait, and
nothing at all for work that needs no model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Insert, and_, bindparam, func, select, update

from farm.domain.overtaking import LOOK_AHEAD
from farm.domain.states import TaskState
from farm.ledger.database import Database
from farm.ledger.records import Coming, Holding
from farm.ledger.schema import model_loads, nodes, stages, tasks

MOST_COMING = 2
"""Models that are named to a node as wanted next."""
_REMEMBERED = 0.25

_AHEAD = (
    select(
        tasks.c.id,
        tasks.c.model_key,
        tasks.c.urgency,
        tasks.c.submitter,
        tasks.c.shape,
        tasks.c.avoid,
        stages.c.needs,
    )
    .join(stages, and_(stages.c.job_id == tasks.c.job_id, stages.c.name == tasks.c.stage))
    .where(tasks.c.state == TaskState.READY, tasks.c.model_key.is_not(None))
    .order_by(tasks.c.urgency, tasks.c.due, tasks.c.job_number, tasks.c.ordinal)
    .limit(LOOK_AHEAD)
)
OVERTAKEN = (
    update(tasks)
    .where(tasks.c.id == bindparam("task"), tasks.c.state == TaskState.READY)
    .values(
        skips=tasks.c.skips + bindparam("times"),
        overtaken_at=func.coalesce(tasks.c.overtaken_at, bindparam("now_s")),
    )
)
"""A task at the head of its queue was overtaken ``times`` more at ``now_s``."""
_HOLDS = (
    update(nodes)
    .where(nodes.c.name == bindparam("node"), nodes.c.incarnation == bindparam("start"))
    .values(engines=bindparam("engines_"))
)


@dataclass(frozen=True, slots=True)
class Ahead:
    """The next waiting tasks that want a model, in the farm's order without fair share."""

    rows: Sequence[Any]

    def soon(self) -> dict[str, int]:
        """Model key to how many want it."""
        return dict(Counter(row.model_key for row in self.rows))

    def coming(self, held: Collection[str]) -> list[Coming]:
        """The models that are wanted next, the first one first, without those that are held."""
        found: dict[str, Coming] = {}
        for row in self.rows:
            models = row.needs.get("models")
            if models and row.model_key not in held and row.model_key not in found:
                found[row.model_key] = Coming(row.model_key, models)
                if len(found) == MOST_COMING:
                    break
        return list(found.values())


def look_ahead(connection: Connection) -> Ahead:
    """Who wants a model next."""
    return Ahead(connection.execute(_AHEAD).all())


def coming_models(database: Database, held: Collection[str]) -> list[Coming]:
    """The models that are wanted next and that a node does not hold."""
    with database.read() as connection:
        return look_ahead(connection).coming(held)


def note_holding(connection: Connection, holding: Holding, *, node: str, incarnation: str) -> None:
    """Let the scheduler know at once, not at the next heartbeat, what the engines hold."""
    if holding.engines is not None:
        engines = [dict(engine) for engine in holding.engines]
        connection.execute(_HOLDS, {"node": node, "start": incarnation, "engines_": engines})


def loads_statement(database: Database) -> Insert:
    """The statement that records a load: a moving mean of the seconds, the newest size."""
    new = database.insert(model_loads).values(
        model_key=bindparam("key"),
        load_s=bindparam("seconds"),
        size_mb=bindparam("mb"),
        loads=1,
        loaded_at=bindparam("now_s"),
    )
    known = model_loads.c
    statement: Insert = new.on_conflict_do_update(
        index_elements=["model_key"],
        set_={
            "load_s": known.load_s + (new.excluded.load_s - known.load_s) * _REMEMBERED,
            "size_mb": new.excluded.size_mb,
            "loads": known.loads + 1,
            "loaded_at": new.excluded.loaded_at,
        },
    )
    return statement
