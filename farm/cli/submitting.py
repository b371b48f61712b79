"""``farm submit`` and ``farm validate``: asking for jobs from the command line."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farm.cli.arguments import Json
from farm.cli.outcomes import REFUSED, Unreachable
from farm.cli.rendering import print_json
from farm.cli.session import Session, session

if TYPE_CHECKING:
    from farm.intake import Intake
    from farm.ledger.database import Database


class Quality(str, Enum):
    """Quality profiles."""

    DRAFT = "draft"
    STANDARD = "standard"
    HIGH = "high"


Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH...", help="Manifests, prompts, media files or folders."),
]
Pipeline = Annotated[
    str,
    typer.Option(
        "--pipeline", "-p", metavar="NAME", help="For what is not a manifest: NAME or NAME@VERSION."
    ),
]
Prompt = Annotated[
    str | None, typer.Option("--prompt", metavar="TEXT", help="A prompt instead of a file.")
]
Params = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter; may be repeated."),
]


def submit(
    context: typer.Context,
    paths: Paths = None,
    pipeline: Pipeline = "",
    prompt: Prompt = None,
    params: Params = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="NUMBER", help="Start of all chance.")
    ] = None,
    quality: Annotated[Quality | None, typer.Option(help="Quality profile.")] = None,
    priority: Annotated[
        int | None,
        typer.Option(min=0, max=100, metavar="NUMBER", help="0 to 100; higher goes first."),
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="A title for people.")] = None,
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Run it even if the same was made before.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", "-w", help="Show progress until the jobs have ended.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Submit manifests, files, folders or a prompt; what is named stays where it is."""
    from farm.cli.watching import follow

    here = session(context)
    given = _sources(paths, prompt, pipeline)
    fields = _fields(params, seed, quality, priority, name, rerun)
    results: list[dict[str, Any]] = []
    with here.ledger() as database:
        intake = _intake(here, database)
        for what in given:
            found = intake.submit(what, pipeline=pipeline, fields=fields, submitter=here.actor)
            here.ring()
            results.append(
                {
                    "what": _label(what),
                    "number": found.number,
                    "id": found.job_id,
                    "duplicate": found.duplicate,
                    "published": found.published,
                }
            )
            if not as_json:
                typer.echo(_sentence(results[-1]))
        lines = (
            follow(database, [result["id"] for result in results], quiet=as_json) if wait else []
        )
    if as_json:
        print_json([line.record() for line in lines] if wait else results)
    if any(line.state != "done" for line in lines):
        raise typer.Exit(REFUSED)


def validate(
    context: typer.Context,
    paths: Paths = None,
    pipeline: Pipeline = "",
    prompt: Prompt = None,
    params: Params = None,
    as_json: Json = False,
) -> None:
    """Say everything that would keep something from being accepted; makes no job."""
    here = session(context)
    fields = _fields(params, None, None, None, None, False)
    results = []
    with _any_ledger(here) as database:
        intake = _intake(here, database)
        for what in _sources(paths, prompt, pipeline):
            problems = intake.validate(what, pipeline=pipeline, fields=fields)
            label = _label(what)
            results.append({"what": label, "ok": not problems, "problems": problems})
            if as_json:
                continue
            if not problems:
                typer.echo(f"{label}: would be accepted")
            for problem in problems:
                text = problem["message"]
                typer.echo(text if text.startswith(label) else f"{label}: {text}", err=True)
    if as_json:
        print_json(results)
    if not all(result["ok"] for result in results):
        raise typer.Exit(REFUSED)


def _sources(
    paths: list[Path] | None, prompt: str | None, pipeline: str
) -> list[Path | Mapping[str, Any]]:
    """What to submit: files, a prompt, or a pipeline that needs neither."""
    if paths and prompt is None:
        return list(paths)
    if paths or (prompt is None and not pipeline):
        raise typer.BadParameter("name files or folders, or give --prompt or --pipeline")
    return [{"farm": 1} if prompt is None else {"farm": 1, "prompt": prompt}]


def _label(what: Path | Mapping[str, Any]) -> str:
    if isinstance(what, Path):
        return str(what)
    return "prompt" if "prompt" in what else "manifest"


def _fields(
    params: list[str] | None,
    seed: int | None,
    quality: Quality | None,
    priority: int | None,
    name: str | None,
    rerun: bool,
) -> dict[str, Any]:
    """The manifest fields that options stand for; what was not given is left out."""
    fields = {
        "params": dict(_pair(text) for text in params or ()) or None,
        "seed": seed,
        "quality": None if quality is None else quality.value,
        "priority": priority,
        "name": name,
        "rerun": rerun or None,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _pair(text: str) -> tuple[str, str]:
    """``size=640x360``; what the value is, the pipeline's declaration says."""
    from farm.pipelines.parameters import Written

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"expected NAME=VALUE, got {text!r}", param_hint="--set")
    return name, Written(value)


def _intake(here: Session, database: Database) -> Intake:
    from farm.intake import Intake

    return Intake(here.settings, here.registry, here.store, database)


@contextlib.contextmanager
def _any_ledger(here: Session) -> Iterator[Database]:
    """The farm's ledger, or an empty one where there is none: a manifest can be checked anywhere."""
    from farm.ledger.database import Database
    from farm.ledger.upgrade import upgrade

    try:
        with here.ledger() as database:
            yield database
            return
    except Unreachable:
        pass
    with tempfile.TemporaryDirectory(prefix="farm-validate-") as folder:
        database = Database(f"sqlite:///{folder}/ledger.sqlite3")
        try:
            upgrade(database)
            yield database
        finally:
            database.close()


def _sentence(result: Mapping[str, Any]) -> str:
    if not result["duplicate"]:
        return f"{result['what']}: job #{result['number']}"
    where = f", in {result['published']}" if result["published"] else ""
    return (
        f"{result['what']}: the same as job #{result['number']}{where}; --rerun makes it once more"
    )
