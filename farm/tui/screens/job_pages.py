"""What the list of jobs reads: its numbers in pages, single lines, and what became of a job.

Invariant: these run in threads and touch no widget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from farm.ledger.database import Database
    from farm.ledger.views import JobLine
    from farm.ledger.views_console import Place, Sort


@dataclass(frozen=True, slots=True)
class Page:
    """Part of the list of numbers. epoch : of which list."""

    epoch: int
    numbers: list[int]
    end: Place | None
    first: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of jobs that something happened to: those that exist, and those chosen."""

    epoch: int
    known: list[int]
    chosen: list[int]


def read_page(
    database: Database, chosen: Any, sort: Sort, after: Place | None, limit: int, epoch: int
) -> Page:
    """A page of the numbers of chosen jobs."""
    from farm.ledger.views_console import ConsoleViews

    numbers, end = ConsoleViews(database).numbers(chosen, sort, limit=limit, after=after)
    return Page(epoch, numbers, end, after is None)


def read_moved(database: Database, chosen: Any, ids: list[str], epoch: int) -> Moved:
    """What became of these jobs."""
    from farm.ledger.views_console import ConsoleViews

    return Moved(epoch, *ConsoleViews(database).which(chosen, ids))


def read_lines(database: Database, numbers: list[int]) -> list[JobLine]:
    """The lines of these jobs."""
    from farm.ledger.views_console import ConsoleViews

    return ConsoleViews(database).lines(numbers)


def read_ids(database: Database, numbers: list[int]) -> list[str]:
    """The ids of these jobs."""
    from farm.ledger.views_console import ConsoleViews

    return ConsoleViews(database).ids(numbers)
