"""Text for terminals and JSON for programs.

Invariant: standard output carries the answer and nothing else, so that it can be piped; ``--json``
prints exactly one document.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from farm.domain.wording import duration as duration, size as size

if TYPE_CHECKING:
    from rich.console import Console

    from farm.ledger.views import JobLine

_STYLES = {
    "done": "green",
    "cached": "green",
    "online": "green",
    "ok": "green",
    "running": "cyan",
    "publishing": "cyan",
    "queued": "blue",
    "paused": "yellow",
    "held": "yellow",
    "draining": "yellow",
    "warn": "yellow",
    "failing": "red",
    "failed": "red",
    "fail": "red",
    "lost": "red",
    "quarantined": "red",
    "cancelling": "magenta",
    "cancelled": "magenta",
}


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, default=_plain))


def console(*, errors: bool = False) -> Console:
    """Where text goes; a pipe gets lines wide enough not to be cut."""
    from rich.console import Console

    stream = sys.stderr if errors else sys.stdout
    return Console(
        file=stream, highlight=False, width=None if stream.isatty() else 200, markup=False
    )


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str, right: Sequence[str] = ()
) -> None:
    """A table; a cell that names a state is coloured, one in a column of ``right`` is set right."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell), style=_STYLES.get(str(cell), "")) for cell in row))
    if table.row_count:
        console().print(table)
    else:
        typer.echo(empty)


def print_facts(facts: Iterable[tuple[str, Any]]) -> None:
    """Names and values, one pair a line; absent values are left out."""
    for name, value in facts:
        if value not in (None, "", [], {}):
            typer.echo(f"{name:<12} {value}")


def moment(at_s: float | None) -> str:
    """Local date and time of a number of seconds since 1970; empty for ``None``."""
    return "" if at_s is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_s))


def share(line: JobLine) -> str:
    """A job's progress and estimate: ``42 %, 1 m 20 s left``."""
    text = f"{int(line.progress * 100):d} %"
    if line.ended or line.eta_s is None:
        return text
    return f"{text}, {duration(line.eta_s)} left"


def state_of(line: JobLine) -> str:
    """A job's state, or ``paused``."""
    return "paused" if line.paused and not line.ended else line.state


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset | tuple):
        return sorted(value)
    return dict(value)
