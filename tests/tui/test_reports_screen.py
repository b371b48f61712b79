"""The reports screen: what it shows and exports is what the ledger says."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_lab import console, little_ledger, screen_text, shows, until
from farmhand import Farmhand, plan, stage
from hypothesis import given, strategies as st
from textual.widgets import Input

from farm.config import Settings
from farm.domain.errors import ErrorClass
from farm.ledger.publishing import Publishing
from farm.reports import as_csv, make_report
from farm.tui.app import FarmConsole
from farm.tui.plots import columns
from farm.tui.screens.job import JobScreen
from farm.tui.screens.jobs import JobsScreen
from farm.tui.screens.reports import ReportsScreen
from farm.tui.widgets.table import VirtualTable


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[tuple[Settings, Farmhand]]:
    """Three jobs of two versions by two people: two are done, one failed."""
    settings, database = little_ledger(tmp_path)
    hand = Farmhand(database)
    for number, (pipeline, by) in enumerate(
        [("film@1", "ada"), ("film@2", "ada"), ("film@2", "bob")], 1
    ):
        hand.jobs.accept(
            plan(stage("work", params={"n": number}), name=f"film {number}", prompt=str(number),
                 pipeline=pipeline, submitter=by),
            job_id=f"job{number}",
        )  # fmt: skip
        task = hand.take(f"job{number}.work.0")
        if number == 3:
            hand.fail(task, ErrorClass.INPUT)
        else:
            hand.finish(task)
            Publishing(database).finish(f"job{number}", {})
    yield settings, hand
    database.close()


def usage(app: FarmConsole) -> VirtualTable:
    return app.screen.query_one("#usage", VirtualTable)


def told(app: FarmConsole, text: str) -> bool:
    return any(text in toast.message for toast in app._notifications)


async def shown(app: FarmConsole, pilot: Any, keys: set[str]) -> ReportsScreen:
    await until(
        pilot,
        lambda: isinstance(app.screen, ReportsScreen) and set(usage(app).keys) == keys,
        f"the report shows {keys}",
    )
    assert isinstance(app.screen, ReportsScreen)
    return app.screen


VERSIONS = {"film@1", "film@2"}


async def test_it_shows_each_version_with_its_failures(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="reports") as (app, pilot):
        await shown(app, pilot, VERSIONS)
        lines = {line.key: line for line in make_report(hand.database, "7d", "version").lines}
        row = usage(app).cells("film@2")
        assert row is not None
        assert row["jobs"] == str(lines["film@2"].jobs) == "2"
        assert row["rate"] == (("50.0%", "bad"),)
        await shows(
            app,
            pilot,
            "the last 7 days by pipeline and version",
            "3 jobs ended · 33.3% failed",
            "Jobs ended",
        )


async def test_it_groups_by_another_key(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="reports") as (app, pilot):
        await shown(app, pilot, VERSIONS)
        for keys in ({"film"}, {"ada", "bob"}, {"(no model)"}):
            await pilot.press("b")
            await shown(app, pilot, keys)
        await pilot.press("b")
        await until(pilot, lambda: "by day" in screen_text(app))
        assert len(usage(app).keys) == 1


async def test_a_period_is_chosen_from_the_list_or_typed(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="reports") as (app, pilot):
        await shown(app, pilot, VERSIONS)
        await pilot.press("p")
        await until(pilot, lambda: "Jobs that ended in" in screen_text(app))
        await pilot.press("home", "enter")
        await until(pilot, lambda: "the last 24 hours" in screen_text(app))
        await pilot.press("p")
        await until(pilot, lambda: "since another time" in screen_text(app))
        await pilot.press("end", "enter")
        await until(pilot, lambda: "Since when?" in screen_text(app))
        await pilot.press("ctrl+u", *"2999-01-01", "enter")
        await until(pilot, lambda: "No job ended in the time since 2999-01-01" in screen_text(app))


async def test_a_period_that_is_none_is_refused_and_the_report_stays(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="reports") as (app, pilot):
        screen = await shown(app, pilot, VERSIONS)
        await pilot.press("p")
        await until(pilot, lambda: "since another time" in screen_text(app))
        await pilot.press("end", "enter")
        await until(pilot, lambda: "Since when?" in screen_text(app))
        await pilot.press("ctrl+u", *"soon", "enter")
        await until(pilot, lambda: told(app, "such as 24h, 7d, 2w"))
        assert screen.since == "7d"
        assert set(usage(app).keys) == VERSIONS


@pytest.mark.parametrize(("key", "form"), [("home", "csv"), ("end", "json")])
async def test_the_export_holds_what_the_ledger_says(farm: Any, key: str, form: str) -> None:
    settings, hand = farm
    async with console(settings, first="reports") as (app, pilot):
        await shown(app, pilot, VERSIONS)
        await pilot.press("e")
        await until(pilot, lambda: "Export the report as" in screen_text(app))
        await pilot.press(key, "enter")
        folder = settings.spool_dir / "reports"
        await until(pilot, lambda: told(app, "The report is in"))
        [file] = folder.iterdir()
    assert file.name.startswith("version-7d-")
    report = make_report(hand.database, "7d", "version")
    if form == "csv":
        assert file.read_text() == as_csv(report)
    else:
        document = json.loads(file.read_text())
        assert [line["key"] for line in document["usage"]] == sorted(VERSIONS)
        assert document["storage"]["kept_bytes"] == report.kept_bytes > 0


async def test_a_read_only_console_writes_no_file(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="reports", read_only=True) as (app, pilot):
        await shown(app, pilot, VERSIONS)
        await pilot.press("e")
        await pilot.pause(0.2)
        assert isinstance(app.screen, ReportsScreen)
        assert not (settings.spool_dir / "reports").exists()


async def test_a_row_opens_its_jobs_and_a_file_its_job(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="reports") as (app, pilot):
        await shown(app, pilot, VERSIONS)
        usage(app).focus()
        while usage(app).cursor_key != "film@2":
            await pilot.press("down")
        await pilot.press("enter")
        await until(
            pilot,
            lambda: (
                isinstance(app.screen, JobsScreen)
                and list(app.screen.query_one("#jobs", VirtualTable).keys) == [3, 2]
            ),
        )
        await pilot.press("7")
        await shown(app, pilot, VERSIONS)
        files = app.screen.query_one("#largest", VirtualTable)
        files.focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, JobScreen))
        assert app.screen.job_id in {"job1", "job2", "job3"}  # type: ignore[attr-defined]


async def test_the_plot_goes_through_every_measure_and_back(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="reports") as (app, pilot):
        screen = await shown(app, pilot, VERSIONS)
        titles = []
        for _ in range(9):
            titles.append(str(screen.query_one(".plot").border_title))
            await pilot.press("m")
        assert len(set(titles)) == 9
        assert any(title.startswith("Stored per day") for title in titles)
        assert str(screen.query_one(".plot").border_title) == titles[0]
        await pilot.press("M")
        assert str(screen.query_one(".plot").border_title) == titles[-1]


async def test_looking_at_the_ledger_never_makes_a_report(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="reports") as (app, pilot):
        screen = await shown(app, pilot, VERSIONS)
        await pilot.pause(1.0)  # Opening the tab may ask for the report more than once.
        report = screen._report
        seen = app.pulse
        hand.jobs.accept(plan(stage("work"), name="late", prompt="late"), job_id="late")
        await until(pilot, lambda: app.pulse is not None and app.pulse != seen)
        for _ in range(5):
            await pilot.pause(0.1)
        assert screen._report is report
        await pilot.press("r")
        await until(pilot, lambda: screen._report is not report)


async def test_a_narrow_terminal_shows_the_plot_or_the_files(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="reports", size=(80, 24)) as (app, pilot):
        await shown(app, pilot, VERSIONS)
        await until(pilot, lambda: "└" in screen_text(app))
        await until(pilot, lambda: "Largest files" not in screen_text(app))
        await pilot.press("l")
        await until(pilot, lambda: "Largest files" in screen_text(app))
        await until(pilot, lambda: "m next" not in screen_text(app))


async def test_a_filter_narrows_the_table_and_leaves_the_report_whole(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="reports") as (app, pilot):
        screen = await shown(app, pilot, VERSIONS)
        files = list(app.screen.query_one("#largest", VirtualTable).keys)
        await pilot.press("slash", *"M@2")
        await shown(app, pilot, {"film@2"})
        await until(pilot, lambda: "1 of 2 lines" in screen_text(app))
        await until(pilot, lambda: "3 jobs ended · 33.3% failed" in screen_text(app))
        assert list(app.screen.query_one("#largest", VirtualTable).keys) == files
        await pilot.press("enter", "b")
        await until(pilot, lambda: "None fits. Escape clears the filter." in screen_text(app))
        assert screen.by == "pipeline"
        field = app.screen.query_one("#filter", Input)
        field.value = "model:wan"
        await until(pilot, lambda: 'no field is called "model"' in screen_text(app))
        await pilot.press("escape")
        await shown(app, pilot, {"film"})
        assert field.value == ""
        await until(pilot, lambda: "of 1 lines" not in screen_text(app))


# --- the plot ------------------------------------------------------------------------------------


@given(
    values=st.lists(st.floats(0, 1e6), min_size=1, max_size=60),
    width=st.integers(0, 100),
    height=st.integers(0, 20),
)
def test_a_plot_keeps_to_its_room_and_hides_no_value(
    values: list[float], width: int, height: int
) -> None:
    lines = columns([(f"{n:02}", v) for n, v in enumerate(values)], width, height, "{:.0f}".format)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    if lines:
        gutter = lines[0].index("│") + 1
        bottom = lines[-3][gutter:]
        room = width - gutter
        shown = values[-room:]
        each = min(9, room // len(shown))
        for at, value in enumerate(shown):
            mark = bottom[at * each : at * each + 1].strip()
            assert bool(mark) == (value > 0)


def test_the_highest_column_fills_the_plot_and_half_of_it_half() -> None:
    assert columns([("mon", 4.0), ("tue", 2.0), ("wed", 0.0)], 14, 6) == [
        "4 │██",
        "  │██",
        "  │██ ██",
        "  │██ ██",
        "0 └─────────",
        "   mon   wed",
    ]


def test_a_report_of_a_farm_that_was_never_used_is_empty(tmp_path: Path) -> None:
    _, database = little_ledger(tmp_path)
    begin = time.monotonic()
    report = make_report(database, "all", "version")
    assert (report.jobs, report.kept_bytes, list(report.largest)) == (0, 0, [])
    assert 0 <= report.took_s <= time.monotonic() - begin
    database.close()
