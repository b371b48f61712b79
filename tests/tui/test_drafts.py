"""Drafts in the console: found by a filter, approved into masters, and told on the job's page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from console_lab import console, screen_text, until
from sample_farm import PIPELINE, PLUGIN, Hand
from sqlalchemy import select

from farm.artifacts.store import open_store
from farm.config import Settings
from farm.intake import Intake
from farm.ledger.database import Database
from farm.ledger.publishing import Publishing
from farm.ledger.schema import jobs
from farm.ledger.upgrade import upgrade
from farm.ledger.views_job import JobParts
from farm.plugins import load_plugins
from farm.tui.dialogs import Confirm
from farm.tui.job_text import facts_of


@pytest.fixture
def farm(tmp_path: Path) -> Any:
    """Two jobs that are done: a draft, and one in standard quality."""
    settings = Settings(root=tmp_path, low_disk_mb=0)
    plugins = settings.spool_dir / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "clip.py").write_text(PLUGIN, encoding="utf-8")
    (plugins / "_procedural.yaml").write_text(PIPELINE, encoding="utf-8")
    database = Database(settings.database_url)
    upgrade(database)
    hand = Hand(database, node="atlas")
    store = open_store(settings.store_url, cache_dir=settings.spool_dir / "cache")
    intake = Intake(settings, load_plugins(plugins), store, database)
    for quality in ("draft", "standard"):
        made = intake.submit({"pipeline": "procedural@1", "prompt": quality, "quality": quality})
        while hand.job_state(made.job_id) != "publishing":
            hand.make(hand.take(), frames=48)
        assert Publishing(database).finish(made.job_id, {})
    yield settings, database
    database.close()


def rows(database: Database) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(select(jobs).order_by(jobs.c.number)))


async def test_a_draft_is_found_and_approved_into_a_master(farm: Any) -> None:
    settings, database = farm
    async with console(settings, first="jobs") as (app, pilot):
        await until(pilot, lambda: "#2" in screen_text(app))
        await pilot.press("slash", *"state:unapproved", "enter")
        await until(pilot, lambda: "#1" in screen_text(app) and "#2" not in screen_text(app))
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: len(rows(database)) == 3)
        await until(pilot, lambda: any("its master is #3" in n.message for n in app._notifications))
    draft, _, master = rows(database)
    # Nothing in this pipeline depends on the quality, so all of the master is in the cache.
    assert (master.quality, master.draft_id, master.seed) == ("high", draft.id, draft.seed)
    for job, told in (
        (draft, "#3 in high quality, publishing"),
        (master, "#1 in draft quality, done"),
    ):
        assert told in facts_of(JobParts(database).whole(job.id)).plain


async def test_what_is_no_draft_is_refused_with_the_mend(farm: Any) -> None:
    settings, database = farm
    async with console(settings, first="jobs") as (app, pilot):
        await until(pilot, lambda: "#2" in screen_text(app))
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: any("a finished draft" in n.message for n in app._notifications))
    assert len(rows(database)) == 2
