"""A form made from a pipeline: its fields, and the manifest that what was typed into them makes.

Invariant: pure; a value is checked by the planner's own functions, and a field that was left empty
is left out of the manifest, so the pipeline's default holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import yaml

from farm.domain.errors import FarmError
from farm.manifest.model import Quality
from farm.pipelines.parameters import checked

if TYPE_CHECKING:
    from farm.pipelines import Pipeline
    from farm.pipelines.parameters import ParamSpec
    from farm.pipelines.template import InputSpec

QUALITIES: tuple[str, ...] = get_args(Quality)
SEPARATOR = ";"
"""Between the paths of an input that takes several files."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. key : ``inputs.prompt``, ``params.size`` or a field of the manifest.

    kind : ``line`` (typed), ``file`` (typed or picked) or ``choice``. choices : what is written into
    the manifest, as text. empty : what holds when nothing is entered. hint : what is expected.
    """

    key: str
    label: str
    kind: str
    hint: str
    empty: str = ""
    choices: tuple[str, ...] = ()
    needed: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True)
class Entered:
    """What was typed so far. wrong : complaints by field key; lacks : keys that still need a value."""

    fields: dict[str, Any]
    wrong: dict[str, str]
    lacks: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether it is worth asking the planner."""
        return not self.wrong and not self.lacks


def fields_of(pipeline: Pipeline) -> list[Field]:
    """The fields for a pipeline: inputs, then parameters, then what every manifest has."""
    found = [_input(name, spec) for name, spec in pipeline.inputs.items()]
    found += [_param(name, spec) for name, spec in pipeline.params.items()]
    return [
        *found,
        Field("name", "title", "line", "A title for people.", "named after its inputs"),
        Field("quality", "quality", "choice", "Quality profile.", "standard", QUALITIES),
        Field("priority", "priority", "line", "0 to 100; higher goes first.", "50"),
        Field("seed", "seed", "line", "Start of all chance.", "derived from the inputs"),
    ]


def enter(pipeline: Pipeline, values: Mapping[str, str]) -> Entered:
    """The manifest's fields that the entered texts make, by field key."""
    fields: dict[str, Any] = {"farm": 1, "pipeline": pipeline.ref}
    wrong: dict[str, str] = {}
    lacks: list[str] = []
    for field in fields_of(pipeline):
        text = values.get(field.key, "").strip()
        if not text:
            if field.needed:
                lacks.append(field.key)
            continue
        group, _, name = field.key.rpartition(".")
        try:
            if group == "inputs":
                value = _refs(pipeline.inputs[name], text)
            elif group == "params":
                value = _value(name, pipeline.params[name], text)
            else:
                value = _whole(text) if name in ("priority", "seed") else text
        except FarmError as error:
            wrong[field.key] = f"expected {error.expected}" if error.expected else error.what
        except ValueError as error:
            wrong[field.key] = str(error)
        else:
            (fields.setdefault(group, {}) if group else fields)[name] = value
    return Entered(fields, wrong, tuple(lacks))


def _input(name: str, spec: InputSpec) -> Field:
    typed = spec.kind == "text"
    what = spec.description or ("Text." if typed else f"A file: {spec.kind}.")
    if spec.many:
        what += f" Several are separated by {SEPARATOR}"
    return Field(
        f"inputs.{name}", name, "line" if typed else "file", what,
        "" if spec.required else "optional", needed=spec.required, many=spec.many,
    )  # fmt: skip


def _param(name: str, spec: ParamSpec) -> Field:
    default = "" if spec.fallback is None else _shown(spec.fallback)
    choices = tuple(map(_shown, spec.choices or ()))
    if spec.type == "boolean":
        choices = ("true", "false")
    plain = choices or (spec.type == "string" and spec.description)
    hint = spec.description if plain else f"{spec.expected}. {spec.description}"
    return Field(
        f"params.{name}", name, "choice" if choices else "line", hint[:1].upper() + hint[1:],
        default or ("" if spec.required else "optional"), choices, spec.required,
    )  # fmt: skip


def _refs(spec: InputSpec, text: str) -> Any:
    if spec.kind == "text":
        return {"text": text}
    parts = [part.strip() for part in text.split(SEPARATOR)] if spec.many else [text]
    refs = [_ref(part) for part in parts if part]
    return refs if spec.many else refs[0]


def _ref(text: str) -> dict[str, str]:
    path = Path(text).expanduser()
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    # Links are followed here: the operator named the file, and what is read is what was meant.
    return {"path": str(path.resolve().relative_to("/"))}


def _value(name: str, spec: ParamSpec, text: str) -> Any:
    if spec.type == "string":
        return checked(name, spec, text)
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ValueError(f"expected {spec.expected}") from None
    return checked(name, spec, value)


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError("expected a whole number")
    return int(text)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()
