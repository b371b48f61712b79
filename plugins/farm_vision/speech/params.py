"""Parameters of speech, and what follows from them.

Invariant: light; it is imported by every process that loads the plugin.
"""

from __future__ import annotations

from pydantic import Field

from farm import StageParams
from farm_vision.hearing.params import RateParams


class PhoneParams(StageParams):
    """What is known of the speech."""

    language: str = Field(
        "",
        pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$",
        description="ISO 639-1 code of the text's language; empty for that of the words, or English.",
    )


class VisemeParams(RateParams):
    """How the mouth moves."""

    strength: float = Field(
        1.0, gt=0, le=2, description="How far the mouth opens; below 1 mumbles, above 1 overacts."
    )


class MouthParams(StageParams):
    """The size of the picture."""

    side: int = Field(
        256,
        ge=64,
        le=1024,
        multiple_of=2,
        description="Width and height of the picture.",
        json_schema_extra={"unit": "pixels"},
    )
