"""Drafts and their masters: a finished draft that was approved is made once more, in full quality.

Invariant: a draft has at most one master of a quality that was asked for here, and is linked to it
in the transaction that accepts it; so approving twice, at once or after a crash gives one master.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, select

from farm.domain.errors import FarmError, InputError, UnknownName
from farm.domain.plan import Plan
from farm.domain.states import JobState
from farm.ledger.accepting import DRAFT, Accepting, lock_draft
from farm.ledger.moves import Moves
from farm.ledger.schema import jobs


@dataclass(frozen=True, slots=True)
class Kin:
    """A draft or a master, as the other one refers to it. published : its finished folder."""

    job: str
    number: int
    quality: str
    state: str
    published: str | None

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Approved:
    """The master of a draft. fresh : whether it was accepted just now."""

    master: Kin
    fresh: bool


_ENDED = {"failed": "has failed", "cancelled": "was cancelled"}
_KIN = (jobs.c.id, jobs.c.number, jobs.c.quality, jobs.c.state, jobs.c.published)


class Masters(Accepting):
    """Reads and writes about drafts and masters; each write is one transaction."""

    def manifest_for(self, draft_id: str, quality: str) -> dict[str, Any]:
        """The manifest of a draft's master, as a request: the same inputs, seed and whatever else
        somebody gave; what the draft's profile decided is left to the other profile.

        Raises
        ------
        InputError : the job is no draft, or is not done. UnknownName : there is no such job.
        """
        with self.database.read() as connection:
            row = connection.execute(
                select(jobs.c.number, jobs.c.state, jobs.c.quality, jobs.c.manifest).where(
                    jobs.c.id == draft_id
                )
            ).first()
        if row is None:
            raise UnknownName("no job has this id", where=draft_id, mend="See `farm ls`.")
        if row.quality != DRAFT or row.state is not JobState.DONE:
            raise InputError(
                "only a finished draft can be made a master",
                where=f"#{row.number}",
                expected="quality draft, state done",
                got=f"quality {row.quality}, state {row.state.value}",
                mend="`farm ls --drafts` lists the drafts that wait for it.",
                code="draft.not-ready",
            )
        before = row.manifest.get("decided")
        if before is None:
            raise InputError(
                "the draft does not say what its profile decided",
                where=f"#{row.number}",
                got="a draft of an older version of the farm",
                mend=f"Submit its job_manifest.json again, and approve that draft; or submit what "
                f"it was made of with quality {quality}.",
                code="draft.too-old",
            )
        # Its times have passed, and a second draft of the same is no reason for a second master.
        left_out = ("start_after", "deadline", "rerun")
        kept = {name: value for name, value in row.manifest.items() if name not in left_out}
        return {**kept, "quality": quality, "decided": {**before, "job": draft_id}}

    def approve(self, plan: Plan, *, job_id: str, actor: str) -> Approved:
        """Accept the master that ``plan`` makes, unless its draft has one of that quality."""

        def act(moves: Moves) -> Approved:
            connection = moves.connection
            draft_id = lock_draft(connection, plan)
            if draft_id is None:
                raise FarmError("the plan is of no draft's master", where=str(plan.draft_id))
            same = jobs.c.draft_id == draft_id, jobs.c.quality == plan.quality
            found = connection.execute(
                select(*_KIN).where(*same).order_by(jobs.c.number.desc()).limit(1)
            ).first()
            if found is not None:
                return Approved(_kin(found), fresh=False)
            number = self._accept(moves, plan, job_id, None)
            state = JobState.QUEUED.value
            return Approved(Kin(job_id, number, plan.quality, state, None), fresh=True)

        return self._act(actor, act)


def draft_of(connection: Connection, draft_id: str | None) -> dict[str, Any] | None:
    """The record of the draft with this id; ``None`` when there is none any more."""
    if draft_id is None:
        return None
    row = connection.execute(select(*_KIN).where(jobs.c.id == draft_id)).first()
    return None if row is None else _kin(row).record()


def masters_of(connection: Connection, job_id: str) -> list[dict[str, Any]]:
    """Records of the masters of a draft, the newest first; none of any other job."""
    rows = connection.execute(
        select(*_KIN).where(jobs.c.draft_id == job_id).order_by(jobs.c.number.desc())
    )
    return [_kin(row).record() for row in rows]


def sentence(approved: Approved) -> str:
    """What became of an approval, after the draft's name."""
    master = approved.master
    what = f"#{master.number} in {master.quality} quality"
    if approved.fresh:
        return f"is approved: its master is {what}"
    if master.state in ("failed", "cancelled"):
        return f"has a master, {what}, which {_ENDED[master.state]}: `farm retry {master.number}`"
    return f"has a master: {what}, {master.state}"


def _kin(row: Any) -> Kin:
    return Kin(row.id, row.number, row.quality, row.state.value, row.published)
