"""A mix of tasks and models to replay: drawn by chance, or as a farm recorded it.

Invariant: equal seeds give equal mixes; a recorded mix is read and never written.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from farm.domain.errors import InputError
from farm.domain.states import AttemptState
from farm.ledger.database import Database
from farm.ledger.records import LoadCost
from farm.ledger.schema import attempts, model_loads, nodes, tasks

_MODEL_MB = 10_000


@dataclass(frozen=True, slots=True)
class MixTask:
    """A task of a mix. ready_s : from the start of the mix. run_s : without loading its model."""

    model: str
    ready_s: float
    run_s: float
    submitter: str = "ada"
    urgency: int = -50


@dataclass(frozen=True, slots=True)
class Mix:
    """Tasks in the order they were asked for, and what they run on.

    models : key to seconds and MB of a load. room_mb : for models, of each engine.
    """

    tasks: Sequence[MixTask]
    models: Mapping[str, LoadCost]
    engines: int
    room_mb: float


def drawn(seed: int, *, tasks: int = 60, models: int = 6, engines: int = 2, room: int = 2) -> Mix:
    """A mix in which all tasks wait from the start. room : models that an engine has room for."""
    chance = random.Random(f"{seed}:mix")
    keys = [f"model-{index + 1}" for index in range(models)]
    costs = {key: LoadCost(chance.uniform(20.0, 60.0), _MODEL_MB) for key in keys}
    # Each model is there from the start, so that its one load is always part of the best order.
    order = [*keys, *(chance.choice(keys) for _ in range(tasks - models))]
    chance.shuffle(order)
    waiting = [MixTask(key, 0.0, chance.uniform(4.0, 12.0)) for key in order]
    return Mix(waiting, costs, engines, room * _MODEL_MB)


def recorded(database: Database, *, last: int = 1000) -> Mix:
    """The last tasks with a model that a farm ran, on the engines that it has now.

    Raises
    ------
    InputError : it ran none, or has no engine.
    """
    with database.read() as connection:
        rows = connection.execute(
            select(
                tasks.c.model_key,
                tasks.c.ready_at,
                attempts.c.started_at,
                attempts.c.ended_at,
                tasks.c.submitter,
                tasks.c.urgency,
            )
            .join(attempts, attempts.c.task_id == tasks.c.id)
            .where(
                attempts.c.state == AttemptState.SUCCEEDED,
                tasks.c.model_key.is_not(None),
                attempts.c.started_at.is_not(None),
            )
            .order_by(attempts.c.ended_at.desc())
            .limit(last)
        ).all()
        loads = {row.model_key: row for row in connection.execute(select(model_loads))}
        engines = [e for row in connection.execute(select(nodes.c.engines)) for e in row.engines]
    if not rows or not engines:
        raise InputError(
            "there is nothing to replay",
            where="ledger",
            expected="finished tasks with models, and a node that has joined",
            got=f"{len(rows)} tasks, {len(engines)} engines",
            mend="Run some jobs first, or leave --recorded away: a mix is drawn then.",
        )
    engines = [e for e in engines if e.get("gpus")] or engines
    costs = {
        key: LoadCost(loads[key].load_s, loads[key].size_mb) if key in loads else LoadCost(0.0)
        for key in {row.model_key for row in rows}
    }
    # Some of the runs had to load their model first; the usual one did not.
    usual = {
        key: statistics.median(r.ended_at - r.started_at for r in rows if r.model_key == key)
        for key in costs
    }
    began = min(row.ready_at for row in rows)
    waiting = [
        MixTask(
            row.model_key,
            row.ready_at - began,
            min(row.ended_at - row.started_at, usual[row.model_key]),
            row.submitter,
            row.urgency,
        )
        for row in sorted(rows, key=lambda row: (row.ready_at, row.started_at))
    ]
    room_mb = statistics.median(engine.get("models_mb", 0) for engine in engines)
    largest = max(cost.size_mb for cost in costs.values())
    return Mix(waiting, costs, len(engines), max(room_mb, largest))
