"""How soon a farm with the default lease goes on after a part of it was killed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from farm.domain.states import AttemptState, JobState
from farm.ledger.jobs import Jobs
from farm.ledger.schema import attempts, jobs
from farm.sim.farmlet import Farmlet
from farm.sim.submissions import Submitted, submit

AGAIN_WITHIN_S = 15.0
UP_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farmlet]:
    """A farm with the default lease, two daemons and two nodes of two engines each."""
    farm = Farmlet(tmp_path_factory.mktemp("farm"), engines=4, quick=False)
    try:
        yield farm
    finally:
        farm.stop()


def working(farm: Farmlet, name: str, seconds: float = 30.0) -> Any:
    """Submit a job with one long window; returns one of its attempts once it runs."""
    farm.start()
    farm.wait_for("two engines", lambda: len({e[0] for e in farm.engines()}) == 2, UP_WITHIN_S)
    submit(Submitted(name, f"{name}\n", 1, 1, 1, seconds), farm.door, farm.inbox)
    job = farm.wait_for("the job", lambda: job_of(farm, name), UP_WITHIN_S)
    # With progress: an engine that dies between the claim and its first line is replaced unnoticed.
    return farm.wait_for(
        "its long task",
        lambda: next((r for r in long_ones(farm) if r.job_id == job and r.progress > 0), None),
        UP_WITHIN_S,
    )


def job_of(farm: Farmlet, name: str) -> Any:
    with farm.database.read() as connection:
        return connection.execute(
            select(jobs.c.id).where(jobs.c.name == Path(name).stem)
        ).scalar_one_or_none()


def long_ones(farm: Farmlet) -> list[Any]:
    with farm.database.read() as connection:
        rows = connection.execute(
            select(attempts).where(
                attempts.c.state == AttemptState.RUNNING,
                attempts.c.task_id.contains(".work.") | attempts.c.task_id.contains(".grow."),
            )
        )
        return list(rows)


def attempt(farm: Farmlet, task: str, number: int) -> Any:
    with farm.database.read() as connection:
        return connection.execute(
            select(attempts).where(attempts.c.task_id == task, attempts.c.number == number)
        ).first()


def runs_again(farm: Farmlet, task: str, number: int) -> Callable[[], bool]:
    def look() -> bool:
        found = attempt(farm, task, number + 1)
        return found is not None and found.state is AttemptState.RUNNING

    return look


def pid_of(farm: Farmlet, node: str, slot: str) -> Callable[[], int | None]:
    return lambda: next((p for n, s, p in farm.engines() if (n, s) == (node, slot)), None)


def cancel(farm: Farmlet, job_id: str) -> None:
    Jobs(farm.database).cancel(job_id, actor="test", reason="the test is over")
    farm.wait_for(
        "the end of the job", lambda: state(farm, job_id) is JobState.CANCELLED, UP_WITHIN_S
    )


def state(farm: Farmlet, job_id: str) -> JobState:
    with farm.database.read() as connection:
        return connection.execute(select(jobs.c.state).where(jobs.c.id == job_id)).scalar_one()


def test_a_killed_nodes_task_runs_again_within_fifteen_seconds(farm: Farmlet) -> None:
    task = working(farm, "node-dies")
    assert farm.kill(task.node)
    farm.wait_for("again", runs_again(farm, task.task_id, task.number), AGAIN_WITHIN_S)
    assert attempt(farm, task.task_id, task.number).state is AttemptState.LOST
    cancel(farm, task.job_id)


def test_a_killed_engines_task_runs_again_within_fifteen_seconds(farm: Farmlet) -> None:
    task = working(farm, "engine-dies")
    pid = farm.wait_for("its engine", pid_of(farm, task.node, task.slot), UP_WITHIN_S)
    assert farm.kill_engine(task.node, pid)
    farm.wait_for("again", runs_again(farm, task.task_id, task.number), AGAIN_WITHIN_S)
    ended = attempt(farm, task.task_id, task.number)
    assert (ended.state, ended.error_class) == (AttemptState.FAILED, "crash")
    cancel(farm, task.job_id)


def test_cancelling_stops_a_running_task_within_three_seconds(farm: Farmlet) -> None:
    task = working(farm, "cancelled")
    Jobs(farm.database).cancel(task.job_id, actor="test", reason="enough")
    farm.wait_for("the stop", lambda: state(farm, task.job_id) is JobState.CANCELLED, 3.0)
    assert attempt(farm, task.task_id, task.number).state is AttemptState.CANCELLED


def test_a_standby_daemon_takes_over_and_finishes_the_work(farm: Farmlet) -> None:
    task = working(farm, "daemon-dies", seconds=3.0)
    first = farm.wait_for("a leader", farm.active_daemon, UP_WITHIN_S)
    assert farm.kill(first)
    began = time.monotonic()
    second = farm.wait_for("the standby", farm.active_daemon, AGAIN_WITHIN_S)
    assert second != first
    farm.wait_for("the end", lambda: state(farm, task.job_id) is JobState.DONE, AGAIN_WITHIN_S)
    assert time.monotonic() - began < 2 * AGAIN_WITHIN_S
    assert attempt(farm, task.task_id, task.number).state is AttemptState.SUCCEEDED
