"""What the contract asks of every stage, as checks that a plugin's own tests can run.

Invariant: a stage that passes can be planned without surprises, gives the same bytes for the same
inputs, parameters and seed, and stops when it is asked to.

    from farm.conformance import Sample, declaration_complaints, run_complaints
    assert declaration_complaints(stage) == []
    assert run_complaints(stage, Sample(inputs={"video": [clip]}), folder, plugin_folder) == []
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from farm.artifacts.probe import probe_output
from farm.domain.errors import ErrorClass
from farm.engine.process import EngineProcess
from farm.engine.protocol import EngineInput, EngineOutcome, EngineRequest
from farm.stages import Resources, Stage, Window


@dataclass(frozen=True, slots=True)
class Sample:
    """A small, real piece of work for a stage: files by input port, parameters, a window.

    models : folders with the files of the models the stage names, by name.
    """

    inputs: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    window: Window | None = None
    seed: int = 7
    models: Mapping[str, Path] = field(default_factory=dict)


def declaration_complaints(stage: Stage) -> list[str]:
    """What is wrong with a declaration, each as a sentence; needs no engine and no files."""
    return [f"{stage.id}: {text}" for text in _declaration(stage)]


def run_complaints(
    stage: Stage,
    sample: Sample,
    folder: Path,
    plugin_folder: Path | None = None,
    manifests_folder: Path | None = None,
) -> list[str]:
    """Run a sample twice in a real engine, and once to cancel it; what was not as promised.

    folder : an empty folder to work in. plugin_folder : where a loose plugin lies, if it is one.
    manifests_folder : manifests of the sample's models, if no plugin brings them.
    """
    engine = EngineProcess(
        "conformance",
        "cpu",
        plugin_folder=plugin_folder or folder / "plugins",
        manifests_folder=manifests_folder,
    )
    try:
        first = engine.run(_request(stage, sample, folder, 1))
        if first.error is not None:
            return [f"{stage.id}: the sample failed: {first.error.get('message')}"]
        # A fresh process, so that nothing warm can make two runs agree.
        engine.stop()
        second = engine.run(_request(stage, sample, folder, 2))
        found = []
        if _digests(first) != _digests(second):
            found.append(f"{stage.id}: two runs with the same seed gave different bytes")
        if not _stops(engine, _request(stage, sample, folder, 3)):
            found.append(f"{stage.id}: it did not end as cancelled when it was asked to stop")
        if _peak(first) > _declared(stage, sample).ram_mb:
            found.append(f"{stage.id}: used {_peak(first)} MB of memory, more than it declares")
        return found
    finally:
        engine.stop()


def _declaration(stage: Stage) -> Iterator[str]:
    if stage.version < 1:
        yield "version must be 1 or more"
    if not stage.description:
        yield "it has no description"
    if not stage.outputs:
        yield "it has no output port"
    module, _, name = stage.run.partition(":")
    try:
        if not callable(getattr(import_module(module), name, None)):
            yield f"run names {stage.run}, which is not a function"
    except ImportError as error:
        yield f"run names {stage.run}, which cannot be imported: {error}"
    for field_name, field_info in stage.params.model_fields.items():
        if not field_info.description:
            yield f"parameter {field_name} has no description"
    stage.params.model_json_schema()
    if stage.windows is not None and stage.windows.mode == "chained":
        for port in stage.windows.carry:
            if port not in stage.outputs or port not in stage.inputs:
                yield f"carried port {port} must be an input and an output"
            elif stage.inputs[port].required:
                yield f"carried input {port} must not be required: the first window has none"
    try:
        params = stage.params()
    except ValidationError:
        return  # A stage may insist on a parameter.
    needs = stage.resources(params) if callable(stage.resources) else stage.resources
    if needs.cores < 0 or needs.ram_mb < 1:
        yield "it declares no memory, or less than no cores"
    if stage.windows is not None:
        size = stage.windows.size
        if (size(params) if callable(size) else size) < 1:
            yield "windows must have at least one frame"


def _request(stage: Stage, sample: Sample, folder: Path, number: int) -> EngineRequest:
    inputs: dict[str, list[EngineInput]] = {}
    for port, files in sample.inputs.items():
        inputs[port] = []
        for file in files:
            kind, facts = probe_output(file)
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            inputs[port].append(EngineInput(file, kind, digest, facts.record()))
    scratch = folder / f"run{number}"
    scratch.mkdir(parents=True)
    return EngineRequest(
        task_id=f"conformance.{stage.capability}.0",
        number=number,
        stage_id=stage.id,
        version=stage.version,
        params=dict(sample.params),
        inputs=inputs,
        seed=sample.seed,
        scratch=scratch,
        log=folder / f"run{number}.log",
        window=sample.window,
        models=sample.models,
    )


def _digests(outcome: EngineOutcome) -> dict[str, list[str]]:
    return {
        port: [hashlib.sha256(file.path.read_bytes()).hexdigest() for file in files]
        for port, files in outcome.outputs.items()
    }


def _stops(engine: EngineProcess, request: EngineRequest) -> bool:
    """Whether a run that is cancelled while it works ends as cancelled, or was done before that."""
    asked = threading.Event()

    def cancel() -> None:
        while not asked.wait(0.005):
            if engine.cancel("conformance", task_id=request.task_id, number=request.number):
                return

    asking = threading.Thread(target=cancel, daemon=True)
    asking.start()
    outcome = engine.run(request)
    asked.set()
    asking.join()
    return outcome.error is None or outcome.error_class is ErrorClass.CANCELLED


def _declared(stage: Stage, sample: Sample) -> Resources:
    params = stage.params(**sample.params)
    return stage.resources(params) if callable(stage.resources) else stage.resources


def _peak(outcome: EngineOutcome) -> int:
    return int(outcome.peaks.ram_mb)
