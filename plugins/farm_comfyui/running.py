"""The run stages: a prepared request goes to a server, and what it made comes back.

Invariant: one task is one piece of work on the servers, however often it is attempted: a new attempt
finds what an earlier one left there before anything is sent again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from farm import FarmError, InputFile, Result, Task
from farm_comfyui import configured
from farm_comfyui.asked import Asked
from farm_comfyui.bound import Asset, BoundGraph
from farm_comfyui.failures import Lacking, NoServerCan
from farm_comfyui.packing import pack
from farm_comfyui.params import RunParams
from farm_comfyui.pool import Pool

SCHEMA = "farm.comfyui-run/1"
_SHOWN = ("video", "pose", "control")
_NAMED = ("video", "sound")


def run(task: Task[RunParams]) -> Result:
    """Run the request of ``request`` with the files of ``assets``; writes ``video``, what the
    workflow preprocessed, and ``run``, the record of it."""
    return _run(task, whole=False)


def run_named(task: Task[RunParams]) -> Result:
    """The same for any workflow: ``saved`` is an archive of all that it saved, ``video`` its film and
    ``sound`` its sound, where it saved one."""
    return _run(task, whole=True)


def _run(task: Task[RunParams], *, whole: bool) -> Result:
    asked = Asked.read(task.input("request").path)
    task.counts_as(f"{asked.template}@{asked.version}")
    pool = configured.pool()
    bound = _offered(asked, pool)
    given = dict(zip(bound.assets, task.inputs["assets"], strict=True))
    task.log.info("workflow %s, %s", bound.version_id, _named(asked.sources))
    folder = task.scratch / "run"
    folder.mkdir(exist_ok=True)
    hearing = _Hearing(task)
    try:
        done = pool.run(
            bound,
            {name: Asset(file.path, file.hash) for name, file in given.items()},
            folder,
            attempt=task.id,
            progress=hearing.progress,
            checkpoint=hearing.checkpoint,
            preview=task.preview,
            log=task.log.log,
            known_as=task.known_as,
        )
    except FarmError as error:
        _explain(task.log, error)
        if whole and isinstance(error, Lacking):
            raise _nowhere(asked.template, error) from error
        raise
    result: dict[str, Path] = {}
    if whole:
        result["saved"] = task.output("saved", ".zip")
        pack(result["saved"], done.files)
    for role, files in done.files.items():
        if role in (_NAMED if whole else _SHOWN) and files:
            port = "pose" if role == "control" else role
            result[port] = files[0].path.rename(task.output(port, files[0].path.suffix))
    result["run"] = task.output("run", ".json")
    _write(result["run"], asked, bound, given, done.record())
    task.log.info("ComfyUI prompt %s on %s is done", done.prompt_id, done.server)
    task.progress(1, 1)
    return result


def _nowhere(workflow: str, error: Lacking) -> NoServerCan:
    """What the servers lack, for whoever asked for that workflow."""
    return NoServerCan(
        "no video server has what this workflow needs",
        where=f"workflow {workflow}",
        got=error.got,
        mend=f"farm comfy check {workflow} tells what to install where; then farm retry the job.",
        cause=error.cause,
    )


class _Hearing:
    """Passes the pool's words on; while it waits its last one keeps the task alive."""

    def __init__(self, task: Task[RunParams]) -> None:
        self._task = task
        self._done, self._note = 0.0, "waiting for a server"

    def progress(self, done: float, note: str) -> None:
        self._done, self._note = done, note
        self._task.progress(done, 1.0, note)

    def checkpoint(self) -> None:
        # The pool watches whether the server gets on; here it is enough that the pool lives.
        self._task.progress(self._done, 1.0, self._note)


def _offered(asked: Asked, pool: Pool) -> BoundGraph:
    """The first choice of weights that a server has; the preferred one when none has any."""
    choices = asked.choices()
    return next((bound for bound in choices if pool.offered(bound.needs)), choices[0])


def _named(sources: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {hashes[0][:12]}" for name, hashes in sorted(sources.items()))


def _explain(log: logging.Logger, error: FarmError) -> None:
    """The exact cause, for operators; the submitter reads the error's own sentence."""
    cause = getattr(error, "cause", None)
    if cause:
        log.error("cause: %s", json.dumps(cause, default=str, sort_keys=True))


def _write(
    path: Path,
    asked: Asked,
    bound: BoundGraph,
    given: Mapping[str, InputFile],
    record: Mapping[str, Any],
) -> None:
    document = {
        "schema": SCHEMA,
        "workflow": bound.version_id,
        "graph": bound.digest,
        "binding": dict(bound.record),
        "sources": asked.sources,
        "uploads": {name: file.hash for name, file in given.items()},
        "run": dict(record),
        "external": {
            "service": "ComfyUI",
            "server": record.get("server", ""),
            "id": record.get("prompt_id", ""),
            "version": bound.version_id,
        },
        "warnings": list(asked.warnings),
    }
    path.write_text(json.dumps(document, indent=1, sort_keys=True, default=str), encoding="utf-8")
