"""A mix on a virtual clock: how often models are loaded under the farm's placement, and without.

Invariant: what places the tasks is the farm's own placement, and what is evicted follows the engines'
own order; only time and the loading itself are make-believe. Equal mixes give equal results.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from farm.dispatch.placement import Room, place
from farm.dispatch.warmth import Costs
from farm.domain.overtaking import LOOK_AHEAD
from farm.domain.plan import Needs
from farm.engine.worth import demand, worth
from farm.ledger.records import Active, Candidate, EngineFacts, NodeFacts
from farm.sim.mix import Mix

_NEEDS = Needs("sim.model/sim", 1, ram_mb=1)
_NODE = "virtual"


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a mix. loads : models loaded. load_s : engine time that took, in seconds.

    seconds : until the last task was done. skips : the most times that one task was passed over at
    the head of its queue. held_up_s : the longest that one waited from then until it began.
    longest_s : the longest that a task kept an engine, loading included.
    """

    loads: int
    load_s: float
    seconds: float
    skips: int = 0
    held_up_s: float = 0.0
    longest_s: float = 0.0


@dataclass(slots=True)
class _Engine:
    slot: str
    held: dict[str, int] = field(default_factory=dict)
    """Models on the device, least recently used first, with the number of the task that used it."""
    began: int = 0
    task: int | None = None
    since_s: float = 0.0
    until_s: float = 0.0


class _Clockwork:
    """Engines that load, run and evict; ``choose`` fills the idle ones."""

    def __init__(self, mix: Mix, *, by_worth: bool) -> None:
        self.mix = mix
        self.now_s = 0.0
        self.engines = [_Engine(f"gpu{index}") for index in range(mix.engines)]
        self.waiting: list[int] = []
        self.loads = 0
        self.load_s = self.longest_s = 0.0
        self._by_worth = by_worth

    def run(self, choose: Callable[[], Sequence[tuple[int, _Engine]]]) -> None:
        """Play the mix to its end."""
        coming = [(task.ready_s, index) for index, task in enumerate(self.mix.tasks)]
        heapq.heapify(coming)
        while coming or self.waiting or any(e.task is not None for e in self.engines):
            while coming and coming[0][0] <= self.now_s:
                self.waiting.append(heapq.heappop(coming)[1])
            for index, engine in choose():
                self._start(index, engine)
            ends = [e.until_s for e in self.engines if e.task is not None]
            self.now_s = min([*ends, *(ready_s for ready_s, _ in coming[:1])])
            for engine in self.engines:
                if engine.task is not None and engine.until_s <= self.now_s:
                    engine.task = None

    def _start(self, index: int, engine: _Engine) -> None:
        task = self.mix.tasks[index]
        self.waiting.remove(index)
        engine.began += 1
        took_s = 0.0
        if task.model not in engine.held:
            self._make_room(engine, task.model)
            took_s = self.mix.models[task.model].load_s
            self.loads += 1
            self.load_s += took_s
        engine.held.pop(task.model, None)
        engine.held[task.model] = engine.began
        engine.task, engine.since_s = index, self.now_s
        engine.until_s = self.now_s + took_s + task.run_s
        self.longest_s = max(self.longest_s, took_s + task.run_s)

    def _make_room(self, engine: _Engine, model: str) -> None:
        costs = self.mix.models
        soon = Counter(self.mix.tasks[index].model for index in self.waiting[:LOOK_AHEAD])

        def value(key: str) -> float:
            wanted = demand(soon[key], engine.began - engine.held[key])
            return worth(int(costs[key].size_mb), costs[key].load_s, wanted)

        need_mb = costs[model].size_mb
        while engine.held and self._held_mb(engine) + need_mb > self.mix.room_mb:
            oldest = next(iter(engine.held))
            del engine.held[min(engine.held, key=value) if self._by_worth else oldest]

    def _held_mb(self, engine: _Engine) -> float:
        return sum(self.mix.models[key].size_mb for key in engine.held)


def first_come(mix: Mix) -> Replay:
    """Every task in the order it was asked for, on the first free engine; the model that was not
    used for longest goes."""
    works = _Clockwork(mix, by_worth=False)

    def choose() -> list[tuple[int, _Engine]]:
        idle = [engine for engine in works.engines if engine.task is None]
        return list(zip(works.waiting, idle, strict=False))

    works.run(choose)
    return Replay(works.loads, works.load_s, works.now_s, longest_s=works.longest_s)


def as_the_farm(mix: Mix) -> Replay:
    """The farm's placement, as the scheduler calls it at each event."""
    works = _Clockwork(mix, by_worth=True)
    skips: Counter[int] = Counter()
    overtaken_at: dict[int, float] = {}
    held_up_s = 0.0
    typical_s = sorted(task.run_s for task in mix.tasks)[len(mix.tasks) // 2]
    costs = Costs(mix.models, {_NEEDS.shape: typical_s})

    def choose() -> list[tuple[int, _Engine]]:
        nonlocal held_up_s
        idle = sum(engine.task is None for engine in works.engines)
        if not idle:
            return []
        first = works.waiting[: idle + LOOK_AHEAD]
        queue = [_candidate(mix, i, skips[i], overtaken_at.get(i)) for i in first]
        room = Room.of([_node(mix, works.engines)], _active(works), {_NEEDS.shape: _NEEDS}, {})
        decision = place(room, {_NEEDS.shape: queue}, works.now_s, costs)
        for name in decision.overtaken:
            skips[int(name)] += 1
            overtaken_at.setdefault(int(name), works.now_s)
        chosen = []
        for placed in decision.placements:
            index = int(placed.task_id)
            held_up_s = max(held_up_s, works.now_s - overtaken_at.get(index, works.now_s))
            chosen.append((index, next(e for e in works.engines if e.slot == placed.slot)))
        return chosen

    works.run(choose)
    most = max(skips.values(), default=0)
    return Replay(works.loads, works.load_s, works.now_s, most, held_up_s, works.longest_s)


def _candidate(mix: Mix, index: int, skips: int, overtaken_at: float | None) -> Candidate:
    task = mix.tasks[index]
    return Candidate(
        task_id=str(index),
        shape=_NEEDS.shape,
        urgency=task.urgency,
        submitter=task.submitter,
        due=9e15,
        job_number=index,
        ordinal=0,
        model_key=task.model,
        avoid=(),
        skips=skips,
        ready_at=task.ready_s,
        overtaken_at=overtaken_at,
    )


def _active(works: _Clockwork) -> list[Active]:
    return [
        Active(
            task_id=str(engine.task),
            number=1,
            fence=1,
            state="running",
            node=_NODE,
            incarnation="1",
            slot=engine.slot,
            lease=0,
            shape=_NEEDS.shape,
            submitter=works.mix.tasks[engine.task].submitter,
            sent_at=engine.since_s,
            model_key=works.mix.tasks[engine.task].model,
            started_at=engine.since_s,
        )
        for engine in works.engines
        if engine.task is not None
    ]


def _node(mix: Mix, engines: Sequence[_Engine]) -> NodeFacts:
    return NodeFacts(
        name=_NODE,
        incarnation="1",
        state="online",
        offers={_NEEDS.stage_id: _NEEDS.version},
        engines=[
            EngineFacts(
                engine.slot,
                "cpu",
                resident=tuple(engine.held),
                resident_mb={key: int(mix.models[key].size_mb) for key in engine.held},
                models_mb=int(mix.room_mb),
            )
            for engine in engines
        ],
        cores=len(engines),
        ram_mb=len(engines),
        tags=frozenset(),
    )
