"""Arguments and options that several commands share, with their shell completion.

Invariant: a name means the same thing in every command; completion never fails loudly and never
changes anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from farm.ledger.database import Database

_OFFERED = 50


@contextmanager
def _ledger(context: typer.Context) -> Iterator[Database]:
    from farm.cli.session import Session

    root = context.find_root().params.get("root")
    with Session(Path(root) if root else None).ledger() as database:
        yield database


def complete_jobs(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Numbers of the newest jobs, with their names."""
    try:
        from farm.ledger.views_jobs import JobViews

        with _ledger(context) as database:
            lines = JobViews(database).page(limit=_OFFERED)
    except Exception:
        # Completion runs while somebody types: no farm here means nothing to offer.
        return []
    found = ((str(line.number), f"{line.state}: {line.name}") for line in lines)
    return [pair for pair in found if pair[0].startswith(incomplete)]


def complete_nodes(context: typer.Context, incomplete: str) -> list[str]:
    """Names of the nodes."""
    try:
        from farm.ledger.views_nodes import NodeViews

        with _ledger(context) as database:
            names = NodeViews(database).names()
    except Exception:
        return []
    return [name for name in names if name.startswith(incomplete)]


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Job = Annotated[
    str,
    typer.Argument(
        metavar="JOB",
        help="#42, 42, the job's id or the last four or more letters of it, a task's id, or what a "
        "service calls its work (a ComfyUI prompt's id).",
        autocompletion=complete_jobs,
    ),
]
Jobs = Annotated[
    list[str],
    typer.Argument(metavar="JOB...", help="Jobs, by number or id.", autocompletion=complete_jobs),
]
SomeJobs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="JOB...",
        help="Jobs, by number or id; none: every job that has not ended.",
        autocompletion=complete_jobs,
    ),
]
Thing = Annotated[
    str,
    typer.Argument(
        metavar="JOB|TASK",
        help="A job, or a task as JOB.STAGE or JOB.STAGE.WINDOW.",
        autocompletion=complete_jobs,
    ),
]
Node = Annotated[
    str,
    typer.Argument(metavar="NODE", help="The node's name.", autocompletion=complete_nodes),
]
