"""Every screen at three sizes, character by character, over a fixed ledger and a standing clock.

``FARM_SNAPSHOTS=write pytest tests/tui/test_snapshots.py`` writes the pictures anew; look at the
difference before it is kept.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from console_lab import console, screen_text, until
from rich.cells import cell_len
from sample_farm import Standing, sample

from farm import plugins
from farm.config import Settings
from farm.tui.app import FarmConsole
from farm.tui.screens.job import PARTS, JobScreen

FOLDER = Path(__file__).parent / "snapshots"
SIZES = [(80, 24), (120, 40), (200, 60)]
TABS = ("overview", "jobs", "nodes", "queue", "intake", "plugins", "reports")


@pytest.fixture(scope="module")
def farm() -> Iterator[tuple[Settings, Standing]]:
    """The sample farm, in a time zone that does not move, with no plugins but its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        patch.setattr(plugins, "entry_points", lambda group: ())
        # A name of the same length wherever the tests run: paths are part of the pictures.
        with TemporaryDirectory(prefix="studio-", dir="/tmp") as folder:
            yield from _farm(Path(folder))
    time.tzset()


def _farm(folder: Path) -> Iterator[tuple[Settings, Standing]]:
    clock = Standing()
    settings, database = sample(folder, clock)
    log = settings.spool_dir / "logs" / "01M0000002" / "render.2.1.log"
    log.parent.mkdir(parents=True)
    log.write_text("INFO 0.1 s frames 20 to 29\nERROR the palette has no colour\n", "utf-8")
    yield settings, clock
    database.close()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("tab", TABS)
async def test_a_tab_looks_as_it_did(farm: Any, tab: str, size: tuple[int, int]) -> None:
    settings, clock = farm
    async with console(settings, size=size, clock=clock, poll_s=3600, first=tab) as (app, pilot):
        if tab in ("nodes", "intake"):
            # The last row is the one with something to tell.
            await settled(app, pilot)
            await pilot.press("end")
        await compare(app, pilot, tab, size)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_part_of_a_job_looks_as_it_did(farm: Any, size: tuple[int, int]) -> None:
    settings, clock = farm
    async with console(settings, size=size, clock=clock, poll_s=3600, first="jobs") as (app, pilot):
        app.action_job("01M0000002")
        await until(pilot, lambda: isinstance(app.screen, JobScreen) and app.screen.ready)
        screen = app.screen
        assert isinstance(screen, JobScreen)
        for part in PARTS:
            screen.action_show(part)
            if part == "windows":
                await settled(app, pilot)
                await pilot.press("f")
            await compare(app, pilot, f"job-{part}", size)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_dialogs_look_as_they_did(farm: Any, size: tuple[int, int]) -> None:
    settings, clock = farm
    async with console(settings, size=size, clock=clock, poll_s=3600, first="jobs") as (app, pilot):
        await settled(app, pilot)
        for name, key in (("help", "question_mark"), ("cancel", "c"), ("columns", "o")):
            await pilot.press(key)
            await compare(app, pilot, f"dialog-{name}", size)
            await pilot.press("escape")


async def compare(app: FarmConsole, pilot: Any, name: str, size: tuple[int, int]) -> None:
    """The screen, once it does not change any more, against its picture."""
    shown = await settled(app, pilot)
    # What no clock holds still, in as many letters.
    shown = re.sub(r"studio-\w{1,8}", lambda found: "studio-".ljust(len(found[0]), "x"), shown)
    shown = re.sub(r"in \d\.\d s", "in 0.0 s", shown)
    lines = shown.split("\n")
    assert (len(lines), {cell_len(line) for line in lines}) == (size[1], {size[0]})
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    file = FOLDER / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("FARM_SNAPSHOTS") == "write":
        file.write_text(text, encoding="utf-8")
    assert file.is_file(), f"{file.name} is missing; see this module's docstring"
    kept = file.read_text(encoding="utf-8")
    assert text == kept, "\n".join(unified_diff(kept.split("\n"), text.split("\n"), lineterm=""))


async def settled(app: FarmConsole, pilot: Any) -> str:
    """The screen's text when nothing is read any more and three looks were the same."""
    same, before = 0, ""
    end = time.monotonic() + 20
    while same < 3:
        assert time.monotonic() < end, "the screen never came to rest"
        await app.workers.wait_for_complete()
        await pilot.pause()
        now = screen_text(app)
        same = same + 1 if now == before and now.strip() else 0
        before = now
    return before
