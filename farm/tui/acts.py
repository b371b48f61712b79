"""Every order the console can give, through the same functions of the ledger as the command line.

Invariant: an order to many jobs gives each of them its own; one refusal stops no other. What can be
taken back says how. Nothing here runs in the UI's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from farm.domain.errors import FarmError
from farm.domain.states import NodeState
from farm.tui.source import Source

if TYPE_CHECKING:
    from farm.intake.standing import Rejected
    from farm.ledger.database import Database
    from farm.tui.desk import Desk


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one order. ``undo`` takes it back; ``None``: that cannot be."""

    ok: bool
    text: str
    undo: Callable[[], Sequence[Told]] | None = None


Order = Callable[["Database", str], Told]
Submit = Callable[["Database", Mapping[str, Any]], int]


class Acts:
    """Orders under one name.

    actor : who gives them. ring : wakes the scheduler. submit : accepts a manifest's fields and
    returns the job's number; ``None`` where the console may not submit.
    """

    def __init__(
        self,
        source: Source,
        actor: str,
        ring: Callable[[], None] = lambda: None,
        submit: Submit | None = None,
    ) -> None:
        self.source = source
        self.actor = actor
        self._ring = ring
        self._submit = submit

    def cancel(self, jobs: Sequence[str], reason: str = "") -> list[Told]:
        """Cancel jobs: waiting tasks at once, running ones within seconds."""

        def order(database: Database, job_id: str) -> Told:
            from farm.ledger.jobs import Jobs

            done = Jobs(database).cancel(job_id, actor=self.actor, reason=reason)
            return Told(done, "is being cancelled" if done else "has ended already")

        return self._each(jobs, order)

    def retry(self, jobs: Sequence[str]) -> list[Told]:
        """Run failed or cancelled jobs again from what was not done."""

        def order(database: Database, job_id: str) -> Told:
            from farm.ledger.jobs import Jobs

            count = Jobs(database).retry(job_id, actor=self.actor)
            return Told(True, f"runs again: {_tasks(count)}")

        return self._each(jobs, order)

    def retry_failed(self, jobs: Sequence[str]) -> list[Told]:
        """Run those of the jobs again that failed; the others are left as they are."""
        from farm.ledger.views_jobs import JobViews

        lines = self.source.read(lambda database: JobViews(database).lines(jobs))
        failed = [line.id for line in lines if line.state == "failed"]
        if not failed:
            return [Told(False, "none of the chosen jobs has failed")]
        return self.retry(failed)

    def pause(self, jobs: Sequence[str]) -> list[Told]:
        """Hold what has not begun; what runs finishes."""

        def order(database: Database, job_id: str) -> Told:
            from farm.ledger.jobs import Jobs

            held = Jobs(database).pause(job_id, actor=self.actor)
            return Told(True, f"is paused: {_tasks(held)} held", lambda: self.resume([job_id]))

        return self._each(jobs, order)

    def resume(self, jobs: Sequence[str]) -> list[Told]:
        """Let paused jobs go on."""

        def order(database: Database, job_id: str) -> Told:
            from farm.ledger.jobs import Jobs

            count = Jobs(database).resume(job_id, actor=self.actor)
            return Told(True, f"goes on: {_tasks(count)} released", lambda: self.pause([job_id]))

        return self._each(jobs, order)

    def priority(
        self, jobs: Sequence[str], value: int | None = None, *, change: int = 0
    ) -> list[Told]:
        """Set the jobs' priority, or change it by some steps within 0 to 100."""

        def order(database: Database, job_id: str) -> Told:
            from farm.ledger.jobs import Jobs
            from farm.ledger.views_jobs import JobViews

            [line] = JobViews(database).lines([job_id])
            before = line.priority
            wanted = max(0, min(100, before + change)) if value is None else value
            Jobs(database).reprioritise(job_id, wanted, actor=self.actor)
            return Told(
                True, f"has priority {wanted} (was {before})",
                lambda: self.priority([job_id], before),
            )  # fmt: skip

        return self._each(jobs, order)

    def approve(self, jobs: Sequence[str], stage: str | None = None) -> list[Told]:
        """Open one gate, or every gate of the jobs."""

        def order(database: Database, job_id: str) -> Told:
            from farm.ledger.jobs import Jobs

            opened = Jobs(database).approve(job_id, stage, actor=self.actor)
            if not opened:
                return Told(False, "has no gate that waits for approval")
            return Told(True, f"is approved: {', '.join(opened)}")

        return self._each(jobs, order)

    def master(self, desk: Desk, jobs: Sequence[str]) -> list[Told]:
        """Make the masters of finished drafts; one that has a master keeps it."""

        def order(database: Database, job_id: str) -> Told:
            from farm.ledger.masters import sentence

            approved = desk.approve(database, job_id, self.actor)
            return Told(True, sentence(approved))

        return self._each(jobs, order)

    def manifest(self, job_id: str) -> dict[str, Any]:
        """The complete manifest a job was made from."""
        from farm.ledger.views_job import JobParts

        return self.source.read(lambda database: JobParts(database).manifest(job_id))

    def submit(self, fields: Mapping[str, Any]) -> list[Told]:
        """Submit a manifest's fields as a new job."""

        def act(database: Database) -> Told:
            if self._submit is None:
                return Told(False, "this console may not submit jobs")
            return Told(True, f"job #{self._submit(database, fields)} was accepted")

        return self._one("", act)

    def place(self, desk: Desk, fields: Mapping[str, Any]) -> list[Told]:
        """Submit a manifest's fields, with paths of this machine, as a new job."""

        def act(database: Database) -> Told:
            found = desk.submit(database, fields, self.actor)
            if found.duplicate:
                where = f", in {found.published}" if found.published else ""
                return Told(True, f"the same as job #{found.number}{where}")
            return Told(True, f"job #{found.number} was accepted")

        return self._one("", act)

    def resubmit(self, desk: Desk, items: Sequence[Rejected]) -> list[Told]:
        """Put what was refused at its door again."""
        results = []
        for item in items:
            try:
                desk.resubmit(item)
                results.append(Told(True, f"{item.name} is at the door of {item.origin} again"))
            except FarmError as error:
                results.append(Told(False, error.sentence()))
        return results

    def replay(self, jobs: Sequence[str]) -> list[Told]:
        """Run the jobs' manifests once more as new jobs, even if the same was made before."""
        return [told for job in jobs for told in self.submit({**self.manifest(job), "rerun": True})]

    def node(self, name: str, target: NodeState, reason: str = "") -> list[Told]:
        """Put a node into a state an operator may order."""

        def act(database: Database) -> Told:
            from farm.ledger.nodes import Nodes

            Nodes(database).order(name, target, actor=self.actor, reason=reason)
            return Told(True, f"is {target.value}")

        return self._one(f"node {name}", act)

    def enable(self, name: str) -> list[Told]:
        """Put a node back to work and lift what it is blocked from, as ``farm enable`` does."""

        def act(database: Database) -> Told:
            from farm.ledger.nodes import Nodes

            nodes = Nodes(database)
            nodes.order(name, NodeState.ONLINE, actor=self.actor)
            lifted = nodes.unblock(name, actor=self.actor)
            return Told(True, f"is back at work{_lifted(lifted)}")

        return self._one(f"node {name}", act)

    def restart_engine(self, name: str, slot: str) -> list[Told]:
        """Have a node end an engine and start it again; what runs there goes back to the queue."""

        def act(database: Database) -> Told:
            from farm.ledger.nodes import Nodes

            Nodes(database).restart_engine(name, slot, actor=self.actor)
            return Told(True, f"restarts engine {slot} at its next sign of life")

        return self._one(f"node {name}", act)

    def unblock(self, name: str, stage_id: str | None = None) -> list[Told]:
        """Lift what a node is blocked from: one stage, or everything."""

        def act(database: Database) -> Told:
            from farm.ledger.nodes import Nodes

            count = Nodes(database).unblock(name, stage_id, actor=self.actor)
            return Told(count > 0, _may_run(count))

        return self._one(f"node {name}", act)

    def pause_farm(self, reason: str = "") -> list[Told]:
        """Hand out nothing more."""

        def act(database: Database) -> Told:
            from farm.ledger.nodes import Nodes

            Nodes(database).pause_farm(reason, actor=self.actor)
            return Told(True, "is paused", self.resume_farm)

        return self._one("the farm", act)

    def resume_farm(self) -> list[Told]:
        """Hand out tasks again."""

        def act(database: Database) -> Told:
            from farm.ledger.nodes import Nodes

            Nodes(database).resume_farm(actor=self.actor)
            return Told(True, "goes on", self.pause_farm)

        return self._one("the farm", act)

    def _each(self, jobs: Sequence[str], order: Order) -> list[Told]:
        from farm.ledger.views_jobs import JobViews

        lines = self.source.read(lambda database: JobViews(database).lines(jobs))
        names = {line.id: f"#{line.number} {line.name}" for line in lines}
        results = []
        for job_id in jobs:
            try:
                told = self.source.write(partial(_call, order, job_id))
                results.append(Told(told.ok, f"{names.get(job_id, job_id)} {told.text}", told.undo))
            except FarmError as error:
                results.append(Told(False, f"{names.get(job_id, job_id)}: {error.sentence()}"))
        self._ring()
        return results

    def _one(self, name: str, act: Callable[[Database], Told]) -> list[Told]:
        try:
            told = self.source.write(act)
        except FarmError as error:
            return [Told(False, error.sentence())]
        self._ring()
        return [Told(told.ok, f"{name} {told.text}".strip(), told.undo)]


def _tasks(count: int) -> str:
    return f"{count} {'task' if count == 1 else 'tasks'}"


def _may_run(count: int) -> str:
    if not count:
        return "is not blocked from that"
    return f"may run {count} blocked {'stage' if count == 1 else 'stages'} again"


def _lifted(count: int) -> str:
    if not count:
        return ""
    return f"; {count} blocked {'stage' if count == 1 else 'stages'} lifted"


def _call(order: Order, job_id: str, database: Database) -> Told:
    return order(database, job_id)
