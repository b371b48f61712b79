"""``farm logs``: what attempts wrote, also while they write it.

Invariant: following goes on across attempts until the job ends.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated

import typer

from farm.attempt_logs import LogFile, find_logs
from farm.cli.arguments import Json, Thing
from farm.cli.rendering import print_json
from farm.cli.session import session
from farm.domain.errors import InputError

if TYPE_CHECKING:
    from farm.ledger.database import Database

_LOOK_S = 0.2


def logs(
    context: typer.Context,
    thing: Thing,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the job has ended.")
    ] = False,
    attempt: Annotated[
        int | None,
        typer.Option("--attempt", min=1, metavar="NUMBER", help="Only this try of each task."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the logs of a job's or task's attempts."""
    from farm.cli.naming import job_or_task

    here = session(context)
    if follow and as_json:
        raise typer.BadParameter("--json prints one document and cannot follow")
    with here.ledger() as database:
        job_id, task_id = job_or_task(database, thing)
        folder = here.settings.spool_dir / "logs" / job_id
        wanted = None if task_id is None else task_id.partition(".")[2]

        def find() -> list[LogFile]:
            return find_logs(folder, wanted, attempt)

        if follow:
            print_following(find, lambda: _ended(database, job_id))
            return
        found = find()
        if as_json:
            print_json(
                [
                    {
                        "task": file.task,
                        "attempt": file.attempt,
                        "path": str(file.path),
                        "lines": list(file.lines(last=True)),
                    }
                    for file in found
                ]
            )
            return
        if not found:
            raise InputError(
                "no log was found",
                where=str(folder),
                mend=_where_else(database, job_id, task_id),
                code="log.absent",
            )
    for file in found:
        for line in file.lines(last=True):
            typer.echo(_labelled(file, line, alone=len(found) == 1))


def print_following(find: Callable[[], list[LogFile]], ended: Callable[[], bool]) -> None:
    """Print lines as they are written, from logs that appear later too, until ``ended()``."""
    known: dict[Path, LogFile] = {}
    while True:
        # Asked before the reading, so that what was written until the end is still printed.
        last = ended()
        for file in find():
            opened = known.setdefault(file.path, file)
            for line in opened.lines(last=last):
                typer.echo(_labelled(opened, line, alone=False))
        if last:
            return
        sleep(_LOOK_S)


def _labelled(file: LogFile, line: str, *, alone: bool) -> str:
    return line if alone else f"{file.task}#{file.attempt} | {line}"


def _ended(database: Database, job_id: str) -> bool:
    from farm.ledger.views_jobs import JobViews

    return all(line.ended for line in JobViews(database).lines([job_id]))


def _where_else(database: Database, job_id: str, task_id: str | None) -> str:
    from farm.ledger.views_detail import JobDetails

    tried = JobDetails(database).attempts(job_id, task_id)
    if not tried:
        return "It has not been tried yet; `farm why` says why, and --follow waits for it."
    nodes = ", ".join(sorted({attempt.node for attempt in tried}))
    return f"Its attempts ran on {nodes}; they wrote nothing, or it is in spool/logs there."
