"""How a run ended, told as an outcome.

Invariant: an attempt that was asked to stop ended for that reason, whatever its code or its
engine's exit status say; an engine that ended unasked is a crash.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from farm.domain.errors import EngineCrash, ErrorClass, FarmError, PluginError
from farm.domain.media import MediaKind
from farm.engine.protocol import (
    DocumentPut,
    EngineOutcome,
    EngineOutput,
    EngineRequest,
    Message,
    Peaks,
)
from farm.engine.spawn import last_lines
from farm.engine.watch import Watch


def told(
    request: EngineRequest,
    watch: Watch,
    result: Message,
    resident: Mapping[str, int],
    held_mb: int,
) -> EngineOutcome:
    """The outcome that the engine itself reported."""
    peaks = watch.peaks(Peaks(**result["peaks"]))
    # Other tasks' warm models are no need of this one: they would make way for it.
    vram_mb, ram_mb = result["unused_mb"]
    peaks = replace(
        peaks, vram_mb=max(0, peaks.vram_mb - vram_mb), ram_mb=max(0, peaks.ram_mb - ram_mb)
    )
    error = result.get("error")
    if error is None:
        return EngineOutcome(
            outputs={port: [*map(_output, files)] for port, files in result["outputs"].items()},
            peaks=peaks,
            documents=[DocumentPut(*put) for put in result["documents"]],
            resident=resident,
            held_mb=held_mb,
            loads_s=result["loads_s"],
            evicted=result["evicted"],
        )
    if watch.stop is not None:
        error = {**watch.stop.record(), "traceback": error["traceback"]}
    return EngineOutcome(
        error=error,
        error_class=ErrorClass(error["class"]),
        last_lines=_tail(request.log),
        peaks=peaks,
        resident=resident,
        held_mb=held_mb,
        loads_s=result["loads_s"],
        evicted=result["evicted"],
    )


def ended(request: EngineRequest, watch: Watch, status: int) -> EngineOutcome:
    """The outcome of an attempt whose engine is gone with this exit status."""
    killer = None
    error = watch.stop
    if error is None:
        killer = -status if status < 0 else None
        error = _crash(request.stage_id, status)
    lines = _tail(request.log)
    with contextlib.suppress(OSError):
        if request.log.stat().st_size == 0:
            request.log.unlink()
    return EngineOutcome(
        error={**error.record(), "traceback": ""},
        error_class=error.error_class,
        signal=killer,
        last_lines=lines,
        peaks=watch.peaks(),
    )


def plugin_fault(record: Mapping[str, str]) -> PluginError:
    """Why an engine could not get ready, as it told itself."""
    names = ("where", "expected", "got", "mend", "code")
    fault = PluginError(record["what"], **{name: record[name] for name in names})
    fault.add_note(record["traceback"])
    return fault


def _crash(stage_id: str, status: int) -> FarmError:
    how = f"exited with status {status}"
    mend = "The last lines of the attempt's log may tell why."
    if status < 0:
        how = f"was killed by {_signal_name(-status)}"
    if status == -signal.SIGKILL:
        mend = "The node did not do it: look for an out-of-memory kill in the kernel's log."
    return EngineCrash(f"the engine {how}", where=stage_id, mend=mend, code="engine.crash")


def _signal_name(number: int) -> str:
    try:
        return f"{signal.Signals(number).name} (signal {number})"
    except ValueError:
        return f"signal {number}"


def _output(record: list[Any]) -> EngineOutput:
    path, kind, facts, suffix = record
    return EngineOutput(Path(path), MediaKind(kind), facts, suffix)


def _tail(log: Path) -> list[str]:
    try:
        fd = os.open(log, os.O_RDONLY)
    except OSError:  # removed because it was empty, or never written
        return []
    try:
        return last_lines(fd)
    finally:
        os.close(fd)
