"""Parameters: of the job, from defaults, profile and manifest; then of each stage.

Invariant: every parameter a stage gets went through the pipeline's declaration and through the
stage's own model, strictly: no text becomes a number on the way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from farm.domain.errors import ParameterError, UnknownName, nearest
from farm.manifest import Manifest
from farm.pipelines import Pipeline, checked, is_optional, param_reference
from farm.planning.inputs import input_refs
from farm.planning.windows import ask
from farm.stages import Stage, StageParams


def job_params(manifest: Manifest, pipeline: Pipeline) -> dict[str, Any]:
    """The pipeline's parameters: its default, overruled by the profile, overruled by the names of
    files that the parameter stands for, overruled by the manifest.

    An optional parameter (``default: null``) that nobody gave is left out.

    Raises
    ------
    UnknownName : a parameter that the pipeline does not have, with the nearest one.
    ParameterError : a value out of type or range, or a required one that is missing.
    """
    for name in manifest.params:
        if name not in pipeline.params:
            raise UnknownName(
                f'the pipeline {pipeline.ref} has no parameter "{name}"',
                where=f"params.{name}",
                mend=nearest(name, pipeline.params),
                code="parameter.unknown",
            )
    profile = pipeline.quality.get(manifest.quality)
    preset = profile.params if profile else {}
    refs = input_refs(manifest, pipeline)
    values = {}
    for name, spec in pipeline.params.items():
        files = [ref.name for source in spec.names_of for ref in refs.get(source, ())]
        value = manifest.params.get(name, _brief(files) or preset.get(name, spec.default))
        if value is None and spec.required:
            raise ParameterError(
                f'the parameter "{name}" is missing',
                where=f"params.{name}",
                expected=spec.expected,
                mend=spec.description,
                code="parameter.missing",
            )
        if value is not None:
            values[name] = checked(name, spec, value)
    return values


def _brief(paths: list[str]) -> list[str]:
    """The names without their folders, unless two would be the same."""
    names = [path.rpartition("/")[2] for path in paths]
    return names if len(set(names)) == len(names) else paths


def resolved(
    pipeline: Pipeline, chosen: Mapping[str, Stage], values: dict[str, Any]
) -> dict[str, Any]:
    """The job's parameters, with those made definite that its stages resolve.

    chosen : provider by stage. What the pipeline gives a stage as a constant stays as it is.
    """
    found = dict(values)
    for name, stage in chosen.items():
        if stage.resolve is None:
            continue
        params = stage_params(pipeline, name, stage, values)
        for key, value in ask(stage, "resolve", partial(stage.resolve, params)).items():
            param = param_reference(pipeline.stages[name].params.get(key))
            if param is not None:
                found[param] = checked(param, pipeline.params[param], value)
    return found


def stage_params(
    pipeline: Pipeline, name: str, stage: Stage, values: dict[str, Any]
) -> StageParams:
    """The validated parameters of the stage ``name``; ``$param`` is replaced by its value.

    Raises
    ------
    ParameterError : the stage's own model refuses a value; names the job's parameter if it is one.
    """
    given, origins = {}, {}
    for key, value in pipeline.stages[name].params.items():
        param = param_reference(value)
        if is_optional(value) and key not in stage.params.model_fields:
            continue
        if param is None:
            given[key], origins[key] = value, f"{pipeline.ref}: stages.{name}.params.{key}"
        elif param in values:
            given[key], origins[key] = values[param], f"params.{param}"
    try:
        # As JSON, because strict validation then still takes a list for a tuple.
        return stage.params.model_validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        item = error.errors(include_url=False)[0]
        key = str(item["loc"][0]) if item["loc"] else ""
        raise ParameterError(
            f"{stage.id} refuses the parameter" if key else f"{stage.id} refuses its parameters",
            where=origins.get(key, f"{pipeline.ref}: stages.{name}.params.{key}".rstrip(".")),
            expected=item["msg"].removeprefix("Value error, ").removeprefix("Input should be "),
            got=repr(item.get("input"))[:80],
            code="parameter.refused",
        ) from error
