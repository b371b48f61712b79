"""Parameters of ``character.animate`` and how long the film becomes.

Invariant: light; it is imported by every process that loads the plugin.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from farm import InputError, StageParams
from farm.stages import Facts

LONGEST_S = 60
LARGEST_UNASKED = 1280
"""Pixels of the longer side at most where no size is asked for."""
LIGHTS = ("none", "studio", "rembrandt", "sunset", "moon", "neon", "stage", "candle")
LIGHT_MOVES = ("sweep", "orbit", "flicker", "pulse")
CAMERAS = (
    "still",
    "push-in",
    "pull-out",
    "pan-left",
    "pan-right",
    "rise",
    "sink",
    "orbit",
    "handheld",
)
_FRAMES, _PIXELS = {"unit": "frames"}, {"unit": "px"}


def terms(value: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The words of ``a+b``, each a known one and told once. Raises ValueError."""
    words = tuple(word.strip().lower() for word in value.split("+"))
    for word in words:
        if word not in known:
            raise ValueError(f'"{word}" is none of {", ".join(known)}')
    if len(set(words)) < len(words):
        raise ValueError(f'"{value}" says a word twice')
    return words


class AnimateParams(StageParams):
    """How long, how large, in which light, by which camera."""

    fps: str = Field(
        "24",
        max_length=12,
        description="Frames per second, such as 12, 24 or 30000/1001.",
        json_schema_extra={"unit": "1/s"},
    )
    frames: int | None = Field(
        None, ge=1, le=14_400, description="Length in frames.", json_schema_extra=_FRAMES
    )
    duration_s: float | None = Field(
        None,
        gt=0,
        le=LONGEST_S,
        description="Length where frames are not told; else that of the motion or the sound.",
        json_schema_extra={"unit": "s"},
    )
    width: int = Field(
        0,
        ge=0,
        le=4096,
        multiple_of=2,
        description="Width; 0 follows from the height, or is the picture's up to 1280 a side.",
        json_schema_extra=_PIXELS,
    )
    height: int = Field(
        0,
        ge=0,
        le=4096,
        multiple_of=2,
        description="Height; 0 follows from the width, or is the picture's up to 1280 a side.",
        json_schema_extra=_PIXELS,
    )
    light: str = Field(
        "none",
        max_length=60,
        description=f"{', '.join(LIGHTS)}; with + and {', '.join(LIGHT_MOVES)} it moves.",
    )
    camera: str = Field(
        "still", max_length=80, description=f"{', '.join(CAMERAS)}; several with +."
    )
    window: int = Field(
        48, ge=2, le=1440, description="Frames of one window.", json_schema_extra=_FRAMES
    )
    overlap: int = Field(
        16,
        ge=0,
        le=1439,
        description="Frames a window shares with the one before.",
        json_schema_extra=_FRAMES,
    )

    quality: Literal["draft", "standard", "high"] = Field(
        "standard", description="For diffusion models; what is drawn here is the same in each."
    )

    @field_validator("fps", mode="before")
    @classmethod
    def _rate(cls, value: object) -> str:
        text = str(value).strip()
        try:
            rate = Fraction(text)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f'"{text}" is no rate such as 24 or 30000/1001') from None
        if not 1 <= rate <= 60 or rate.denominator > 10_000:
            raise ValueError(f"{text} is not within 1 and 60 frames per second")
        return str(rate)

    @field_validator("light")
    @classmethod
    def _lit(cls, value: str) -> str:
        words = terms(value, LIGHTS + LIGHT_MOVES)
        if len([word for word in words if word in LIGHTS]) > 1:
            raise ValueError(f'"{value}" names two lights')
        return "+".join(words)

    @field_validator("camera")
    @classmethod
    def _filmed(cls, value: str) -> str:
        return "+".join(terms(value, CAMERAS))

    @model_validator(mode="after")
    def _advance(self) -> Self:
        if self.overlap >= self.window:
            raise ValueError(f"overlap {self.overlap} must be smaller than window {self.window}")
        return self

    @property
    def rate(self) -> Fraction:
        """Frames per second."""
        return Fraction(self.fps)


def film_frames(params: AnimateParams, facts: Facts) -> int:
    """Frames of the film: told, or those of its duration, else of the motion, else of the sound.

    Raises
    ------
    InputError : nothing tells a length, or the film would last more than a minute.
    """
    length_s = _length_s(params, facts)
    if length_s is None:
        raise InputError(
            "nothing tells how long the film is",
            where="duration_s",
            expected="a duration, a motion or a sound",
            mend="Give duration_s, or send a motion or a voice.",
            code="weave.no-length",
        )
    if length_s > LONGEST_S + Fraction(1, 2):
        raise InputError(
            "the film would be too long",
            where="duration_s",
            expected=f"at most {LONGEST_S} s",
            got=f"{float(length_s):.1f} s",
            mend=f"Give a duration_s of at most {LONGEST_S}.",
            code="weave.too-long",
        )
    return max(1, round(length_s * params.rate))


def _length_s(params: AnimateParams, facts: Facts) -> Fraction | None:
    if params.frames is not None:
        return Fraction(params.frames) / params.rate
    if params.duration_s is not None:
        return Fraction(str(params.duration_s))
    for port in ("motion", "audio"):
        for artifact in facts.get(port, ()):
            known = artifact.facts
            if known.frames and known.fps:
                return Fraction(known.frames) / Fraction(known.fps)
            if known.duration_s:
                return Fraction(str(known.duration_s))
    return None
