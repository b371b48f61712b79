"""Which ready task goes to which idle engine: a pure function of what the ledger says.

Invariant: a task is placed only where everything it needs is free, an engine gets one task at a time,
and every shape that could not be placed has exactly one reason. Order: priority, fair share between
submitters, deadline, age; within it a task whose model is warm may overtake, boundedly, and one
whose model is warm on a busy engine waits for that if it is sooner than loading it elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from farm.dispatch.warmth import Costs, Seat, Warmth
from farm.domain.overtaking import LOOK_AHEAD, MOST_WAIT_S, is_tired
from farm.domain.plan import Needs
from farm.ledger.records import Active, Candidate, EngineFacts, NodeFacts, Placement


@dataclass(frozen=True, slots=True)
class Decision:
    """What to hand out now.

    overtaken : the task at the head of its queue, once for each time that another went before it.
    waits : shape to why its tasks wait although an engine is idle.
    """

    placements: Sequence[Placement]
    overtaken: Sequence[str]
    waits: Mapping[str, str]


@dataclass(slots=True)
class Room:
    """What is free right now; placing takes from it."""

    nodes: Sequence[NodeFacts]
    idle: list[Seat]
    busy: dict[tuple[str, str], Seat]
    active: Sequence[Active]
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
        seats = {
            (node.name, engine.slot): Seat(node, engine, set(engine.resident))
            for node in nodes
            if node.state == "online"
            for engine in node.engines
        }
        room = cls(
            nodes=nodes,
            idle=[seat for place, seat in seats.items() if place not in busy],
            busy={place: seat for place, seat in seats.items() if place in busy},
            active=active,
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

    def engines_for(self, needs: Needs) -> list[Seat]:
        """Idle engines that could take such a task at once."""
        if not self._within_limits(needs):
            return []
        return [seat for seat in self.idle if self._fits(seat, needs)]

    def could_take(self, seat: Seat, task: Candidate) -> bool:
        """Whether an idle engine could take this task at once."""
        needs = self.needs[task.shape]
        avoided = seat.node.name in task.avoid
        return not avoided and self._within_limits(needs) and self._fits(seat, needs)

    def suits(self, seat: Seat, task: Candidate) -> bool:
        """Whether an engine could take this task once it is free."""
        node, needs = seat.node, self.needs[task.shape]
        return (
            node.name not in task.avoid
            and _offers(node, needs)
            and set(needs.tags) <= node.tags
            and _suits(seat.facts, node, needs)
        )

    def _within_limits(self, needs: Needs) -> bool:
        return all(self.limits[name] >= units for name, units in needs.limits.items())

    def _fits(self, seat: Seat, needs: Needs) -> bool:
        node = seat.node
        return (
            _offers(node, needs)
            and not node.full
            and set(needs.tags) <= node.tags
            and _suits(seat.facts, node, needs)
            and self.cores[node.name] >= min(needs.cores, node.cores)
            and self.ram_mb[node.name] >= needs.ram_mb
        )

    def warmth(self, waiting: Sequence[Candidate], costs: Costs, now_s: float) -> Warmth:
        """What the engines hold, with when each is expected to be free."""
        for attempt in self.active:
            seat = self.busy.get((attempt.node, attempt.slot))
            if seat is not None:
                seat.free_s = costs.rest_s(attempt, now_s)
                if attempt.model_key is not None:
                    seat.resident.add(attempt.model_key)
        return Warmth([*self.idle, *self.busy.values()], waiting, costs)

    def take(self, seat: Seat, task: Candidate) -> Placement:
        """Give the task to the engine."""
        self.idle.remove(seat)
        self.busy[seat.node.name, seat.facts.slot] = seat
        self._use(seat.node.name, self.needs[task.shape])
        self.share[task.submitter] += 1
        return Placement(task.task_id, seat.node.name, seat.node.incarnation, seat.facts.slot)


def place(
    room: Room, queue: Mapping[str, Sequence[Candidate]], now_s: float, costs: Costs | None = None
) -> Decision:
    """Choose tasks for idle engines."""
    waiting = [task for tasks in queue.values() for task in tasks]
    shared = len({task.submitter for task in waiting}) > 1
    warmth = room.warmth(waiting, costs or Costs(), now_s)
    placements: list[Placement] = []
    overtaken: list[str] = []
    waits: dict[str, str] = {}
    waiting.sort(key=lambda task: task.order(room.share[task.submitter]))
    while room.idle and waiting:
        first = waiting[0]
        seats = _choice(room, first)
        if not seats:
            waiting.pop(0)
            continue
        turn = _turn(room, warmth, seats, waiting, now_s)
        if turn is None:
            waits[first.shape] = f"waits for a busy engine that has {first.model_key} loaded"
            waiting.pop(0)
            continue
        seat, index = turn
        if index:
            overtaken.append(first.task_id)
        task = waiting.pop(index)
        placements.append(room.take(seat, task))
        warmth.took(seat, task)
        if shared:
            waiting.sort(key=lambda task: task.order(room.share[task.submitter]))
    return Decision(placements, overtaken, waits)


def _choice(room: Room, task: Candidate) -> list[Seat]:
    """Engines for one task; a node that failed it is used only when no other offers its stage."""
    needs = room.needs[task.shape]
    seats = room.engines_for(needs)
    if not task.avoid:
        return seats
    fresh = [seat for seat in seats if seat.node.name not in task.avoid]
    if fresh:
        return fresh
    others = any(
        _offers(node, needs)
        and node.name not in task.avoid
        and node.state == "online"
        and not node.full
        for node in room.nodes
    )
    return [] if others else seats


def _turn(
    room: Room, warmth: Warmth, seats: Sequence[Seat], waiting: Sequence[Candidate], now_s: float
) -> tuple[Seat, int] | None:
    """The engine that is filled next, and which waiting task it gets (0: the first).

    ``None`` when the first waits for a busy engine that has its model.
    """
    first = waiting[0]
    key = first.model_key
    if key is None:
        # An engine whose models others wait for is left to them.
        return min(seats, key=warmth.worth_s), 0
    for seat in seats:
        if key in seat.resident:
            return seat, 0
    if now_s - first.ready_at < MOST_WAIT_S and _waits(room, warmth, first):
        return None
    needs = room.needs[first.shape]
    seat = min(seats, key=lambda s: (warmth.eviction_s(s, key, needs), len(s.resident)))
    if is_tired(first.skips, first.overtaken_at, now_s):
        return seat, 0
    # A second copy of a model is loaded only if nobody wants one that is nowhere yet.
    copied = bool(warmth.holders(key))
    instead = 0
    for index, task in enumerate(waiting[1 : 1 + LOOK_AHEAD], 1):
        if task.model_key is None or not _equal(room, task, first):
            continue
        if not room.could_take(seat, task):
            continue
        if task.model_key in seat.resident:
            return seat, index
        if copied and not instead and not warmth.holders(task.model_key):
            instead = index
    return seat, instead


def _equal(room: Room, task: Candidate, first: Candidate) -> bool:
    """Whether nothing but deadline and age puts one task behind the other."""
    share = room.share
    return task.urgency == first.urgency and share[task.submitter] == share[first.submitter]


def _waits(room: Room, warmth: Warmth, task: Candidate) -> bool:
    """Whether a busy engine that has the model is free sooner than an idle one has loaded it."""
    assert task.model_key is not None
    load_s = warmth.costs.load_s(task.model_key)
    for seat in warmth.holders(task.model_key):
        if seat.free_s < load_s and room.suits(seat, task):
            # The next one would have to wait for this one, too.
            seat.free_s += warmth.costs.typical_s.get(task.shape, load_s)
            return True
    return False


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
    if all(n.full for n in open_nodes):
        return f"no node has room: {open_nodes[0].name}: {open_nodes[0].full}"
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
