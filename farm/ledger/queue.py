"""What the scheduler reads and writes: the queue of ready tasks, hand-outs, reasons.

Invariant: every read here costs a number of index look-ups that depends on shapes, submitters, nodes
and engines, never on how many tasks wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from farm.domain.plan import Needs
from farm.domain.states import (
    ATTEMPT_ACTIVE,
    NODE_BEATING,
    AttemptState,
    JobState,
    TaskState,
)
from farm.ledger.database import Database
from farm.ledger.leader import Leadership
from farm.ledger.look_ahead import OVERTAKEN
from farm.ledger.moves import Moves
from farm.ledger.records import (
    Active,
    Candidate,
    EngineFacts,
    LoadCost,
    Message,
    NodeFacts,
    Placement,
)
from farm.ledger.schema import (
    attempts,
    blocks,
    jobs,
    model_loads,
    nodes,
    peaks,
    settings,
    shapes,
    tasks,
)

_READY = tasks.c.state == TaskState.READY

# Built once: building a statement costs more than running it, and these run at every pass.
_PAUSED = select(settings.c.value).where(settings.c.name == "paused")
_ANY_DUE = (
    select(tasks.c.id)
    .where(tasks.c.state == TaskState.DELAYED, tasks.c.not_before <= bindparam("now_s"))
    .limit(1)
)
_ACTIVE = (
    select(
        attempts.c.task_id,
        attempts.c.number,
        attempts.c.fence,
        attempts.c.state,
        attempts.c.node,
        attempts.c.incarnation,
        attempts.c.slot,
        attempts.c.lease,
        tasks.c.shape,
        tasks.c.submitter,
        attempts.c.sent_at,
        tasks.c.model_key,
        attempts.c.started_at,
        attempts.c.progress,
    )
    .join(tasks, tasks.c.id == attempts.c.task_id)
    .where(attempts.c.state.in_(list(ATTEMPT_ACTIVE)))
)
_BLOCKS = select(blocks.c.node, blocks.c.stage_id)
_BEATING = select(nodes).where(nodes.c.state.in_(list(NODE_BEATING))).order_by(nodes.c.name)
_NEEDS = select(shapes.c.needs).where(shapes.c.shape == bindparam("shape"))
_NEXT_SHAPE = select(func.min(tasks.c.shape)).where(_READY, tasks.c.shape > bindparam("last"))
_OF_SHAPE = and_(_READY, tasks.c.shape == bindparam("shape"))
_FIRST_URGENCY = select(func.min(tasks.c.urgency)).where(_OF_SHAPE)
_NEXT_URGENCY = _FIRST_URGENCY.where(tasks.c.urgency > bindparam("urgency"))
_OF_URGENCY = and_(_OF_SHAPE, tasks.c.urgency == bindparam("urgency"))
_NEXT_SUBMITTER = select(func.min(tasks.c.submitter)).where(
    _OF_URGENCY, tasks.c.submitter > bindparam("submitter")
)
_CANDIDATES = (
    select(
        tasks.c.id,
        tasks.c.shape,
        tasks.c.urgency,
        tasks.c.submitter,
        tasks.c.due,
        tasks.c.job_number,
        tasks.c.ordinal,
        tasks.c.model_key,
        tasks.c.avoid,
        tasks.c.skips,
        tasks.c.ready_at,
        tasks.c.overtaken_at,
    )
    .where(_OF_URGENCY, tasks.c.submitter == bindparam("submitter"))
    .order_by(tasks.c.due, tasks.c.job_number, tasks.c.ordinal)
    .limit(bindparam("limit"))
)
_SEND = (
    update(tasks)
    .where(tasks.c.id == bindparam("task"), _READY)
    .values(state=TaskState.SENT, attempts=tasks.c.attempts + 1, fence=tasks.c.fence + 1)
    .returning(tasks.c.attempts, tasks.c.fence, tasks.c.job_id)
)
_NEW_ATTEMPT = insert(attempts)
_WALLS = (
    select(peaks.c.wall_s)
    .where(peaks.c.stage_id == bindparam("stage"), peaks.c.version == bindparam("version"))
    .order_by(peaks.c.id.desc())
    .limit(20)
)
_WALLS_ALIKE = _WALLS.where(peaks.c.size == bindparam("size"))
# As many as a farm uses of late, however many it ever used.
_LOAD_COSTS = (
    select(model_loads.c.model_key, model_loads.c.load_s, model_loads.c.size_mb)
    .order_by(model_loads.c.loaded_at.desc())
    .limit(500)
)


_BEGUN = _CANDIDATES.where(
    tasks.c.job_id.in_(select(jobs.c.id).where(jobs.c.state == JobState.RUNNING))
)


class Queue:
    """The scheduler's view of the ledger. Writes need the leadership they are made under."""

    def __init__(self, database: Database, leadership: Leadership) -> None:
        self.database = database
        self.leadership = leadership

    def paused(self) -> str | None:
        """Why the whole farm is paused; ``None`` when it is not."""
        with self.database.read() as connection:
            return connection.execute(_PAUSED).scalar_one_or_none()

    def active(self) -> list[Active]:
        """Every attempt that is sent or running."""
        with self.database.read() as connection:
            rows = connection.execute(_ACTIVE)
            return [Active(**{**row._mapping, "state": row.state.value}) for row in rows]

    def nodes(self) -> list[tuple[NodeFacts, int]]:
        """Every node that ought to beat, with its heartbeat counter."""
        with self.database.read() as connection:
            blocked: dict[str, set[str]] = {}
            for row in connection.execute(_BLOCKS):
                blocked.setdefault(row.node, set()).add(row.stage_id)
            rows = connection.execute(_BEATING)
            return [(_node_facts(row, blocked.get(row.name, set())), row.beat) for row in rows]

    def any_due(self) -> bool:
        """Whether the time of a delayed task has come."""
        with self.database.read() as connection:
            return (
                connection.execute(_ANY_DUE, {"now_s": self.database.clock()}).first() is not None
            )

    def release_due(self) -> int:
        """Delayed tasks whose time has come become ready; returns how many."""
        now_s = self.database.clock()

        def act(connection: Connection) -> int:
            self.leadership.check(connection)
            moves = Moves(connection, now_s=now_s, actor="scheduler")
            released = moves.move_all(
                tasks,
                tasks.c.id,
                tasks.c.not_before <= now_s,
                TaskState.DELAYED,
                TaskState.READY,
                "its time has come",
                ready_at=now_s,
                wait_reason=None,
                not_before=None,
            )
            moves.flush()
            return len(released)

        return self.database.write(act)

    def next_due_s(self) -> float | None:
        """When the next delayed task becomes ready, in seconds since 1970."""
        with self.database.read() as connection:
            due: float | None = connection.execute(
                select(func.min(tasks.c.not_before)).where(tasks.c.state == TaskState.DELAYED)
            ).scalar_one()
            return due

    def waiting_shapes(self) -> list[tuple[str, Needs]]:
        """The classes of ready tasks, each with what it needs of a node."""
        with self.database.read() as connection:
            found: list[tuple[str, Needs]] = []
            last = ""
            # A loose index scan: one look-up per shape, however many tasks wait.
            while True:
                shape = connection.execute(_NEXT_SHAPE, {"last": last}).scalar_one()
                if shape is None:
                    return found
                needs = connection.execute(_NEEDS, {"shape": shape}).scalar_one()
                found.append((shape, Needs.from_record(needs)))
                last = shape

    def needs_of(self, shape: str) -> Needs:
        """What tasks of a shape need."""
        with self.database.read() as connection:
            record = connection.execute(_NEEDS, {"shape": shape}).scalar_one()
        return Needs.from_record(record)

    def candidates(self, shape: str, limit: int, *, begun: bool = False) -> list[Candidate]:
        """The first ``limit`` ready tasks of a shape for each submitter, most urgent class first.

        Less urgent classes are read only until ``limit`` tasks were found. ``begun``: only of jobs
        that have begun.
        """
        chosen = _BEGUN if begun else _CANDIDATES
        found: list[Candidate] = []
        with self.database.read() as connection:
            urgency: int | None = None
            while len(found) < limit:
                key: dict[str, Any] = {"shape": shape, "urgency": urgency}
                statement = _FIRST_URGENCY if urgency is None else _NEXT_URGENCY
                urgency = connection.execute(statement, key).scalar_one()
                if urgency is None:
                    break
                key = {"shape": shape, "urgency": urgency, "submitter": "", "limit": limit}
                while True:
                    key["submitter"] = connection.execute(_NEXT_SUBMITTER, key).scalar_one()
                    if key["submitter"] is None:
                        break
                    found.extend(Candidate(*row) for row in connection.execute(chosen, key))
        return found

    def hand_out(self, placements: Sequence[Placement], skipped: Sequence[str]) -> list[Message]:
        """Write decided placements; returns the messages to send for those that took effect."""
        if not placements:
            return []

        def act(connection: Connection) -> list[Message]:
            self.leadership.check(connection)
            moves = Moves(connection, now_s=self.database.clock(), actor="scheduler")
            messages = []
            for place in placements:
                row = connection.execute(_SEND, {"task": place.task_id}).first()
                if row is None:
                    continue
                moves.note(
                    "task",
                    place.task_id,
                    TaskState.SENT,
                    f"handed to engine {place.slot} of {place.node}",
                    source=TaskState.READY,
                    job_id=row.job_id,
                )
                connection.execute(
                    _NEW_ATTEMPT,
                    {
                        "task_id": place.task_id,
                        "number": row.attempts,
                        "job_id": row.job_id,
                        "fence": row.fence,
                        "state": AttemptState.SENT,
                        "node": place.node,
                        "slot": place.slot,
                        "incarnation": place.incarnation,
                        "lease": 0,
                        "progress": 0.0,
                        "sent_at": moves.now_s,
                    },
                )
                moves.move(
                    jobs,
                    {"id": row.job_id},
                    JobState.QUEUED,
                    JobState.RUNNING,
                    "its first task was handed out",
                    entity_id=row.job_id,
                    job_id=row.job_id,
                    started_at=moves.now_s,
                )
                messages.append(Message(place.node, place.task_id, row.attempts, row.fence))
            if skipped:
                # Once for each time: a task that two engines passed over was overtaken twice.
                for task, times in Counter(skipped).items():
                    connection.execute(
                        OVERTAKEN, {"task": task, "times": times, "now_s": moves.now_s}
                    )
            moves.flush()
            return messages

        return self.database.write(act)

    def explain(self, reasons: Mapping[str, str | None]) -> None:
        """Store why the tasks of each shape cannot be placed now; only changes are written."""
        with self.database.read() as connection:
            known = {
                row.shape: row.reason
                for row in connection.execute(
                    select(shapes.c.shape, shapes.c.reason).where(shapes.c.shape.in_(list(reasons)))
                )
            }
        changed = {s: r for s, r in reasons.items() if s in known and known[s] != r}
        if not changed:
            return

        def act(connection: Connection) -> None:
            for shape, reason in changed.items():
                connection.execute(
                    update(shapes)
                    .where(shapes.c.shape == shape)
                    .values(reason=reason, updated_at=self.database.clock())
                )

        self.database.write(act)

    def recorded_peaks(self, stage_id: str, version: int, size: str) -> tuple[int, int] | None:
        """95th percentile of RAM and VRAM, in MB, over the last hundred runs of tasks of a size;
        ``None`` below ten."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(peaks.c.ram_mb, peaks.c.vram_mb)
                .where(
                    peaks.c.stage_id == stage_id,
                    peaks.c.version == version,
                    peaks.c.size == size,
                )
                .order_by(peaks.c.id.desc())
                .limit(100)
            ).all()
        if len(rows) < 10:
            return None
        at = min(len(rows) - 1, int(len(rows) * 0.95))
        ram = sorted(row.ram_mb for row in rows)[at]
        vram = sorted(row.vram_mb for row in rows)[at]
        return int(ram) + 1, int(vram) + 1

    def typical_s(self, stage_id: str, version: int, size: str) -> float | None:
        """Median seconds of the last runs of a stage: of tasks of a size, else of all; ``None`` if
        none was recorded."""
        stage = {"stage": stage_id, "version": version}
        with self.database.read() as connection:
            alike = connection.execute(_WALLS_ALIKE, {**stage, "size": size}).scalars().all()
            found = alike or connection.execute(_WALLS, stage).scalars().all()
            walls = sorted(float(wall_s) for wall_s in found)
        return walls[len(walls) // 2] if walls else None

    def load_costs(self) -> dict[str, LoadCost]:
        """What loading each model took, by model key."""
        with self.database.read() as connection:
            return {row[0]: LoadCost(row[1], row[2]) for row in connection.execute(_LOAD_COSTS)}

    def forget_shapes(self, older_than_s: float) -> None:
        """Remove shapes that nothing refers to any more."""

        def act(connection: Connection) -> None:
            used = select(tasks.c.id).where(tasks.c.shape == shapes.c.shape).exists()
            connection.execute(delete(shapes).where(shapes.c.updated_at < older_than_s, ~used))

        self.database.write(act)


def _node_facts(row: Any, blocked: set[str]) -> NodeFacts:
    engines = tuple(
        EngineFacts(
            slot=engine["slot"],
            device=engine["device"],
            resident=tuple(engine.get("resident", ())),
            vram_mb=int(engine.get("vram_mb", 0)),
            gpus=int(engine.get("gpus", 0)),
            resident_mb=engine.get("resident_mb", {}),
            models_mb=int(engine.get("models_mb", 0)),
        )
        for engine in row.engines
    )
    return NodeFacts(
        name=row.name,
        incarnation=row.incarnation,
        state=row.state.value,
        offers=row.offers,
        engines=engines,
        cores=int(row.facts.get("cores", 1)),
        ram_mb=int(row.facts.get("ram_mb", 0)),
        tags=frozenset(row.tags),
        blocked=frozenset(blocked),
        full=str(row.facts.get("gauges", {}).get("full", "")),
    )
