"""Previews on their way through the ledger, and what a task learns of its earlier tries."""

from __future__ import annotations

import pytest
from farmhand import Farmhand, plan, stage
from sqlalchemy import func, select

from farm.domain.errors import ErrorClass
from farm.domain.plan import Needs
from farm.ledger.database import Database
from farm.ledger.previews import Previews
from farm.ledger.schema import events, previews

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def hand(database: Database) -> Farmhand:
    made = Farmhand(database)
    made.jobs.accept(plan(stage("a", windows=3, cacheable=False)), job_id="job1")
    return made


def rows(hand: Farmhand) -> list[str]:
    with hand.database.read() as connection:
        found = connection.execute(select(previews.c.task_id).order_by(previews.c.task_id))
        return list(found.scalars())


def test_a_task_has_one_preview_and_the_newest_of_its_job_is_found(hand: Farmhand) -> None:
    shown = Previews(hand.database)
    first, second = hand.take(), hand.take(slot="cpu1")
    with hand.database.read() as connection:
        before = connection.execute(select(func.count()).select_from(events)).scalar_one()
    shown.put({(first.task_id, 1): PNG + b"1", (second.task_id, 1): PNG + b"2"})
    hand.database.clock.pass_s(2)  # type: ignore[attr-defined]
    shown.put({(first.task_id, 1): PNG + b"3"})
    newest = shown.newest("job1")
    assert newest is not None
    assert (newest.task_id, newest.stage, newest.picture) == (first.task_id, "a", PNG + b"3")
    assert shown.times(["job1", "job2"]) == {"job1": newest.at}
    assert rows(hand) == [first.task_id, second.task_id]
    with hand.database.read() as connection:
        after = connection.execute(select(func.count()).select_from(events)).scalar_one()
    assert after == before


def test_an_attempt_that_no_longer_runs_shows_nothing(hand: Farmhand) -> None:
    shown = Previews(hand.database)
    task = hand.take()
    hand.fail(task, ErrorClass.LOST)
    shown.put({(task.task_id, 1): PNG})
    assert shown.newest("job1") is None


def test_previews_of_what_has_ended_are_removed(hand: Farmhand) -> None:
    shown = Previews(hand.database)
    first, second = hand.take(), hand.take(slot="cpu1")
    shown.put({(first.task_id, 1): PNG, (second.task_id, 1): PNG})
    hand.finish(first)
    shown.put({(second.task_id, 1): PNG})
    assert rows(hand) == [second.task_id]
    assert shown.prune() == 0
    hand.jobs.cancel("job1", actor="ann")
    hand.fail(second, ErrorClass.CANCELLED)
    assert shown.prune() == 1
    assert rows(hand) == []


def test_the_next_try_learns_what_is_set_aside_and_how_often_memory_ran_out(
    database: Database,
) -> None:
    hand = Farmhand(database)
    needs = Needs("test.work/test", 1, ram_mb=100)
    hand.jobs.accept(plan(stage("a", needs=needs, cacheable=False)), job_id="job1")
    first = hand.take()
    assert (first.reserved_mb, first.ran_out) == (100, 0)
    hand.fail(first, ErrorClass.RESOURCE)
    hand.database.clock.pass_s(10)  # type: ignore[attr-defined]
    hand.queue.release_due()
    second = hand.take()
    assert (second.reserved_mb, second.ran_out) == (150, 1)


def test_what_is_set_aside_on_a_gpu_is_its_memory(database: Database) -> None:
    hand = Farmhand(database)
    needs = Needs("test.work/test", 1, ram_mb=100, gpus=1, vram_mb=8000)
    hand.jobs.accept(plan(stage("a", needs=needs)), job_id="job1")
    assert hand.take().reserved_mb == 8000
