"""The inputs of a job: what a manifest refers to, and whether what came fits the pipeline.

Invariant: a file that a pipeline did not ask for, or of another kind, is refused before any work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from farm.domain.errors import AssetError, ManifestError, UnknownName, nearest
from farm.domain.media import Artifact
from farm.manifest import InputRef, Manifest
from farm.pipelines import InputSpec, Pipeline


def input_refs(manifest: Manifest, pipeline: Pipeline) -> dict[str, tuple[InputRef, ...]]:
    """What the manifest's inputs refer to, by input name, in order.

    A bare string is the text itself for an input of kind ``text``, and a path for any other.

    Raises
    ------
    UnknownName : an input that the pipeline does not have, with the nearest one.
    ManifestError : a list where one file is taken, or a bare string that is no safe path.
    """
    refs = {}
    for name, value in manifest.inputs.items():
        spec = _spec(pipeline, name)
        values = value if isinstance(value, list) else [value]
        if isinstance(value, list) and not spec.many:
            raise ManifestError(
                "this input takes one file",
                where=f"inputs.{name}",
                got=f"a list of {len(values)}",
                mend="Write it without a list.",
                code="input.not-a-list",
            )
        refs[name] = tuple(_ref(name, spec, one) for one in values)
    return refs


def check_inputs(pipeline: Pipeline, inputs: Mapping[str, Sequence[Artifact]]) -> None:
    """Check that the files are those that the pipeline asks for.

    Raises
    ------
    UnknownName : an input that the pipeline does not have.
    ManifestError : a required input without a file, or too many files.
    AssetError : a file of another kind or with another ending.
    """
    for name, files in inputs.items():
        spec = _spec(pipeline, name)
        most = 1 if not spec.many else spec.max or len(files)
        if len(files) > most:
            raise ManifestError(
                "too many files for this input",
                where=f"inputs.{name}",
                expected=f"at most {most}",
                got=str(len(files)),
                code="input.too-many",
            )
        for file in files:
            _check_file(name, spec, file)
    for name, spec in pipeline.inputs.items():
        if spec.required and not inputs.get(name):
            raise ManifestError(
                f'the input "{name}" is missing',
                where=f"inputs.{name}",
                expected=f"{spec.kind}{f' ({spec.description})' if spec.description else ''}",
                mend=f"Add `inputs.{name}`.",
                code="input.missing",
            )


def _spec(pipeline: Pipeline, name: str) -> InputSpec:
    if name not in pipeline.inputs:
        raise UnknownName(
            f'the pipeline {pipeline.ref} has no input "{name}"',
            where=f"inputs.{name}",
            mend=nearest(name, pipeline.inputs),
            code="input.unknown",
        )
    return pipeline.inputs[name]


def _ref(name: str, spec: InputSpec, value: str | InputRef) -> InputRef:
    if isinstance(value, InputRef):
        return value
    if spec.kind == "text":
        return InputRef.model_validate({"text": value})
    try:
        return InputRef.model_validate({"path": value})
    except ValueError as error:
        raise ManifestError(
            "not a path of a file that may be read",
            where=f"inputs.{name}",
            expected=f"the relative path of a file of kind {spec.kind}, with forward slashes",
            got=repr(value)[:80],
            mend="Name the file relative to the manifest or to an asset root.",
            code="manifest.unsafe-path",
        ) from error


def _check_file(name: str, spec: InputSpec, file: Artifact) -> None:
    if not spec.media.accepts(file.kind):
        raise AssetError(
            "the file is of another kind",
            where=f"inputs.{name}",
            expected=spec.kind,
            got=file.kind.value,
            mend=spec.description,
            code="input.wrong-kind",
        )
    ending = file.suffix.lower().removeprefix(".")
    if spec.accept and ending and ending not in spec.accept:
        raise AssetError(
            "files with this ending are not taken",
            where=f"inputs.{name}",
            expected=" or ".join(spec.accept),
            got=ending,
            mend="Convert the file.",
            code="input.wrong-suffix",
        )
