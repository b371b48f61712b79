"""An operator in front of a farm with eight troubles finds each cause, and its mend, by keys alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from console_lab import console, screen_text, until
from sample_farm import Standing
from troubled_farm import PAUSED, troubled

from farm.config import Settings
from farm.ledger.database import Database
from farm.ledger.nodes import Nodes
from farm.ledger.views_nodes import NodeViews
from farm.tui.app import FarmConsole

Farm = tuple[Settings, Database, Standing]


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with troubled(tmp_path_factory.mktemp("troubled")) as found:
        yield found


class Operator:
    """Presses keys and reads the screen; knows nothing else."""

    def __init__(self, app: FarmConsole, pilot: Any) -> None:
        self.app, self.pilot = app, pilot

    @property
    def sees(self) -> str:
        """The words on the screen: without borders, each run of blanks one space."""
        return " ".join(screen_text(self.app).replace("│", " ").split())

    async def press(self, *keys: str, until_it_says: str) -> None:
        await self.pilot.press(*keys)
        await self.reads(until_it_says)

    async def reads(self, *texts: str) -> None:
        for text in texts:
            await until(self.pilot, lambda text=text: text in self.sees, f"{text}: {self.sees}")

    async def goes_down_to(self, text: str) -> None:
        """Move the cursor down until the screen tells about that row."""
        for _ in range(60):
            if text in self.sees:
                return
            await self.pilot.press("down")
            await self.pilot.pause(0.1)
        raise AssertionError(f"{text} is not on: {self.sees}")


@asynccontextmanager
async def operator(farm: Farm) -> AsyncIterator[Operator]:
    settings, _, clock = farm
    async with console(settings, clock=clock, size=(120, 40)) as (app, pilot):
        someone = Operator(app, pilot)
        await someone.reads("Newest failures", "atlas")
        yield someone


async def test_a_dead_node_is_named_and_how_to_bring_it_back(farm: Farm) -> None:
    async with operator(farm) as op:
        await op.reads("vega ? lost")
        await op.press("end", "enter", until_it_says="vega: no heartbeat for")
        await op.reads("mend start `farm node` there again", "lost no heartbeat")


async def test_a_full_disk_is_told_on_every_screen_and_at_the_door_it_closes(farm: Farm) -> None:
    async with operator(farm) as op:
        await op.reads(
            "Nothing new begins: low disk:",
            "less than low_disk_mb",
            "free some room or run `farm gc`",
        )
        await op.press("5", "end", until_it_says="late.txt")
        await op.press("tab", until_it_says="waits for low disk:")
        await op.reads("less than low_disk_mb", "free some room or run `farm gc`")


async def test_a_poison_job_is_named_with_what_it_did_to_its_engines(farm: Farm) -> None:
    async with operator(farm) as op:
        await op.press("f", until_it_says="crash")
        await op.press("end", "enter", until_it_says="the engine was killed by SIGSEGV")
        await op.press("x", until_it_says="class crash")
        await op.reads("mend The last lines of the attempt's log may tell why.")
        await op.reads("work.0#1 on atlas/cpu0, crash", "work.0#2 on vega/cpu0, crash")
        await op.press("w", until_it_says="quarantined")


async def test_a_stage_nobody_offers_is_named_and_each_machine_says_why(farm: Farm) -> None:
    async with operator(farm) as op:
        await op.press("4", until_it_says="no node offers clip.diffuse/wan@1")
        await op.goes_down_to("mend Install its plugin and models on a node")
        await op.reads("draw.0 of job #3")
        await op.press("6", until_it_says="/ filter")
        await op.press("slash", *"clip.diffuse/wan", "enter", until_it_says="clip.diffuse/wan@1")
        await op.reads("not on atlas: it needs a GPU; install the node on a machine")


async def test_a_full_limit_is_named_and_what_lets_more_through(farm: Farm) -> None:
    async with operator(farm) as op:
        await op.press("4", until_it_says="limit `comfy` is full")
        await op.goes_down_to("mend It goes on when a task that holds it ends")
        await op.reads("#5 second", "a larger size in `limits` of farm.toml")


async def test_a_refused_drop_is_named_with_its_cause_and_mend(farm: Farm) -> None:
    async with operator(farm) as op:
        await op.press("5", "end", until_it_says="refused blank.txt")
        await op.press("tab", "end", until_it_says="_rejected/blank.txt")
        await op.reads("the text is blank. Write at least one word into it.")


async def test_a_hung_engine_is_named_as_stalled_and_what_to_change(farm: Farm) -> None:
    async with operator(farm) as op:
        await op.press("f", until_it_says="hang")
        await op.press("home", "enter", until_it_says="the task made no progress")
        await op.press("x", until_it_says="class timeout")
        await op.reads("expected a sign of progress every 0.2 s", "code task.stalled")
        await op.reads(
            "mend The stage must call task.progress more often, or declare a longer stall_s"
        )


async def test_a_paused_queue_is_told_everywhere_and_one_key_lets_it_go_on(farm: Farm) -> None:
    _, database, _ = farm
    Nodes(database).pause_farm(PAUSED, actor="bob")
    async with operator(farm) as op:
        await op.reads(f"The farm is paused: {PAUSED}.", "On the queue (4), F lets it go on")
        await op.press("4", until_it_says=f"farm-paused the farm is paused: {PAUSED}")
        await op.reads("mend F lets the farm go on.")
        await op.pilot.press("F")
        await until(op.pilot, lambda: _paused(database) is None, "the farm goes on")
        await op.reads("limit `comfy` is full")


def _paused(database: Database) -> str | None:
    return NodeViews(database).farm().paused
