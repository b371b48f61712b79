"""Orders about jobs: cancel, retry, pause, resume, priority, approve.

Invariant: each order is one transaction of the ledger under the name of the user who gave it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farm.cli.arguments import Job, Jobs, Json, SomeJobs, complete_nodes
from farm.cli.outcomes import REFUSED
from farm.cli.rendering import print_json
from farm.cli.session import Session, session
from farm.domain.errors import FarmError
from farm.domain.states import NodeState

if TYPE_CHECKING:
    from farm.ledger.database import Database


class MasterQuality(str, Enum):
    """Profiles of a master."""

    STANDARD = "standard"
    HIGH = "high"


OneNode = Annotated[
    str | None,
    typer.Option(
        "--node", metavar="NAME", help="This node instead of jobs.", autocompletion=complete_nodes
    ),
]
Farm = Annotated[bool, typer.Option("--farm", help="The whole farm instead of jobs.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the others.")]


def cancel(context: typer.Context, jobs: Jobs, reason: Reason = "", as_json: Json = False) -> None:
    """Cancel jobs: waiting tasks at once, running ones within seconds."""
    from farm.ledger.jobs import Jobs as LedgerJobs

    def order(database: Database, here: Session, job_id: str) -> tuple[bool, str]:
        stopped = LedgerJobs(database).cancel(job_id, actor=here.actor, reason=reason)
        return stopped, "is being cancelled" if stopped else "has ended already"

    _order(context, jobs, order, as_json)


def retry(context: typer.Context, jobs: Jobs, as_json: Json = False) -> None:
    """Run failed or cancelled jobs again from what was not done."""
    from farm.ledger.jobs import Jobs as LedgerJobs

    def order(database: Database, here: Session, job_id: str) -> tuple[bool, str]:
        count = LedgerJobs(database).retry(job_id, actor=here.actor)
        return True, f"runs again: {count} {'task' if count == 1 else 'tasks'}"

    _order(context, jobs, order, as_json)


def pause(
    context: typer.Context,
    jobs: SomeJobs = None,
    node: OneNode = None,
    farm: Farm = False,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Pause jobs, a node or the farm: what runs finishes, nothing more begins."""
    from farm.ledger.jobs import Jobs as LedgerJobs
    from farm.ledger.nodes import Nodes

    _one_target(jobs, node, farm)
    here = session(context)
    if jobs:

        def order(database: Database, here: Session, job_id: str) -> tuple[bool, str]:
            held = LedgerJobs(database).pause(job_id, actor=here.actor)
            return True, f"is paused: {held} waiting {'task' if held == 1 else 'tasks'} held"

        _order(context, jobs, order, as_json)
        return
    with here.ledger() as database:
        if farm:
            Nodes(database).pause_farm(reason, actor=here.actor)
        elif node is not None:
            Nodes(database).order(node, NodeState.PAUSED, actor=here.actor, reason=reason)
    _told(here, "the farm" if farm else f"node {node}", "is paused", as_json)


def resume(
    context: typer.Context,
    jobs: SomeJobs = None,
    node: OneNode = None,
    farm: Farm = False,
    as_json: Json = False,
) -> None:
    """Let paused jobs, a paused node or the paused farm go on."""
    from farm.ledger.jobs import Jobs as LedgerJobs
    from farm.ledger.nodes import Nodes

    _one_target(jobs, node, farm)
    here = session(context)
    if jobs:

        def order(database: Database, here: Session, job_id: str) -> tuple[bool, str]:
            count = LedgerJobs(database).resume(job_id, actor=here.actor)
            return True, f"goes on: {count} {'task' if count == 1 else 'tasks'} released"

        _order(context, jobs, order, as_json)
        return
    with here.ledger() as database:
        if farm:
            Nodes(database).resume_farm(actor=here.actor)
        elif node is not None:
            Nodes(database).order(node, NodeState.ONLINE, actor=here.actor)
    _told(here, "the farm" if farm else f"node {node}", "goes on", as_json)


def priority(
    context: typer.Context,
    job: Job,
    value: Annotated[int, typer.Argument(metavar="0-100", help="Higher goes first.")],
    as_json: Json = False,
) -> None:
    """Change a job's priority; what waits is re-ordered at once."""
    from farm.ledger.jobs import Jobs as LedgerJobs

    def order(database: Database, here: Session, job_id: str) -> tuple[bool, str]:
        LedgerJobs(database).reprioritise(job_id, value, actor=here.actor)
        return True, f"has priority {value}"

    _order(context, [job], order, as_json)


def approve(
    context: typer.Context,
    job: Job,
    stage: Annotated[
        str | None, typer.Argument(help="Only this gate; default: every gate of the job.")
    ] = None,
    master: Annotated[
        bool, typer.Option("--master", help="Make the master of this finished draft.")
    ] = False,
    quality: Annotated[
        MasterQuality | None, typer.Option(help="Profile of the master; default: high.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Approve what waits for an operator: a gate of a job, or a draft to be made a master."""
    from farm.ledger.jobs import Jobs as LedgerJobs
    from farm.ledger.views_jobs import JobViews

    if stage is not None and (master or quality):
        raise typer.BadParameter("a master is made of a whole draft", param_hint="STAGE")

    def order(database: Database, here: Session, job_id: str) -> tuple[bool, str]:
        opened = LedgerJobs(database).approve(job_id, stage, actor=here.actor)
        if opened:
            return True, f"is approved: {', '.join(opened)}"
        [line] = JobViews(database).lines([job_id])
        if stage is None and line.quality == "draft" and line.state == "done":
            return False, "has no open gate; --master makes the master of this draft"
        return False, f"has no open gate{f' called {stage}' if stage else ''}"

    def make(database: Database, here: Session, job_id: str) -> tuple[bool, str]:
        from farm.intake import Intake
        from farm.ledger.masters import sentence

        intake = Intake(here.settings, here.registry, here.store, database)
        wanted = quality or MasterQuality.HIGH
        return True, sentence(intake.approve(job_id, quality=wanted.value, actor=here.actor))

    _order(context, [job], make if master or quality else order, as_json)


def _order(
    context: typer.Context,
    names: list[str],
    act: Callable[[Database, Session, str], tuple[bool, str]],
    as_json: bool,
) -> None:
    """Give one order to each job; those after a refused one still get theirs."""
    from farm.cli.naming import job_ids
    from farm.ledger.views_jobs import JobViews

    here = session(context)
    results: list[dict[str, Any]] = []
    with here.ledger() as database:
        chosen = job_ids(database, names)
        for job_id in chosen:
            try:
                done, text = act(database, here, job_id)
            except FarmError as error:
                if len(chosen) == 1:
                    raise
                done, text = False, error.sentence()
            results.append({"id": job_id, "ok": done, "message": text})
        lines = {line.id: line for line in JobViews(database).lines(chosen)}
    here.ring()
    for result in results:
        line = lines[result["id"]]
        result.update(number=line.number, state=line.state, paused=line.paused)
        if not as_json:
            typer.echo(f"#{line.number} {line.name} {result['message']}", err=not result["ok"])
    if as_json:
        print_json(results)
    if not all(result["ok"] for result in results):
        raise typer.Exit(REFUSED)


def _one_target(jobs: list[str] | None, node: str | None, farm: bool) -> None:
    if sum((bool(jobs), node is not None, farm)) != 1:
        raise typer.BadParameter("name jobs, or --node NAME, or --farm")


def _told(here: Session, what: str, text: str, as_json: bool) -> None:
    here.ring()
    if as_json:
        print_json({"target": what, "ok": True, "message": text})
    else:
        typer.echo(f"{what} {text}")
