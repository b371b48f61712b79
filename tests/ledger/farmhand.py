"""A small farm inside the ledger only: plans, a scheduler's hand-outs and a node's claims by hand."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import select

from farm.domain.errors import ErrorClass
from farm.domain.media import Artifact, MediaKind
from farm.domain.plan import Binding, Needs, Plan, PlannedStage, PlannedWindow
from farm.ledger.claims import Claims
from farm.ledger.database import Database
from farm.ledger.jobs import Jobs
from farm.ledger.leader import Leadership
from farm.ledger.nodes import Nodes
from farm.ledger.queue import Queue
from farm.ledger.records import Assignment, Peaks, Placement
from farm.ledger.schema import attempts, events, jobs, stages, tasks


def stage(
    name: str, after: tuple[str, ...] = (), windows: int | None = 1, **changes: Any
) -> PlannedStage:
    """A stage ``name`` that reads output ``out`` of the stages before it."""
    windowed = windows != 1
    cut = None if windows is None else [PlannedWindow(i * 10, i * 10 + 10) for i in range(windows)]
    values: dict[str, Any] = {
        "name": name,
        "capability": "test.work",
        "provider": "test",
        "version": 1,
        "params": {"name": name},
        "bindings": {"in": [Binding("stage", before, "out") for before in after]}
        if after
        else {"in": [Binding("input", "prompt")]},
        "needs_stages": list(after),
        "needs": Needs("test.work/test", 1, ram_mb=100),
        "seed": 7,
        "windowed": windowed,
        "windows": cut if windowed else (PlannedWindow(0, 0),),
    }
    return PlannedStage(**{**values, **changes})


def artifact(content: str = "a prompt") -> Artifact:
    """An artifact record; nothing in these tests reads its bytes."""
    import hashlib

    digest = hashlib.sha256(content.encode()).hexdigest()
    return Artifact(digest, MediaKind.TEXT, len(content), ".txt")


def plan(
    *planned: PlannedStage, name: str = "job", prompt: str = "a prompt", **changes: Any
) -> Plan:
    """A plan with one text input."""
    values: dict[str, Any] = {
        "name": name,
        "pipeline": "test@1",
        "pipeline_hash": "0" * 64,
        "manifest": {"farm": 1, "pipeline": "test@1"},
        "inputs": {"prompt": [artifact(prompt)]},
        "stages": planned,
        "outputs": {"out.txt": (planned[-1].name, "out")},
        "content_key": artifact(prompt + name).hash,
        "seed": 7,
    }
    return Plan(**{**values, **changes})


class Farmhand:
    """Everything the daemon and one node write, one step at a time."""

    def __init__(self, database: Database, node: str = "n1") -> None:
        self.database = database
        self.jobs = Jobs(database)
        self.nodes = Nodes(database)
        self.leadership = Leadership(database, holder="test", lease_s=5.0, monotonic=time.monotonic)
        assert self.leadership.try_acquire() or self.leadership.epoch is None
        self.queue = Queue(database, self.leadership)
        self.claims: dict[str, Claims] = {}
        self.join(node)

    def join(self, name: str, incarnation: str = "i1", **facts: Any) -> Claims:
        """Register a node with two CPU engines."""
        self.nodes.register(
            name,
            incarnation,
            offers={"test.work/test": 1, "test.work/warm": 1},
            complaints={},
            engines=[{"slot": "cpu0", "device": "cpu"}, {"slot": "cpu1", "device": "cpu"}],
            facts={"cores": 2, "ram_mb": 4000, **facts},
            tags=[],
        )
        self.claims[name] = Claims(
            self.database,
            node=name,
            incarnation=incarnation,
            offers=frozenset({"test.work/test@1", "test.work/warm@1"}),
        )
        return self.claims[name]

    def ready(self) -> list[str]:
        """Ids of ready tasks in the order of the queue (one submitter)."""
        return [
            candidate.task_id
            for shape, _ in self.queue.waiting_shapes()
            for candidate in self.queue.candidates(shape, 1000)
        ]

    def take(self, task_id: str | None = None, node: str = "n1", slot: str = "cpu0") -> Assignment:
        """Hand a ready task (default: the first) to an engine and claim it there."""
        chosen = task_id or self.ready()[0]
        incarnation = self.claims[node].incarnation
        [message] = self.queue.hand_out([Placement(chosen, node, incarnation, slot)], [])
        taken = self.claims[node].claim(message.task_id, message.number, message.fence)
        assert taken is not None
        return taken

    def finish(
        self, task: Assignment, *contents: str, node: str = "n1", go_on: bool = False
    ) -> Assignment | None:
        """Accept a result with one ``out`` file for each of ``contents``."""
        return self.report(
            task, *map(artifact, contents or (task.task_id,)), node=node, go_on=go_on
        )

    def report(
        self, task: Assignment, *found: Artifact, node: str = "n1", go_on: bool = False
    ) -> Assignment | None:
        """Accept a result with these ``out`` files."""
        files = [file.record() for file in found]
        return self.claims[node].finish(task, {"out": files}, Peaks(wall_s=0.1), go_on=go_on)

    def fail(self, task: Assignment, error_class: ErrorClass, node: str = "n1") -> None:
        """Report a failure."""
        error = {"class": error_class.value, "message": f"it failed ({error_class.value})."}
        self.claims[node].fail(task, error_class, error, Peaks(), max_failures=200)

    def state(self, table: Any, **key: Any) -> str:
        """The state of one row."""
        with self.database.read() as connection:
            where = [table.c[name] == value for name, value in key.items()]
            return str(connection.execute(select(table.c.state).where(*where)).scalar_one().value)

    def job_state(self, job_id: str = "job1") -> str:
        return self.state(jobs, id=job_id)

    def task_state(self, task_id: str) -> str:
        return self.state(tasks, id=task_id)

    def attempt_states(self, task_id: str) -> list[str]:
        with self.database.read() as connection:
            rows = connection.execute(
                select(attempts.c.state)
                .where(attempts.c.task_id == task_id)
                .order_by(attempts.c.number)
            )
            return [state.value for state in rows.scalars()]

    def stage_row(self, name: str, job_id: str = "job1") -> Any:
        with self.database.read() as connection:
            return connection.execute(
                select(stages).where(stages.c.job_id == job_id, stages.c.name == name)
            ).one()

    def story(self, entity_id: str) -> list[str]:
        """The states an entity went through, from its events."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(events.c.target).where(events.c.entity_id == entity_id).order_by(events.c.id)
            )
            return list(rows.scalars())
