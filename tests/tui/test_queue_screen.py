"""Why things wait, and what an operator does about it, with the ledger as witness."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_lab import console, little_ledger, screen_text, shows, until
from farmhand import Farmhand, plan, stage
from sqlalchemy import insert, select, update
from textual.widgets import Input

from farm.config import Settings
from farm.domain.errors import ErrorClass
from farm.domain.states import TaskState
from farm.ledger.schema import jobs, shapes, tasks
from farm.ledger.views_queue import QueueViews
from farm.ledger.views_reasons import Reasons
from farm.tui.app import FarmConsole
from farm.tui.dialogs import Ask
from farm.tui.screens.job import JobScreen
from farm.tui.screens.queue_reading import SOUGHT
from farm.tui.widgets.table import VirtualTable


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[tuple[Settings, Farmhand]]:
    """Five jobs: two in the queue, one paused, one that waits for approval, one backing off."""
    settings, database = little_ledger(tmp_path)
    hand = Farmhand(database)
    for index in range(1, 6):
        first = stage("one", approval=index == 4)
        hand.jobs.accept(
            plan(first, stage("two", ("one",), windows=3), name=f"film {index}", prompt=str(index)),
            job_id=f"job{index}",
        )
    hand.jobs.pause("job3", actor="bob")
    hand.fail(hand.take("job5.one.0"), ErrorClass.TRANSIENT)
    yield settings, hand
    database.close()


def groups(hand: Farmhand) -> dict[str, tuple[int, str]]:
    return {g.kind: (g.count, g.reason) for g in QueueViews(hand.database).groups()}


def table(app: FarmConsole, name: str) -> VirtualTable:
    return app.screen.query_one(f"#{name}", VirtualTable)


async def shown(app: FarmConsole, pilot: Any, kind: str) -> None:
    """The cursor is on the group of this kind, and its tasks are there."""
    await until(
        pilot, lambda: bool(app.screen.query("#groups")) and bool(table(app, "groups").keys)
    )
    [key] = [key for key in table(app, "groups").keys if str(key).startswith(kind)]
    table(app, "groups").go_to(key)
    await until(pilot, lambda: app.screen._group == key)  # type: ignore[attr-defined]
    tasks_ = table(app, "tasks")
    await until(pilot, lambda: bool(tasks_.keys) and all(map(tasks_.cells, tasks_.keys)))


def priority(hand: Farmhand, job_id: str) -> int:
    with hand.database.read() as connection:
        found = connection.execute(select(jobs.c.priority).where(jobs.c.id == job_id))
        return int(found.scalar_one())


def test_every_waiting_task_is_in_the_group_that_farm_why_names(farm: Any) -> None:
    _, hand = farm
    views, reasons = QueueViews(hand.database), Reasons(hand.database)
    seen: set[str] = set()
    for group in views.groups():
        ids, end = views.page(group, limit=100)
        assert end is None
        assert len(ids) == group.count
        assert {reasons.task(task_id).kind for task_id in ids} == {group.kind}
        assert {line.kind for line in views.lines(ids)} == {group.kind}
        assert not seen & set(ids)
        seen |= set(ids)
    waiting = (TaskState.READY, TaskState.HELD, TaskState.DELAYED, TaskState.BLOCKED)
    with hand.database.read() as connection:
        rows = connection.execute(select(tasks.c.id).where(tasks.c.state.in_(waiting)))
        assert seen == set(rows.scalars())
    assert {"queue", "paused", "approval", "back-off", "stage"} == set(groups(hand))


def test_a_shape_that_no_node_can_run_is_a_group_with_that_reason(farm: Any) -> None:
    _, hand = farm
    with hand.database.engine.begin() as connection:
        shape = connection.execute(
            select(tasks.c.shape).where(tasks.c.state == TaskState.READY).limit(1)
        ).scalar_one()
        known = update(shapes).where(shapes.c.shape == shape).values(reason="no node has a GPU")
        assert connection.execute(known).rowcount == 1
    assert groups(hand)["placement"] == (2, "no node has a GPU")
    assert "queue" not in groups(hand)


def test_pages_follow_one_another_in_the_order_of_the_queue(farm: Any) -> None:
    _, hand = farm
    hand.jobs.reprioritise("job2", 90, actor="bob")
    views = QueueViews(hand.database)
    [group] = [g for g in views.groups() if g.kind == "stage"]
    whole, _ = views.page(group, limit=100)
    paged: list[str] = []
    after = None
    while True:
        ids, after = views.page(group, limit=2, after=after)
        paged += ids
        if after is None:
            break
    assert paged == whole
    assert whole[0].startswith("job2.")


def test_a_hundred_thousand_waiting_tasks_are_grouped_and_paged_within_a_blink(farm: Any) -> None:
    _, hand = farm
    with hand.database.engine.begin() as connection:
        one = connection.execute(select(tasks).where(tasks.c.id == "job1.one.0")).one()._mapping
        rows = [
            {**one, "id": f"job1.many.{n}", "stage": "many", "window": n, "ordinal": n + 10}
            for n in range(100_000)
        ]
        connection.execute(insert(tasks), rows)
    views = QueueViews(hand.database)
    views.groups()
    began = time.process_time()
    found = views.groups()
    [group] = [g for g in found if g.kind == "queue"]
    ids, _ = views.page(group, limit=500)
    took_s = time.process_time() - began
    assert group.more
    assert len(ids) == 500
    assert took_s < 0.5


async def test_the_screen_names_each_reason_and_the_story_of_the_task(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="queue") as (app, pilot):
        await shown(app, pilot, "approval")
        table(app, "tasks").focus()
        await until(pilot, lambda: "farm approve #4 one" in screen_text(app))
        await shows(app, pilot, "the job is paused", "back-off")
        await pilot.press("A")
        await until(pilot, lambda: farm[1].task_state("job4.one.0") == "ready")
        await until(pilot, lambda: "approval" not in screen_text(app), "the screen follows")


async def test_a_task_is_moved_up_by_its_job_and_back_by_undo(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="queue") as (app, pilot):
        await shown(app, pilot, "queue")
        table(app, "tasks").focus()
        await pilot.press("down", "K")
        await until(pilot, lambda: priority(hand, "job2") == 60)
        await until(pilot, lambda: table(app, "tasks").keys[0] == "job2.one.0")
        assert priority(hand, "job1") == 50
        await until(pilot, lambda: bool(app._undos))
        await pilot.press("u")
        await until(pilot, lambda: priority(hand, "job2") == 50)


async def test_a_task_is_moved_down_by_its_job(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="queue") as (app, pilot):
        await shown(app, pilot, "queue")
        table(app, "tasks").focus()
        await pilot.press("J")
        await until(pilot, lambda: priority(hand, "job1") == 40)
        assert priority(hand, "job2") == 50


async def test_marked_tasks_are_held_and_released(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="queue") as (app, pilot):
        await shown(app, pilot, "queue")
        table(app, "tasks").focus()
        await pilot.press("space", "space", "p")
        await until(pilot, lambda: hand.task_state("job1.one.0") == "held")
        assert hand.task_state("job2.one.0") == "held"
        await shown(app, pilot, "paused")
        table(app, "tasks").focus()
        await pilot.press("ctrl+a", "P")
        await until(pilot, lambda: hand.task_state("job3.one.0") == "ready")
        await until(pilot, lambda: hand.task_state("job1.one.0") == "ready")


async def test_a_paused_farm_is_the_reason_of_all_and_goes_on_from_here(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="queue") as (app, pilot):
        await shown(app, pilot, "queue")
        await pilot.press("F")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"power", "enter")
        await until(pilot, lambda: hand.queue.paused() == "power")
        await until(pilot, lambda: "the farm is paused: power" in screen_text(app))
        await until(pilot, lambda: app.pulse is not None and app.pulse.paused == "power")
        await pilot.press("F")
        await until(pilot, lambda: hand.queue.paused() is None)


async def test_a_waiting_task_opens_its_job(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="queue") as (app, pilot):
        await shown(app, pilot, "queue")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, JobScreen))
        assert app.screen.job_id == "job1"


async def test_nothing_is_moved_in_a_read_only_console(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="queue", read_only=True) as (app, pilot):
        await shown(app, pilot, "queue")
        table(app, "tasks").focus()
        await pilot.press("K", "p", "F")
        await pilot.pause(0.2)
        assert priority(hand, "job1") == 50
        assert hand.task_state("job1.one.0") == "ready"
        assert hand.queue.paused() is None


def typed(app: FarmConsole, text: str) -> None:
    app.screen.query_one("#filter", Input).value = text


async def narrowed(app: FarmConsole, pilot: Any, text: str, found: list[str]) -> None:
    typed(app, text)
    await until(pilot, lambda: list(table(app, "tasks").keys) == found, text)


async def test_a_filter_finds_tasks_by_id_job_pipeline_stage_state_submitter_and_reason(
    farm: Any,
) -> None:
    settings, hand = farm
    dusk = plan(stage("draw"), name="dusk", prompt="dusk", pipeline="animate@2", submitter="grace")
    hand.jobs.accept(dusk, job_id="job6")
    async with console(settings, first="queue") as (app, pilot):
        await shown(app, pilot, "queue")
        await pilot.press("slash", *"DUSK")
        await until(pilot, lambda: list(table(app, "tasks").keys) == ["job6.draw.0"])
        await until(pilot, lambda: "1 of 3 tasks" in screen_text(app))
        every = ["job1.one.0", "job2.one.0", "job6.draw.0"]
        for text, found in (
            ("task:job2.one", ["job2.one.0"]),
            ("task:one.0", every[:2]),
            ("job:#1", ["job1.one.0"]),
            ("job:dusk,2", every[1:]),
            ("pipeline:animate", ["job6.draw.0"]),
            ("stage:one", every[:2]),
            ("state:ready", every),
            ("by:grace", ["job6.draw.0"]),
            ("reason:'next free engine'", every),
            ("engine film", every[:2]),
            ("reason:paused", []),
        ):
            await narrowed(app, pilot, text, found)
        await until(pilot, lambda: "None fits. Escape clears the filter." in screen_text(app))
        typed(app, "sate:ready")
        await until(pilot, lambda: 'Did you mean "state"?' in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: table(app, "tasks").has_focus)
        await pilot.press("escape")
        await until(pilot, lambda: list(table(app, "tasks").keys) == every)
        await until(pilot, lambda: "of 3 tasks" not in screen_text(app))


async def test_a_filter_stays_for_the_next_reason_and_follows_the_ledger(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="queue") as (app, pilot):
        await shown(app, pilot, "queue")
        await narrowed(app, pilot, "'film 2'", ["job2.one.0"])
        await shown(app, pilot, "stage")
        windows = ["job2.two.0", "job2.two.1", "job2.two.2"]
        await until(pilot, lambda: list(table(app, "tasks").keys) == windows)
        await until(pilot, lambda: "3 of 12 tasks" in screen_text(app))
        hand.finish(hand.take("job2.one.0"))
        await until(pilot, lambda: table(app, "tasks").keys == [])
        await until(pilot, lambda: "0 of 9 tasks" in screen_text(app))
        await shown(app, pilot, "queue")
        await until(pilot, lambda: list(table(app, "tasks").keys) == windows)


async def test_what_a_filter_hides_gets_no_order_though_it_was_marked(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="queue") as (app, pilot):
        await shown(app, pilot, "queue")
        table(app, "tasks").focus()
        await pilot.press("ctrl+a")
        await narrowed(app, pilot, "job:#2", ["job2.one.0"])
        await pilot.press("p")
        await until(pilot, lambda: hand.task_state("job2.one.0") == "held")
        assert hand.task_state("job1.one.0") == "ready"


async def test_a_filter_says_that_it_looks_at_the_first_tasks_only(farm: Any) -> None:
    settings, hand = farm
    with hand.database.engine.begin() as connection:
        one = connection.execute(select(tasks).where(tasks.c.id == "job1.one.0")).one()._mapping
        rows = [
            {**one, "id": f"job1.many.{n}", "stage": "one", "window": n, "ordinal": n + 10}
            for n in range(1, SOUGHT + 100)
        ]
        connection.execute(insert(tasks), rows)
    async with console(settings, first="queue") as (app, pilot):
        await until(pilot, lambda: "approval" in screen_text(app))
        table(app, "groups").go_to("queue")
        await until(pilot, lambda: len(table(app, "tasks").keys) == 500, "a page of them")
        await narrowed(app, pilot, "task:many.1500", ["job1.many.1500"])
        await until(pilot, lambda: "1 of 2,000 tasks, the first that wait" in screen_text(app))
        await narrowed(app, pilot, f"task:many.{SOUGHT + 50}", [])
