"""The real console over a real ledger: what every test of a screen starts from."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

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
    """Let the console work until a condition holds; 10 s at most."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end, what or "it did not come to hold in time"
        await pilot.pause(0.02)


def screen_text(app: FarmConsole) -> str:
    """What the screen shows, as plain text."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    lines = ["".join(segment.text for segment in strip) for strip in strips]
    return "\n".join(line[:width] for line in lines[:height])
