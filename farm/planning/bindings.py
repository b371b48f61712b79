"""What flows where in one job: which stages take part, what feeds their ports, what is published.

Invariant: a port is fed by files of its kind and number, or the job is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from farm.domain.errors import ManifestError
from farm.domain.media import Artifact, MediaKind
from farm.domain.plan import Binding
from farm.pipelines import Pipeline, fits, param_reference, split_source
from farm.stages import Port, Stage

Inputs = Mapping[str, Sequence[Artifact]]


def wanted(pipeline: Pipeline, stage: str, values: Mapping[str, Any], inputs: Inputs) -> bool:
    """Whether every `when` of the stage holds."""
    for condition in pipeline.stages[stage].when:
        subject = condition.removeprefix("not ").strip()
        param = param_reference(subject)
        holds = (
            bool(values.get(param)) if param else bool(inputs.get(subject.removeprefix("inputs.")))
        )
        if holds == condition.startswith("not "):
            return False
    return True


def bind(
    pipeline: Pipeline,
    name: str,
    port: str,
    declared: Port,
    chosen: Mapping[str, Stage],
    inputs: Inputs,
) -> tuple[Binding, ...]:
    """The sources of a port that are there; those of absent inputs and dropped stages are not.
    Raises ManifestError."""
    where = f"{pipeline.ref}: stages.{name}.inputs.{port}"
    takes_many = declared.many or port in pipeline.stages[name].each
    found = []
    for source in pipeline.stages[name].inputs.get(port, ()):
        origin, item = split_source(source)
        if origin == "inputs":
            if item not in inputs:
                continue
            given, several = pipeline.inputs[item].media, len(inputs[item]) > 1
            binding = Binding("input", item)
        elif origin in chosen:
            maker = chosen[origin]
            if item not in maker.outputs:
                # Its provider fits all the same, so the reference is an optional one.
                continue
            given = maker.outputs[item].kind
            several = maker.outputs[item].many or _repeats(pipeline, origin, maker)
            binding = Binding("stage", origin, item)
        else:
            continue
        if not fits(declared.kind, given):
            raise ManifestError(
                f"{source} does not fit the port",
                where=where,
                expected=declared.kind.value,
                got=given.value,
                code="pipeline.kind-mismatch",
            )
        if several and not takes_many:
            raise ManifestError(
                f"{source} is several files and {chosen[name].id} takes one",
                where=where,
                mend="Give one file, or choose other providers.",
                code="pipeline.many-into-one",
            )
        found.append(binding)
        if not takes_many:
            break
    carried = chosen[name].windows
    if not found and declared.required and not (carried and port in carried.carry):
        raise ManifestError(
            f'{chosen[name].id} needs "{port}" and nothing is there for it',
            where=where,
            mend="Give the optional input that it comes from.",
            code="pipeline.unfed-port",
        )
    return tuple(found)


def published(pipeline: Pipeline, chosen: Mapping[str, Stage]) -> dict[str, tuple[str, str]]:
    """Published file name to (stage, port), without those of dropped stages. Raises ManifestError."""
    outputs = {}
    for file, source in pipeline.outputs.items():
        origin, port = split_source(source)
        if origin not in chosen or port not in chosen[origin].outputs:
            continue
        stage = chosen[origin]
        if _repeats(pipeline, origin, stage) or stage.outputs[port].many:
            raise ManifestError(
                f"{source} is several files",
                where=f"{pipeline.ref}: outputs.{file}",
                expected="one file",
                mend="Join them first.",
                code="pipeline.many-into-one",
            )
        if file.endswith("/") and not fits(MediaKind.ARCHIVE, stage.outputs[port].kind):
            raise ManifestError(
                f"{source} is no folder",
                where=f"{pipeline.ref}: outputs.{file}",
                expected=f"a port of kind {MediaKind.ARCHIVE.value}",
                got=stage.outputs[port].kind.value,
                mend="Publish it under a file name, without the slash.",
                code="pipeline.not-a-folder",
            )
        outputs[file] = (origin, port)
    if not outputs:
        raise ManifestError(
            "no stage that makes an output is left",
            where=f"{pipeline.ref}: outputs",
            mend="Give the inputs or parameters that its stages wait for.",
            code="pipeline.no-outputs",
        )
    return outputs


def _repeats(pipeline: Pipeline, name: str, stage: Stage) -> bool:
    """Whether a stage runs as several tasks, each with files of its own."""
    return stage.windows is not None or bool(pipeline.stages[name].each)
