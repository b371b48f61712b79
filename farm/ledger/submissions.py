"""Submissions: what arrived, where it is now and where it will go.

Invariant: each path is written here before the rename that makes it true, so whoever reads the
ledger after a crash finds a submitter's file at ``location`` or at the path it was to be moved to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, insert, or_, select, update

from farm.domain.errors import LostClaim
from farm.domain.states import NODE_BEATING, JobState, SubmissionState, TaskState
from farm.ledger.database import Database
from farm.ledger.moves import Moves
from farm.ledger.schema import jobs, nodes, shapes, submissions, tasks

T = TypeVar("T")

_S = SubmissionState
_RETURNING = (_S.REJECTING, _S.DUPLICATING)
_STOPPED = (JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Submission:
    """One row. ``location``: where it is, or in state ``claiming`` where it is about to be;
    ``returned_to``: where it is about to go; ``job_state``: of its job, if it has one."""

    id: str
    origin: str
    name: str
    state: SubmissionState
    arrived: Path
    location: Path
    fingerprint: str
    returned_to: Path | None
    job_id: str | None
    content_key: str | None
    error: Mapping[str, Any] | None
    created_at: float
    job_state: JobState | None = None


class Submissions:
    """Reads and writes about submissions; each write is one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def begin_claim(
        self,
        id: str,
        *,
        origin: str,
        name: str,
        arrived: Path,
        location: Path,
        fingerprint: str,
        returned_to: Path | None = None,
    ) -> Submission:
        """Record the intent to rename ``arrived`` to ``location``."""

        def act(moves: Moves) -> float:
            moves.connection.execute(
                insert(submissions).values(
                    id=id,
                    origin=origin,
                    name=name,
                    state=_S.CLAIMING,
                    arrived=str(arrived),
                    location=str(location),
                    fingerprint=fingerprint,
                    returned_to=None if returned_to is None else str(returned_to),
                    created_at=moves.now_s,
                    updated_at=moves.now_s,
                )
            )
            moves.note("submission", id, _S.CLAIMING, f"{name} settled in {origin}")
            return moves.now_s

        created_at = self._act(act)
        return Submission(
            id=id,
            origin=origin,
            name=name,
            state=_S.CLAIMING,
            arrived=arrived,
            location=location,
            fingerprint=fingerprint,
            returned_to=returned_to,
            job_id=None,
            content_key=None,
            error=None,
            created_at=created_at,
        )

    def claimed(self, id: str) -> bool:
        """It is at ``location`` now, unchanged; false when it is not being claimed any more."""
        return self._act(
            lambda moves: moves.move(
                submissions,
                {"id": id},
                _S.CLAIMING,
                _S.CLAIMED,
                "renamed into _claimed",
                entity_id=id,
                updated_at=moves.now_s,
            )
        )

    def forget(self, id: str, reason: str) -> None:
        """Undo a claim whose rename did not happen or was taken back."""

        def act(moves: Moves) -> None:
            gone = moves.connection.execute(
                delete(submissions).where(
                    submissions.c.id == id, submissions.c.state == _S.CLAIMING
                )
            )
            if gone.rowcount == 1:
                # A note and no move: the row is gone, and the path is free for the next claim.
                moves.note("submission", id, "forgotten", reason)

        self._act(act)

    def reject(self, id: str, error: Mapping[str, Any], returned_to: Path) -> None:
        """Record that it will be returned to ``returned_to`` because of ``error``.

        Raises
        ------
        LostClaim : it is neither claimed nor accepted any more, or its job was retried.
        """

        def act(moves: Moves) -> None:
            # Locked, so that nobody retries the job while its submission goes back.
            its_job = (
                select(jobs.c.state)
                .join(submissions, submissions.c.job_id == jobs.c.id)
                .where(submissions.c.id == id)
                .with_for_update(of=jobs)
            )
            state = moves.connection.execute(its_job).scalar_one_or_none()
            if state not in (None, *_STOPPED):
                raise LostClaim(f"the job of {id} is {state.value}", where="ledger")
            for source in (_S.CLAIMED, _S.ACCEPTED):
                moved = moves.move(
                    submissions,
                    {"id": id},
                    source,
                    _S.REJECTING,
                    str(error.get("message") or error.get("what") or "it cannot be accepted"),
                    entity_id=id,
                    error=dict(error),
                    returned_to=str(returned_to),
                    updated_at=moves.now_s,
                )
                if moved:
                    return
            raise LostClaim(f"{id} is neither claimed nor accepted any more", where="ledger")

        self._act(act)

    def duplicate(self, id: str, *, of: str, content_key: str, returned_to: Path) -> None:
        """Record that it asks for what job ``of`` makes, and where it will be put aside."""

        def act(moves: Moves) -> None:
            moves.must_move(
                submissions,
                {"id": id},
                _S.CLAIMED,
                _S.DUPLICATING,
                f"same content as job {of}",
                entity_id=id,
                job_id=of,
                content_key=content_key,
                returned_to=str(returned_to),
                updated_at=moves.now_s,
            )
            # `job_id` above names the event's job; the column is written apart.
            moves.connection.execute(
                update(submissions).where(submissions.c.id == id).values(job_id=of)
            )

        self._act(act)

    def returned(self, id: str, location: Path) -> bool:
        """It was renamed to where it is returned; false when its job was retried meanwhile."""

        def act(moves: Moves) -> bool:
            for source, target in (
                (_S.REJECTING, _S.REJECTED),
                (_S.DUPLICATING, _S.DUPLICATE),
            ):
                if moves.move(
                    submissions,
                    {"id": id},
                    source,
                    target,
                    f"renamed to {location}",
                    entity_id=id,
                    location=str(location),
                    updated_at=moves.now_s,
                ):
                    return True
            return False

        return self._act(act)

    def aim(self, id: str, *, location: Path | None = None, returned_to: Path) -> None:
        """Change where an accepted submission is and where it will go, before it is moved."""
        values: dict[str, Any] = {"returned_to": str(returned_to)}
        if location is not None:
            values["location"] = str(location)
        self._act(
            lambda moves: moves.connection.execute(
                update(submissions)
                .where(submissions.c.id == id)
                .values(updated_at=moves.now_s, **values)
            )
        )

    def get(self, id: str) -> Submission | None:
        """One submission, or ``None``."""
        found = self._read(submissions.c.id == id)
        return found[0] if found else None

    def unfinished(self) -> list[Submission]:
        """Those that a crash may have left between two renames, oldest first."""
        states = (_S.CLAIMING, _S.CLAIMED, *_RETURNING)
        return self._read(submissions.c.state.in_(states))

    def to_return(self) -> list[Submission]:
        """Those whose job has failed or was cancelled, also when the return was interrupted."""
        stopped = jobs.c.state.in_(_STOPPED)
        return self._read(
            or_(
                (submissions.c.state == _S.ACCEPTED) & stopped,
                (submissions.c.state == _S.REJECTING) & submissions.c.job_id.is_not(None),
            )
        )

    def queued(self) -> list[Submission]:
        """Accepted manifests of the queue, whose receipt a crash may have prevented."""
        return self._read((submissions.c.state == _S.ACCEPTED) & (submissions.c.origin == "queue"))

    def accepted(self) -> list[Submission]:
        """Those whose job is under way and has begun, oldest first."""
        begun = [JobState.RUNNING, JobState.FAILING, JobState.CANCELLING]
        return self._read((submissions.c.state == _S.ACCEPTED) & jobs.c.state.in_(begun))

    def held_up(self, limit: int) -> list[Submission]:
        """The oldest of those whose job has not begun because something is lacking, and not only
        because others come first."""
        with self.database.read() as connection:
            lacking = select(shapes.c.shape).where(shapes.c.reason.is_not(None))
            # Mostly nothing is; then the queue is not looked through.
            found = list(connection.execute(lacking).scalars())
        if not found:
            return []
        waits = select(tasks.c.job_id).where(
            tasks.c.state == TaskState.READY, tasks.c.shape.in_(found)
        )
        queued = jobs.c.state == JobState.QUEUED
        return self._read(
            (submissions.c.state == _S.ACCEPTED) & queued & jobs.c.id.in_(waits), limit
        )

    def job_in_short(self, job_id: str) -> dict[str, Any]:
        """Id, number, state and published path of a job."""
        with self.database.read() as connection:
            row = connection.execute(
                select(jobs.c.id, jobs.c.number, jobs.c.state, jobs.c.published).where(
                    jobs.c.id == job_id
                )
            ).one()
        return {**row._mapping, "state": row.state.value}

    def offers(self) -> dict[str, list[list[str]]]:
        """Stage id to the tags of each node that offers it now, for planning; while no node is up,
        of each that did: a farm that was just started is the one that it was."""
        found: dict[str, list[list[str]]] = {}
        with self.database.read() as connection:
            known = select(nodes.c.offers, nodes.c.tags)
            living = connection.execute(known.where(nodes.c.state.in_(list(NODE_BEATING)))).all()
            for offers, tags in living or connection.execute(known).all():
                for stage_id in offers:
                    found.setdefault(stage_id, []).append(tags)
        return found

    def _read(self, where: Any, limit: int | None = None) -> list[Submission]:
        with self.database.read() as connection:
            rows = connection.execute(
                select(submissions, jobs.c.state.label("job_state"))
                .outerjoin(jobs, jobs.c.id == submissions.c.job_id)
                .where(where)
                .order_by(submissions.c.created_at, submissions.c.id)
                .limit(limit)
            ).all()
        return [_submission(row._mapping) for row in rows]

    def _act(self, act: Callable[[Moves], T], actor: str = "intake") -> T:
        def run(connection: Connection) -> T:
            moves = Moves(connection, now_s=self.database.clock(), actor=actor)
            result = act(moves)
            moves.flush()
            return result

        return self.database.write(run)


def _submission(row: Mapping[Any, Any]) -> Submission:
    return Submission(
        id=row["id"],
        origin=row["origin"],
        name=row["name"],
        state=row["state"],
        arrived=Path(row["arrived"]),
        location=Path(row["location"]),
        fingerprint=row["fingerprint"],
        returned_to=None if row["returned_to"] is None else Path(row["returned_to"]),
        job_id=row["job_id"],
        content_key=row["content_key"],
        error=row["error"],
        created_at=row["created_at"],
        job_state=row["job_state"],
    )
