"""While nothing happens the console asks next to nothing and draws nothing; it asks nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from console_lab import console, little_ledger, screen_text, until
from farmhand import Farmhand, plan, stage
from sqlalchemy import event
from sqlalchemy.engine import Engine
from textual.widget import Widget

from farm.config import Settings
from farm.ledger.database import Database
from farm.ledger.nodes import Nodes
from farm.ledger.views_pulse import Pulse
from farm.tui.app import FarmConsole
from farm.tui.screens.screen import FarmScreen
from farm.tui.source import Source
from farm.tui.tabs import TABS
from farm.tui.widgets.bar import sign_of
from farm.tui.widgets.table import VirtualTable

ALL = [tab.name for tab in TABS]


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[tuple[Settings, Farmhand]]:
    """A farm with a node and a few jobs at which nothing happens."""
    settings, database = little_ledger(tmp_path)
    hand = Farmhand(database)
    for number in range(1, 4):
        hand.jobs.accept(plan(stage("draw")), job_id=f"job{number}")
    join(database, "atlas")
    yield settings, hand
    database.close()


def join(database: Database, name: str) -> None:
    engines = [{"slot": "cpu0", "device": "cpu", "resident": []}]
    Nodes(database).register(
        name, "i1", offers={}, complaints={}, facts={}, tags=[], engines=engines
    )


async def looks(app: FarmConsole, pilot: Any, count: int) -> None:
    """Let the console look at the ledger so many times."""
    for _ in range(count):
        before = app.pulse
        await until(pilot, lambda seen=before: app.pulse is not seen, "it looks each moment")


@contextmanager
def statements() -> Iterator[list[str]]:
    """What this process sends to databases meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("tab", [name for name in ALL if name != "intake"])
async def test_a_look_without_events_is_one_statement(farm: Any, tab: str) -> None:
    settings, _ = farm
    async with console(settings, first=tab) as (app, pilot):
        await looks(app, pilot, 8)
        await app.workers.wait_for_complete()
        with statements() as sent:
            await looks(app, pilot, 6)
        # A busy machine may let a look pass unseen; two statements a look would be twelve.
        assert 5 <= len(sent) <= 10
        assert all("max(events.id)" in statement for statement in sent)


@pytest.mark.parametrize("tab", ["jobs", "nodes", "queue", "reports", "plugins"])
async def test_what_did_not_change_is_not_drawn_again(
    farm: Any, tab: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = farm
    drawn: Counter[str] = Counter()
    refresh = Widget.refresh

    def noted(self: Widget, *args: Any, **kwargs: Any) -> Any:
        drawn[f"{type(self).__name__}#{self.id}"] += 1
        return refresh(self, *args, **kwargs)

    clock = 1_800_000_000.0
    async with console(settings, first=tab, clock=lambda: clock) as (app, pilot):
        await looks(app, pilot, 8)
        await app.workers.wait_for_complete()
        monkeypatch.setattr(Widget, "refresh", noted)
        await looks(app, pilot, 2)  # On a busy machine a long list gets its scroll bar only now.
        drawn.clear()
        await looks(app, pilot, 6)
        assert drawn == Counter()


@pytest.mark.parametrize("tab", ALL)
async def test_a_tab_asks_for_each_thing_once_when_it_is_opened(
    farm: Any, tab: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = farm
    asked: Counter[str] = Counter()
    load = FarmScreen.load

    def noted(self: FarmScreen, key: str, query: Any) -> None:
        asked[key] += 1
        load(self, key, query)

    monkeypatch.setattr(FarmScreen, "load", noted)
    wanted = {"overview": "glance", "jobs": "page", "nodes": "park", "queue": "groups",
              "intake": "arrivals", "plugins": "catalogue", "reports": "report"}  # fmt: skip
    async with console(settings, first=tab, poll_s=60.0) as (app, pilot):
        await until(pilot, lambda: app.pulse is not None and asked[wanted[tab]] > 0)
        await pilot.pause()
        await app.workers.wait_for_complete()
        # The folders are looked at again once it is known which of them are doors.
        assert asked[wanted[tab]] == (2 if tab == "intake" else 1)
        await pilot.press("1" if tab != "overview" else "2")
        before = asked[wanted[tab]]
        await pilot.press(next(t.key for t in TABS if t.name == tab))
        await app.workers.wait_for_complete()
        await pilot.pause()
        again = 0 if tab == "reports" else 1  # A report that is fresh is not made again.
        assert asked[wanted[tab]] == before + again


async def test_what_happens_before_the_first_look_is_not_missed(farm: Any) -> None:
    settings, hand = farm
    source = Source(settings)
    try:
        assert source.read(lambda database: database.is_sqlite)
        hand.jobs.accept(plan(stage("draw")), job_id="job9")
        delta = source.delta()
        assert delta.complete
        assert "job9" in delta.job_ids
        assert source.delta().quiet
    finally:
        source.close()


async def test_after_an_outage_everything_is_read_anew(farm: Any, tmp_path: Path) -> None:
    settings, _ = farm
    file = Path(settings.database_url.removeprefix("sqlite:///"))
    source = Source(settings)
    try:
        assert source.delta().complete
        file.rename(file.with_suffix(".away"))
        with pytest.raises(Exception, match="no ledger"):
            source.delta()
        file.with_suffix(".away").rename(file)
        assert not source.delta().complete
        assert source.delta().quiet
    finally:
        source.close()


async def test_gauges_follow_heartbeats_that_make_no_events(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="overview") as (app, pilot):
        table = app.screen.query_one("#nodes", VirtualTable)
        await until(pilot, lambda: table.cells("atlas") is not None)
        Nodes(hand.database).beat(
            "atlas", "i1", [], engines=[{"slot": "cpu0", "device": "cpu", "resident": []}],
            gauges={"cpu_percent": 73.0},
        )  # fmt: skip
        await until(pilot, lambda: "73%" in str((table.cells("atlas") or {})["cpu"]))


async def test_the_cursor_stays_on_its_job_when_newer_ones_arrive(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="jobs") as (app, pilot):
        table = app.screen.query_one("#jobs", VirtualTable)
        await until(pilot, lambda: len(table.keys) == 3)
        await pilot.press("down")
        assert table.cursor_key == 2
        hand.jobs.accept(plan(stage("draw")), job_id="job4")
        await until(pilot, lambda: len(table.keys) == 4)
        assert table.cursor_key == 2


def test_the_bar_says_the_same_for_the_same_pulse() -> None:
    pulse = Pulse(1, None, "here/1", 0.4, None)
    assert sign_of(pulse, None)[0] == "● up"
    assert sign_of(Pulse(9, None, "here/1", 3.0, None, beats=7), None) == sign_of(pulse, None)
    assert sign_of(pulse, "gone")[0] == "✗ no ledger"


@pytest.mark.parametrize("tab", ["jobs", "reports"])
async def test_the_bar_says_in_the_colour_of_good_that_the_farm_is_up(farm: Any, tab: str) -> None:
    settings, _ = farm
    async with console(settings, first=tab) as (app, pilot):
        await until(pilot, lambda: "● up" in screen_text(app))
        bar = app.screen._compositor.render_strips()[0]
        [colour] = {
            segment.style.color.get_truecolor().hex
            for segment in bar
            if "●" in segment.text and segment.style and segment.style.color
        }
        assert colour == app.theme_variables["state-good"].lower()
