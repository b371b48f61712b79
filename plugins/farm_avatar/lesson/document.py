"""A lesson as its author gives it: titles, what is said, what is shown, who is seen.

Invariant: a lesson that was read has a title, at least one sentence and no scene without a length;
whatever form it was written in, its fields and their limits are these.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from farm_avatar.compose.scene import LowerThird, Presenter, Theme
from farm_avatar.lesson.refusals import refused
from farm_avatar.lesson.source import Source

MOST_SCENES = 300
MOST_LETTERS = 400_000
LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
Seconds = Annotated[float, Field(ge=0, le=600)]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Voice = Annotated[str, Field(max_length=80, pattern=r"^[A-Za-z0-9_.+-]*$")]
Speed = Annotated[float, Field(ge=0.5, le=2)]


class Part(BaseModel):
    """Anything in a lesson: a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(Part):
    """One thing on screen: a file, a code or a title card; until the next one.

    from_sentence : the sentence it comes with, from 1; the first thing is there from the start.
    start_s, end_s : the part of a clip or screen recording that is shown. sound : whether it is heard,
    beneath the narration or as loud as it; ``None``: ``under``, if it has sound. sound_db : its gain.
    dead_air : ``None``: what stands still is left out, unless all of its sound is wanted.
    """

    file: str = Field("", max_length=300)
    code: str = Field("", max_length=20_000)
    title: str = Field("", max_length=300)
    subtitle: str = Field("", max_length=400)
    kind: Literal["", "slide", "image", "clip", "screen"] = ""
    page: int = Field(1, ge=1, le=100_000)
    from_sentence: int | None = Field(None, alias="from", ge=1, le=10_000)
    fit: Literal["contain", "cover"] = "contain"
    motion: Literal["none", "in", "out", "left", "right"] = "none"
    transition: Literal["fade", "slide", "cut"] = "fade"
    start_s: Annotated[float, Field(ge=0, le=6 * 3600)] = 0.0
    end_s: Annotated[float, Field(ge=0, le=6 * 3600)] | None = None
    speed: float = Field(1.0, ge=0.25, le=16)
    zoom: bool = True
    dead_air: bool | None = None
    on_end: Literal["freeze", "loop"] = "freeze"
    sound: Literal["off", "under", "full"] | None = None
    sound_db: Annotated[float, Field(ge=-60, le=24)] = 0.0
    language: str = Field("", max_length=40)
    lines: tuple[Annotated[int, Field(ge=1, le=10_000)], ...] = ()
    caption: str = Field("", max_length=400)

    @field_validator("sound", mode="before")
    @classmethod
    def _turned_off(cls, given: Any) -> Any:
        # An `off` without quotes is a boolean in YAML 1.1.
        return "off" if given is False else given

    @model_validator(mode="after")
    def _one_thing(self) -> Shown:
        given = [name for name in ("file", "code", "title") if getattr(self, name).strip()]
        if len(given) != 1:
            raise ValueError("give one of file, code and title")
        if self.end_s is not None and self.end_s <= self.start_s:
            raise ValueError("end_s must be after start_s")
        return self


class Card(Part):
    """A title card without narration, before or after everything."""

    title: Title
    subtitle: str = Field("", max_length=400)
    seconds: float = Field(3.0, ge=0.5, le=60)


class SceneText(Part):
    """One scene. seconds : it lasts at least so long. pause_s : silence at its end.

    chapter : a marker in the film; a scene without one belongs to the chapter before it.
    """

    title: str = Field("", max_length=200)
    id: str = Field("", pattern=r"^([a-z0-9][a-z0-9-]{0,60})?$")
    narration: str = Field("", max_length=MOST_LETTERS)
    show: tuple[Shown, ...] = Field((), max_length=60)
    presenter: Presenter | None = None
    lower_third: LowerThird | None = None
    card: bool = False
    chapter: bool = True
    voice: Voice = ""
    speed: Speed | None = None
    seconds: Seconds = 0.0
    pause_s: Annotated[float, Field(ge=0, le=30)] | None = None

    @field_validator("show", mode="before")
    @classmethod
    def _several(cls, given: Any) -> Any:
        several = given if isinstance(given, list | tuple) else [given]
        return [{"file": each} if isinstance(each, str) else each for each in several]

    @field_validator("presenter", mode="before")
    @classmethod
    def _layout(cls, given: Any) -> Any:
        return {"layout": given} if isinstance(given, str) else given


class Pauses(Part):
    """Silence, in seconds: between sentences, between paragraphs, before and after a scene."""

    sentence_s: Annotated[float, Field(ge=0, le=10)] = 0.3
    paragraph_s: Annotated[float, Field(ge=0, le=10)] = 0.65
    before_s: Annotated[float, Field(ge=0, le=10)] = 0.35
    after_s: Annotated[float, Field(ge=0, le=10)] = 0.55


class Lesson(Part):
    """A whole lesson. pronounce : how a word is said, spelled as it sounds or in /IPA/.

    cards : every chapter begins with a card that has its title.
    """

    lesson: Literal[1] = 1
    title: Title
    project: str = Field("", pattern=r"^([a-z0-9][a-z0-9-]{0,60})?$")
    author: str = Field("", max_length=200)
    language: str = Field("en", pattern=LANGUAGE)
    voice: Voice = ""
    speed: Speed = 1.0
    pronounce: dict[
        Annotated[str, Field(min_length=1, max_length=80)],
        Annotated[str, Field(min_length=1, max_length=200)],
    ] = Field(default_factory=dict, max_length=2000)
    pauses: Pauses = Pauses()
    theme: Theme = Theme()
    presenter: Presenter | None = None
    lower_third: LowerThird | None = None
    cards: bool = False
    progress: bool = False
    intro: Card | None = None
    outro: Card | None = None
    scenes: tuple[SceneText, ...] = Field(min_length=1, max_length=MOST_SCENES)

    @field_validator("presenter", mode="before")
    @classmethod
    def _layout(cls, given: Any) -> Any:
        return {"layout": given} if isinstance(given, str) else given

    @field_validator("theme", mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        return {"name": given} if isinstance(given, str) else given

    @property
    def name(self) -> str:
        """Its project: what the author calls it, or the title in small letters and dashes."""
        return self.project or slug(self.title)


def slug(title: str) -> str:
    """A name in small letters, digits and dashes; ``lesson`` when nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-") or "lesson"


def lesson_of(source: Source) -> Lesson:
    """The checked lesson.

    Raises
    ------
    InputError : a field is missing, unknown or out of range; the first one, with its line.
    """
    try:
        return Lesson.model_validate(source.fields)
    except ValidationError as error:
        first = error.errors()[0]
        path = tuple(part for part in first["loc"] if part != "__root__")
        kind, message = first["type"], first["msg"].removeprefix("Value error, ")
        expected = mend = ""
        if kind == "extra_forbidden":
            known = ", ".join(sorted(_fields_at(path[:-1])))
            message, expected = f'"{path[-1]}" is no field here', known
            mend = "Mend its spelling, or leave it out."
            if path[-1] in Lesson.model_fields and len(path) == 3 and path[0] == "scenes":
                mend = "It is about the whole lesson: write it above the first heading."
        elif kind == "missing":
            message, mend = f'"{path[-1]}" is missing', f"Add `{path[-1]}: …`."
        elif kind == "literal_error":
            expected, message = first["ctx"]["expected"], "is none of the choices"
        elif path == ("scenes",):
            message, expected = "has no scenes", "at least one heading with text under it"
        raise refused(
            message,
            source.file,
            source.line(path),
            field=".".join(str(p + 1) if isinstance(p, int) else p for p in path),
            expected=expected,
            got="" if kind in ("missing", "extra_forbidden") else repr(first["input"])[:80],
            mend=mend,
            code="lesson.field",
        ) from error


def _fields_at(path: tuple[int | str, ...]) -> list[str]:
    """Names of the fields of the part at ``path``."""
    kinds: dict[str, type[BaseModel]] = {
        "scenes": SceneText,
        "show": Shown,
        "presenter": Presenter,
        "lower_third": LowerThird,
        "pauses": Pauses,
        "theme": Theme,
        "intro": Card,
        "outro": Card,
    }
    names = [part for part in path if isinstance(part, str)]
    kind = kinds.get(names[-1], Lesson) if names else Lesson
    return [field.alias or name for name, field in kind.model_fields.items()]
