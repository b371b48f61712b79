"""A recipe: how one pipeline class of diffusers is used, as a TOML file, read strictly.

Invariant: a recipe that loads names nothing that is not there: every quality profile sets known
parameters within their ranges, and every port, argument and output has one meaning.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from farm import FarmError
from farm_diffusion.sections import (
    CLASS,
    Component,
    Frames,
    Input,
    Memory,
    Output,
    Param,
    Preview,
    Scheduler,
    Size,
    Strict,
    Windows,
)

Quality = Literal["draft", "standard", "high"]
PRECISIONS = ("auto", "float32", "bfloat16", "float16", "fp8", "int8", "gguf")
MEMORIES = ("auto", "full", "model", "group", "sequential", "may-change-result")
OWN = frozenset(
    {
        "model", "quality", "width", "height", "frames", "duration_s", "fps", "scheduler",
        "precision", "memory", "tiling", "loras", "cache", "attention",
    }
)  # fmt: skip
"""Parameters that the runtime declares itself; a recipe's own take other names."""

_NAME = r"^[a-z][a-z0-9_]{0,39}$"
_PROVIDER = r"^[a-z][a-z0-9_]{0,39}$"
_CODE = r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"


class RecipeError(FarmError):
    """Raised when a recipe cannot be read; names the file and the field."""


class Recipe(Strict):
    """One provider. ``origin``: the file this was read from."""

    provider: str = Field(pattern=_PROVIDER)
    capability: str = Field(pattern=r"^[a-z]+(\.[a-z_]+)+$")
    version: int = Field(ge=1)
    title: str = Field(min_length=1)
    pipeline: str = Field(pattern=CLASS)
    model: str = ""
    call: str = Field("", pattern=r"^$|" + _CODE)
    preference: int | Mapping[Quality, int] = 0
    inputs: Mapping[str, Input]
    params: Mapping[str, Param] = Field(default_factory=dict)
    size: Size | None = None
    frames: Frames | None = None
    quality: Mapping[Quality, Mapping[str, Any]] = Field(default_factory=dict)
    schedulers: Mapping[str, Scheduler] = Field(default_factory=dict)
    constants: Mapping[str, Any] = Field(default_factory=dict)
    components: Mapping[str, Component] = Field(default_factory=dict)
    outputs: Mapping[str, Output] = Field(min_length=1)
    memory: Memory = Memory()
    preview: Preview | None = None
    windows: Windows | None = None
    float32: tuple[str, ...] = ()
    loras: int = Field(0, ge=0, le=16)
    caches: tuple[Literal["first-block", "taylor-seer", "mag"], ...] = ()
    magnitudes: Annotated[str, Field(pattern=_CODE)] | tuple[float, ...] = ()
    attention: tuple[str, ...] = ()
    stall_s: float = Field(1800, gt=0)
    origin: Path = Field(Path(), exclude=True)

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        for complaint in self._complaints():
            raise ValueError(complaint)
        return self

    def _complaints(self) -> Iterator[str]:
        for section in ("inputs", "params", "outputs", "schedulers", "components"):
            for name in getattr(self, section):
                if not re.match(_NAME, name):
                    yield f"{section}.{name}: a name is lower-case letters, digits and _"
        for name in {*OWN, *(f"{part}_model" for part in self.components)} & set(self.params):
            yield f"params.{name}: the runtime has a parameter of that name"
        if "report" in self.outputs:
            yield "outputs.report: the runtime writes that one itself"
        gives_film = any(output.gives == "video" for output in self.outputs.values())
        if gives_film and self.frames is None:
            yield "frames: an output is a video, so the section is needed"
        if self.windows is not None:
            yield from self._windows_complaints(self.windows)
        for of, ports in (
            ("size.like", self.size.like if self.size else ()),
            ("frames.as_long_as", self.frames.as_long_as if self.frames else ()),
        ):
            for port in ports:
                if port not in self.inputs:
                    yield f"{of}: {port} is no input"
        if "mag" in self.caches and not self.magnitudes:
            yield "magnitudes: the cache mag needs those of the model"
        if self.quality and "standard" not in self.quality:
            yield "quality: the profile standard is missing"
        for profile, values in self.quality.items():
            for name, value in values.items():
                if complaint := self._value_complaint(name, value):
                    yield f"quality.{profile}.{name}: {complaint}"

    def _windows_complaints(self, windows: Windows) -> Iterator[str]:
        if self.frames is None:
            yield "windows: need the section frames"
            return
        for field in ("size", "overlap"):
            name = getattr(windows, field)
            param = self.params.get(name) if isinstance(name, str) else None
            if isinstance(name, str) and (param is None or param.type != "integer"):
                yield f"windows.{field}: {name} is no whole number among the parameters"
                return
        size, overlap = (self._frames_of(value) for value in (windows.size, windows.overlap))
        if size > self.frames.maximum and not self.call:
            yield f"windows.size: {size} is more than frames.maximum"
        if overlap >= size:
            yield f"windows.overlap: {overlap} is not below size"
        for port in windows.carry:
            if port not in self.inputs or port not in self.outputs:
                yield f"windows.carry: {port} must be an input and an output"
            elif self.inputs[port].required:
                yield f"inputs.{port}: a carried input is not required: the first window has none"

    def _frames_of(self, value: int | str) -> int:
        """Frames of a size or overlap, where a parameter is named its default."""
        return int(self.params[value].default) if isinstance(value, str) else value

    def _value_complaint(self, name: str, value: Any) -> str:
        if name in self.params:
            return self.params[name].complaint(value)
        if name == "size" and self.size:
            return self.size.complaint(value)
        if name == "scheduler":
            return "" if value in self.schedulers else f"{value!r} is no scheduler of this recipe"
        if name == "cache":
            return "" if value in self.caches else f"{value!r} is no cache of this recipe"
        if name == "precision":
            return "" if value in PRECISIONS else f"{value!r} is none of {', '.join(PRECISIONS)}"
        return f"no parameter is called that; known: {', '.join(sorted(self.params))}"


def load_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    RecipeError : it cannot be read, or something in it is wrong; names the file and the field.
    """
    try:
        return Recipe(**tomllib.loads(path.read_text(encoding="utf-8")), origin=path)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        got = "" if isinstance(first["input"], Mapping) else repr(first["input"])[:120]
        raise RecipeError(
            first["msg"].removeprefix("Value error, "),
            where=f"{path}: {field}" if field else str(path),
            got=got,
            mend='See "Add a pipeline" in the README of farm_diffusion.',
            code="diffusion.recipe",
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError) as error:
        raise RecipeError(
            "not readable as a recipe",
            where=str(path),
            got=str(error),
            mend='See "Add a pipeline" in the README of farm_diffusion.',
            code="diffusion.recipe",
        ) from error


def load_recipes(folder: Path) -> list[Recipe]:
    """Every recipe ``*.toml`` of a folder, by file name. Raises RecipeError."""
    return [load_recipe(path) for path in sorted(folder.glob("*.toml"))]
