"""The stages that learn: a record of one film, the loop, the snapshot, the report.

Invariant: what a stage learns goes to the shared documents and so becomes visible with its result;
what it was given is a file, so that creation stays a pure function of its inputs.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from farm import InputError, Result, StageParams, Task
from farm_procedural.analyse.schema import SCHEMA as ANALYSIS, Analysis
from farm_procedural.instruction import SCHEMA as INSTRUCTION, Instruction
from farm_procedural.learn import loop
from farm_procedural.learn.keeping import keep, recall
from farm_procedural.learn.report import page, report
from farm_procedural.learn.runs import log_run
from farm_procedural.script import SCHEMA as SCRIPT, Script
from farm_procedural.stages_learning import LoopParams


def run_record(task: Task[StageParams]) -> Result:
    """``knowledge.record``: rate a film, learn from it, log it; ``record`` is the run."""
    analysis = Analysis.from_record(_read(task, "analysis", ANALYSIS))
    instruction = script = None
    if task.inputs.get("instruction"):
        instruction = Instruction.from_record(_read(task, "instruction", INSTRUCTION))
    if task.inputs.get("script"):
        script = Script.from_record(_read(task, "script", SCRIPT))
    prompt = instruction.text if instruction is not None else ""
    memory = recall(task.documents)
    run, grown = log_run(
        memory.registry, analysis, prompt=prompt, instruction=instruction, script=script
    )
    keep(task.documents, memory, run, grown)
    for entry in grown:
        task.log.info("learned %s %s, %.2f from %s", entry.kind, entry.name, entry.away, entry.near)
    task.progress(1, 1)
    return {"record": _write(task, "record", run.record())}


def run_snapshot(task: Task[StageParams]) -> Result:
    """``knowledge.snapshot``: everything that is known now, as one file."""
    snapshot = recall(task.documents).snapshot()
    task.progress(1, 1)
    return {"knowledge": _write(task, "knowledge", snapshot.record())}


def run_loop(task: Task[LoopParams]) -> Result:
    """``knowledge.loop``: one round per window; ``state`` goes from each to the next."""
    params = task.params
    number = task.window.index if task.window is not None else 0
    state = loop.first_state()
    if task.inputs.get("state"):
        state = _read(task, "state", loop.STATE)
    spent_s = float(state.get("spent_s", 0.0))
    if params.budget_s and spent_s >= params.budget_s:
        state["stopped"] = f"the time budget of {params.budget_s:g} s was spent"
        task.progress(1, 1, "no time left")
        return {"state": _write(task, "state", state)}
    size = loop.Size(
        params.width, params.height, params.fps, params.duration_s, params.control_every
    )
    total = 2 * max(1, round(params.duration_s * params.fps))
    seen = 0

    def looked(frame: int) -> None:
        nonlocal seen
        seen += 1
        task.progress(min(seen, total), total, f"round {number}, frame {frame}")

    begun_s = time.monotonic()
    state = loop.play(task.documents, state, number, seed=task.seed, size=size, looked=looked)
    if params.budget_s:
        # Only a loop with a budget keeps time: without one its state is the same on every machine.
        state["spent_s"] = round(spent_s + time.monotonic() - begun_s, 3)
    task.log.info("round %d is run %s", number, state["runs"][-1])
    task.progress(total, total)
    return {"state": _write(task, "state", state)}


def run_report(task: Task[StageParams]) -> Result:
    """``knowledge.report``: of the last state of a loop, or of all that is known without one."""
    rounds: list[dict[str, Any]] = []
    stopped = ""
    states = list(task.inputs.get("states", ()))
    if states:
        last = _document(states[-1].path, "states", loop.STATE)
        rounds, stopped = loop.rounds_of(task.documents, last), last["stopped"]
    memory = loop.finish(task.documents)
    made = report(memory, rounds, stopped)
    text = task.output("page", ".md")
    text.write_text(page(made), encoding="utf-8")
    task.progress(1, 1)
    return {
        "page": text,
        "report": _write(task, "report", made),
        "knowledge": _write(task, "knowledge", memory.snapshot().record()),
    }


def _read(task: Task[Any], port: str, schema: str) -> dict[str, Any]:
    return _document(task.input(port).path, port, schema)


def _document(path: Path, port: str, schema: str) -> dict[str, Any]:
    """A JSON document of a schema. Raises InputError."""
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise InputError(
            "is not JSON", where=port, got=str(error), code="knowledge.not-json"
        ) from error
    if not isinstance(document, dict) or document.get("schema") != schema:
        got = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise InputError(
            "is another kind of document",
            where=port,
            expected=schema,
            got=repr(got),
            mend="Give the file that the stage before it wrote.",
            code="knowledge.wrong-schema",
        )
    return document


def _write(task: Task[Any], port: str, document: dict[str, Any]) -> Path:
    target = task.output(port, ".json")
    target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return target
