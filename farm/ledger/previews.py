"""Preview pictures of running tasks: on their way from the node to whoever looks.

Invariant: a task has one preview at most, the newest; only the attempt that runs may replace it, and
what belongs to a task or job that has ended is removed, so the table is as small as what runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from farm.domain.states import JOB_ENDED, TASK_ENDED, AttemptState
from farm.ledger.database import Database
from farm.ledger.schema import attempts, jobs, previews, tasks


@dataclass(frozen=True, slots=True)
class Preview:
    """A small PNG or JPEG. at : seconds since 1970."""

    task_id: str
    stage: str
    at: float
    picture: bytes


class Previews:
    """Reads and writes of previews."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def put(self, pictures: Mapping[tuple[str, int], bytes]) -> None:
        """Store the newest preview of each attempt (task id, number) that still runs."""

        def act(connection: Connection) -> None:
            now_s = self.database.clock()
            insert = self.database.insert(previews)
            replace = insert.on_conflict_do_update(
                index_elements=["task_id"],
                set_={"picture": insert.excluded.picture, "at": insert.excluded.at},
            )
            for (task_id, number), picture in pictures.items():
                job_id = connection.execute(
                    select(attempts.c.job_id).where(
                        attempts.c.task_id == task_id,
                        attempts.c.number == number,
                        attempts.c.state == AttemptState.RUNNING,
                    )
                ).scalar_one_or_none()
                if job_id is None:
                    continue
                ended = select(tasks.c.id).where(
                    tasks.c.id == previews.c.task_id, tasks.c.state.in_(list(TASK_ENDED))
                )
                connection.execute(
                    delete(previews).where(previews.c.job_id == job_id, ended.exists())
                )
                row = {"task_id": task_id, "job_id": job_id, "picture": picture, "at": now_s}
                connection.execute(replace, row)

        self.database.write(act)

    def times(self, job_ids: Sequence[str]) -> dict[str, float]:
        """Job id to the time of its newest preview, of those that have one."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(previews.c.job_id, func.max(previews.c.at).label("at"))
                .where(previews.c.job_id.in_(list(job_ids)))
                .group_by(previews.c.job_id)
            )
            return {row.job_id: row.at for row in rows}

    def newest(self, job_id: str) -> Preview | None:
        """The newest preview of a job."""
        with self.database.read() as connection:
            row = connection.execute(
                select(previews.c.task_id, tasks.c.stage, previews.c.at, previews.c.picture)
                .join(tasks, tasks.c.id == previews.c.task_id)
                .where(previews.c.job_id == job_id)
                .order_by(previews.c.at.desc(), previews.c.task_id)
                .limit(1)
            ).first()
        return None if row is None else Preview(*row)

    def prune(self) -> int:
        """Remove the previews of jobs that have ended; returns how many."""

        def act(connection: Connection) -> int:
            ended = select(jobs.c.id).where(jobs.c.state.in_(list(JOB_ENDED)))
            return connection.execute(delete(previews).where(previews.c.job_id.in_(ended))).rowcount

        return self.database.write(act)
