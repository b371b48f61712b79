"""What it costs to start a task on an engine that holds its model, and on one that does not.

Invariant: pure arithmetic on what the ledger recorded; without a record nothing is waited for, and
no estimate decides whether a task runs, only where and when.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from farm.domain.plan import Needs
from farm.ledger.records import Active, Candidate, EngineFacts, LoadCost, NodeFacts

_UNKNOWN = LoadCost(1.0)
_TELLING = 0.05


@dataclass(slots=True)
class Seat:
    """An engine and what it holds, or will once what it was just given is loaded.

    free_s : seconds until it is free; 0 while it is idle, infinite where nothing can tell.
    """

    node: NodeFacts
    facts: EngineFacts
    resident: set[str]
    free_s: float = 0.0

    @property
    def size_mb(self) -> int:
        """What its models take, as last reported."""
        return sum(self.facts.resident_mb.values())


@dataclass(frozen=True, slots=True)
class Costs:
    """What the ledger knows of durations.

    loads : what loading a model costs, by its key. typical_s : seconds a task takes, by shape.
    """

    loads: Mapping[str, LoadCost] = field(default_factory=dict)
    typical_s: Mapping[str, float] = field(default_factory=dict)

    def load_s(self, key: str) -> float:
        """Seconds to load a model; 0 if it was never loaded, so that nobody waits to save them."""
        cost = self.loads.get(key)
        return 0.0 if cost is None else cost.load_s

    def rest_s(self, attempt: Active, now_s: float) -> float:
        """Seconds until an attempt ends: by its progress, else by what such tasks took before.

        One that has run over is expected to take as long again as it took so far, so that nobody
        waits for ever for an engine that is about to be free.
        """
        ran_s = max(0.0, now_s - (attempt.started_at or now_s))
        if attempt.progress >= _TELLING and ran_s > 0:
            return ran_s * (1.0 - attempt.progress) / attempt.progress
        typical_s = self.typical_s.get(attempt.shape)
        if typical_s is None:
            return math.inf
        return typical_s - ran_s if ran_s < typical_s else ran_s


class Warmth:
    """Who wants which model, who holds it, and what giving it up would cost."""

    def __init__(self, seats: Iterable[Seat], waiting: Iterable[Candidate], costs: Costs) -> None:
        self.costs = costs
        self._seats = list(seats)
        self._demand = Counter(task.model_key for task in waiting if task.model_key is not None)

    def holders(self, key: str) -> list[Seat]:
        """The engines, busy or idle, that hold a model."""
        return [seat for seat in self._seats if key in seat.resident]

    def took(self, seat: Seat, task: Candidate) -> None:
        """A task was given to an engine."""
        key = task.model_key
        seat.free_s = self.costs.typical_s.get(task.shape, math.inf)
        if key is None:
            return
        self._demand[key] -= 1
        if key not in seat.resident:
            seat.free_s += self.costs.load_s(key)
            seat.resident.add(key)

    def worth_s(self, seat: Seat) -> float:
        """Seconds of loading that what an engine holds saves to those who wait."""
        return sum(self._worth_s(key) for key in seat.resident)

    def eviction_s(self, seat: Seat, key: str, needs: Needs) -> float:
        """Seconds of loading again that taking in the model ``key`` would bring on.

        What goes first is what saves least for its size, as in the engines' own cache (after
        GreedyDual-Size-Frequency, Cherkasova 1998). A model of unknown size is taken to be as large
        as the largest there; where no sizes are known one model goes.
        """
        sizes = seat.facts.resident_mb
        known_mb = max(self.costs.loads.get(key, _UNKNOWN).size_mb, needs.vram_mb)
        size_mb = known_mb or max(sizes.values(), default=0)
        over_mb = seat.size_mb + size_mb - seat.facts.models_mb
        known = seat.facts.models_mb > 0
        if not seat.resident or (known and over_mb <= 0):
            return 0.0
        least = sorted((self._worth_s(held) / max(1, sizes.get(held, 1)), held) for held in sizes)
        if not known or not least:
            return min(self._worth_s(held) for held in seat.resident)
        total_s = 0.0
        for _, held in least:
            if over_mb <= 0:
                break
            total_s += self._worth_s(held)
            over_mb -= sizes[held]
        return total_s

    def _worth_s(self, key: str) -> float:
        wanted = self._demand[key]
        if wanted <= 0:
            return 0.0
        # What another engine holds as well is half as bad a loss.
        return wanted * self.costs.loads.get(key, _UNKNOWN).load_s / max(1, len(self.holders(key)))
