"""The real console over a real ledger: what every test of a screen starts from."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.css.query import NoMatches
from textual.pilot import Pilot

from farm.config import Settings
from farm.ledger.database import Database
from farm.ledger.upgrade import upgrade
from farm.tui.app import FarmConsole
from farm.tui.console import build_console


def little_ledger(folder: Path) -> tuple[Settings, Database]:
    """Settings of a farm in ``folder`` and its ledger, empty and of this version."""
    settings = Settings(root=folder)
    database = Database(settings.database_url, time.time)
    upgrade(database)
    return settings, database


@asynccontextmanager
async def console(
    settings: Settings, *, size: tuple[int, int] = (120, 40), **changes: Any
) -> AsyncIterator[tuple[FarmConsole, Pilot[None]]]:
    """The console as ``farm tui`` makes it, looking ten times a second."""
    app = build_console(settings, actor="ada", **{"poll_s": 0.1, **changes})
    async with app.run_test(size=size) as pilot:
        yield app, pilot


async def until(pilot: Pilot[Any], holds: Callable[[], bool], what: str = "") -> None:
    """Let the console work until a condition holds; 30 s at most.

    What a screen does not show yet, because it is only just opened, does not hold.
    """
    end = time.monotonic() + 30
    while not _holds(holds):
        assert time.monotonic() < end, what or "it did not come to hold in time"
        await pilot.pause(0.02)


async def shows(app: FarmConsole, pilot: Pilot[Any], *parts: str) -> None:
    """Let the console work until the screen shows all of these; 30 s at most."""
    with contextlib.suppress(AssertionError):
        await until(pilot, lambda: all(part in screen_text(app) for part in parts))
    text = screen_text(app)
    assert [part for part in parts if part not in text] == [], text


def _holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except NoMatches:
        return False


def screen_text(app: FarmConsole) -> str:
    """What the screen shows, as plain text."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    lines = ["".join(segment.text for segment in strip) for strip in strips]
    return "\n".join(line[:width] for line in lines[:height])
