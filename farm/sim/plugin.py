"""Stages that cost little and show every shape of work: split, windows, a chain, a join.

Their outputs are a pure function of the inputs, so a simulation can tell whether the right file came
out, once, whatever was killed meanwhile.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from farm import MediaKind, Port, Resources, Result, Stage, StageParams, Task, Windowing, hookimpl

_TEXT = Port(MediaKind.TEXT)
_STEP_S = 0.02


class WorkParams(StageParams):
    """How much there is to do."""

    frames: int = Field(6, ge=1, le=100_000, description="Frames in all.")
    size: int = Field(2, ge=1, le=100_000, description="Frames in a window.")
    seconds: float = Field(0.1, ge=0, le=600, description="Time each window takes.")


def split(task: Task[StageParams]) -> Result:
    """Pass the prompt on."""
    out = task.output("text", ".txt")
    out.write_bytes(b"split:" + task.input("text").path.read_bytes())
    return {"text": out}


def work(task: Task[WorkParams]) -> Result:
    """Take some time, then write a line that depends on input, seed and window."""
    _spend(task)
    window = task.window
    text = task.input("text").path.read_bytes()
    where = f"{window.index}:{window.start}-{window.stop}" if window else "whole"
    out = task.output("text", ".txt")
    out.write_bytes(_worked(text, task.seed, where))
    return {"text": out}


def grow(task: Task[WorkParams]) -> Result:
    """A window of a chain: what came before, and one line more."""
    _spend(task)
    before = b"".join(file.path.read_bytes() for file in task.inputs.get("text", ()))
    carried = b"".join(file.path.read_bytes() for file in task.inputs.get("line", ()))
    out = task.output("line", ".txt")
    out.write_bytes(_grown(before, carried))
    return {"line": out}


def join(task: Task[StageParams]) -> Result:
    """Everything that arrived, in order, in one file."""
    out = task.output("text", ".txt")
    parts = [file.path.read_bytes() for port in ("parts", "lines") for file in task.inputs[port]]
    out.write_bytes(b"".join(parts))
    return {"text": out}


def expected_result(prompt: bytes, *, seed: int, frames: int, size: int) -> bytes:
    """What ``result.txt`` of the pipeline ``sim`` must hold; ``seed`` is the one of ``work``."""
    text = b"split:" + prompt
    parts, lines, carried = [], [], b""
    for index, start in enumerate(range(0, frames, size)):
        where = f"{index}:{start}-{min(frames, start + size)}"
        parts.append(_worked(text, seed, where))
        carried = _grown(text, carried)
        lines.append(carried)
    return b"".join([*parts, *lines])


def _worked(text: bytes, seed: int, where: str) -> bytes:
    digest = hashlib.sha256(text + f"{seed}:{where}".encode()).hexdigest()
    return f"{where} {digest}\n".encode("ascii")


def _grown(before: bytes, carried: bytes) -> bytes:
    return hashlib.sha256(before + carried).hexdigest().encode("ascii") + b"\n"


def _spend(task: Task[WorkParams]) -> None:
    end = time.monotonic() + task.params.seconds
    while (left := end - time.monotonic()) > 0:
        task.progress(task.params.seconds - left, task.params.seconds)
        time.sleep(min(left, _STEP_S))


@hookimpl
def farm_stages() -> Iterable[Stage]:
    """The four shapes."""
    here = "farm.sim.plugin"
    small = Resources(ram_mb=64)

    def length(params: WorkParams, inputs: object) -> int:
        return params.frames

    def size(params: WorkParams) -> int:
        return params.size

    return [
        Stage("sim.split", "sim", 1, f"{here}:split", {"text": _TEXT}, {"text": _TEXT},
              resources=small),
        Stage("sim.work", "sim", 1, f"{here}:work", {"text": _TEXT}, {"text": _TEXT},
              params=WorkParams, resources=small, windows=Windowing(length=length, size=size)),
        Stage("sim.grow", "sim", 1, f"{here}:grow",
              {"text": _TEXT, "line": Port(MediaKind.TEXT, required=False)}, {"line": _TEXT},
              params=WorkParams, resources=small,
              windows=Windowing(length=length, size=size, mode="chained", carry=("line",))),
        Stage("sim.join", "sim", 1, f"{here}:join",
              {"parts": Port(MediaKind.TEXT, many=True), "lines": Port(MediaKind.TEXT, many=True)},
              {"text": _TEXT}, resources=small),
    ]  # fmt: skip


@hookimpl
def farm_pipelines() -> Iterable[Path]:
    """One pipeline with all of them."""
    return [Path(__file__).with_name("sim.yaml")]
