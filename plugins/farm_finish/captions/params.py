"""Parameters of the stages of captions.

Invariant: light; it is imported by every process that loads the plugin.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from farm import StageParams
from farm_finish.params import Tags

BURN_WINDOW = 240
"""Frames of one task of ``captions.burn``."""
_S, _MS = {"unit": "s"}, {"unit": "ms"}
Language = Annotated[str, Field(pattern=r"^([a-z]{2,3})?$")]
LineChars = Annotated[
    int,
    Field(
        ge=0,
        le=120,
        description="Most characters of a line; 0: 42, or 24 where the film is upright.",
    ),
]
MostLines = Annotated[int, Field(ge=1, le=4, description="Most lines of a cue.")]


class TranscribeParams(StageParams):
    """What is listened for."""

    language: Language = Field(
        "", description="ISO 639-1 code of what is spoken; empty: found by listening."
    )
    beam: int = Field(
        1, ge=1, le=10, description="Readings that are weighed against one another; 1 is fastest."
    )
    prompt: str = Field(
        "", max_length=500, description="Names and terms that will be heard, to be spelled so."
    )


class SegmentParams(StageParams):
    """How words become cues; the defaults are those of common guides to timed text."""

    line_chars: LineChars = 0
    lines: MostLines = 2
    chars_per_s: float = Field(
        17.0,
        ge=5,
        le=60,
        description="Reading speed that is aimed at.",
        json_schema_extra={"unit": "1/s"},
    )
    least_s: float = Field(
        1.0, ge=0.1, le=5, description="Shortest cue, where there is room.", json_schema_extra=_S
    )
    most_s: float = Field(7.0, ge=1, le=30, description="Longest cue.", json_schema_extra=_S)
    gap_ms: int = Field(
        80, ge=0, le=2000, description="Time between two cues.", json_schema_extra=_MS
    )
    close_ms: int = Field(
        500,
        ge=0,
        le=5000,
        description="A longer gap is kept; a shorter one is closed down to gap_ms.",
        json_schema_extra=_MS,
    )
    linger_ms: int = Field(
        300,
        ge=0,
        le=5000,
        description="How long a cue stays after its last word, where there is room.",
        json_schema_extra=_MS,
    )


class ReadParams(StageParams):
    """What cannot be seen in a file of captions."""

    language: Language = Field("", description="ISO 639-1 code of the captions.")
    shift_ms: int = Field(
        0,
        ge=-3_600_000,
        le=3_600_000,
        description="All cues are shown this much later; negative: earlier.",
        json_schema_extra=_MS,
    )


class WriteParams(StageParams):
    """How files of captions are written."""

    karaoke: bool = Field(
        False, description="Write into the ASS file when each word is said, where it is known."
    )


class BurnParams(StageParams):
    """How captions look in the picture."""

    size: float = Field(
        1.0, ge=0.4, le=3.0, description="Size of the letters; 1 is a twentieth of the short side."
    )
    place: Literal["bottom", "middle", "top"] = Field("bottom", description="Where they stand.")
    lines: MostLines = 3
    box: float = Field(
        0.45, ge=0, le=1, description="Opacity of the soft box behind the letters; 0 for none."
    )
    outline: float = Field(
        0.07, ge=0, le=0.2, description="Outline, in parts of the size of the letters."
    )
    colour: str = Field(
        "#ffffff", pattern=r"^#[0-9a-fA-F]{6}$", description="Colour of the letters."
    )
    highlight: bool = Field(False, description="Show the word that is said in another colour.")
    highlight_colour: str = Field(
        "#ffd54a", pattern=r"^#[0-9a-fA-F]{6}$", description="Colour of the word that is said."
    )
    safe: float = Field(
        0.05,
        ge=0,
        le=0.3,
        description="Margin kept free on each side, in parts of the picture (SMPTE ST 2046-1: 0.05).",
    )


class TrackParams(StageParams):
    """How captions lie beside the pictures."""

    container: Literal["mp4", "mkv"] = Field("mp4", description="Kind of file.")
    codec: Literal["auto", "mov_text", "subrip", "webvtt"] = Field(
        "auto", description="auto: mov_text in MP4, SubRip in Matroska."
    )
    shown: bool = Field(True, description="Players show the first track unless told otherwise.")
    metadata: Tags


class TranslateParams(StageParams):
    """What the captions are translated into."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = Field(
        "en", description="ISO 639-1 code of the language that is wanted."
    )
    model: str = Field(
        "gpt-4o-mini",
        min_length=1,
        max_length=200,
        description="Name of the model at the endpoint.",
    )
    notes: str = Field(
        "", max_length=4000, description="What the translator should know: names, tone, terms."
    )
    cues_at_once: int = Field(20, ge=1, le=100, description="Cues of one request.")
    timeout_s: float = Field(
        60.0, gt=0, le=600, description="Longest wait for an answer.", json_schema_extra=_S
    )
    tries: int = Field(3, ge=1, le=10, description="Requests for the same cues at most.")
