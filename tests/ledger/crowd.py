"""Operators, a node, the scheduler and the publisher, who all write about one job at the same time.

Invariant: equal seeds give equal crowds; only who comes first is left to chance.
"""

from __future__ import annotations

import contextlib
import random
import threading
from pathlib import Path
from typing import Any

from farmhand import Farmhand, artifact, plan, stage
from sqlalchemy import select

from farm.domain.errors import ErrorClass, FarmError
from farm.domain.plan import PlannedWindow
from farm.domain.states import ATTEMPT_ACTIVE, NodeState, TaskState
from farm.ledger.publishing import Publishing
from farm.ledger.records import Assignment, Message, Peaks, Placement
from farm.ledger.schema import attempts, nodes, tasks

NODE = "n1"
LONG_S = 100_000.0
"""Longer than any task waits for its time."""
_WEIGHTS = {
    "hand_out": 6,
    "claim": 6,
    "finish": 6,
    "fail": 3,
    "cut": 3,
    "publish": 3,
    "release_due": 2,
    "lose_node": 1,
    "start_node": 1,
    "cancel": 2,
    "give_up": 1,
    "retry": 3,
    "pause": 2,
    "resume": 3,
    "approve": 2,
    "reprioritise": 1,
    "drain": 2,
    "enable": 3,
}
_FAILURES = (
    ErrorClass.CRASH,
    ErrorClass.TRANSIENT,
    ErrorClass.RESOURCE,
    ErrorClass.INPUT,
    ErrorClass.CANCELLED,
)


class Crowd:
    """Everybody who writes about job ``job_id``, which is accepted here."""

    def __init__(self, hand: Farmhand, job_id: str, seed: str) -> None:
        self.hand = hand
        self.job_id = job_id
        self.chance = random.Random(seed)
        self._publishing = Publishing(hand.database)
        self._sent: list[Message] = []
        self._running: list[Assignment] = []
        self._starts = 0
        chain: dict[str, Any] = {"chained": True, "carry": ("out",)}
        planned = plan(
            stage("a", windows=3, cacheable=False, **(chain if self._by_chance(0.4) else {})),
            stage("b", ("a",), None, cacheable=False, approval=self._by_chance(0.3)),
            stage("c", ("b",), cacheable=False),
            start_after_s=hand.database.clock() + 0.05 if self._by_chance(0.25) else None,
        )
        hand.jobs.accept(planned, job_id=job_id)
        self._start_node(self.chance)

    def bout(self) -> list[str]:
        """A few of them at once; returns what they did.

        Raises
        ------
        ExceptionGroup : of what is neither a lost race nor a refused order.
        """
        names = self.chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=self._few())
        start, raised = threading.Barrier(len(names)), list[Exception]()

        def act(name: str, chance: random.Random) -> None:
            start.wait()
            try:
                with contextlib.suppress(FarmError):
                    getattr(self, f"_{name}")(chance)
            except Exception as error:
                raised.append(error)

        threads = [
            threading.Thread(target=act, args=(name, random.Random(self.chance.random())))
            for name in names
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if raised:
            raise ExceptionGroup(", ".join(names), raised)
        return names

    def end(self) -> str:
        """What a patient operator and a working farm make of it; returns the job's last state."""
        hand = self.hand
        hand.database.clock.pass_s(LONG_S)  # type: ignore[attr-defined]
        for _ in range(20):
            state = hand.job_state(self.job_id)
            if state == "done":
                break
            if state in ("failed", "cancelled"):
                hand.jobs.retry(self.job_id, actor="ada")
            hand.jobs.resume(self.job_id, actor="ada")
            hand.jobs.approve(self.job_id, None, actor="ada")
            hand.nodes.unblock(NODE)
            if self._ids(attempts.c.task_id, attempts.c.state.in_(ATTEMPT_ACTIVE)):
                self._start_node(self.chance)
            if hand.state(nodes, name=NODE) != NodeState.ONLINE.value:
                self._start_node(self.chance)
                hand.nodes.order(NODE, NodeState.ONLINE, actor="ada")
            self._cut(self.chance)
            hand.queue.release_due()
            for task_id in self._ids(tasks.c.id, tasks.c.state == TaskState.READY):
                hand.finish(hand.take(task_id))
            self._publish(random.Random(0))
        return hand.job_state(self.job_id)

    # --- the scheduler and the publisher ----------------------------------------------------------

    def _hand_out(self, chance: random.Random) -> None:
        ready = self._ids(tasks.c.id, tasks.c.state == TaskState.READY)
        if ready:
            placed = Placement(chance.choice(ready), NODE, self._incarnation(), "cpu0")
            self._sent += self.hand.queue.hand_out([placed], [])

    def _cut(self, chance: random.Random) -> None:
        for one in self.hand.jobs.to_expand():
            count = chance.choice([0, 1, 3])
            windows = [PlannedWindow(i * 10, i * 10 + 10) for i in range(count)]
            self.hand.jobs.expand(one["job_id"], one["name"], windows)

    def _release_due(self, chance: random.Random) -> None:
        self.hand.queue.release_due()

    def _lose_node(self, chance: random.Random) -> None:
        self.hand.nodes.lost(NODE, self._incarnation(), "it was silent")

    def _publish(self, chance: random.Random) -> None:
        for job_id in self._publishing.waiting():
            if chance.random() < 0.3:
                self._publishing.fail(job_id, {"what": "no room"})
                continue
            self._publishing.set_published(job_id, Path("/finished") / job_id)
            self._publishing.finish(job_id, {})

    # --- the node ---------------------------------------------------------------------------------

    def _start_node(self, chance: random.Random) -> None:
        self._starts += 1
        self.hand.join(NODE, f"{self.job_id}.{self._starts}")

    def _claim(self, chance: random.Random) -> None:
        if message := _drawn(self._sent, chance):
            claims = self.hand.claims[NODE]
            taken = claims.claim(message.task_id, message.number, message.fence)
            self._running += [taken] if taken is not None else []

    def _finish(self, chance: random.Random) -> None:
        if task := _drawn(self._running, chance):
            outputs = {"out": [artifact(task.task_id).record()]}
            go_on = chance.random() < 0.5
            following = self.hand.claims[NODE].finish(task, outputs, Peaks(), go_on=go_on)
            self._running += [following] if following is not None else []

    def _fail(self, chance: random.Random) -> None:
        if task := _drawn(self._running, chance):
            self.hand.fail(task, chance.choice(_FAILURES))

    # --- operators --------------------------------------------------------------------------------

    def _cancel(self, chance: random.Random) -> None:
        self.hand.jobs.cancel(self.job_id, actor="ada")

    def _give_up(self, chance: random.Random) -> None:
        self.hand.jobs.fail(self.job_id, {"what": "it cannot go on"})

    def _retry(self, chance: random.Random) -> None:
        self.hand.jobs.retry(self.job_id, actor="ada")

    def _pause(self, chance: random.Random) -> None:
        self.hand.jobs.pause(self.job_id, actor="ada")

    def _resume(self, chance: random.Random) -> None:
        self.hand.jobs.resume(self.job_id, actor="ada")

    def _approve(self, chance: random.Random) -> None:
        self.hand.jobs.approve(self.job_id, None, actor="ada")

    def _reprioritise(self, chance: random.Random) -> None:
        self.hand.jobs.reprioritise(self.job_id, chance.randint(0, 100), actor="ada")

    def _drain(self, chance: random.Random) -> None:
        self.hand.nodes.order(NODE, NodeState.DRAINING, actor="ada")

    def _enable(self, chance: random.Random) -> None:
        self.hand.nodes.order(NODE, NodeState.ONLINE, actor="ada")

    # ----------------------------------------------------------------------------------------------

    def _by_chance(self, share: float) -> bool:
        return self.chance.random() < share

    def _few(self) -> int:
        return self.chance.randint(2, 5)

    def _incarnation(self) -> str:
        with self.hand.database.read() as connection:
            found = select(nodes.c.incarnation).where(nodes.c.name == NODE)
            return str(connection.execute(found).scalar_one())

    def _ids(self, column: Any, where: Any) -> list[str]:
        of_job = column.table.c.job_id == self.job_id
        with self.hand.database.read() as connection:
            return list(connection.execute(select(column).where(of_job, where)).scalars())


def _drawn(items: list[Any], chance: random.Random) -> Any:
    """One of the items, which is taken out; ``None`` when there is none."""
    try:
        return items.pop(chance.randrange(len(items)))
    except (ValueError, IndexError):
        return None
