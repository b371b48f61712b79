"""Parameters of a pipeline: their declaration, and the check of one value against it.

Invariant: a value is taken as it is or refused with its unit and range; it is never rounded,
clamped or converted, but for a whole number given where a number is wanted. A text from a command line
becomes a value by :func:`meant` before that.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, JsonValue, WithJsonSchema, model_validator

from farm.domain.errors import ParameterError
from farm.manifest.model import Strict

_TEXTS = {"type": "array", "items": {"type": "string"}}
# One text is short for a list of one.
Texts = Annotated[
    list[str],
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"type": "string"}, _TEXTS]}),
]


class ParamSpec(Strict):
    """One parameter. Without a ``default`` it must be given; ``default: null`` makes it optional."""

    type: Literal["number", "integer", "string", "boolean", "list", "object"]
    default: JsonValue = Field(None, description="Used where nothing is given.")
    minimum: float | None = Field(None, description="Smallest value.")
    maximum: float | None = Field(None, description="Largest value.")
    choices: list[JsonValue] | None = Field(None, min_length=1, description="The only values.")
    pattern: str | None = Field(None, description="Regular expression for the whole text.")
    unit: str | None = Field(None, description="Unit, such as `s` or `px`.")
    names_of: Texts = Field(
        default_factory=list,
        description="Inputs: where nothing is given, the names of their files, in order.",
    )
    description: str = Field("", description="One sentence for people.")

    @model_validator(mode="after")
    def _only_what_applies(self) -> ParamSpec:
        ranged = self.minimum is not None or self.maximum is not None
        if ranged and self.type not in ("number", "integer"):
            raise ValueError("`minimum` and `maximum` go with numbers")
        if self.pattern is not None and self.type != "string":
            raise ValueError("`pattern` goes with text")
        if self.names_of and self.type != "list":
            raise ValueError("`names_of` goes with lists")
        return self

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return "default" not in self.model_fields_set

    @property
    def fallback(self) -> Any:
        """What holds where nothing is given, for people; ``None``: it must be, or it stays out."""
        if self.names_of:
            return f"the file names of {', '.join(self.names_of)}"
        return None if self.required else self.default

    @property
    def expected(self) -> str:
        """What is right, in words: ``a number from 0.5 to 600 s``."""
        if self.choices is not None:
            return "one of " + ", ".join(map(str, self.choices))
        words = {"number": "a number", "integer": "a whole number", "object": "an object"}
        text = words.get(self.type, f"a {self.type}")
        if self.minimum is not None and self.maximum is not None:
            text += f" from {self.minimum:g} to {self.maximum:g}"
        elif self.minimum is not None:
            text += f" of at least {self.minimum:g}"
        elif self.maximum is not None:
            text += f" of at most {self.maximum:g}"
        if self.unit:
            text += f" {self.unit}"
        return text + (f" that matches {self.pattern}" if self.pattern else "")


class Written(str):
    """A value as somebody wrote it on a command line: what it is, the declaration says."""

    __slots__ = ()


def meant(spec: ParamSpec | None, text: str) -> Any:
    """The value that a written text stands for: ``25`` is text for a ``string``, else a number.

    What does not read as the declared type is given back as YAML reads it, and :func:`checked`
    refuses it. spec : ``None`` for a parameter that nobody declared.

    Raises
    ------
    ParameterError : it is not even YAML.
    """
    read: Any = None
    kind = spec.type if spec is not None else ""
    text = str(text)
    try:
        # YAML takes 010 for eight and 1e3 for text.
        if kind in ("integer", "number"):
            read = int(text) if kind == "integer" else float(text)
    except ValueError:
        read = None
    if read is not None:
        return read
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError as error:
        if kind == "string":
            return text
        raise ParameterError(
            "this is no value",
            where="--set",
            expected=spec.expected if spec is not None else "a value as YAML writes it",
            got=text[:80],
            code="parameter.type",
        ) from error
    # Quotes are taken away and `null` unsets; anything else that is no text was meant as text.
    if kind == "string" and not isinstance(read, str) and text not in ("null", "~"):
        return text
    return read


_TYPES: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "string": (str,),
    "boolean": (bool,),
    "list": (list,),
    "object": (dict,),
}


def checked(name: str, spec: ParamSpec, value: Any, where: str = "") -> Any:
    """``value`` if the declaration allows it (a ``number`` always as a float).

    Raises
    ------
    ParameterError : wrong type, out of range, or not one of the choices.
    """
    code = _objection(spec, value)
    if code:
        raise ParameterError(
            f'the parameter "{name}" is not acceptable',
            where=where or f"params.{name}",
            expected=spec.expected,
            got=repr(value)[:80],
            mend=spec.description,
            code=f"parameter.{code}",
        )
    return float(value) if spec.type == "number" else value


def _objection(spec: ParamSpec, value: Any) -> str:
    """One word for what is wrong with ``value``; empty when nothing is."""
    right_type: bool = isinstance(value, _TYPES[spec.type])
    if not right_type or isinstance(value, bool) != (spec.type == "boolean"):
        return "type"
    low, high = spec.minimum, spec.maximum
    if spec.type in ("number", "integer"):
        if not math.isfinite(value):
            return "range"
        if (low is not None and value < low) or (high is not None and value > high):
            return "range"
    if spec.choices is not None and value not in spec.choices:
        return "choice"
    if spec.pattern is not None and not re.fullmatch(spec.pattern, value):
        return "pattern"
    return ""
