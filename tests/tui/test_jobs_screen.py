"""The jobs table and the actions on one job or many, with the ledger as witness."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_lab import console, little_ledger, screen_text, shows, until
from farmhand import Farmhand, plan, stage
from sqlalchemy import select

from farm.config import Settings
from farm.domain.errors import ErrorClass
from farm.ledger.schema import jobs
from farm.tui.app import FarmConsole
from farm.tui.dialogs import Confirm
from farm.tui.screens.job import JobScreen
from farm.tui.screens.jobs import JobsScreen
from farm.tui.widgets.table import VirtualTable


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[tuple[Settings, Farmhand]]:
    """Five jobs: the first failed, the others wait."""
    settings, database = little_ledger(tmp_path)
    hand = Farmhand(database)
    for index in range(1, 6):
        hand.jobs.accept(
            plan(stage("one"), stage("two", ("one",), windows=3), name=f"film {index}",
                 prompt=str(index)),
            job_id=f"job{index}",
        )  # fmt: skip
    hand.fail(hand.take("job1.one.0"), ErrorClass.INPUT)
    yield settings, hand
    database.close()


def table(app: FarmConsole) -> VirtualTable:
    return app.screen.query_one("#jobs", VirtualTable)


def row(hand: Farmhand, job_id: str) -> Any:
    with hand.database.read() as connection:
        return connection.execute(select(jobs).where(jobs.c.id == job_id)).one()


async def shown(app: FarmConsole, pilot: Any, count: int = 5) -> None:
    await until(
        pilot,
        lambda: (
            isinstance(app.screen, JobsScreen)
            and len(table(app).keys) == count
            and all(table(app).cells(key) for key in table(app).keys)
        ),
        "the jobs are shown",
    )


async def test_the_newest_job_stands_first_and_the_cursor_is_on_it(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="jobs") as (app, pilot):
        await shown(app, pilot)
        assert list(table(app).keys) == [5, 4, 3, 2, 1]
        await until(pilot, lambda: "✗ failed" in screen_text(app))


async def test_priority_of_marked_jobs_is_raised_and_taken_back(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="jobs") as (app, pilot):
        await shown(app, pilot)
        await pilot.press("space", "space", "plus")
        await until(pilot, lambda: row(hand, "job5").priority == 60)
        assert [row(hand, f"job{n}").priority for n in (3, 4, 5)] == [50, 60, 60]
        await until(pilot, lambda: len(app._undos) == 1)
        await pilot.press("u")
        await until(pilot, lambda: row(hand, "job4").priority == row(hand, "job5").priority == 50)


async def test_a_priority_can_be_typed(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="jobs") as (app, pilot):
        await shown(app, pilot)
        await pilot.press("equals_sign", *"91", "enter")
        await until(pilot, lambda: row(hand, "job5").priority == 91)
        assert "set to 91 by ada" in _reasons(hand, "job5")


async def test_cancel_asks_first_and_no_is_the_answer_of_enter(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="jobs") as (app, pilot):
        await shown(app, pilot)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("enter")
        await shown(app, pilot)
        assert hand.job_state("job5") == "queued"
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: hand.job_state("job5") == "cancelled")
        await until(pilot, lambda: "– cancelled" in screen_text(app), "the table follows")


async def test_a_paused_job_goes_on_after_resume_and_pause_is_undone(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="jobs") as (app, pilot):
        await shown(app, pilot)
        await pilot.press("p")
        await until(pilot, lambda: hand.task_state("job5.one.0") == "held")
        await until(pilot, lambda: len(app._undos) == 1)
        await pilot.press("u")
        await until(pilot, lambda: hand.task_state("job5.one.0") == "ready")
        await pilot.press("p")
        await until(pilot, lambda: bool(row(hand, "job5").paused))
        await pilot.press("P")
        await until(pilot, lambda: not row(hand, "job5").paused)


async def test_retry_failed_leaves_the_others_as_they_are(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="jobs") as (app, pilot):
        await shown(app, pilot)
        await pilot.press("ctrl+a", "R")
        await until(pilot, lambda: hand.job_state("job1") == "running")
        assert hand.job_state("job2") == "queued"


async def test_what_is_refused_is_said_with_its_mend(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="jobs") as (app, pilot):
        await shown(app, pilot)
        await pilot.press("r")
        await until(pilot, lambda: any("cancel it first" in n.message for n in app._notifications))
        assert hand.job_state("job5") == "queued"


async def test_a_gate_is_approved(farm: Any) -> None:
    settings, hand = farm
    hand.jobs.accept(plan(stage("gated", approval=True), name="gate"), job_id="job6")
    async with console(settings, first="jobs") as (app, pilot):
        await shown(app, pilot, 6)
        await pilot.press("A")
        await until(pilot, lambda: hand.stage_row("gated", "job6").approved_by == "ada")
        assert hand.task_state("job6.gated.0") == "ready"


async def test_replay_and_an_edited_manifest_are_submitted_as_new_jobs(
    farm: Any, tmp_path: Path
) -> None:
    settings, _ = farm
    submitted: list[dict[str, Any]] = []

    def submit(_database: Any, fields: Any) -> int:
        submitted.append(dict(fields))
        return 6

    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho 'seed: 11' >> \"$1\"\n")
    editor.chmod(0o755)
    async with console(settings, first="jobs", submit=submit, editor=str(editor)) as (app, pilot):
        await shown(app, pilot)
        await pilot.press("E")
        await until(pilot, lambda: len(submitted) == 1)
        await pilot.press("ctrl+y")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: len(submitted) == 2)
    manifest = {"farm": 1, "pipeline": "test@1", "rerun": True}
    assert submitted == [{**manifest, "seed": 11}, manifest]


async def test_a_filter_chooses_while_it_is_typed_and_a_wrong_one_is_explained(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="jobs") as (app, pilot):
        await shown(app, pilot)
        await pilot.press("slash", *"state:failed")
        await until(pilot, lambda: list(table(app).keys) == [1])
        await pilot.press(*"x")
        await until(pilot, lambda: 'Did you mean "failed"?' in screen_text(app))
        await pilot.press("escape", "escape")
        await shown(app, pilot)


async def test_a_job_that_no_longer_fits_leaves_the_list_and_a_new_one_enters(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="jobs") as (app, pilot):
        await shown(app, pilot)
        app.action_jobs("state:active")
        await shown(app, pilot, 4)
        hand.jobs.cancel("job3", actor="bob")
        await until(pilot, lambda: list(table(app).keys) == [5, 4, 2])
        hand.jobs.accept(plan(stage("one"), name="new"), job_id="job6")
        await until(pilot, lambda: list(table(app).keys) == [6, 5, 4, 2])


async def test_sorting_by_priority_puts_the_most_urgent_first(farm: Any) -> None:
    settings, hand = farm
    hand.jobs.reprioritise("job2", 90, actor="bob")
    async with console(settings, first="jobs") as (app, pilot):
        await shown(app, pilot)
        app.screen._sort("priority")  # type: ignore[attr-defined]
        await until(pilot, lambda: list(table(app).keys) == [2, 5, 4, 3, 1])


async def test_read_only_shows_everything_and_changes_nothing(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="jobs", read_only=True) as (app, pilot):
        await shown(app, pilot)
        await pilot.press("c", "p", "plus", "ctrl+a", "R")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, JobScreen))
    assert [hand.job_state(f"job{n}") for n in range(1, 6)] == ["failed", *["queued"] * 4]
    assert row(hand, "job5").priority == 50


async def test_keys_are_remapped(farm: Any) -> None:
    settings, hand = farm
    (settings.root / "console.toml").write_text('[keys]\n"job.raise" = "f5"\n')
    async with console(settings, first="jobs") as (app, pilot):
        await shown(app, pilot)
        await pilot.press("plus", "f5")
        await until(pilot, lambda: row(hand, "job5").priority == 60)


async def test_a_lost_ledger_is_said_in_a_banner_and_it_comes_back(farm: Any) -> None:
    settings, hand = farm
    file = settings.spool_dir / "ledger.sqlite3"
    async with console(settings, first="jobs") as (app, pilot):
        await shown(app, pilot)
        away = file.rename(file.with_name("away"))
        await until(pilot, lambda: "there is no ledger here" in screen_text(app))
        await until(pilot, lambda: "film 5" in screen_text(app))
        away.rename(file)
        await until(pilot, lambda: app.lost is None)
        hand.jobs.reprioritise("job5", 77, actor="bob")
        await until(pilot, lambda: " 77 " in screen_text(app))


async def test_help_lists_the_keys_that_work_here(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="jobs", size=(120, 60)) as (app, pilot):
        await shown(app, pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: "job.cancel" in screen_text(app))
        await shows(app, pilot, "Hold what has not begun", "table.open", "age<2h")


def _reasons(hand: Farmhand, entity_id: str) -> list[str]:
    from farm.ledger.schema import events

    with hand.database.read() as connection:
        found = select(events.c.reason).where(events.c.entity_id == entity_id)
        return list(connection.execute(found).scalars())
