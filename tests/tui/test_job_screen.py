"""One job in full: its graph, windows, timeline, files, events, error and logs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from console_lab import console, little_ledger, screen_text, shows, until
from farmhand import Farmhand, artifact, plan, stage

from farm.config import Settings
from farm.domain.errors import ErrorClass
from farm.domain.media import MediaFacts
from farm.ledger.records import Names, Peaks
from farm.ledger.views_job import JobParts
from farm.tui.app import FarmConsole
from farm.tui.job_text import facts_of
from farm.tui.screens.job import PARTS, JobScreen
from farm.tui.widgets.grid import WindowGrid
from farm.tui.widgets.log_lines import LogLines


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[tuple[Settings, Farmhand]]:
    """A job whose second stage has a failed window."""
    settings, database = little_ledger(tmp_path)
    hand = Farmhand(database)
    hand.jobs.accept(
        plan(stage("one"), stage("two", ("one",), windows=6), stage("last", ("two",)), name="film"),
        job_id="job1",
    )
    hand.finish(hand.take())
    hand.finish(hand.take("job1.two.0"))
    hand.fail(hand.take("job1.two.3"), ErrorClass.INPUT)
    yield settings, hand
    database.close()


async def opened(app: FarmConsole, pilot: Any, job_id: str = "job1") -> JobScreen:
    app.action_job(job_id)
    await until(pilot, lambda: isinstance(app.screen, JobScreen) and "why" in screen_text(app))
    assert isinstance(app.screen, JobScreen)
    return app.screen


async def test_the_head_gives_the_one_reason_and_the_graph_shows_each_stage(farm: Any) -> None:
    settings, _ = farm
    async with console(settings) as (app, pilot):
        await opened(app, pilot)
        await until(pilot, lambda: "╭─ ✗ two" in screen_text(app))
        await shows(app, pilot, "✗ failed", "it failed (input)", "╭─ ✓ one", "──▶│")


def test_what_a_stage_warns_of_stands_among_the_facts(tmp_path: Path) -> None:
    _, database = little_ledger(tmp_path)
    hand = Farmhand(database)
    hand.jobs.accept(plan(stage("one"), name="film"), job_id="job1")
    told = MediaFacts(extra={"warnings": ["the film is dark"]})
    hand.report(hand.take(), replace(artifact("a"), facts=told))
    whole = JobParts(database).whole("job1")
    assert "! one: the film is dark" in facts_of(whole).plain
    database.close()


async def test_a_try_says_what_it_counts_as_and_what_it_is_called_outside(farm: Any) -> None:
    settings, hand = farm
    hand.jobs.accept(plan(stage("swim"), name="swan"), job_id="job2")
    error = {"class": "input", "message": "no water."}
    names = Names("swan@2.0.0", "5e1f7a52-1111-4a1b")
    hand.claims["n1"].fail(
        hand.take(), ErrorClass.INPUT, error, Peaks(), names=names, max_failures=9
    )
    async with console(settings) as (app, pilot):
        await opened(app, pilot, "job2")
        await pilot.press("w")
        await until(pilot, lambda: "swan@2.0.0  5e1f7a52-1111-4a1b" in screen_text(app))
        await pilot.press(*["right_square_bracket"] * 5)
        await until(pilot, lambda: "n1/cpu0, input  swan@2.0.0" in screen_text(app))


async def test_every_window_is_a_cell_and_the_next_failed_one_is_found(farm: Any) -> None:
    settings, _ = farm
    async with console(settings) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("w")
        grid = screen.query_one(WindowGrid)
        await until(pilot, lambda: grid.cursor is not None)
        await pilot.press("f")
        assert grid.cursor is not None
        assert grid.cursor.task_id == "job1.two.3"
        await until(pilot, lambda: "frames 30–39" in screen_text(app))
        await until(pilot, lambda: "✓ – – ✗ – –" in screen_text(app))


async def test_every_part_of_a_job_can_be_looked_at(farm: Any) -> None:
    settings, _ = farm
    says = {
        "graph": "content key",
        "windows": "one.0",
        "timeline": "Engine time",
        "files": "between",
        "params": "seed 7",
        "events": "running → failed",
        "error": "it failed (input)",
        "logs": "No line has been written yet",
    }
    async with console(settings) as (app, pilot):
        await opened(app, pilot)
        for part in PARTS:
            await until(pilot, lambda part=part: says[part] in screen_text(app), part)
            await pilot.press("right_square_bracket")


async def test_logs_are_followed_searched_and_jump_to_the_error(farm: Any) -> None:
    settings, _ = farm
    log = settings.spool_dir / "logs" / "job1" / "two.3.1.log"
    log.parent.mkdir(parents=True)
    log.write_text("".join(f"INFO frame {n}\n" for n in range(200)))
    async with console(settings) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("L")
        lines = screen.query_one(LogLines)
        await until(pilot, lambda: "INFO frame 199" in screen_text(app))
        with log.open("a") as file:
            file.write("ValueError: no such frame\nINFO after\n")
        await until(pilot, lambda: "INFO after" in screen_text(app))
        await pilot.press("home", "e")
        await until(pilot, lambda: "ValueError: no such frame" in screen_text(app))
        await pilot.press("slash", *"frame 17", "enter")
        await until(pilot, lambda: "INFO frame 17" in screen_text(app))
        await pilot.press("v", "v", "v")
        assert lines.lines == ["ValueError: no such frame"]


async def test_two_attempts_of_a_window_are_compared(farm: Any) -> None:
    settings, _ = farm
    folder = settings.spool_dir / "logs" / "job1"
    folder.mkdir(parents=True)
    (folder / "two.3.1.log").write_text("load\nout of memory\n")
    (folder / "two.3.2.log").write_text("load\ndone\n")
    async with console(settings) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("w")
        await until(pilot, lambda: screen.query_one(WindowGrid).cursor is not None)
        await pilot.press("f", "d")
        lines = screen.query_one(LogLines)
        await until(pilot, lambda: "+done" in lines.lines)
        assert "-out of memory" in lines.lines


async def test_the_screen_follows_a_job_that_runs_again(farm: Any) -> None:
    settings, hand = farm
    async with console(settings) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("r")
        await until(pilot, lambda: hand.job_state() == "running")
        await until(pilot, lambda: "▶ running" in screen_text(app))
        while hand.ready():
            hand.finish(hand.take())
        await until(pilot, lambda: "⇪ publishing" in screen_text(app))


async def test_escape_leads_back_to_where_it_was_opened(farm: Any) -> None:
    settings, _ = farm
    async with console(settings) as (app, pilot):
        await until(pilot, lambda: "it failed (input)" in screen_text(app))
        await pilot.press("tab", "tab")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "failures")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, JobScreen))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, JobScreen))
        await until(pilot, lambda: "Newest failures" in screen_text(app))
