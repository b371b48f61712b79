"""Nodes and the orders to them, with the ledger as witness."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_lab import console, little_ledger, screen_text, shows, until
from farmhand import Farmhand, plan, stage
from sqlalchemy import insert, select
from textual.widgets import Input

from farm.config import Settings
from farm.domain.errors import InputError, UnknownName
from farm.domain.states import NodeState
from farm.ledger.schema import blocks, nodes
from farm.tui.app import FarmConsole
from farm.tui.dialogs import Ask, Choose, Confirm
from farm.tui.screens.job import JobScreen
from farm.tui.screens.nodes import NodesScreen
from farm.tui.widgets.table import VirtualTable


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[tuple[Settings, Farmhand]]:
    """Two nodes; one runs a task on its first engine and is blocked from two stages."""
    settings, database = little_ledger(tmp_path)
    hand = Farmhand(database, "atlas")
    hand.join("boreas")
    hand.jobs.accept(plan(stage("render"), name="harbour"), job_id="job1")
    hand.take("job1.render.0", node="atlas")
    with database.engine.begin() as connection:
        for stage_id in ("image.draw/sd", "video.encode/x264"):
            connection.execute(
                insert(blocks).values(
                    node="atlas", stage_id=stage_id, created_at=1.0,
                    reason=f"3 tasks of {stage_id} crashed here",
                )
            )  # fmt: skip
    yield settings, hand
    database.close()


def beat(hand: Farmhand, **pids: int) -> Any:
    """A heartbeat of atlas with these processes in its engines."""
    return hand.nodes.beat(
        "atlas", "i1", [("job1.render.0", 1)],
        engines=[{"slot": s, "device": "cpu", "pid": pid, "resident": ["sd-xl"]}
                 for s, pid in pids.items()],
        gauges={"cpu_percent": 40.0, "ram_used_mb": 1000},
    )  # fmt: skip


def state(hand: Farmhand, name: str = "atlas") -> str:
    return hand.state(nodes, name=name)


def blocked(hand: Farmhand) -> list[str]:
    with hand.database.read() as connection:
        found = connection.execute(select(blocks.c.stage_id).where(blocks.c.node == "atlas"))
        return sorted(found.scalars())


def table(app: FarmConsole, name: str) -> VirtualTable:
    return app.screen.query_one(f"#{name}", VirtualTable)


async def shown(app: FarmConsole, pilot: Any) -> None:
    await until(
        pilot,
        lambda: (
            isinstance(app.screen, NodesScreen)
            and list(table(app, "nodes").keys) == ["atlas", "boreas"]
            and bool(table(app, "history").keys)
        ),
        "the nodes are shown",
    )


async def test_a_node_tells_what_runs_where_what_it_is_not_given_and_its_history(
    farm: Any,
) -> None:
    settings, hand = farm
    beat(hand, cpu0=100, cpu1=101)
    async with console(settings, first="nodes", size=(200, 60)) as (app, pilot):
        await shown(app, pilot)
        await shows(
            app,
            pilot,
            "#1 harbour",
            "render.0",
            "sd-xl",
            "3 tasks of image.draw/sd crashed here",
            "it joined the farm",
            " 40%",
            " 25%",
        )


async def test_drain_asks_why_and_enable_brings_it_back_and_lifts_its_blocks(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="nodes") as (app, pilot):
        await shown(app, pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"fan", "enter")
        await until(pilot, lambda: state(hand) == "draining")
        await until(pilot, lambda: "▽ draining" in screen_text(app), "the list follows")
        await until(pilot, lambda: "fan" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: state(hand) == "online")
        await until(pilot, lambda: blocked(hand) == [])
        assert state(hand, "boreas") == "online"


@pytest.mark.parametrize(("key", "becomes"), [("p", "paused"), ("X", "quarantined")])
async def test_a_node_is_taken_out_for_a_reason_that_is_kept(
    farm: Any, key: str, becomes: str
) -> None:
    settings, hand = farm
    async with console(settings, first="nodes") as (app, pilot):
        await shown(app, pilot)
        await pilot.press("down", key)
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"odd", "enter")
        await until(pilot, lambda: state(hand, "boreas") == becomes)
        with hand.database.read() as connection:
            reason = connection.execute(select(nodes.c.reason).where(nodes.c.name == "boreas"))
            assert reason.scalar_one() == "odd"
        assert state(hand) == "online"


async def test_what_a_state_does_not_allow_is_refused_with_the_mend(farm: Any) -> None:
    settings, hand = farm
    hand.nodes.order("atlas", NodeState.DRAINING, actor="bob")
    async with console(settings, first="nodes") as (app, pilot):
        await shown(app, pilot)
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press("enter")
        await until(pilot, lambda: any("enable it first" in n.message for n in app._notifications))
        assert state(hand) == "draining"


async def test_one_block_is_lifted_or_all_of_them(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="nodes") as (app, pilot):
        await shown(app, pilot)
        table(app, "blocks").focus()
        await pilot.press("down", "l")
        await until(pilot, lambda: blocked(hand) == ["image.draw/sd"])
        table(app, "nodes").focus()
        await pilot.press("l")
        await until(pilot, lambda: blocked(hand) == [])
        assert hand.story("atlas")[-2:] == ["unblocked", "unblocked"]


async def test_a_busy_engine_is_restarted_after_a_question(farm: Any) -> None:
    settings, hand = farm
    beat(hand, cpu0=100, cpu1=101)
    async with console(settings, first="nodes") as (app, pilot):
        await shown(app, pilot)
        table(app, "engines").focus()
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: "restart" in hand.story("atlas"))
        await until(pilot, lambda: "↻ restarting" in screen_text(app))
        assert beat(hand, cpu0=100, cpu1=101).restart == ("cpu0",)


async def test_an_idle_engine_is_chosen_from_the_list_of_nodes(farm: Any) -> None:
    settings, hand = farm
    beat(hand, cpu0=100, cpu1=101)
    async with console(settings, first="nodes") as (app, pilot):
        await shown(app, pilot)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "restart" in hand.story("atlas"))
        assert beat(hand, cpu0=100, cpu1=101).restart == ("cpu1",)


async def test_an_engine_opens_the_job_that_it_runs(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="nodes") as (app, pilot):
        await shown(app, pilot)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, JobScreen))
        assert app.screen.job_id == "job1"


async def test_nothing_is_ordered_in_a_read_only_console(farm: Any) -> None:
    settings, hand = farm
    async with console(settings, first="nodes", read_only=True) as (app, pilot):
        await shown(app, pilot)
        await pilot.press("d", "e", "X", "R", "l")
        await pilot.pause(0.2)
        assert isinstance(app.screen, NodesScreen)
        assert len(blocked(hand)) == 2


async def test_a_node_of_the_overview_opens_here_with_the_cursor_on_it(farm: Any) -> None:
    settings, _ = farm
    async with console(settings) as (app, pilot):
        await until(pilot, lambda: len(table(app, "nodes").keys) == 2)
        await pilot.click("#nodes", offset=(3, 2), times=2)
        await shown(app, pilot)
        assert table(app, "nodes").cursor_key == "boreas"


def test_an_ordered_restart_is_told_until_the_engine_is_another_process(farm: Any) -> None:
    _, hand = farm
    assert beat(hand, cpu0=100, cpu1=101).restart == ()
    hand.nodes.restart_engine("atlas", "cpu1", actor="ada")
    assert beat(hand, cpu0=100, cpu1=101).restart == ("cpu1",)
    assert beat(hand, cpu0=100, cpu1=101).restart == ("cpu1",), "an answer may be lost"
    assert beat(hand, cpu0=100, cpu1=202).restart == ()
    assert beat(hand, cpu0=100, cpu1=101).restart == (), "it is not given twice"


def test_a_restart_is_forgotten_when_the_whole_node_starts_anew(farm: Any) -> None:
    _, hand = farm
    beat(hand, cpu0=100, cpu1=101)
    hand.nodes.restart_engine("atlas", "cpu1", actor="ada")
    hand.join("atlas", "i1")
    assert beat(hand, cpu0=100, cpu1=101).restart == ()


def test_only_an_engine_that_is_there_can_be_restarted(farm: Any) -> None:
    _, hand = farm
    with pytest.raises(UnknownName, match="no node is called that"):
        hand.nodes.restart_engine("atals", "cpu0", actor="ada")
    with pytest.raises(UnknownName, match="no such engine"):
        hand.nodes.restart_engine("atlas", "cpu7", actor="ada")
    hand.nodes.lost("atlas", "i1", "silent")
    with pytest.raises(InputError, match="cannot restart"):
        hand.nodes.restart_engine("atlas", "cpu0", actor="ada")


async def test_a_filter_finds_nodes_by_name_state_model_and_stage_and_says_how_many(
    farm: Any,
) -> None:
    settings, hand = farm
    beat(hand, cpu0=100)
    async with console(settings, first="nodes") as (app, pilot):
        await shown(app, pilot)
        await pilot.press("slash", *"BOR")
        await until(pilot, lambda: list(table(app, "nodes").keys) == ["boreas"])
        await until(pilot, lambda: "1 of 2 nodes" in screen_text(app))
        await until(pilot, lambda: "Engines of boreas" in screen_text(app))
        for typed, found in (
            ("model:sd-xl", ["atlas"]),
            ("stage:video.encode", ["atlas"]),
            ("state:online", ["atlas", "boreas"]),
            ("state:lost", []),
        ):
            app.screen.query_one("#filter", Input).value = typed
            await until(pilot, lambda found=found: list(table(app, "nodes").keys) == found, typed)
        await until(pilot, lambda: "None fits. Escape clears the filter." in screen_text(app))
        app.action_node("boreas")
        await until(pilot, lambda: table(app, "nodes").cursor_key == "boreas")
        await until(
            pilot,
            lambda: "of 2 nodes" not in screen_text(app),
            "a node that is asked for is never hidden",
        )
