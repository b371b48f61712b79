"""Cuts the frames of a stage into windows.

Invariant: windows cover the whole exactly, in order; neighbours share just the overlap; only the
last may be shorter than the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from farm.domain.errors import FarmError, ParameterError, PluginError
from farm.domain.media import Artifact
from farm.domain.plan import PlannedWindow
from farm.stages import Stage, StageParams

WHOLE = PlannedWindow(0, 0)
# Each window is a row and a message; a job of more is a mistake in a length or a size.
MAX_WINDOWS = 20_000


def cut_windows(length: int, size: int, overlap: int = 0) -> list[PlannedWindow]:
    """Windows of ``size`` frames over ``length`` frames, each starting ``overlap`` before the
    end of the one before.

    Raises
    ------
    ParameterError : nothing to cut, a size or overlap that cannot advance, or too many windows.
    """
    if length < 1 or size < 1 or not 0 <= overlap < size:
        raise ParameterError(
            "cannot be cut into windows",
            expected="length and size of at least 1 frame, and an overlap smaller than the size",
            got=f"length {length}, size {size}, overlap {overlap}",
            code="windows.impossible",
        )
    step = size - overlap
    count = 1 + max(0, -(-(length - size) // step))
    if count > MAX_WINDOWS:
        raise ParameterError(
            "would be cut into too many windows",
            expected=f"at most {MAX_WINDOWS}",
            got=f"{count} windows of {size} frames for {length} frames",
            mend="Make it shorter, or the windows longer.",
            code="windows.too-many",
        )
    return [PlannedWindow(i * step, min(i * step + size, length)) for i in range(count)]


def cut_stage(
    stage: Stage, params: StageParams, inputs: Mapping[str, Sequence[Artifact]]
) -> list[PlannedWindow]:
    """Windows of a stage from its validated parameters and its input artifacts by port."""
    windows = stage.windows
    if windows is None:
        return [WHOLE]
    length = ask(stage, "windows.length", lambda: windows.length(params, inputs))
    size = ask(stage, "windows.size", lambda: _number(windows.size, params))
    overlap = ask(stage, "windows.overlap", lambda: _number(windows.overlap, params))
    try:
        return cut_windows(length, size, overlap)
    except ParameterError as error:
        raise ParameterError(
            f"{stage.id} {error.what}",
            expected=error.expected,
            got=error.got,
            mend=error.mend,
            code=error.code,
        ) from error


def cut_each(
    stage: Stage, ports: Sequence[str], inputs: Mapping[str, Sequence[Artifact]]
) -> list[PlannedWindow]:
    """One window for each file of the ports; none where there is no file.

    Raises
    ------
    ParameterError : the ports have different numbers of files, or too many.
    """
    counts = {port: len(inputs[port]) for port in ports}
    if len(set(counts.values())) != 1 or max(counts.values()) > MAX_WINDOWS:
        raise ParameterError(
            f"{stage.id} cannot run for each file",
            expected=f"the same number of files at each port, at most {MAX_WINDOWS}",
            got=", ".join(f"{count} at {port}" for port, count in counts.items()),
            mend="Mend what makes these files.",
            code="each.unequal",
        )
    return [PlannedWindow(index, index + 1) for index in range(counts[ports[0]])]


def cut_later(
    stage: Stage,
    params: Mapping[str, Any],
    inputs: Mapping[str, Sequence[Artifact]],
    each: Sequence[str] = (),
) -> list[PlannedWindow]:
    """Windows of a stage whose plan left them open, now that its inputs are known.

    params, each : those of the ``PlannedStage``. Raises ParameterError or PluginError.
    """
    if each:
        return cut_each(stage, each, inputs)
    model = ask(stage, "params", lambda: stage.params.model_validate_json(json.dumps(dict(params))))
    return cut_stage(stage, model, inputs)


def ask(stage: Stage, what: str, function: Callable[[], Any]) -> Any:
    """Call a function that a plugin declared; what it raises names the stage. Raises PluginError."""
    try:
        return function()
    except FarmError:
        raise
    except Exception as error:
        raise PluginError(
            f"the declaration of {stage.id} failed",
            where=what,
            got=f"{type(error).__name__}: {error}",
            mend="Mend the plugin.",
            code="plugin.bad-declaration",
        ) from error


def _number(value: int | Callable[[Any], int], params: StageParams) -> int:
    return value(params) if callable(value) else value
