"""``farm watch``: live progress of jobs until they have ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import sleep
from typing import TYPE_CHECKING, Annotated

import typer

from farm.cli.arguments import Json, SomeJobs
from farm.cli.outcomes import REFUSED
from farm.cli.rendering import console, print_json, share, state_of
from farm.cli.session import session
from farm.domain.states import JOB_ENDED, JobState

if TYPE_CHECKING:
    from farm.ledger.database import Database
    from farm.ledger.views import JobLine

_MOST = 200


def watch(
    context: typer.Context,
    jobs: SomeJobs = None,
    every: Annotated[
        float,
        typer.Option("--every", min=0.05, metavar="SECONDS", help="Seconds between two looks."),
    ] = 0.5,
    as_json: Json = False,
) -> None:
    """Show live progress until the jobs have ended; exit code 1 if one did not succeed.

    With --json nothing is printed until then.
    """
    from farm.cli.naming import job_ids

    with session(context).ledger() as database:
        chosen = job_ids(database, jobs) if jobs else _active(database)
        if not chosen and not as_json:
            typer.echo("Nothing is running or waiting.")
        lines = follow(database, chosen, every_s=every, quiet=as_json)
    if as_json:
        print_json([line.record() for line in lines])
    if any(line.state != JobState.DONE.value for line in lines):
        raise typer.Exit(REFUSED)


def follow(
    database: Database, job_ids: Sequence[str], *, every_s: float = 0.5, quiet: bool = False
) -> list[JobLine]:
    """Show these jobs' progress until all have ended; returns them as they ended."""
    from farm.ledger.views_jobs import JobViews

    views = JobViews(database)

    def look() -> list[JobLine]:
        return views.lines(job_ids)

    if quiet:
        return _until_ended(look, every_s, lambda lines: None)
    screen = console()
    if screen.is_terminal:
        return _with_bars(look, every_s)
    told: dict[str, str] = {}

    def tell(lines: Sequence[JobLine]) -> None:
        """A line for each change of state or of the tens of the percentage."""
        for line in lines:
            step = f"{state_of(line)} {int(line.progress * 10)}"
            if told.get(line.id) != step:
                told[line.id] = step
                typer.echo(_sentence(line))

    return _until_ended(look, every_s, tell)


def _with_bars(look: Callable[[], list[JobLine]], every_s: float) -> list[JobLine]:
    from rich.progress import BarColumn, Progress, TextColumn

    progress = Progress(
        TextColumn("{task.fields[label]}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[text]}", markup=False),
        console=console(),
    )
    bars: dict[str, object] = {}

    def draw(lines: Sequence[JobLine]) -> None:
        for line in lines:
            label, text = f"#{line.number} {line.name}", f"{state_of(line)}, {share(line)}"
            if line.id not in bars:
                bars[line.id] = progress.add_task("", total=1.0, label=label, text=text)
            progress.update(bars[line.id], completed=line.progress, text=text)  # type: ignore[arg-type]

    with progress:
        lines = _until_ended(look, every_s, draw)
    for line in lines:
        typer.echo(_sentence(line))
    return lines


def _until_ended(
    look: Callable[[], list[JobLine]], every_s: float, tell: Callable[[Sequence[JobLine]], None]
) -> list[JobLine]:
    while True:
        lines = look()
        tell(lines)
        if all(line.ended for line in lines):
            return lines
        sleep(every_s)


def _sentence(line: JobLine) -> str:
    text = f"#{line.number} {line.name}: {state_of(line)}, {share(line)}"
    if line.state == JobState.DONE.value and line.published:
        return f"{text}, in {line.published}"
    return f"{text}: {line.error}" if line.error and line.ended else text


def _active(database: Database) -> list[str]:
    from farm.ledger.views_jobs import JobViews

    states = [state for state in JobState if state not in JOB_ENDED]
    return [line.id for line in JobViews(database).page(limit=_MOST, states=states)]
