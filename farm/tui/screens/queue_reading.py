"""What the queue's screen reads: reasons, pages of their tasks, what a filter looks at, one story.

Invariant: each read costs what is shown of it; a filter looks at the first :data:`SOUGHT` tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from farm.tui.screens.queue_cells import task_row
from farm.tui.search import Row

if TYPE_CHECKING:
    from farm.ledger.database import Database
    from farm.ledger.views_pulse import Pulse
    from farm.ledger.views_queue import Spot, WaitGroup, WaitLine
    from farm.ledger.views_reasons import Why

SOUGHT = 2_000
"""Tasks of a reason that a filter looks at, the first in the order of the queue."""

_SILENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Page:
    """Ids of a group. more : they follow those that are shown."""

    group: str
    ids: list[str]
    end: Spot | None
    more: bool


@dataclass(frozen=True, slots=True)
class Sought:
    """What a filter looks at. rows : of the first :data:`SOUGHT` tasks of a group, by their ids."""

    group: str
    rows: dict[str, Row]


Farmwide = tuple[float, str | None, bool, int]
"""What every reason depends on besides the events."""


def read_groups(database: Database) -> tuple[list[WaitGroup], Farmwide]:
    """Every reason something waits for, and the farm as a whole."""
    from farm.ledger.views_console import ConsoleViews
    from farm.ledger.views_queue import QueueViews

    with database.snapshot():
        return QueueViews(database).groups(), standing(ConsoleViews(database).pulse())


def standing(pulse: Pulse) -> Farmwide:
    """What the reasons depend on besides the events."""
    silent_s = pulse.daemon_silent_s or 0.0
    told = int(silent_s) // 5 if silent_s > _SILENCE_S else 0
    return pulse.placed, pulse.paused, bool(pulse.daemon), told


def read_page(database: Database, group: WaitGroup, limit: int, after: Spot | None) -> Page:
    """A page of a group, the one after a place in the queue or the first."""
    from farm.ledger.views_queue import QueueViews

    ids, end = QueueViews(database).page(group, limit=limit, after=after)
    return Page(group.key, ids, end, after is not None)


def read_sought(database: Database, group: WaitGroup) -> Sought:
    """What a filter looks at in a group."""
    from farm.ledger.views_queue import QueueViews

    views = QueueViews(database)
    with database.snapshot():
        ids, _ = views.page(group, limit=SOUGHT)
        found = {line.id: line for line in views.lines(ids)}
    return Sought(group.key, {id: task_row(found[id]) for id in ids if id in found})


def read_lines(database: Database, ids: list[str]) -> list[WaitLine]:
    """These tasks in full, as far as they still wait."""
    from farm.ledger.views_queue import QueueViews

    return QueueViews(database).lines(ids)


def read_why(database: Database, task_id: str) -> Why:
    """Why one task waits."""
    from farm.ledger.views_reasons import Reasons

    return Reasons(database).task(task_id)
