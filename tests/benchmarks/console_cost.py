"""``python -m tests.benchmarks.console_cost FOLDER [TAB …]``: what the console costs on a large ledger.

For each tab, in a process of its own: processor seconds and queries until its first data shows, then
the share of a core and the queries per second while nothing happens, and while every node beats.
Processor time and not the clock on the wall, so that other work on the machine matters less.
"""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

TABS = ("overview", "jobs", "nodes", "queue", "intake", "plugins", "reports")
LISTS = {"overview": "nodes", "jobs": "jobs", "nodes": "nodes", "queue": "tasks", "intake": "doors",
         "plugins": "stages-list", "reports": "usage"}  # fmt: skip
IDLE_S = 8.0


class Counted:
    """Statements that this process sent."""

    def __init__(self) -> None:
        self.number = 0
        event.listen(Engine, "before_cursor_execute", self._count)

    def _count(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.number += not statement.startswith(("BEGIN", "PRAGMA"))


async def measure(folder: Path, tab: str) -> str:
    """One line of figures."""
    from farm.config import Settings
    from farm.tui.console import build_console
    from farm.tui.widgets.table import VirtualTable
    from tests.benchmarks.big_ledger import NOW

    counted = Counted()
    begin = time.perf_counter()
    app = build_console(Settings(root=folder), actor="artist07", clock=lambda: NOW, first=tab)
    async with app.run_test(size=(160, 48)):
        while True:
            tables = app.screen.query(f"#{LISTS[tab]}").results(VirtualTable)
            table = next(iter(tables), None)
            if table is not None and table.keys and table.cells(table.keys[0]) is not None:
                break
            assert time.perf_counter() - begin < 60, f"{tab} shows nothing"
            await asyncio.sleep(0.005)
        first_s, wall_s = time.process_time(), time.perf_counter() - begin
        first_queries = counted.number
        await asyncio.sleep(3)
        settled_s, settled = time.process_time(), counted.number
        quiet = await _idle(counted, lambda: None)
        beats = sqlite3.connect(folder / "spool" / "ledger.sqlite3", timeout=30)
        beating = await _idle(counted, lambda: _beat(beats))
        beats.close()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{tab:<9} first data {first_s:5.2f} s of processor, {wall_s:5.2f} s, {first_queries:3}"
        f" queries; after 3 s {settled_s:5.2f} s, {settled:3} queries;"
        f" idle {quiet[0]:6.2%} {quiet[1]:4.1f} q/s;"
        f" nodes beat {beating[0]:6.2%} {beating[1]:4.1f} q/s;"
        f" {memory:.0f} MB"
    )


async def _idle(counted: Counted, meanwhile: Callable[[], None]) -> tuple[float, float]:
    spent, before = 0.0, counted.number
    for _ in range(int(IDLE_S)):
        meanwhile()
        worked = time.process_time()
        await asyncio.sleep(1)
        spent += time.process_time() - worked
    return spent / IDLE_S, (counted.number - before) / IDLE_S


def _beat(ledger: sqlite3.Connection) -> None:
    """What fifty nodes write in a heartbeat; not part of what is measured."""
    ledger.execute(
        "UPDATE nodes SET beat = beat + 1, facts = json_set(facts, '$.gauges.cpu_percent', beat % 90)"
    )
    ledger.commit()


def main(folder: Path, tabs: list[str]) -> None:
    """Measure the tabs one after another; build the ledger when the folder has none."""
    from farm.config import Settings
    from tests.benchmarks.big_ledger import build

    if not (Settings(root=folder).spool_dir / "ledger.sqlite3").exists():
        build(folder)
    (folder / "dropbox" / "procedural").mkdir(parents=True, exist_ok=True)
    for tab in tabs or TABS:
        subprocess.run([sys.executable, "-m", __spec__.name, "--one", str(folder), tab], check=True)


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        print(asyncio.run(measure(Path(sys.argv[2]), sys.argv[3])), flush=True)
    else:
        main(Path(sys.argv[1]), sys.argv[2:])
