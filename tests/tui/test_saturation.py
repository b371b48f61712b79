"""The overview calls the farm saturated above the wait that the operator has set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from console_lab import console, little_ledger, screen_text, shows, until
from farmhand import Farmhand, plan, stage

from farm.config import load_settings
from farm.ledger.records import Peaks


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
@pytest.mark.parametrize(("bound_s", "saturated"), [(30, True), (120, False)])
async def test_a_wait_above_the_bound_is_a_warning(
    tmp_path: Path, bound_s: float, saturated: bool, size: tuple[int, int]
) -> None:
    (tmp_path / "farm.toml").write_text(f"saturation_s = {bound_s}\n")
    settings, _ = load_settings(tmp_path, {})
    _, database = little_ledger(tmp_path)
    hand = Farmhand(database)
    hand.jobs.accept(plan(stage("one"), stage("two", ("one",), windows=20)), job_id="job1")
    # Twenty windows that take about 6 s each on two engines: a wait of a minute.
    hand.claims["n1"].finish(hand.take(), {"out": []}, Peaks(wall_s=6.0, ram_mb=1), go_on=False)
    assert len(hand.ready()) == 20
    async with console(settings, size=size) as (app, pilot):
        await until(pilot, lambda: "new tasks wait 1m00s" in screen_text(app))
        await until(pilot, lambda: ("saturated" in screen_text(app)) is saturated)
    database.close()


FULL = {"name": "comfyui", "state": "warn", "numbers": {},
        "detail": "every server is full: a new run waits about 3 min"}  # fmt: skip
BUSY = {"name": "comfyui a", "state": "warn", "detail": "http://a: 1 waiting", "numbers": {}}
DOWN = {"name": "comfyui b", "state": "fail", "detail": "http://b: no answer", "numbers": {}}
FINE = {"name": "comfyui", "state": "ok", "detail": "1 of 2 prompts are running", "numbers": {}}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
@pytest.mark.parametrize(
    ("services", "told"),
    [
        ([BUSY, FULL], "⚠ comfyui: every server is full"),
        ([FULL, DOWN], "⚠ comfyui b is down"),
        ([FINE], None),
    ],
    ids=["full", "down", "fine"],
)
async def test_servers_that_are_full_or_down_are_a_warning(
    tmp_path: Path, services: list[dict[str, Any]], told: str | None, size: tuple[int, int]
) -> None:
    settings, database = little_ledger(tmp_path)
    hand = Farmhand(database)
    hand.jobs.accept(plan(stage("one")), job_id="job1")
    hand.nodes.beat("n1", "i1", [], engines=[], gauges={"services": services})
    async with console(settings, size=size) as (app, pilot):
        await until(pilot, lambda: "1 ready" in screen_text(app))
        await until(pilot, lambda: "wait unknown yet" in screen_text(app))
        await shows(app, pilot, told or "")
        await until(pilot, lambda: ("⚠ comfyui" in screen_text(app)) is (told is not None))
    database.close()
