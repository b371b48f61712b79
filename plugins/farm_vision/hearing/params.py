"""Parameters of hearing, and what follows from them.

Invariant: light; it is imported by every process that loads the plugin.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Self

from pydantic import Field, field_validator, model_validator

from farm import StageParams

MODEL_VOICE = "silero-vad"


class RateParams(StageParams):
    """The frames that a sound is told by."""

    fps: str = Field(
        "24",
        max_length=12,
        description="Frames per second when no film is given, such as 25 or 30000/1001.",
        json_schema_extra={"unit": "1/s"},
    )

    @field_validator("fps", mode="before")
    @classmethod
    def _rate(cls, value: object) -> str:
        text = str(value).strip()
        try:
            rate = Fraction(text)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f'"{text}" is no rate such as 25 or 30000/1001') from None
        if not 1 <= rate <= 240 or rate.denominator > 10_000:
            raise ValueError(f"{text} is not within 1 and 240 frames per second")
        return str(rate)


class FeatureParams(RateParams):
    """What is listened for."""

    lowest_hz: float = Field(
        65.0,
        ge=40,
        le=500,
        description="Lowest pitch that is looked for.",
        json_schema_extra={"unit": "Hz"},
    )
    highest_hz: float = Field(
        1000.0,
        ge=80,
        le=2000,
        description="Highest pitch that is looked for.",
        json_schema_extra={"unit": "Hz"},
    )
    tempo: float = Field(
        0.0,
        ge=0,
        le=300,
        description="Tempo that is expected; 0 to listen for any, around 120.",
        json_schema_extra={"unit": "beats a minute"},
    )
    tightness: float = Field(
        100.0,
        gt=0,
        le=1000,
        description="How firmly the beats keep to one tempo.",
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.highest_hz < 1.5 * self.lowest_hz:
            raise ValueError(
                f"highest_hz {self.highest_hz:g} must be 1.5 times lowest_hz {self.lowest_hz:g}"
            )
        return self


class StateParams(RateParams):
    """Which network, and which of its states are kept."""

    model: str = Field(
        "",
        max_length=80,
        pattern=r"^([a-z0-9][a-z0-9._-]*)?$",
        description="Name of a wav2vec 2.0 model in the store, a folder in transformers' form.",
    )
    layer: int = Field(
        -1,
        ge=-1,
        le=48,
        description="Layer whose states are kept; 0 for the network's input, -1 for the last.",
    )
    context_s: float = Field(
        20.0,
        ge=2,
        le=60,
        description="Length of sound the network hears at once.",
        json_schema_extra={"unit": "s"},
    )


def models_of(params: StateParams) -> tuple[str, ...]:
    """The model that the parameters name."""
    return (params.model,) if params.model else ()
