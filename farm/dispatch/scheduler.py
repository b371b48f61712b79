"""The scheduler: one pass after another over the ledger, driven by the bell and by time.

Invariant: each pass leaves the ledger in a state from which the next one, by this daemon or another,
goes on; nothing that matters lives in this process only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from farm.dispatch.broker import Sender
from farm.dispatch.leases import Watch
from farm.dispatch.placement import Room, place, reason
from farm.dispatch.warmth import Costs
from farm.domain.errors import FarmError, LostClaim
from farm.domain.overtaking import LOOK_AHEAD
from farm.domain.plan import Needs, PlannedWindow
from farm.ledger.jobs import Jobs
from farm.ledger.nodes import Nodes
from farm.ledger.queue import Queue
from farm.ledger.records import Active, Candidate, LoadCost, Message, NodeFacts

_log = logging.getLogger(__name__)

RESEND_S = 1.0
_EXPLAIN_EVERY_S = 1.0
_PEAKS_EVERY_S = 60.0
_LOADS_EVERY_S = 5.0
_NEAR = 16
"""Tasks read of each shape that needs no model."""

Cut = Callable[[str, Mapping[str, Any], Mapping[str, Any], Sequence[str]], list[PlannedWindow]]
"""``cut(stage id, parameters, inputs by port, each)``: the windows of a stage whose inputs are
known; ``each`` names the ports that are handed out by file."""


class Scheduler:
    """Places ready tasks, ends lapsed leases, repeats lost messages, opens late windows."""

    def __init__(
        self,
        *,
        queue: Queue,
        jobs: Jobs,
        nodes: Nodes,
        sender: Sender,
        cut: Cut,
        limits: Mapping[str, int],
        lease_s: float,
        monotonic: Callable[[], float],
        over_quota: Callable[[], str] = lambda: "",
    ) -> None:
        self.queue = queue
        self.jobs = jobs
        self.nodes = nodes
        self.sender = sender
        self.cut = cut
        self.limits = limits
        self.lease_s = lease_s
        self._monotonic = monotonic
        self._over_quota = over_quota
        self._over = ""
        self._node_watch = Watch(monotonic)
        self._lease_watch = Watch(monotonic)
        self._sent_watch = Watch(monotonic)
        self._resent: dict[tuple[str, int], float] = {}
        self._explained_at = float("-inf")
        self._seen: set[str] = set()  # Shapes that waited once; a new one is explained at once.
        self._needs: dict[str, Needs] = {}
        self._peaks: dict[tuple[str, int, str], tuple[float, tuple[int, int] | None]] = {}
        self._typical: dict[tuple[str, int, str], tuple[float, float | None]] = {}
        self._loads: tuple[float, dict[str, LoadCost]] = (float("-inf"), {})

    def tick(self) -> int:
        """One pass; returns how many tasks were handed out.

        Raises
        ------
        NotLeader : another daemon took over; stand by.
        """
        placed = self._pass()
        # Last, because most passes find nothing to open and an idle engine should not wait for that.
        with self.queue.database.snapshot():
            unopened, due = self.jobs.to_expand(), self.queue.any_due()
        if not unopened and not due:
            return placed
        self._open_windows(unopened)
        self.queue.release_due()
        return placed + self._pass()

    def _pass(self) -> int:
        with self.queue.database.snapshot():
            beating, running = self.queue.nodes(), self.queue.active()
            paused = self.queue.paused() is not None
        nodes = self._living_nodes(beating)
        active = self._living_attempts(running, nodes)
        self._resend(active)
        return 0 if paused else self._place(nodes, active)

    def _open_windows(self, unopened: list[dict[str, Any]]) -> None:
        for stage in unopened:
            try:
                windows = self.cut(
                    stage["stage_id"], stage["params"], stage["inputs"], stage["each"]
                )
            except FarmError as error:
                self.jobs.fail(stage["job_id"], {**error.record(), "stage": stage["name"]})
            except Exception as error:
                # A plugin's length function is foreign code; it ends one job, never the daemon.
                _log.exception("windows of %s.%s", stage["job_id"], stage["name"])
                what = f"its windows could not be cut: {type(error).__name__}: {error}"
                self.jobs.fail(
                    stage["job_id"],
                    {"class": "bug", "what": what, "message": what, "stage": stage["name"]},
                )
            else:
                self.jobs.expand(stage["job_id"], stage["name"], windows)

    def _living_nodes(self, seen: list[tuple[NodeFacts, int]]) -> list[NodeFacts]:
        living = []
        for node, beat in seen:
            silent_s = self._node_watch.silent_s((node.name, node.incarnation), beat)
            if silent_s > self.lease_s:
                text = f"no heartbeat for {silent_s:.1f} s"
                if self.nodes.lost(node.name, node.incarnation, text):
                    _log.warning("node %s is lost: %s", node.name, text)
            else:
                living.append(node)
        self._node_watch.keep_only([(n.name, n.incarnation) for n, _ in seen])
        return living

    def _living_attempts(self, active: list[Active], nodes: list[NodeFacts]) -> list[Active]:
        starts = {(n.name, n.incarnation) for n in nodes}
        living = []
        for attempt in active:
            key = (attempt.task_id, attempt.number)
            silent_s = self._lease_watch.silent_s(key, attempt.lease)
            at_home = (attempt.node, attempt.incarnation) in starts
            if silent_s > self.lease_s or (not at_home and silent_s > 0):
                try:
                    self.nodes.lose_attempt(*key, attempt.fence, "its lease lapsed")
                    _log.warning("attempt %s#%d is lost", *key)
                except LostClaim:
                    pass  # It ended between the look and the act.
            else:
                living.append(attempt)
        self._lease_watch.keep_only([(a.task_id, a.number) for a in active])
        return living

    def _resend(self, active: list[Active]) -> None:
        """Repeat messages that were not claimed soon: the broker may have lost them."""
        waiting = [a for a in active if a.state == "sent"]
        now = self._monotonic()
        for attempt in waiting:
            key = (attempt.task_id, attempt.number)
            if self._sent_watch.silent_s(key, 0) < RESEND_S:
                continue
            if now - self._resent.get(key, float("-inf")) >= RESEND_S:
                self._resent[key] = now
                self.sender.send(Message(attempt.node, *key, attempt.fence))
        keys = {(a.task_id, a.number) for a in waiting}
        self._sent_watch.keep_only(keys)
        self._resent = {key: at for key, at in self._resent.items() if key in keys}

    def _place(self, nodes: list[NodeFacts], active: list[Active]) -> int:
        explain = self._monotonic() - self._explained_at >= _EXPLAIN_EVERY_S
        busy = {(a.node, a.slot) for a in active}
        idle = sum(
            (node.name, engine.slot) not in busy for node in nodes for engine in node.engines
        )
        if not idle and not explain:
            return 0
        if explain:
            self._over = self._over_quota()
        reasons: dict[str, str | None] = {}
        ready = {}
        with self.queue.database.snapshot():
            waiting = self.queue.waiting_shapes()
            needs = self._needs_of(waiting, active)
            room = Room.of(nodes, active, needs, self.limits)
            for shape, _ in waiting:
                if not room.engines_for(needs[shape]):
                    if explain or shape not in self._seen:
                        reasons[shape] = reason(room, needs[shape])
                    self._seen.add(shape)
                    continue
                found = self._candidates(shape, idle)
                if found or not self._over:
                    ready[shape] = found
                elif explain:
                    reasons[shape] = self._over
            costs = self._costs(ready, needs, active)
        decision = place(room, ready, self.queue.database.clock(), costs)
        messages = self.queue.hand_out(decision.placements, decision.overtaken)
        for message in messages:
            self.sender.send(message)
        if explain:
            self._explained_at = self._monotonic()
            for shape in ready:
                reasons[shape] = decision.waits.get(shape) or reason(room, needs[shape])
        if reasons:
            self.queue.explain(reasons)
        return len(messages)

    def _candidates(self, shape: str, idle: int) -> list[Candidate]:
        """The first tasks of a shape; more of them where one may overtake another. Over the quota
        those of jobs that have begun: once they end, what they made can be collected."""
        begun = bool(self._over)
        found = self.queue.candidates(shape, idle + _NEAR, begun=begun)
        if all(task.model_key is None for task in found):
            return found
        return self.queue.candidates(shape, idle + LOOK_AHEAD, begun=begun)

    def _costs(
        self,
        ready: Mapping[str, list[Candidate]],
        needs: Mapping[str, Needs],
        active: list[Active],
    ) -> Costs:
        """Recorded durations, if a model is wanted at all."""
        wanting = {t.shape for found in ready.values() for t in found if t.model_key is not None}
        if not wanting:
            return Costs()
        now = self._monotonic()
        if now - self._loads[0] > _LOADS_EVERY_S:
            self._loads = (now, self.queue.load_costs())
        typical_s = {}
        for shape in wanting | {attempt.shape for attempt in active}:
            key = (needs[shape].stage_id, needs[shape].version, needs[shape].size)
            known = self._typical.get(key)
            if known is None or now - known[0] > _PEAKS_EVERY_S:
                known = self._typical[key] = (now, self.queue.typical_s(*key))
            if known[1] is not None:
                typical_s[shape] = known[1]
        return Costs(self._loads[1], typical_s)

    def _needs_of(self, waiting: list[tuple[str, Needs]], active: list[Active]) -> dict[str, Needs]:
        """Needs by shape, also of what runs; recorded peaks replace what was declared."""
        found = {shape: self._refined(needs) for shape, needs in waiting}
        for attempt in active:
            if attempt.shape not in found:
                if attempt.shape not in self._needs:
                    self._needs[attempt.shape] = self.queue.needs_of(attempt.shape)
                found[attempt.shape] = self._refined(self._needs[attempt.shape])
        return found

    def _refined(self, needs: Needs) -> Needs:
        if needs.raised:
            return needs
        key = (needs.stage_id, needs.version, needs.size)
        known = self._peaks.get(key)
        if known is None or self._monotonic() - known[0] > _PEAKS_EVERY_S:
            known = (self._monotonic(), self.queue.recorded_peaks(*key))
            self._peaks[key] = known
        if known[1] is None:
            return needs
        ram_mb, vram_mb = known[1]
        return replace(needs, ram_mb=ram_mb, vram_mb=vram_mb if needs.gpus else 0)
