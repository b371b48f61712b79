"""Parameters of speech.

Invariant: light; it is imported by every process that loads the plugin.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from farm import StageParams

Spelling = Annotated[str, Field(min_length=1, max_length=200)]


class SayParams(StageParams):
    """What an utterance does not say itself; its own voice, language and speed go before these."""

    voice: str = Field("", max_length=100, description="The voice; empty for the provider's own.")
    language: str = Field(
        "",
        pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$",
        description="ISO 639-1 code of the text's language; empty for that of the voice.",
    )
    speed: float = Field(
        1.0, ge=0.5, le=2.0, description="How fast it is said; multiplied with the utterance's own."
    )
    loudness_lufs: float = Field(
        -16.0,
        ge=-40,
        le=-10,
        description="Loudness of the speech by itself, after ITU-R BS.1770.",
        json_schema_extra={"unit": "LUFS"},
    )
    consent: bool = Field(
        False,
        description="Whoever speaks in the reference agrees that the voice is cloned; for clone only.",
    )
    reference_text: str = Field(
        "", max_length=1000, description="What is said in the reference; for clone only."
    )
    model: str = Field(
        "dia-1.6b",
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$",
        description="The model that clones, of the family dia, as declared; for clone only.",
    )


class SentenceParams(StageParams):
    """How a text becomes utterances."""

    voice: str = Field("", max_length=100, description="The voice; empty for the provider's own.")
    language: str = Field(
        "",
        pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$",
        description="ISO 639-1 code of the text's language; empty for that of the voice.",
    )
    speed: float = Field(1.0, ge=0.5, le=2.0, description="How fast it is said.")
    pronunciations: dict[Spelling, Spelling] = Field(
        default_factory=dict,
        max_length=2000,
        description="Words to another spelling of them, or to /IPA/.",
    )
    pause_s: float = Field(
        0.35,
        ge=0,
        le=10,
        description="Silence after a sentence.",
        json_schema_extra={"unit": "s"},
    )
    paragraph_pause_s: float = Field(
        0.8,
        ge=0,
        le=10,
        description="Silence after a paragraph.",
        json_schema_extra={"unit": "s"},
    )
    heading_pause_s: float = Field(
        1.0,
        ge=0,
        le=10,
        description="Silence after a heading.",
        json_schema_extra={"unit": "s"},
    )


class JoinParams(StageParams):
    """Nothing can be set."""
