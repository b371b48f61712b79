"""``farm report``: what a period of the farm used, stored and saved."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from farm.cli.arguments import Json
from farm.cli.rendering import duration, print_table, size
from farm.cli.session import session

if TYPE_CHECKING:
    from farm.reports import Report


class By(str, Enum):
    """Values of ``--by``."""

    SUBMITTER = "submitter"
    PIPELINE = "pipeline"
    VERSION = "version"
    MODEL = "model"
    DAY = "day"


def report(
    context: typer.Context,
    since: Annotated[
        str,
        typer.Option(metavar="PERIOD", help="Jobs that ended since: 24h, 7d, 2w, 2026-11-01, all."),
    ] = "7d",
    by: Annotated[
        By, typer.Option(help="`version` is a pipeline's; `model` what its stages load.")
    ] = By.VERSION,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the table as comma-separated values.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Report usage, waits, failures, storage and cache savings of a period."""
    from farm import reports

    if as_csv and as_json:
        raise typer.BadParameter("--csv and --json exclude one another", param_hint="--csv")
    with session(context).ledger() as database:
        made = reports.make_report(database, since, by.value)
    if as_json:
        typer.echo(reports.as_json(made), nl=False)
    elif as_csv:
        typer.echo(reports.as_csv(made), nl=False)
    else:
        _print(made)


def _print(made: Report) -> None:
    print_table(
        (made.by.upper(), "JOBS", "DONE", "FAILED", "RATE", "WAIT", "RUN", "ENGINE", "GPU", "CPU",
         "CACHED", "SAVED"),
        [
            (
                line.key,
                line.jobs,
                line.done,
                line.failed,
                "" if line.failure_rate is None else f"{line.failure_rate:.1%}",
                duration(line.wait_s),
                duration(line.run_s),
                _hours(line.engine_s),
                _hours(line.gpu_s),
                _hours(line.cpu_s),
                line.cached,
                _hours(line.saved_s),
            )
            for line in made.lines
        ],
        empty=f"No job ended in this period ({made.since}).",
        right=("JOBS", "DONE", "FAILED", "RATE", "WAIT", "RUN", "ENGINE", "GPU", "CPU", "CACHED",
               "SAVED"),
    )  # fmt: skip
    grown = sum(day.made_bytes for day in made.stored)
    typer.echo("")
    typer.echo(f"{made.jobs} jobs ended; means of wait (to the start) and run (of those done).")
    typer.echo(f"The store holds {size(made.kept_bytes)}; {size(grown)} were made in this period.")
    if made.largest:
        typer.echo("")
        print_table(
            ("LARGEST", "KIND", "SIZE", "JOB", "NAME"),
            [
                (
                    file.hash[:16],
                    file.kind,
                    size(file.size_bytes),
                    "" if file.job_number is None else f"#{file.job_number}",
                    file.job_name,
                )
                for file in made.largest[:10]
            ],
            empty="",
            right=("SIZE", "JOB"),
        )


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.2f} h" if seconds else ""
