"""From what a person types to the id of a job or task.

Invariant: a name either means exactly one thing or is refused with UnknownName.
"""

from __future__ import annotations

from collections.abc import Iterable

from farm.domain.ids import task_id
from farm.ledger.database import Database
from farm.ledger.jobs import Jobs


def job_ids(database: Database, names: Iterable[str]) -> list[str]:
    """The ids of jobs, in the order given, each once."""
    jobs = Jobs(database)
    return list(dict.fromkeys(jobs.find(name) for name in names))


def job_or_task(database: Database, name: str) -> tuple[str, str | None]:
    """The job's id and, for ``JOB.STAGE`` or ``JOB.STAGE.WINDOW``, the task's."""
    job, dot, rest = name.partition(".")
    job_id = Jobs(database).find(job)
    if not dot:
        return job_id, None
    stage, _, window = rest.rpartition(".")
    if window.isdecimal() and stage:
        return job_id, task_id(job_id, stage, int(window))
    return job_id, task_id(job_id, rest, 0)
