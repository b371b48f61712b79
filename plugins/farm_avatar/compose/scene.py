"""What one scene shows: ``farm.scene/1``, everything a picture needs but media and times.

Invariant: a scene does not know its place among the others, except where it draws a progress bar,
so what is changed in one scene changes the file of no other.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from farm import InputError

SCHEMA = "farm.scene/1"
Seconds = Annotated[float, Field(ge=0, le=6 * 3600)]
VisualKind = Literal["slide", "image", "pdf", "clip", "screen", "code", "title"]
_IN_FILES = ("slide", "image", "pdf", "clip", "screen")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Timed(_Part):
    """Something that begins at a moment, or with a sentence (counted from 1)."""

    at_s: Seconds | None = None
    at_sentence: int | None = Field(None, ge=1, le=10_000)

    @model_validator(mode="after")
    def _one_moment(self) -> _Timed:
        if self.at_s is not None and self.at_sentence is not None:
            raise ValueError("give at_s or at_sentence, not both")
        return self


class Visual(_Timed):
    """One thing on screen, from its moment until the next one's.

    file : its name in the scene's archive; for ``code`` and ``title`` there is none.
    page : of a PDF, from 1. start_s, end_s : the part of a clip or screen recording that is shown.
    motion : a slow move over a still. zoom : follow what happens in a screen recording.
    dead_air : leave out what stands still in one, and hurry through waits.
    """

    kind: VisualKind
    file: str = ""
    page: int = Field(1, ge=1, le=100_000)
    fit: Literal["contain", "cover"] = "contain"
    motion: Literal["none", "in", "out", "left", "right"] = "none"
    transition: Literal["fade", "slide", "cut"] = "fade"
    start_s: Seconds = 0.0
    end_s: Seconds | None = None
    speed: float = Field(1.0, ge=0.25, le=16)
    zoom: bool = True
    dead_air: bool = True
    on_end: Literal["freeze", "loop"] = "freeze"
    text: str = Field("", max_length=20_000)
    language: str = Field("", max_length=40)
    lines: tuple[Annotated[int, Field(ge=1, le=10_000)], ...] = ()
    caption: str = Field("", max_length=400)
    label: str = Field("", max_length=80)

    @model_validator(mode="after")
    def _whole(self) -> Visual:
        if self.kind in _IN_FILES and not self.file:
            raise ValueError(f"a {self.kind} needs a file")
        if self.kind in ("code", "title") and not self.text.strip():
            raise ValueError(f"a {self.kind} needs a text")
        if self.end_s is not None and self.end_s <= self.start_s:
            raise ValueError("end_s must be after start_s")
        return self


class Presenter(_Part):
    """Where the presenter is. frame : cut out, in a round picture, or in a card; ``auto`` cuts out
    whom the sides of the film do not cut off, at the bottom of the picture.

    scale : of the size that the layout gives.
    """

    layout: Literal["corner", "side", "full", "none"] = "corner"
    corner: Literal["bottom-right", "bottom-left", "top-right", "top-left"] = "bottom-right"
    frame: Literal["auto", "cutout", "round", "card"] = "auto"
    scale: float = Field(1.0, ge=0.4, le=1.6)


class LowerThird(_Timed):
    """Who speaks: a name and what he or she is, for some seconds."""

    name: str = Field(min_length=1, max_length=120)
    role: str = Field("", max_length=160)
    seconds: float = Field(4.5, ge=1, le=60)


class Chapter(_Part):
    """A card over the first seconds of a scene."""

    title: str = Field(min_length=1, max_length=300)
    label: str = Field("", max_length=80)
    seconds: float = Field(2.5, ge=1, le=30)


class Progress(_Part):
    """A bar of one piece for each scene: this one's fills while it is shown. index : from 0."""

    index: int = Field(ge=0, le=1000)
    count: int = Field(ge=1, le=1000)

    @model_validator(mode="after")
    def _inside(self) -> Progress:
        if self.index >= self.count:
            raise ValueError("index must be below count")
        return self


class Theme(_Part):
    """Colours by name; accent : ``#rrggbb`` instead of the theme's own."""

    name: Literal["dusk", "paper", "slate", "forest"] = "dusk"
    accent: str = Field("", pattern=r"^(#[0-9a-fA-F]{6})?$")


class Scene(_Part):
    """One scene. size : width and height, px, even. fps : frames per second.

    title : shown above what is on screen where the picture has room (upright and square ones).
    captions : burnt into the picture, with the word that is spoken lit (``words``), or not at all.
    """

    schema_id: Literal["farm.scene/1"] = Field("farm.scene/1", alias="schema")
    size: tuple[
        Annotated[int, Field(ge=128, le=4096, multiple_of=2)],
        Annotated[int, Field(ge=128, le=4096, multiple_of=2)],
    ] = (1280, 720)
    fps: int = Field(25, ge=5, le=60)
    title: str = Field("", max_length=300)
    theme: Theme = Theme()
    presenter: Presenter = Presenter()
    visuals: tuple[Visual, ...] = ()
    lower_third: LowerThird | None = None
    chapter: Chapter | None = None
    captions: Literal["none", "burn", "words"] = "none"
    progress: Progress | None = None
    language: str = Field("en", max_length=20)

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, title="farm.scene/1"
    )

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that the scene's archive must hold, each once."""
        return tuple(dict.fromkeys(visual.file for visual in self.visuals if visual.file))

    def as_json(self) -> bytes:
        """The same bytes for equal scenes; what has its default is left out."""
        record: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        record |= {"schema": SCHEMA, "size": list(self.size), "fps": self.fps}
        return json.dumps(record, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def read_scene(path: Path) -> Scene:
    """The scene in a JSON file.

    Raises
    ------
    InputError : it is no JSON, of another schema, or a field is wrong; the first one is named.
    """
    try:
        return Scene.model_validate(json.loads(path.read_bytes()))
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            first["msg"].removeprefix("Value error, "),
            where=".".join(("scene", *map(str, first["loc"]))),
            expected=f"a scene of schema {SCHEMA}",
            got=repr(first["input"])[:80],
            mend="Mend this field of the scene.",
            code="compose.scene",
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            "is no JSON",
            where="scene",
            expected=f"a document of schema {SCHEMA}",
            got=str(error)[:80],
            mend="Send the file that lesson.read wrote.",
            code="compose.scene",
        ) from error
