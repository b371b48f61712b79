"""Which ready task goes to which idle engine: a pure function of what the ledger says.

Invariant: a task is placed only where everything it needs is free, an engine gets one task at a time,
and every shape that could not be placed has exactly one reason. Order: priority, fair share between
submitters, deadline, age; within it a task whose model is warm may overtake, boundedly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from farm.domain.plan import Needs
from farm.ledger.records import Active, Candidate, EngineFacts, NodeFacts, Placement

MOST_SKIPS = 32
MOST_WAIT_S = 600.0
LOOK_AHEAD = 16


@dataclass(slots=True)
class _Engine:
    node: NodeFacts
    facts: EngineFacts
    resident: set[str]


@dataclass(slots=True)
class Room:
    """What is free right now; placing takes from it."""

    nodes: Sequence[NodeFacts]
    idle: list[_Engine]
    cores: Counter[str]
    ram_mb: Counter[str]
    limits: Counter[str]
    share: Counter[str]
    capacity: Mapping[str, int]
    needs: Mapping[str, Needs] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        nodes: Sequence[NodeFacts],
        active: Sequence[Active],
        needs: Mapping[str, Needs],
        capacity: Mapping[str, int],
    ) -> Room:
        """The room that the active attempts leave."""
        busy = {(a.node, a.slot) for a in active}
        room = cls(
            nodes=nodes,
            idle=[
                _Engine(node, engine, set(engine.resident))
                for node in nodes
                if node.state == "online"
                for engine in node.engines
                if (node.name, engine.slot) not in busy
            ],
            cores=Counter({n.name: n.cores for n in nodes}),
            ram_mb=Counter({n.name: n.ram_mb for n in nodes}),
            limits=Counter(capacity),
            share=Counter(a.submitter for a in active),
            capacity=capacity,
            needs=needs,
        )
        for attempt in active:
            used = needs.get(attempt.shape)
            if used is not None:
                room._use(attempt.node, used)
        return room

    def _use(self, node: str, needs: Needs) -> None:
        self.cores[node] -= needs.cores
        self.ram_mb[node] -= needs.ram_mb
        self.limits.subtract(needs.limits)

    def engines_for(self, needs: Needs) -> list[_Engine]:
        """Idle engines that could take such a task at once."""
        if any(self.limits[name] < units for name, units in needs.limits.items()):
            return []
        return [e for e in self.idle if self._fits(e, needs)]

    def _fits(self, engine: _Engine, needs: Needs) -> bool:
        node = engine.node
        return (
            _offers(node, needs)
            and set(needs.tags) <= node.tags
            and _suits(engine.facts, node, needs)
            and self.cores[node.name] >= min(needs.cores, node.cores)
            and self.ram_mb[node.name] >= needs.ram_mb
        )

    def take(self, engine: _Engine, task: Candidate, needs: Needs) -> Placement:
        """Give the task to the engine."""
        self.idle.remove(engine)
        self._use(engine.node.name, needs)
        self.share[task.submitter] += 1
        return Placement(task.task_id, engine.node.name, engine.node.incarnation, engine.facts.slot)


def place(
    room: Room, queue: Mapping[str, Sequence[Candidate]], now_s: float
) -> tuple[list[Placement], list[str]]:
    """Choose tasks for idle engines; returns placements and the ids of tasks a warm one overtook."""
    waiting = [task for tasks in queue.values() for task in tasks]
    placements: list[Placement] = []
    skipped: list[str] = []
    while room.idle and waiting:
        waiting.sort(key=lambda task: task.order(room.share[task.submitter]))
        first = waiting[0]
        engines = _choice(room, first)
        if not engines:
            waiting.pop(0)
            continue
        engine = _warmest(engines, first)
        task = _warm_instead(room, engine, waiting, now_s)
        if task is not first:
            skipped.append(first.task_id)
        placements.append(room.take(engine, task, room.needs[task.shape]))
        waiting.remove(task)
    return placements, skipped


def _choice(room: Room, task: Candidate) -> list[_Engine]:
    """Engines for one task; a node that failed it is used only when no other offers its stage."""
    needs = room.needs[task.shape]
    engines = room.engines_for(needs)
    if not task.avoid:
        return engines
    fresh = [e for e in engines if e.node.name not in task.avoid]
    if fresh:
        return fresh
    others = any(
        _offers(node, needs) and node.name not in task.avoid and node.state == "online"
        for node in room.nodes
    )
    return [] if others else engines


def _warmest(engines: Sequence[_Engine], task: Candidate) -> _Engine:
    for engine in engines:
        if task.model_key in engine.resident:
            return engine
    # A cold engine with little on it loses least when a model is loaded.
    return min(engines, key=lambda e: len(e.resident)) if task.model_key else engines[0]


def _warm_instead(
    room: Room, engine: _Engine, waiting: Sequence[Candidate], now_s: float
) -> Candidate:
    """The first task, unless one behind it in the same priority finds its model on the engine."""
    first = waiting[0]
    tired = first.skips >= MOST_SKIPS or now_s - first.ready_at >= MOST_WAIT_S
    if first.model_key is None or first.model_key in engine.resident or tired:
        return first
    for task in waiting[1 : 1 + LOOK_AHEAD]:
        if task.urgency != first.urgency or task.submitter != first.submitter:
            continue
        warm = task.model_key is not None and task.model_key in engine.resident
        if warm and engine in room.engines_for(room.needs[task.shape]):
            return task
    return first


def reason(room: Room, needs: Needs) -> str | None:
    """Why no task of these needs can start now; ``None`` when it only waits for a free engine."""
    name = f"{needs.stage_id}@{needs.version}"
    offering = [n for n in room.nodes if n.offers.get(needs.stage_id) == needs.version]
    if not offering:
        return f"no node offers {name}"
    unblocked = [n for n in offering if needs.stage_id not in n.blocked]
    if not unblocked:
        return f"{name} is blocked on every node that offers it"
    tagged = [n for n in unblocked if set(needs.tags) <= n.tags]
    if not tagged:
        return f"no node that offers {name} carries " + ", ".join(f"#{t}" for t in needs.tags)
    open_nodes = [n for n in tagged if n.state == "online"]
    if not open_nodes:
        return "every node that could run it is paused, draining or quarantined"
    engines = [(n, e) for n in open_nodes for e in n.engines]
    if needs.gpus and not any(e.gpus >= needs.gpus for _, e in engines):
        return f"needs {needs.gpus} GPU(s), no engine has that many"
    if needs.gpus and not any(e.vram_mb >= needs.vram_mb for _, e in engines):
        largest = max(e.vram_mb for _, e in engines)
        return f"needs {needs.vram_mb} MB of VRAM, the largest GPU has {largest} MB"
    if not any(n.ram_mb >= needs.ram_mb for n in open_nodes):
        largest = max(n.ram_mb for n in open_nodes)
        return f"needs {needs.ram_mb} MB of memory, the largest node has {largest} MB"
    for limit, units in sorted(needs.limits.items()):
        if limit not in room.capacity:
            return f"limit `{limit}` is not configured"
        if units > room.capacity[limit]:
            return f"needs {units} of limit `{limit}`, which has {room.capacity[limit]}"
        if room.limits[limit] < units:
            return f"limit `{limit}` is full"
    return None


def _offers(node: NodeFacts, needs: Needs) -> bool:
    return node.offers.get(needs.stage_id) == needs.version and needs.stage_id not in node.blocked


def _suits(engine: EngineFacts, node: NodeFacts, needs: Needs) -> bool:
    if needs.gpus:
        return engine.gpus >= needs.gpus and engine.vram_mb >= needs.vram_mb
    # A task without a GPU keeps GPU engines free, unless the node has nothing else.
    return engine.gpus == 0 or all(other.gpus for other in node.engines)
