"""Checks that a template hangs together, alone and against the registered stages.

Invariant: after these checks every reference of a template leads somewhere, nothing waits for
itself, and joined ports carry the same kind of media.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from farm.domain.errors import ManifestError, UnknownName, nearest
from farm.domain.media import MediaKind
from farm.manifest.document import Document, Where
from farm.pipelines.parameters import checked
from farm.pipelines.template import (
    Pipeline,
    StageSpec,
    is_optional,
    param_reference,
    split_source,
)
from farm.stages import Stage

# The farm writes these itself into every finished folder.
RESERVED = (
    "job_manifest.json",
    "debug_metadata.json",
    "receipt.json",
    "error.txt",
    "source",
    "status.json",
    "SHA256SUMS",
)


def check_wiring(pipeline: Pipeline, document: Document | None = None) -> None:
    """Check everything that needs no plugin: references, cycles, defaults, output names.

    Raises
    ------
    ManifestError : with the place in the file and the nearest known name.
    ParameterError : a default that its own declaration refuses.
    """
    places = document or Document(pipeline.ref, {})
    _check_params(pipeline, places)
    for name, stage in pipeline.stages.items():
        for port, sources in stage.inputs.items():
            for source in sources:
                _check_source(pipeline, source, places, ("stages", name, "inputs", port))
        for key, value in stage.params.items():
            if (param := param_reference(value)) is not None:
                _known(param, pipeline.params, "parameter", places, ("stages", name, "params", key))
        for port in stage.each:
            _known(port, stage.inputs, "port", places, ("stages", name, "each"))
        for other in stage.after:
            _known(other, pipeline.stages, "stage", places, ("stages", name, "after"))
        for condition in stage.when:
            _check_condition(pipeline, condition, places, ("stages", name, "when"))
    _check_outputs(pipeline, places)
    order(pipeline, places)


def order(pipeline: Pipeline, places: Document | None = None) -> list[str]:
    """Stage names so that each comes after everything it waits for; ManifestError on a cycle."""
    graph = {name: predecessors(stage) for name, stage in pipeline.stages.items()}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise ManifestError(
            "stages wait for each other in a circle",
            where=(places or Document(pipeline.ref, {})).place(("stages",)),
            got=" -> ".join(reversed(error.args[1])),
            mend="Take one of these references away.",
            code="pipeline.cycle",
        ) from error


def predecessors(stage: StageSpec) -> list[str]:
    """Names of the stages that ``stage`` waits for, each once, in the order they are named."""
    sources = [source for sources in stage.inputs.values() for source in sources]
    named = [s.partition(".")[0] for s in sources if not s.startswith("inputs.")]
    return list(dict.fromkeys([*named, *stage.after]))


def check_against(pipeline: Pipeline, providers: Mapping[str, Sequence[Stage]]) -> None:
    """Check a template against the registered stages, by capability.

    At least one provider of each capability must have the ports that the template uses.

    Raises
    ------
    UnknownName : a capability nobody provides, or ports that no provider has.
    ManifestError : joined ports of different kinds.
    """
    for name, spec in pipeline.stages.items():
        where = f"{pipeline.ref}: stages.{name}"
        candidates = providers.get(spec.capability, ())
        if not candidates:
            raise UnknownName(
                f'no plugin provides "{spec.capability}"',
                where=where,
                mend=nearest(spec.capability, providers),
                code="pipeline.unknown-capability",
            )
        complaints = [misfit(pipeline, name, stage) for stage in candidates]
        if all(complaints):
            raise UnknownName(complaints[0], where=where, code="pipeline.unknown-port")
        _check_kinds(pipeline, name, spec, providers, where)


def misfit(pipeline: Pipeline, name: str, stage: Stage, given: Container[str] = ()) -> str:
    """Why ``stage`` cannot be the stage ``name`` of this template; empty when it can.

    given : the parameters of the pipeline that a job gives; what it gives as ``$name?`` is needed.
    """
    for port in pipeline.stages[name].inputs:
        if port not in stage.inputs:
            return f'{stage.id} has no input "{port}". {nearest(port, stage.inputs)}'
    for port in sorted(pipeline.used_ports[name]):
        if port not in stage.outputs:
            return f'{stage.id} has no output "{port}". {nearest(port, stage.outputs)}'
    for key, value in pipeline.stages[name].params.items():
        if is_optional(value) and param_reference(value) not in given:
            continue
        if key not in stage.params.model_fields:
            return f'{stage.id} has no parameter "{key}". {nearest(key, stage.params.model_fields)}'
    if pipeline.stages[name].each and stage.windows is not None:
        return f"{stage.id} splits into windows, so it cannot run for each file"
    return ""


def _check_kinds(
    pipeline: Pipeline,
    name: str,
    spec: StageSpec,
    providers: Mapping[str, Sequence[Stage]],
    where: str,
) -> None:
    takers = [s for s in providers[spec.capability] if not misfit(pipeline, name, s)]
    for port, sources in spec.inputs.items():
        for source in sources:
            origin, output = split_source(source)
            if origin == "inputs":
                given = {pipeline.inputs[output].media}
            else:
                makers = providers.get(pipeline.stages[origin].capability, ())
                given = {m.outputs[output].kind for m in makers if output in m.outputs}
            wanted = {taker.inputs[port].kind for taker in takers}
            if given and not any(fits(want, have) for want in wanted for have in given):
                raise ManifestError(
                    f"{source} does not fit the port",
                    where=f"{where}.inputs.{port}",
                    expected=" or ".join(sorted(k.value for k in wanted)),
                    got=" or ".join(sorted(k.value for k in given)),
                    code="pipeline.kind-mismatch",
                )


def fits(wanted: MediaKind, given: MediaKind) -> bool:
    """Whether a file of kind ``given`` may flow into a port of kind ``wanted``; a source of
    kind ``any`` is let through here and checked by its probed kind when it exists."""
    return given is MediaKind.ANY or wanted.accepts(given)


def _check_params(pipeline: Pipeline, places: Document) -> None:
    for name, spec in pipeline.params.items():
        where: Where = ("params", name, "default")
        if spec.pattern is not None:
            try:
                re.compile(spec.pattern)
            except re.error as error:
                raise ManifestError(
                    "not a regular expression",
                    where=places.place(("params", name, "pattern")),
                    got=str(error),
                    code="pipeline.bad-pattern",
                ) from error
        for source in spec.names_of:
            _known(source, pipeline.inputs, "input", places, ("params", name, "names_of"))
        if not spec.required and spec.default is not None:
            checked(name, spec, spec.default, places.place(where))
    for profile, quality in pipeline.quality.items():
        for name, value in quality.params.items():
            where = ("quality", profile, "params", name)
            _known(name, pipeline.params, "parameter", places, where)
            checked(name, pipeline.params[name], value, places.place(where))
        capabilities = {stage.capability for stage in pipeline.stages.values()}
        for name in quality.providers:
            where = ("quality", profile, "providers", name)
            _known(name, {*capabilities, *pipeline.stages}, "capability or stage", places, where)


def _check_source(pipeline: Pipeline, source: str, places: Document, where: Where) -> None:
    origin, port = split_source(source)
    if not port or "." in port or (origin == "inputs" and is_optional(source)):
        raise ManifestError(
            "not a reference",
            where=places.place(where),
            expected="inputs.NAME, STAGE.PORT or STAGE.PORT?",
            got=source,
            code="pipeline.bad-reference",
        )
    if origin == "inputs":
        _known(port, pipeline.inputs, "input", places, where)
    else:
        _known(origin, pipeline.stages, "stage", places, where)


def _check_condition(pipeline: Pipeline, condition: str, places: Document, where: Where) -> None:
    subject = condition.removeprefix("not ").strip()
    param = param_reference(subject)
    if param is not None:
        _known(param, pipeline.params, "parameter", places, where)
    elif subject.startswith("inputs."):
        _known(subject.removeprefix("inputs."), pipeline.inputs, "input", places, where)
    else:
        raise ManifestError(
            "not a condition",
            where=places.place(where),
            expected="inputs.NAME or $param, or `not ` before either",
            got=condition,
            code="pipeline.bad-condition",
        )


def _check_outputs(pipeline: Pipeline, places: Document) -> None:
    if "inputs" in pipeline.stages:
        raise ManifestError(
            'a stage cannot be called "inputs"',
            where=places.place(("stages", "inputs")),
            mend="References to job inputs begin with that word; rename the stage.",
            code="pipeline.reserved-name",
        )
    seen = {name.casefold() for name in RESERVED}
    for name, source in pipeline.outputs.items():
        where: Where = ("outputs", name)
        plain = name.removesuffix("/").casefold()
        if plain in seen:
            raise ManifestError(
                "two files would have this name",
                where=places.place(where),
                expected=f"names that differ in more than case, and none of {', '.join(RESERVED)}",
                got=name,
                code="pipeline.duplicate-output",
            )
        seen.add(plain)
        _check_source(pipeline, source, places, where)
        if source.startswith("inputs."):
            raise ManifestError(
                "an output comes from a stage",
                where=places.place(where),
                expected="STAGE.PORT",
                got=source,
                code="pipeline.bad-reference",
            )


def _known(name: str, known: Iterable[str], what: str, places: Document, where: Where) -> None:
    known = list(known)
    if name not in known:
        raise ManifestError(
            f'no {what} is called "{name}"',
            where=places.place(where),
            mend=nearest(name, known),
            code=f"pipeline.unknown-{what.split()[0]}",
        )
