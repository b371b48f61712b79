"""``farm demo``: one prompt, or a sample, from the drop folder to a finished film.

Invariant: the demo goes through the same door as everybody: it drops a folder and waits. A farm that
it had to start is stopped again.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farm.cli.arguments import Json
from farm.cli.outcomes import REFUSED
from farm.cli.rendering import print_json
from farm.cli.session import Session, session
from farm.domain.errors import FarmError, TransientError
from farm.domain.ids import new_id
from farm.domain.states import JobState

if TYPE_CHECKING:
    from farm.config import Settings
    from farm.ledger.database import Database
    from farm.ledger.views import JobLine

PIPELINE = "procedural"
PROMPT = "A calm sea of violet dunes at dusk, slow clouds drifting, stars coming out"
_TAKEN_WITHIN_S = 120.0
_OFFERED_WITHIN_S = 30.0
_LOOK_S = 0.2


def demo(
    context: typer.Context,
    prompt: Annotated[str, typer.Option(metavar="TEXT", help="What the film is about.")] = PROMPT,
    duration: Annotated[
        float,
        typer.Option(min=0.5, max=600.0, metavar="SECONDS", help="Length of the film, in seconds."),
    ] = 6.0,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="NUMBER", help="The same seed gives the same film.")
    ] = None,
    sample: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            metavar="FOLDER",
            help="A sample to make instead, such as dropbox/lesson/_samples/binary-search.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a short film from a prompt and print its path; starts a farm if none runs."""
    here = session(context)
    chosen = secrets.randbelow(2**31) if seed is None else seed
    fields = {"seed": chosen, "params": {"duration_s": duration}, "name": "demo"}
    wish = _of_prompt(prompt, fields) if sample is None else _of_sample(sample)
    if _is_served(here):
        line = _make(here, wish, quiet=as_json)
    else:
        line = _with_own_farm(here, wish, quiet=as_json)
    video = Path(line.published or "") / "video.mp4"
    done = line.state == JobState.DONE.value
    if as_json:
        print_json({**line.record(), "video": str(video) if done else None})
    elif done:
        typer.echo(str(video))
    if not done:
        raise typer.Exit(REFUSED)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a demo drops, and for which pipeline. fill : writes it into a folder."""

    pipeline: str
    fill: Callable[[Path], None]


def drop(door: Path, name: str, wish: Wish) -> None:
    """Put a folder into a drop folder, in one rename."""
    door.mkdir(parents=True, exist_ok=True)
    hidden = door / f".{name}"
    hidden.mkdir()
    wish.fill(hidden)
    hidden.rename(door / name)


def _of_prompt(prompt: str, fields: dict[str, Any]) -> Wish:
    def fill(folder: Path) -> None:
        (folder / "prompt.txt").write_text(prompt + "\n", encoding="utf-8")
        _write_request(folder, fields)

    return Wish(PIPELINE, fill)


def _of_sample(sample: Path) -> Wish:
    """A folder ``dropbox/PIPELINE/_samples/NAME``."""
    pipeline = sample.resolve().parent.parent.name

    def fill(folder: Path) -> None:
        shutil.copytree(sample, folder, dirs_exist_ok=True)
        if not (folder / "job.yaml").exists():
            # The same sample twice is no mistake here.
            _write_request(folder, {"pipeline": pipeline, "name": sample.name, "rerun": True})

    return Wish(pipeline, fill)


def _write_request(folder: Path, fields: dict[str, Any]) -> None:
    import yaml

    text = yaml.safe_dump({"farm": 1, **fields}, sort_keys=False)
    (folder / "job.yaml").write_text(text, encoding="utf-8")


def _with_own_farm(here: Session, wish: Wish, *, quiet: bool) -> JobLine:
    """Run ``farm up`` in this process for as long as the demo takes."""
    from farm.cli.running import on_stop, require_not_up, start_logging
    from farm.up import run_up

    settings = here.settings
    require_not_up(settings)
    start_logging(settings.model_copy(update={"log_level": "WARNING"}))
    # The parts of the farm inherit it: a demo shows its film, not the farm's housekeeping.
    os.environ.setdefault("FARM_LOG_LEVEL", "WARNING")
    _door(settings, wish.pipeline).mkdir(parents=True, exist_ok=True)
    stopping, interrupted = threading.Event(), threading.Event()
    outcome: list[JobLine | BaseException] = []

    def work() -> None:
        try:
            outcome.append(_make(here, wish, quiet=quiet, stopping=interrupted))
        except BaseException as error:
            # Handed to the main thread, which raises it once the farm has stopped.
            outcome.append(error)
        finally:
            stopping.set()

    def interrupt() -> None:
        interrupted.set()
        stopping.set()

    on_stop(interrupt)
    maker = threading.Thread(target=work, name="demo", daemon=True)
    if not quiet:
        typer.echo("Starting a farm for the demo.", err=True)
    run_up(settings, stopping=stopping, ready=maker.start)
    if interrupted.is_set():
        raise KeyboardInterrupt
    maker.join()
    result = outcome[0]
    if isinstance(result, BaseException):
        raise result
    return result


def _make(
    here: Session,
    wish: Wish,
    *,
    quiet: bool,
    stopping: threading.Event | None = None,
) -> JobLine:
    from farm.cli.watching import follow

    now_s = time.time()
    name = f"demo-{new_id(now_s)}"
    with here.ledger() as database:
        if stopping is not None:
            _await_node(database, stopping)
        door = _door(here.settings, wish.pipeline)
        drop(door, name, wish)
        job_id = _job_of(door, database, name, now_s, stopping or threading.Event())
        [line] = follow(database, [job_id], quiet=quiet)
    return line


def _await_node(database: Database, stopping: threading.Event) -> None:
    """Wait until the farm that was just started says what it offers: a job that is planned before
    that would do without models."""
    from farm.ledger.views_nodes import NodeViews

    until = time.monotonic() + _OFFERED_WITHIN_S
    while time.monotonic() < until and not stopping.is_set():
        if any(node.offers for node in NodeViews(database).nodes()):
            return
        stopping.wait(_LOOK_S)


def _job_of(
    door: Path, database: Database, name: str, since_s: float, stopping: threading.Event
) -> str:
    """Wait until the intake has made a job of it, or refused it."""
    from farm.ledger.views_detail import JobDetails

    views = JobDetails(database)
    first_id = new_id(since_s - 1.0, lambda bits: 0)
    until = time.monotonic() + _TAKEN_WITHIN_S
    while time.monotonic() < until and not stopping.wait(_LOOK_S):
        found = views.submission_since(first_id, name)
        if found is None:
            continue
        if found["error"]:
            error = found["error"]
            raise FarmError(str(error.get("message", error)), where=name, code="demo.refused")
        if found["job_id"]:
            return str(found["job_id"])
    raise TransientError(
        "the farm did not take what the demo dropped",
        where=str(door / name),
        expected=f"within {_TAKEN_WITHIN_S:.0f} s",
        mend="Run `farm doctor`.",
        code="demo.not-taken",
    )


def _door(settings: Settings, pipeline: str) -> Path:
    """The drop folder whose things become jobs of a pipeline."""
    for drop_folder in settings.drop_folders.values():
        if drop_folder.pipeline.partition("@")[0] == pipeline:
            return settings.under_root(drop_folder.path)
    return settings.under_root(settings.dropbox) / pipeline


def _is_served(here: Session) -> bool:
    """Whether ``farm up`` runs here, or a daemon anywhere gives a sign of life while we look."""
    from farm.cli.outcomes import Unreachable
    from farm.cli.running import is_up
    from farm.ledger.views_nodes import NodeViews

    if is_up(here.settings):
        return True
    try:
        with here.ledger() as database:
            views = NodeViews(database)
            first = views.farm()
            if not first.daemon:
                return False
            until = time.monotonic() + here.settings.lease_s
            while time.monotonic() < until:
                if views.farm().daemon_beat != first.daemon_beat:
                    return True
                time.sleep(_LOOK_S)
    except Unreachable:
        return False
    return False
