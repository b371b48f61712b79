"""What operators do meanwhile, by seed: cancel, retry, pause, drain, restart engines, and so on.

Invariant: every order can be undone, and :meth:`Operators.undo` does it; so all work still ends as if
nobody had touched it.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select

from farm.domain.errors import FarmError, InputError
from farm.domain.states import JobState, NodeState
from farm.ledger.database import Database
from farm.ledger.jobs import Jobs
from farm.ledger.nodes import Nodes
from farm.ledger.schema import jobs, nodes

_ACTOR = "sim"
_WEIGHTS = {
    "cancel": 6,
    "retry": 4,
    "pause": 2,
    "resume": 3,
    "reprioritise": 1,
    "drain": 1,
    "enable": 3,
    "pause_farm": 1,
    "resume_farm": 6,
    "restart_engine": 2,
}
_ENDED = (JobState.CANCELLED, JobState.FAILED)
_CANCELLED_FIRST = (JobState.PUBLISHING, JobState.RUNNING, JobState.QUEUED)


class Operators:
    """The people at the console. chance : where what they do comes from."""

    def __init__(self, database: Database, chance: random.Random) -> None:
        self.given: Counter[str] = Counter()
        self._database = database
        self._jobs, self._nodes = Jobs(database), Nodes(database)
        self._paused = False
        self._chance = chance

    def act(self) -> None:
        """Give one order; none when nothing is there to give it for."""
        name = self._chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        # What it is for may have ended in between; an operator reads that and goes on.
        with contextlib.suppress(FarmError):
            if getattr(self, f"_{name}")():
                self.given[name] += 1

    def undo(self) -> bool:
        """Let everything go on that was held up, and run again what was cancelled; false when
        nothing was."""
        paused, cancelled = self._of(*JobState, paused=True), self._of(JobState.CANCELLED)
        for job_id in paused:
            self._jobs.resume(job_id, actor=_ACTOR)
        for job_id in cancelled:
            self._jobs.retry(job_id, actor=_ACTOR)
        return any([self._resume_farm(), self._enable(), paused, cancelled])

    def _cancel(self) -> bool:
        # Mostly what has begun: what only waits is easily stopped.
        for state in _CANCELLED_FIRST:
            if found := self._of(state):
                return self._jobs.cancel(self._chance.choice(found), actor=_ACTOR)
        return False

    def _retry(self) -> bool:
        found = self._of(*_ENDED)
        if found:
            self._jobs.retry(self._chance.choice(found), actor=_ACTOR)
        return bool(found)

    def _pause(self) -> bool:
        found = self._of(JobState.RUNNING)
        if found:
            self._jobs.pause(self._chance.choice(found), actor=_ACTOR)
        return bool(found)

    def _resume(self) -> bool:
        found = self._of(*JobState, paused=True)
        if found:
            self._jobs.resume(self._chance.choice(found), actor=_ACTOR)
        return bool(found)

    def _reprioritise(self) -> bool:
        found = self._of(JobState.QUEUED, JobState.RUNNING)
        if found:
            priority = self._chance.randint(0, 100)
            self._jobs.reprioritise(self._chance.choice(found), priority, actor=_ACTOR)
        return bool(found)

    def _drain(self) -> bool:
        found = self._names(NodeState.ONLINE)
        if found:
            self._nodes.order(self._chance.choice(found), NodeState.DRAINING, actor=_ACTOR)
        return bool(found)

    def _enable(self) -> bool:
        found = self._names(NodeState.DRAINING)
        for name in found:
            with contextlib.suppress(InputError):  # It went in between.
                self._nodes.order(name, NodeState.ONLINE, actor=_ACTOR)
        return bool(found)

    def _pause_farm(self) -> bool:
        if self._paused:
            return False
        self._nodes.pause_farm("a look at the power", actor=_ACTOR)
        self._paused = True
        return True

    def _resume_farm(self) -> bool:
        if not self._paused:
            return False
        self._nodes.resume_farm(actor=_ACTOR)
        self._paused = False
        return True

    def _restart_engine(self) -> bool:
        with self._database.read() as connection:
            rows = connection.execute(select(nodes.c.name, nodes.c.engines)).all()
        engines = sorted((row.name, engine["slot"]) for row in rows for engine in row.engines)
        if engines:
            self._nodes.restart_engine(*self._chance.choice(engines), actor=_ACTOR)
        return bool(engines)

    def _of(self, *states: JobState, paused: bool | None = None) -> Sequence[str]:
        found = select(jobs.c.id).where(jobs.c.state.in_(states)).order_by(jobs.c.number)
        if paused is not None:
            found = found.where(jobs.c.paused.is_(paused))
        with self._database.read() as connection:
            return connection.execute(found).scalars().all()

    def _names(self, state: NodeState) -> Sequence[str]:
        found = select(nodes.c.name).where(nodes.c.state == state).order_by(nodes.c.name)
        with self._database.read() as connection:
            return connection.execute(found).scalars().all()
