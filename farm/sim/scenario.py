"""Jobs and kills by seed: a farm that loses its parts all the time must lose nothing else.

Invariant: the faults are those an operator may see (a part dies, the broker forgets); the scenario
writes to the ledger only what operators may order.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import func, select

from farm.ledger.invariants import unfinished, violations
from farm.ledger.nodes import Nodes
from farm.ledger.schema import events
from farm.sim.farmlet import Farmlet
from farm.sim.orders import Operators
from farm.sim.pulse import Pulse
from farm.sim.submissions import Submitted, draw, submit
from farm.sim.verdict import check_recovery, check_results

T = TypeVar("T")

_LOOK_S = 0.02
_STUCK_S = 120.0
_BUSY_WITHIN_S = 3.0
_READY_S = 60.0
_WEIGHTS = {"engine": 4, "node": 3, "daemon": 3, "valkey": 2, "flush": 1}


@dataclass(frozen=True, slots=True)
class Kill:
    """One fault. at : seconds since 1970. running : (task, attempt) it interrupted."""

    target: str
    at: float
    running: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a simulation did and found. Times in seconds."""

    seed: int
    kills: dict[str, int]
    jobs: int
    seconds: float
    lost_attempts: int
    longest_recovery_s: float
    orders: dict[str, int] = field(default_factory=dict)
    violations: tuple[str, ...] = field(default=())

    def lines(self) -> list[str]:
        """For people."""
        return [
            f"seed {self.seed}: {self.jobs} jobs in {self.seconds:.1f} s",
            _counted("kills", self.kills),
            _counted("orders of operators", self.orders),
            f"attempts interrupted: {self.lost_attempts}; "
            f"longest until one was given up: {self.longest_recovery_s:.1f} s",
            *(f"violation: {text}" for text in self.violations),
            "nothing was lost and nothing done twice" if not self.violations else "NOT SOUND",
        ]


def _counted(what: str, counts: dict[str, int]) -> str:
    each = ", ".join(f"{n} {name}" for name, n in sorted(counts.items())) or "none"
    return f"{what}: {sum(counts.values())} ({each})"


class Scenario:
    """One run. orders : of operators. tell : called with a line of progress now and then."""

    def __init__(
        self,
        farm: Farmlet,
        *,
        seed: int,
        kills: int,
        jobs: int,
        orders: int = 0,
        tell: Callable[[str], None],
    ) -> None:
        self.farm = farm
        self.seed = seed
        self._wanted = kills
        self._orders = orders
        # Streams of their own, so that timing cannot change what is submitted.
        self._chance = random.Random(f"{seed}:faults")
        drawn = random.Random(f"{seed}:jobs")
        self._jobs = [draw(drawn, index) for index in range(jobs)]
        self._operators = Operators(farm.database, random.Random(f"{seed}:orders"))
        self._submitted: list[Submitted] = []
        self._kills: list[Kill] = []
        self._due: dict[str, float] = {}
        self._pulse = Pulse(farm.settings.heartbeat_s)
        self._noted_at = 0.0
        self._tell = tell

    def queue(self, one: Submitted) -> None:
        """Submit this, too, beside what is drawn."""
        self._jobs.append(one)

    def run(self) -> Report:
        """Submit, kill, wait for the end of all work, and look at everything."""
        farm = self.farm
        farm.start()
        # The first kill meets a farm that is up, not one that is still being imported.
        farm.wait_for("engines", lambda: len(farm.engines()) >= 1, _READY_S)
        began = time.monotonic()
        while len(self._kills) < self._wanted or self._operators.given.total() < self._orders:
            self._submit()
            if self._operators.given.total() < self._orders:
                self._pass_s(self._chance.uniform(0.0, 0.4))
                self._operators.act()
            if len(self._kills) < self._wanted:
                self._pass_s(self._chance.uniform(0.1, 1.2))
                self._strike()
        self._submit()
        stuck = self._finish()
        seconds = time.monotonic() - began
        lost, longest_s, late = check_recovery(
            farm.database, self._kills, self._pulse, farm.settings
        )
        found = [*stuck, *violations(farm.database), *late, *check_results(farm, self._submitted)]
        kills = dict(Counter(kill.target for kill in self._kills))
        return Report(
            self.seed,
            kills,
            len(self._submitted),
            seconds,
            lost,
            longest_s,
            dict(self._operators.given),
            tuple(found),
        )

    def _submit(self) -> None:
        """Keep the work ahead of the trouble: half of it at the start, the rest as that goes on."""
        wanted = self._wanted + self._orders
        met = len(self._kills) + min(self._operators.given.total(), self._orders)
        until = round(len(self._jobs) * (0.5 + 0.5 * met / wanted if wanted else 1.0))
        for one in self._jobs[len(self._submitted) : until]:
            submit(one, self.farm.door, self.farm.inbox)
            self._submitted.append(one)

    def _pass_s(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._restart()
            if time.monotonic() - self._noted_at > self._pulse.heartbeat_s / 3:
                self._pulse.note(self.farm.database)
                self._noted_at = time.monotonic()
            time.sleep(_LOOK_S)

    def _restart(self) -> None:
        now = time.monotonic()
        for part in self.farm.dead():
            due = self._due.setdefault(part, now + self._chance.uniform(0.0, 0.8))
            if now >= due:
                del self._due[part]
                self.farm.restart(part)

    def _strike(self) -> None:
        """One fault; nothing when the drawn target is not up at the moment."""
        names, weights = list(_WEIGHTS), list(_WEIGHTS.values())
        target = self._chance.choices(names, weights)[0]
        # Mostly where it hurts: while something runs.
        if target in ("engine", "node") and self._chance.random() < 0.8:
            until = time.monotonic() + _BUSY_WITHIN_S
            while not self.farm.running() and time.monotonic() < until:
                self._pass_s(_LOOK_S)
        kill = getattr(self, f"_kill_{target}")()
        if kill is None:
            return
        self._kills.append(kill)
        if len(self._kills) % 10 == 0:
            self._tell(f"{len(self._kills)} kills, {len(self._submitted)} jobs submitted")

    def _kill_daemon(self) -> Kill | None:
        parts = [p for p in ("daemon0", "daemon1") if self.farm.is_alive(p)]
        active = self.farm.active_daemon()
        if active is not None and self._chance.random() < 0.8:
            parts = [active]
        at = time.time()
        return Kill("daemon", at) if parts and self.farm.kill(self._chance.choice(parts)) else None

    def _kill_node(self) -> Kill | None:
        # One that is up: what dies while it starts interrupts nothing.
        up = sorted({node for node, _, _ in self.farm.engines() if self.farm.is_alive(node)})
        if not up:
            return None
        node = self._one_of(up, {row.node for row in self.farm.running()})
        running = self._running(lambda row: row.node == node)
        at = time.time()
        return Kill("node", at, running) if self.farm.kill(node) else None

    def _kill_engine(self) -> Kill | None:
        # A task that ends two engines on two nodes is taken for poison, and rightly so.
        running = self.farm.running()
        blamed = {(row.node, row.slot) for row in running if row.failures.get("crash")}
        pids = {e[:2]: e[2] for e in self.farm.engines() if e[:2] not in blamed}
        if not pids:
            return None
        node, slot = self._one_of(sorted(pids), {(row.node, row.slot) for row in running})
        struck = self._running(lambda row: (row.node, row.slot) == (node, slot))
        at = time.time()
        killed = self.farm.kill_engine(node, pids[node, slot])
        return Kill("engine", at, struck) if killed else None

    def _kill_valkey(self) -> Kill | None:
        at = time.time()
        return Kill("valkey", at) if self.farm.kill("valkey") else None

    def _kill_flush(self) -> Kill | None:
        at = time.time()
        return Kill("flush", at) if self.farm.flush_broker() else None

    def _one_of(self, targets: list[T], busy: set[T]) -> T:
        """One at random, mostly a busy one."""
        hit = [target for target in targets if target in busy]
        return self._chance.choice(hit if hit and self._chance.random() < 0.8 else targets)

    def _running(self, here: Callable[[Any], bool]) -> tuple[tuple[str, int], ...]:
        return tuple((r.task_id, r.number) for r in self.farm.running() if here(r))

    def _finish(self) -> list[str]:
        """Wait until all is done, as long as anything moves."""
        seen, seen_at = -1, time.monotonic()
        while True:
            self._pass_s(0.2)
            self._lift_blocks()
            open_work = unfinished(self.farm.database)
            missing = self._unseen()
            undone = self._operators.undo()
            if not open_work and not missing and not undone:
                return []
            moved = self._moves()
            if moved != seen:
                seen, seen_at = moved, time.monotonic()
            elif time.monotonic() - seen_at > _STUCK_S:
                return [f"nothing moved for {_STUCK_S:g} s: {text}" for text in open_work + missing]

    def _unseen(self) -> list[str]:
        """What was submitted and lies untouched in its door."""
        doors = (self.farm.door, self.farm.inbox)
        return [
            f"{one.name} was not taken"
            for one in self._submitted
            if any((door / one.name).exists() for door in doors)
        ]

    def _moves(self) -> int:
        # Nodes that come and go are no progress.
        with self.farm.database.read() as connection:
            return int(
                connection.execute(
                    select(func.count()).where(events.c.entity.in_(["job", "task", "submission"]))
                ).scalar_one()
            )

    def _lift_blocks(self) -> None:
        # Killed engines look like stages that crash there; an operator who knows better says so.
        ledger = Nodes(self.farm.database)
        for node in {name for name, _, _ in self.farm.engines()}:
            ledger.unblock(node)
