"""``farm ls`` and ``farm show``: what jobs there are, and one of them in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farm.cli.arguments import Job, Json
from farm.cli.rendering import (
    duration,
    moment,
    print_facts,
    print_json,
    print_table,
    share,
    state_of,
)
from farm.cli.session import session
from farm.domain.errors import InputError
from farm.domain.states import JOB_ENDED, JobState

if TYPE_CHECKING:
    from farm.ledger.database import Database
    from farm.ledger.views import AttemptLine, JobDetail, JobLine

_AT_ONCE = 200


class Wanted(str, Enum):
    """Values of ``--state``: every state of a job, and ``active`` for all that have not ended."""

    ACTIVE = "active"
    QUEUED = "queued"
    RUNNING = "running"
    PUBLISHING = "publishing"
    FAILING = "failing"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


def ls(
    context: typer.Context,
    state: Annotated[
        list[Wanted] | None,
        typer.Option(
            "--state",
            "-s",
            metavar="STATE",
            help="Only jobs in this state, or `active`; may be repeated.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, metavar="NUMBER", help="Most jobs to list.")
    ] = 20,
    before: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Only jobs with a smaller number (the next page)."),
    ] = None,
    drafts: Annotated[
        bool, typer.Option("--drafts", help="Only finished drafts that wait for approval.")
    ] = False,
    related: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="ID",
            help="Only jobs of a file, by its hash or the first 12 letters of it, or of a service's "
            "work, by its id there (a ComfyUI prompt's).",
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", "-a", help="List every job.")] = False,
    why: Annotated[
        bool,
        typer.Option("--why", "-w", help="What each does, waits for or failed of, in a sentence."),
    ] = False,
    as_json: Json = False,
) -> None:
    """List jobs, the newest first, with progress and time left."""
    from farm.ledger.views_jobs import JobViews

    if drafts and state:
        raise typer.BadParameter("drafts that wait for approval are done", param_hint="--state")
    if drafts and related:
        raise typer.BadParameter("goes without --drafts", param_hint="--with")
    states = [s for wanted in state or () for s in _states(wanted)]
    with session(context).ledger() as database:
        views = JobViews(database)
        page = views.drafts if drafts else partial(views.page, states=states, related=related)
        lines = page(limit=_AT_ONCE if everything else limit, before=before)
        while everything and lines:
            more = page(limit=_AT_ONCE, before=lines[-1].number)
            if not more:
                break
            lines += more
        warned: set[str] = set()
        for first in range(0, len(lines), _AT_ONCE):
            warned |= views.warned([line.id for line in lines[first : first + _AT_ONCE]])
        told = _reasons(database, lines) if why else {}
        now_s = database.clock()
    if as_json:
        print_json(
            [
                {**line.record(), "warned": line.id in warned}
                | ({"why": told[line.id]} if why else {})
                for line in lines
            ]
        )
        return
    print_table(
        ("JOB", "NAME", "STATE", "WHY")
        if why
        else ("JOB", "NAME", "PIPELINE", "STATE", "PROGRESS", "PRIO", "SUBMITTER", "AGE"),
        [(f"#{line.number}", line.name, state_of(line), told[line.id]) for line in lines]
        if why
        else [_row(line, now_s, line.id in warned) for line in lines],
        empty="No draft waits for approval."
        if drafts
        else "No job has to do with it."
        if related
        else "There are no jobs. Drop a prompt into dropbox/procedural, or run `farm demo`.",
        right=("JOB", "PRIO", "AGE"),
    )
    if warned:
        typer.echo("! with warnings: `farm show NUMBER` lists them")


def show(
    context: typer.Context,
    job: Job,
    preview: Annotated[
        Path | None,
        typer.Option(help="Write the newest preview picture of what runs to this file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show one job: its stages, what runs, what failed and where the results are."""
    from farm.ledger.jobs import Jobs
    from farm.ledger.previews import Previews
    from farm.ledger.views_detail import JobDetails
    from farm.ledger.views_reasons import Reasons

    with session(context).ledger() as database:
        detail = JobDetails(database).detail(Jobs(database).find(job))
        why = Reasons(database).job(detail.line.id)
        newest = Previews(database).newest(detail.line.id) if preview else None
    if preview:
        if newest is None:
            raise InputError(
                "no stage of it shows a preview now",
                where=f"job #{detail.line.number}",
                mend="Some stages that generate pictures do, while they run.",
                code="job.no-preview",
            )
        preview.write_bytes(newest.picture)
        typer.echo(f"{preview} shows stage {newest.stage}", err=as_json)
    if as_json:
        print_json({**detail.record(), "why": why.reason})
    else:
        _print_detail(detail, None if JobState(why.state) in JOB_ENDED else why.reason)


def _states(wanted: Wanted) -> list[JobState]:
    if wanted is Wanted.ACTIVE:
        return [state for state in JobState if state not in JOB_ENDED]
    return [JobState(wanted.value)]


def _reasons(database: Database, lines: list[JobLine]) -> dict[str, str]:
    """Job id to why it is as it is."""
    from farm.ledger.views_reasons import Reasons

    reasons = Reasons(database)
    return {line.id: reasons.job(line.id).reason for line in lines}


def _row(line: JobLine, now_s: float, warned: bool) -> tuple[object, ...]:
    return (
        f"#{line.number}",
        line.name,
        line.pipeline,
        state_of(line),
        share(line) + (" !" if warned else ""),
        line.priority,
        line.submitter,
        duration(now_s - line.created_at),
    )


def _print_detail(detail: JobDetail, now: str | None) -> None:
    line = detail.line
    took_s = None
    if line.started_at is not None and line.ended_at is not None:
        took_s = line.ended_at - line.started_at
    print_facts(
        [
            ("job", f"#{line.number} {line.name}"),
            ("id", line.id),
            ("state", state_of(line)),
            ("progress", share(line)),
            ("now", now),
            ("error", line.error),
            ("results", line.published if line.state == "done" else None),
            ("pipeline", f"{line.pipeline} ({line.quality})"),
            ("draft", _kin(detail.draft)),
            *(("master", _kin(master)) for master in detail.masters),
            ("priority", line.priority),
            ("submitter", line.submitter),
            ("tags", ", ".join(line.tags)),
            ("seed", detail.seed),
            ("created", moment(line.created_at)),
            ("start after", moment(detail.start_after)),
            ("deadline", moment(line.deadline)),
            ("started", moment(line.started_at)),
            ("ended", moment(line.ended_at)),
            ("took", duration(took_s)),
            ("arrived as", detail.submission and detail.submission["location"]),
        ]
    )
    typer.echo("")
    print_table(
        ("STAGE", "PROVIDED BY", "PROGRESS", "TASKS"),
        [
            (
                stage.name,
                f"{stage.stage_id}@{stage.version}",
                f"{int(stage.progress * 100)} %",
                _counts(stage.counts)
                + (" (waits for approval)" if stage.approval and not stage.approved_by else ""),
            )
            for stage in detail.stages
        ],
        empty="It has no stages.",
    )
    for number, told in enumerate(detail.external):
        words = "  ".join(f"{name} {value}" for name, value in told.items() if name != "stage")
        typer.echo(f"{'' if number else chr(10)}{told['stage']}: {words}")
    for number, warning in enumerate(detail.warnings):
        typer.echo(f"{'' if number else chr(10)}! {warning}")
    _print_attempts(detail.attempts)


def _print_attempts(attempts: Sequence[AttemptLine]) -> None:
    # Nearly all attempts count as nothing but their stage: a column for those that do not.
    named = any(attempt.counts_as for attempt in attempts)
    rows = []
    for attempt in attempts:
        row = [f"{attempt.task_id.partition('.')[2]}#{attempt.number}", attempt.state,
               f"{attempt.node}/{attempt.slot}", f"{int(attempt.progress * 100)} %"]  # fmt: skip
        row += [attempt.counts_as or ""] if named else []
        rows.append((*row, attempt.error or attempt.note or ""))
    if rows:
        heading = [
            "ATTEMPT",
            "STATE",
            "WHERE",
            "PROGRESS",
            *(["COUNTS AS"] if named else []),
            "NOTE",
        ]
        typer.echo("")
        print_table(heading, rows, empty="")
    for attempt, (name, *_) in zip(attempts, rows, strict=True):
        if attempt.known_as:
            typer.echo(f"{name} is known outside as {attempt.known_as}")


def _kin(kin: Mapping[str, Any] | None) -> str | None:
    if kin is None:
        return None
    where = f" in {kin['published']}" if kin["state"] == "done" else ""
    return f"#{kin['number']} in {kin['quality']} quality, {kin['state']}{where}"


def _counts(counts: object) -> str:
    assert isinstance(counts, dict)
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "not cut yet"
