"""The stage ``video.script``: a prompt becomes a film on paper.

Invariant: the two files hold everything that the later stages need, and why it is as it is; the same
prompt, seed, parameters and knowledge give the same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from farm import InputError, Result, Task
from farm_procedural.create.script import compose
from farm_procedural.framing import framing
from farm_procedural.interpret.reading import interpret
from farm_procedural.learn.keeping import recall
from farm_procedural.learn.suggest import Snapshot
from farm_procedural.learn.words import learned_words
from farm_procedural.params import ScriptParams
from farm_procedural.prompt import read_prompt


def run(task: Task[ScriptParams]) -> Result:
    """Write ``script`` and ``instruction`` for the task's prompt.

    Raises
    ------
    InputError : no text, a length, size or rate that no film can have, or an unknown snapshot.
    """
    params = task.params
    prompt = read_prompt(task.input("prompt"))
    snapshot = knowledge_for(task, params.knowledge)
    words = learned_words(snapshot.entries) if snapshot else ()
    task.progress(0, 2, "reading")
    instruction = interpret(prompt, learned=words)
    frame = framing(instruction, params)
    task.progress(1, 2, "writing the script")
    script = compose(
        instruction,
        seed=task.seed,
        width=frame.width,
        height=frame.height,
        fps=frame.fps,
        duration_s=frame.duration_s,
        knowledge=snapshot,
        style=params.style,
        tone=params.tone,
    )
    files = {
        "script": _written(task.output("script", ".json"), script.record()),
        "instruction": _written(task.output("instruction", ".json"), instruction.record()),
    }
    task.progress(2, 2)
    return files


def knowledge_for(task: Task[Any], which: str) -> Snapshot | None:
    """What the job may use of what was learned; ``None`` for nothing.

    A snapshot's file at the port ``knowledge`` outranks ``which``.

    Raises
    ------
    InputError : the file is no snapshot, or the id is not that of what is known now.
    """
    if task.inputs.get("knowledge"):
        return _snapshot_in(task.input("knowledge").path)
    if which == "none":
        return None
    snapshot = recall(task.documents).snapshot()
    if which not in ("latest", snapshot.id):
        raise InputError(
            "the farm knows more, or other things, than that snapshot",
            where="params.knowledge",
            expected=f"none, latest or {snapshot.id or 'nothing else: nothing was learned yet'}",
            got=which,
            mend="Give the file of the snapshot as the input `knowledge` instead.",
            code="knowledge.unknown",
        )
    return snapshot if snapshot.id else None


def _snapshot_in(path: Path) -> Snapshot:
    try:
        return Snapshot.from_record(json.loads(path.read_bytes()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "not a snapshot of knowledge",
            where=path.name,
            expected="JSON as the stage knowledge.snapshot writes it",
            got=f"{type(error).__name__}: {error}"[:120],
            mend="Make one with the stage knowledge.snapshot, or leave the input away.",
            code="knowledge.not-a-snapshot",
        ) from error


def _written(path: Path, record: dict[str, Any]) -> Path:
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, indent=1)
    path.write_text(f"{text}\n", encoding="utf-8")
    return path
