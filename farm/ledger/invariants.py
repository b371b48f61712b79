"""What must hold in every ledger at every moment, checked by reading it whole.

For ``farm sim --verify`` and the fault suite; not for a farm with millions of rows in a hot loop.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from sqlalchemy import Connection, and_, func, select

from farm.domain.states import (
    ATTEMPT_ACTIVE,
    JOB_ENDED,
    JOB_STOPPING,
    MOVES,
    TASK_ACTIVE,
    TASK_ENDED,
    TASK_SUCCEEDED,
    AttemptState,
    JobState,
    SubmissionState,
    TaskState,
)
from farm.ledger.database import Database
from farm.ledger.schema import artifacts, attempts, events, jobs, stages, submissions, tasks

_ALLOWED = {(m.source.value, m.target.value) for m in MOVES}


def violations(database: Database) -> list[str]:
    """Every broken rule as a sentence; empty when all is well."""
    with database.read() as connection:
        return [
            *_attempts(connection),
            *_tasks(connection),
            *_stages(connection),
            *_jobs(connection),
            *_histories(connection),
            *_references(connection),
        ]


def unfinished(database: Database) -> list[str]:
    """Submissions and jobs that have not come to their end yet."""
    ended = [SubmissionState.DONE, SubmissionState.REJECTED, SubmissionState.DUPLICATE]
    with database.read() as connection:
        open_submissions = connection.execute(
            select(submissions.c.id, submissions.c.name, submissions.c.state).where(
                submissions.c.state.not_in(ended)
            )
        )
        open_jobs = connection.execute(
            select(jobs.c.id, jobs.c.state).where(jobs.c.state.not_in(list(JOB_ENDED)))
        )
        return [f"submission {r.name} ({r.id}) is {r.state.value}" for r in open_submissions] + [
            f"job {r.id} is {r.state.value}" for r in open_jobs
        ]


def _attempts(connection: Connection) -> Iterator[str]:
    rows = connection.execute(
        select(attempts.c.task_id, attempts.c.state, func.count())
        .where(attempts.c.state.in_([AttemptState.SUCCEEDED, *ATTEMPT_ACTIVE]))
        .group_by(attempts.c.task_id, attempts.c.state)
    )
    succeeded: Counter[str] = Counter()
    active: Counter[str] = Counter()
    for task_id, state, count in rows:
        (succeeded if state is AttemptState.SUCCEEDED else active)[task_id] += count
    for task_id, count in succeeded.items():
        if count > 1:
            yield f"task {task_id} succeeded {count} times"
    for task_id, count in active.items():
        if count > 1:
            yield f"task {task_id} has {count} active attempts"
        if succeeded[task_id]:
            yield f"task {task_id} runs again although it succeeded"


def _tasks(connection: Connection) -> Iterator[str]:
    active = set(
        connection.execute(
            select(attempts.c.task_id).where(attempts.c.state.in_(list(ATTEMPT_ACTIVE)))
        ).scalars()
    )
    for row in connection.execute(select(tasks.c.id, tasks.c.state, tasks.c.outputs)):
        if (row.state in TASK_ACTIVE) != (row.id in active):
            yield f"task {row.id} is {row.state.value} but active attempts: {row.id in active}"
        if row.state in TASK_SUCCEEDED and row.outputs is None:
            yield f"task {row.id} is {row.state.value} without outputs"
    waiting = (
        select(tasks.c.id, tasks.c.state, jobs.c.paused, stages.c.approval, stages.c.approved_by)
        .join(jobs, jobs.c.id == tasks.c.job_id)
        .join(stages, and_(stages.c.job_id == tasks.c.job_id, stages.c.name == tasks.c.stage))
        .where(tasks.c.state.in_([TaskState.HELD, TaskState.READY, TaskState.DELAYED]))
    )
    for task in connection.execute(waiting):
        is_held = task.paused or (task.approval and task.approved_by is None)
        if is_held != (task.state is TaskState.HELD):
            yield f"task {task.id} is {task.state.value} but held by its job or gate: {is_held}"


def _stages(connection: Connection) -> Iterator[str]:
    done: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    for row in connection.execute(select(tasks.c.job_id, tasks.c.stage, tasks.c.state)):
        total[row.job_id, row.stage] += 1
        done[row.job_id, row.stage] += row.state in TASK_SUCCEEDED
    for row in connection.execute(select(stages)):
        key = (row.job_id, row.name)
        if row.expanded and row.total_tasks != total[key]:
            yield f"stage {key} counts {row.total_tasks} tasks but has {total[key]}"
        if row.expanded and row.open_tasks != total[key] - done[key]:
            yield f"stage {key} counts {row.open_tasks} open tasks, not {total[key] - done[key]}"


def _jobs(connection: Connection) -> Iterator[str]:
    open_tasks: defaultdict[str, list[str]] = defaultdict(list)
    for row in connection.execute(select(tasks.c.id, tasks.c.job_id, tasks.c.state)):
        if row.state not in TASK_ENDED:
            open_tasks[row.job_id].append(row.id)
    open_stages: Counter[str] = Counter(
        connection.execute(select(stages.c.job_id).where(stages.c.outputs.is_(None))).scalars()
    )
    for row in connection.execute(select(jobs)):
        if row.state in JOB_ENDED and open_tasks[row.id]:
            yield f"job {row.id} is {row.state.value} with open tasks {open_tasks[row.id][:3]}"
        if row.state in JOB_STOPPING and not open_tasks[row.id]:
            yield f"job {row.id} is {row.state.value} with nothing left to stop"
        if row.open_stages != open_stages[row.id]:
            yield f"job {row.id} counts {row.open_stages} open stages, not {open_stages[row.id]}"
        if row.state is JobState.DONE and row.published is None:
            yield f"job {row.id} is done but was published nowhere"


def _histories(connection: Connection) -> Iterator[str]:
    """Each entity's events follow one another, by moves of the table."""
    last: dict[tuple[str, str], str] = {}
    rows = connection.execute(
        select(events.c.entity, events.c.entity_id, events.c.source, events.c.target)
        .where(events.c.entity.in_(["job", "task", "submission"]))
        .order_by(events.c.id)
    )
    for row in rows:
        key = (row.entity, row.entity_id)
        if row.source is None:
            if key not in last and row.entity == "job":
                last[key] = row.target
            continue
        if (row.source, row.target) not in _ALLOWED:
            yield f"{key} moved from {row.source} to {row.target}, which no rule allows"
        if key in last and last[key] != row.source:
            yield f"{key} moved from {row.source} to {row.target} but was {last[key]}"
        last[key] = row.target


def _references(connection: Connection) -> Iterator[str]:
    known = {
        row.hash: row.missing
        for row in connection.execute(select(artifacts.c.hash, artifacts.c.missing))
    }
    rows = connection.execute(
        select(tasks.c.id, tasks.c.outputs).where(tasks.c.outputs.is_not(None))
    )
    for row in rows:
        for files in row.outputs.values():
            for file in files:
                if file["hash"] not in known:
                    yield f"task {row.id} refers to artifact {file['hash'][:12]}, which is unknown"
