"""The plain form of a timeline: what a person or a program writes as YAML or JSON.

Invariant: a :class:`Document` that exists is well formed; whether its media are there and long
enough is decided when it is arranged.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
)

from farm import InputError
from farm_finish.audio.params import Role

LARGEST = 16_000_000
MOST_ITEMS = 5000
"""Clips of one track."""
Moment = Annotated[int, Field(strict=True)] | Annotated[str, StringConstraints(max_length=40)]
"""Frames of the film, ``"2.5s"``, or a time code ``"00:00:02:12"``."""
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
Share = Annotated[float, Field(ge=0, le=1)]
Place = Annotated[float, Field(ge=-4, le=5)]


class FromStart(BaseModel):
    """A moment counted from the first picture of the media, whatever time code that has."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    from_start: Moment


class Strict(BaseModel):
    """No unknown fields."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False
    )


class ClipSound(Strict):
    """The sound of a clip that is heard with its pictures.

    ``lead`` and ``tail`` make J- and L-cuts: it is heard that much before and after the pictures.
    """

    gain_db: float = Field(0.0, ge=-96, le=24)
    pan: float = Field(0.0, ge=-1, le=1)
    lead: Moment = 0
    tail: Moment = 0
    fade_in: Moment = 0
    fade_out: Moment = 0
    offset_s: float = Field(0.0, ge=-60, le=60)
    role: Role = "video"


class Clip(Strict):
    """A stretch of a film, or a still, on a video track."""

    media: Name
    begin: Moment | FromStart = Field(0, alias="in")
    end: Moment | None = Field(None, alias="out")
    length: Moment | None = None
    at: Moment | None = None
    speed: float | str = 1
    opacity: Share = 1.0
    scale: float = Field(1.0, gt=0, le=4)
    position: tuple[Place, Place] = (0.5, 0.5)
    fit: Literal["pad", "fill"] = "pad"
    fade_in: Moment = 0
    fade_out: Moment = 0
    sound: bool | ClipSound = True


class Gap(Strict):
    """Nothing for a while: what is below shows, or the background."""

    gap: Moment


class Text(Strict):
    """A title."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    length: Moment
    at: Moment | None = None
    size: float = Field(0.09, ge=0.01, le=0.5)
    colour: Colour = "#ffffff"
    place: Literal["upper", "centre", "lower"] = "centre"
    plate: Share = 0.0
    opacity: Share = 1.0
    fade_in: Moment = 0
    fade_out: Moment = 0


class Dissolve(Strict):
    """One item turns into the next. ``before``: how much of it lies before the cut; else half."""

    dissolve: Moment
    before: Moment | None = None


class Wipe(Strict):
    """An edge moves across, in ``direction``, and uncovers the next item."""

    wipe: Moment
    before: Moment | None = None
    direction: Literal["right", "left", "down", "up"] = "right"
    softness: Share = 0.0


class SoundClip(Strict):
    """A stretch of sound on an audio track."""

    media: Name
    begin: Moment | FromStart = Field(0, alias="in")
    end: Moment | None = Field(None, alias="out")
    length: Moment | None = None
    at: Moment | None = None
    speed: float | str = 1
    gain_db: float = Field(0.0, ge=-96, le=24)
    pan: float = Field(0.0, ge=-1, le=1)
    fade_in: Moment = 0
    fade_out: Moment = 0
    offset_s: float = Field(0.0, ge=-3600, le=3600)


class Crossfade(Strict):
    """One sound runs into the next at constant power."""

    crossfade: Moment
    before: Moment | None = None


def _form(value: Any) -> str:
    keys = value if isinstance(value, dict) else ()
    for key in ("gap", "title", "dissolve", "wipe", "crossfade"):
        if key in keys:
            return key
    return "clip"


VideoItem = Annotated[
    Annotated[Clip, Tag("clip")]
    | Annotated[Gap, Tag("gap")]
    | Annotated[Text, Tag("title")]
    | Annotated[Dissolve, Tag("dissolve")]
    | Annotated[Wipe, Tag("wipe")],
    Discriminator(_form),
]
AudioItem = Annotated[
    Annotated[SoundClip, Tag("clip")]
    | Annotated[Gap, Tag("gap")]
    | Annotated[Crossfade, Tag("crossfade")],
    Discriminator(_form),
]


class VideoTrack(Strict):
    """A video track; the first of a document is the lowest."""

    name: str = Field("", max_length=200)
    clips: list[VideoItem] = Field(max_length=MOST_ITEMS)


class AudioTrack(Strict):
    """An audio track."""

    name: str = Field("", max_length=200)
    role: Role = "effects"
    gain_db: float = Field(0.0, ge=-96, le=24)
    clips: list[AudioItem] = Field(max_length=MOST_ITEMS)


class MediaRef(Strict):
    """Which file a name means. ``start``: time code of its first picture."""

    file: int | None = Field(None, ge=1)
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    start: Moment | None = None


class Duck(Strict):
    """Which roles give way while others are heard."""

    roles: list[Role] = ["music"]
    under: list[Role] = ["voice"]
    threshold_db: float = Field(-36.0, ge=-80, le=0)
    ratio: float = Field(4.0, ge=1, le=100)
    most_db: float = Field(12.0, ge=0, le=96)
    attack_ms: float = Field(40.0, ge=1, le=5000)
    release_ms: float = Field(600.0, ge=1, le=20_000)


class Document(Strict):
    """A timeline in the plain form, version 1."""

    farm_timeline: Literal[1]
    fps: float | str | None = None
    size: Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,4}x[1-9]\d{0,4}$")] | None = None
    background: Colour = "#000000"
    media: list[Name] | dict[Name, MediaRef] = Field(default_factory=list)
    source_times: Literal["media", "timecode"] = "media"
    sound: bool = True
    video: list[VideoTrack] = Field(default_factory=list, max_length=100)
    audio: list[AudioTrack] = Field(default_factory=list, max_length=100)
    ducking: Duck | None = None


def parsed(text: str, label: str) -> Document:
    """A document from YAML or JSON.

    Raises
    ------
    InputError : ``timeline.unreadable``, ``timeline.not-plain`` or ``timeline.malformed``.
    """
    try:
        value = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise InputError(
            "cannot be read as JSON or YAML",
            where=label,
            got=" ".join(str(error).split())[:200],
            mend="Check the line it names.",
            code="timeline.unreadable",
        ) from error
    if not isinstance(value, dict) or "farm_timeline" not in value:
        raise InputError(
            "is no timeline that is known",
            where=label,
            expected="OpenTimelineIO, CMX 3600 EDL, FCP XML, or a document with `farm_timeline: 1`",
            got=f"a document with {', '.join(map(str, value))[:80]}"
            if isinstance(value, dict)
            else "something else",
            mend="Begin the plain form with `farm_timeline: 1`.",
            code="timeline.not-plain",
        )
    return validated(value, label)


def validated(value: dict[str, Any], label: str) -> Document:
    """A document from its fields. Raises InputError (``timeline.malformed``)."""
    try:
        return Document.model_validate(value)
    except ValidationError as error:
        item = error.errors(include_url=False)[0]
        raise InputError(
            "a field is not as it should be",
            where=_place(item["loc"]) or label,
            expected=item["msg"].removeprefix("Input should be "),
            got=repr(item.get("input"))[:80],
            mend="Compare it with the fields in the plugin's documentation.",
            code="timeline.malformed",
        ) from error


def _place(path: tuple[int | str, ...]) -> str:
    """``video[0].clips[2].speed``, without the names of the forms that an item may have."""
    text = ""
    for index, part in enumerate(path):
        if index > 1 and path[index - 2] == "clips":
            continue
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")
