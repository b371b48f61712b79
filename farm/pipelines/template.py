"""A pipeline: a versioned template of a job, read from YAML.

Invariant: a template that was loaded hangs together (see :mod:`farm.pipelines.wiring`) and never
changes; what it says is named by ``name@version`` and by the hash of its content.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, StringConstraints, ValidationError

from farm.domain.cachekey import canonical
from farm.domain.media import MediaKind
from farm.manifest.document import Limits
from farm.manifest.model import NAME, Kind, Quality, Strict
from farm.manifest.reading import read_document
from farm.manifest.refusals import refusal
from farm.pipelines.parameters import ParamSpec, Texts

CAPABILITY = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$"
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
# With a slash at its end it is a folder, unpacked from an archive.
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}/?$")]


class InputSpec(Strict):
    """One input of a pipeline."""

    kind: Literal[Kind, "any"] = Field(description="Media kind; `any` takes every file.")
    required: bool = Field(True, description="Whether a job needs it.")
    many: bool = Field(False, description="Whether a list of files may be given.")
    max: int = Field(0, ge=0, description="Most files of a list; 0: no limit.")
    accept: list[Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,12}$")]] = Field(
        default_factory=list, description="File name endings that are taken; empty: all."
    )
    by_name: bool = Field(
        False,
        description="In a dropped folder, whether only a file that is named after it is taken for it.",
    )
    description: str = Field("", description="One sentence for people.")

    @property
    def media(self) -> MediaKind:
        """The kind as the type that ports use."""
        return MediaKind(self.kind)


class QualitySpec(Strict):
    """What a quality profile changes."""

    params: dict[Name, JsonValue] = Field(
        default_factory=dict, description="Defaults in place of the parameters' own."
    )
    providers: dict[str, Annotated[str, StringConstraints(pattern=NAME)]] = Field(
        default_factory=dict, description="Preferred provider by capability or stage name."
    )


class StageSpec(Strict):
    """One stage of a pipeline."""

    capability: str = Field(pattern=CAPABILITY, description="What it does.")
    inputs: dict[Name, Texts] = Field(
        default_factory=dict,
        description="Port to `inputs.NAME` or `STAGE.PORT`, or to a list of them; a port for one "
        "file takes the first of its list that is there. `STAGE.PORT?`: if its provider has that port.",
    )
    params: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="Parameters; a value `$name` is the pipeline's. `$name?`: only for providers that "
        "have the parameter; a job that gives it takes no other provider.",
    )
    each: Texts = Field(
        default_factory=list,
        description="Run once for every file of this port; of a list of ports, for the first files "
        "of all of them, the second ones, and so on. What it makes is collected in that order.",
    )
    after: list[Name] = Field(
        default_factory=list, description="Stages to wait for without taking a file from them."
    )
    when: Texts = Field(
        default_factory=list,
        description="Run only if all hold: `inputs.NAME`, `$param`, or `not` before either.",
    )
    approval: bool = Field(False, description="Wait for `farm approve` before it runs.")
    description: str = Field("", description="One sentence for people.")


class Pipeline(Strict):
    """A template: inputs, parameters, quality profiles, stages and outputs."""

    pipeline: str = Field(pattern=NAME, description="Its name.")
    version: int = Field(ge=1, description="Raise it with every change.")
    title: str = Field("", description="One line for people.")
    description: str = Field("", description="More for people.")
    inputs: dict[Name, InputSpec] = Field(default_factory=dict, description="What it is given.")
    params: dict[Name, ParamSpec] = Field(default_factory=dict, description="What can be set.")
    quality: dict[Quality, QualitySpec] = Field(
        default_factory=dict, description="Changes by quality profile."
    )
    stages: dict[Name, StageSpec] = Field(min_length=1, description="What is done.")
    outputs: dict[FileName, str] = Field(
        min_length=1,
        description="Published file name to `STAGE.PORT`; `name/` is a folder, from an archive. "
        "`STAGE.PORT?`: if its provider has that port.",
    )

    @property
    def name(self) -> str:
        """Its name without the version."""
        return self.pipeline

    @property
    def ref(self) -> str:
        """``name@version``."""
        return f"{self.pipeline}@{self.version}"

    @cached_property
    def content_hash(self) -> str:
        """SHA-256, in hex, of the canonical JSON of what the file says."""
        return hashlib.sha256(
            canonical(self.model_dump(mode="json", exclude_unset=True))
        ).hexdigest()

    @cached_property
    def used_ports(self) -> dict[str, frozenset[str]]:
        """Stage name to those of its output ports that another stage or an output needs."""
        used: dict[str, set[str]] = {name: set() for name in self.stages}
        taken = [s for spec in self.stages.values() for r in spec.inputs.values() for s in r]
        for reference in (*taken, *self.outputs.values()):
            stage, _, port = reference.partition(".")
            if stage in used and not is_optional(reference):
                used[stage].add(port)
        return {name: frozenset(ports) for name, ports in used.items()}


def parse_pipeline(data: bytes, *, name: str, limits: Limits | None = None) -> Pipeline:
    """Read and check one template; ``name`` is the file's, for messages.

    Raises
    ------
    ManifestError : unreadable, a field that is wrong, or references that do not hang together.
    """
    from farm.pipelines.wiring import check_wiring

    document = read_document(data, name=name, limits=limits)
    try:
        pipeline = Pipeline.model_validate(document.fields)
    except ValidationError as error:
        raise refusal(error, Pipeline, document) from error
    check_wiring(pipeline, document)
    return pipeline


def load_pipeline(path: Path) -> Pipeline:
    """Read the template in ``path``. Raises ManifestError, or OSError if it cannot be opened."""
    return parse_pipeline(path.read_bytes(), name=path.name)


def param_reference(value: Any) -> str | None:
    """The name in a parameter value of the form ``$name`` or ``$name?``, else ``None``."""
    named = isinstance(value, str) and value.startswith("$")
    return value[1:].removesuffix("?") if named else None


def is_optional(value: Any) -> bool:
    """Whether a source ``STAGE.PORT?`` or a parameter value ``$name?`` holds only for providers that
    have such a port or parameter."""
    return isinstance(value, str) and value.endswith("?") and ("." in value or value[:1] == "$")


def split_source(source: str) -> tuple[str, str]:
    """``STAGE.PORT`` or ``STAGE.PORT?`` as stage and port; ``inputs.NAME`` as ``inputs`` and name."""
    stage, _, port = source.partition(".")
    return stage, port.removesuffix("?")
