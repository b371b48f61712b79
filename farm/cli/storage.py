"""``farm artifacts`` and ``farm gc``: what the store holds, and removing what nobody needs."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer

from farm.cli.arguments import Json, complete_jobs
from farm.cli.rendering import moment, print_json, print_table, size
from farm.cli.session import session


def artifacts(
    context: typer.Context,
    job: Annotated[
        str | None,
        typer.Argument(
            metavar="[JOB]",
            help="Those of this job; default: the newest of the farm.",
            autocompletion=complete_jobs,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, metavar="NUMBER", help="Most to list.")
    ] = 50,
    as_json: Json = False,
) -> None:
    """List artifacts: content hash, kind, size, and whether the store still has them."""
    from farm.ledger.jobs import Jobs
    from farm.ledger.views_detail import JobDetails

    with session(context).ledger() as database:
        job_id = None if job is None else Jobs(database).find(job)
        found = JobDetails(database).artifacts(job_id, limit)
    if as_json:
        print_json(found)
        return
    print_table(
        ("HASH", "KIND", "SIZE", "ROLE", "CREATED", "STORE"),
        [
            (
                f"{entry['hash'][:16]}{entry['suffix']}",
                entry["kind"],
                size(entry["size_bytes"]),
                entry.get("role", ""),
                moment(entry["created_at"]),
                "collected" if entry["missing"] else "there",
            )
            for entry in found
        ],
        empty="There are no artifacts.",
        right=("SIZE",),
    )


def gc(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove artifacts, logs and scratch folders that no job or receipt needs any more."""
    from farm.collect import collect
    from farm.ledger.artifacts import Artifacts

    here = session(context)
    with here.ledger() as database:
        found = collect(here.settings, here.store, Artifacts(database), time.time, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, **asdict(found)})
        return
    typer.echo(
        f"{'Would remove' if dry_run else 'Removed'} {found.artifacts} artifacts "
        f"({size(found.bytes)}), {found.scratch} scratch folders and {found.logs} log folders."
    )
