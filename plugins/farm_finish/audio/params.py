"""Parameters of the stages of sound.

Invariant: a level is in decibels, a time in seconds, and a target in the unit of its standard.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from farm import StageParams
from farm_finish.params import Tags

Role = Literal["video", "voice", "music", "effects"]
ROLES: tuple[Role, ...] = ("video", "voice", "music", "effects")
_S, _DB, _MS = {"unit": "s"}, {"unit": "dB"}, {"unit": "ms"}
Level = Annotated[float, Field(ge=-96, le=24, json_schema_extra=_DB)]
Seconds = Annotated[float, Field(ge=0, le=86_400, json_schema_extra=_S)]


class TrackParams(BaseModel):
    """What is done to one track, or to all tracks of a role."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: Role = Field(description="Port whose file it is.")
    index: int | None = Field(
        None, ge=0, le=999, description="Which of the port's files, from 0; none: all of them."
    )
    gain_db: Level = Field(0.0, description="Gain, on top of that of its role.")
    pan: float = Field(
        0.0, ge=-1, le=1, description="Balance: -1 left, 1 right, at constant power."
    )
    offset_s: float | None = Field(
        None,
        ge=-86_400,
        le=86_400,
        description="When it begins in the mix; none: at 0, or after the one before it.",
        json_schema_extra=_S,
    )
    start_s: Seconds = Field(0.0, description="Where in the file it begins.")
    length_s: float | None = Field(
        None, gt=0, le=86_400, description="How much of it; none: all.", json_schema_extra=_S
    )
    fade_in_s: Seconds = Field(0.0, description="Fade at its beginning.")
    fade_out_s: Seconds = Field(0.0, description="Fade at its end.")


class MixParams(StageParams):
    """How tracks become one."""

    length_s: float | None = Field(
        None,
        gt=0,
        le=86_400,
        description="Length of the mix; none: that of the video, else up to the last track's end.",
        json_schema_extra=_S,
    )
    video_db: Level = Field(0.0, description="Gain of the video's own sound.")
    voice_db: Level = Field(0.0, description="Gain of voices.")
    music_db: Level = Field(-6.0, description="Gain of music.")
    effects_db: Level = Field(0.0, description="Gain of effects.")
    video_sound: bool = Field(True, description="Whether the video's own sound is heard.")
    tracks: list[TrackParams] = Field(
        default_factory=list, max_length=1000, description="What is done to single tracks."
    )
    crossfade_s: float = Field(
        2.0,
        ge=0,
        le=60,
        description="How long one piece of music runs into the next, at constant power.",
        json_schema_extra=_S,
    )
    music_loop: bool = Field(False, description="Repeat the music until the mix ends.")
    music_end_s: float = Field(
        1.5,
        ge=0,
        le=60,
        description="Fade of music that is cut off by the end of the mix.",
        json_schema_extra=_S,
    )
    duck: list[Role] = Field(
        default_factory=lambda: list[Role](["music"]),
        description="Roles that give way while the others named in duck_under are heard.",
    )
    duck_under: list[Role] = Field(
        default_factory=lambda: list[Role](["voice"]), description="Roles that others give way to."
    )
    duck_threshold_db: float = Field(
        -36.0,
        ge=-80,
        le=0,
        description="Level of those heard, mean square against full scale, from which on others "
        "give way.",
        json_schema_extra=_DB,
    )
    duck_ratio: float = Field(
        4.0, ge=1, le=100, description="Decibels over the threshold for one that is let through."
    )
    duck_most_db: float = Field(
        12.0, ge=0, le=96, description="The most they give way.", json_schema_extra=_DB
    )
    duck_attack_ms: float = Field(
        40.0, ge=1, le=5000, description="Time constant of giving way.", json_schema_extra=_MS
    )
    duck_release_ms: float = Field(
        600.0, ge=1, le=20_000, description="Time constant of returning.", json_schema_extra=_MS
    )


class MasterParams(StageParams):
    """How loud the sound leaves the farm."""

    target_lufs: float = Field(
        -16.0,
        ge=-40,
        le=-6,
        description="Integrated loudness after ITU-R BS.1770-4: -14 for streaming, -16 for the web "
        "and podcasts, -23 for broadcast (EBU R128).",
        json_schema_extra={"unit": "LUFS"},
    )
    true_peak_db: float = Field(
        -1.0,
        ge=-20,
        le=0,
        description="Highest true peak; -1.5 leaves room for lossy coding.",
        json_schema_extra={"unit": "dBTP"},
    )
    most_gain_db: float = Field(
        30.0,
        ge=0,
        le=60,
        description="Sound that would need more is left softer than the target.",
        json_schema_extra=_DB,
    )
    trim: Literal["none", "head", "tail", "both"] = Field(
        "none", description="Where silence is cut off; sound that belongs to pictures keeps all."
    )
    silence_db: float = Field(
        -60.0,
        ge=-96,
        le=-20,
        description="Level below which it is silence, against full scale.",
        json_schema_extra=_DB,
    )
    keep_s: float = Field(
        0.05, ge=0, le=5, description="Silence that stays when it is cut.", json_schema_extra=_S
    )
    room: Literal["none", "booth", "room", "hall", "church"] = Field(
        "none", description="A synthetic room whose reflections are added."
    )
    room_db: float = Field(
        -20.0,
        ge=-60,
        le=0,
        description="Strength of the reflections against the sound.",
        json_schema_extra=_DB,
    )


class MeasureParams(StageParams):
    """What counts as silence."""

    silence_db: float = Field(
        -60.0,
        ge=-120,
        le=-20,
        description="Level below which it is silence, against full scale.",
        json_schema_extra=_DB,
    )
    silence_s: float = Field(
        0.5,
        ge=0.01,
        le=600,
        description="Shorter silence is not listed.",
        json_schema_extra=_S,
    )


class MuxParams(StageParams):
    """How sound is put to pictures."""

    container: Literal["mp4", "mkv"] = Field("mp4", description="Kind of file.")
    codec: Literal["aac", "flac"] = Field("aac", description="How the sound is coded.")
    audio_kbps: int = Field(
        192, ge=32, le=512, description="Bit rate of AAC.", json_schema_extra={"unit": "kbit/s"}
    )
    offset_ms: float = Field(
        0.0,
        ge=-60_000,
        le=60_000,
        description="The sound is heard this much later; negative: earlier.",
        json_schema_extra=_MS,
    )
    metadata: Tags
