"""``farm why``: the one reason a job or task waits, or what the stage cache made of it."""

from __future__ import annotations

import typer

from farm.cli.arguments import Json, Thing
from farm.cli.rendering import print_json
from farm.cli.session import session


def why(context: typer.Context, thing: Thing, as_json: Json = False) -> None:
    """Say why a job or task waits, failed, ran, or came from the cache."""
    from farm.cli.naming import job_or_task
    from farm.ledger.views_reasons import Reasons

    with session(context).ledger() as database:
        job_id, task_id = job_or_task(database, thing)
        reasons = Reasons(database)
        found = reasons.job(job_id) if task_id is None else reasons.task(task_id)
    if as_json:
        print_json(found.record())
        return
    label = f"#{found.number}"
    if task_id is not None:
        label = f"{label}.{task_id.partition('.')[2]}"
    typer.echo(f"{label} {found.state}: {found.reason}")
    for part in found.stages:
        typer.echo(f"  {part.entity.partition('.')[2]} {part.state}: {part.reason}")
