"""Every screen at three sizes, character by character, over a fixed ledger and a standing clock.

``FARM_SNAPSHOTS=write pytest tests/tui/test_snapshots.py`` writes the pictures anew; look at the
difference before it is kept.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_lab import console, screen_text, until
from sample_farm import START_S, Standing, sample

from farm.config import Settings

FOLDER = Path(__file__).parent / "snapshots"
SIZES = [(80, 24), (120, 40), (200, 60)]
TABS = ("overview", "jobs", "nodes", "queue", "intake", "plugins", "reports")
# What a part of a job shows once it was read, so that nothing is taken too early.
PARTS = {
    "graph": "content key",
    "windows": "render.0",
    "timeline": "Engine time",
    "files": "between",
    "params": "seed",
    "events": "accepted as",
    "error": "palette",
    "logs": "palette has no colour",
}


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Standing]]:
    """The sample farm, in a time zone that does not move."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    folder, clock = tmp_path_factory.mktemp("studio"), Standing()
    settings, database = sample(folder, clock)
    log = settings.spool_dir / "logs" / "01M0000002" / "render.2.1.log"
    log.parent.mkdir(parents=True)
    log.write_text("INFO 0.1 s frames 20 to 29\nERROR the palette has no colour\n", "utf-8")
    yield settings, clock
    database.close()
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()
