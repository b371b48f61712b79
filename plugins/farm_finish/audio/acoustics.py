"""The document ``farm.acoustics/1``: how a shot is to sound, as a mix takes it.

Invariant: what :func:`read_acoustics` returns lies within the ranges of a mix; who made the file does
not matter.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from farm import InputError
from farm_finish.audio.params import Level, TrackParams
from farm_finish.audio.peaks import factor
from farm_finish.audio.room import Ringing
from farm_finish.audio.space import space

SCHEMA = "farm.acoustics/1"
HEARD_IN_IT = frozenset({"voice", "effects"})
"""Roles that sound where the shot is; music comes from nowhere."""


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class Space(_Loose):
    """A room by its size and the seconds in which it falls by 60 dB. reflections_db : against what is
    heard straight."""

    volume_m3: float = Field(ge=2, le=1e6)
    reverb_s: float = Field(ge=0.1, le=12)
    reflections_db: float = Field(ge=-60, le=12)

    def ringing(self) -> Ringing:
        """What rings in it, to be fed with what is said."""
        return Ringing(space(self.volume_m3, self.reverb_s) * factor(self.reflections_db))


class Settings(_Loose):
    """Levels on top of the mix's own, and where a voice is."""

    voice_db: Level = 0.0
    effects_db: Level = 0.0
    tracks: tuple[TrackParams, ...] = ()


class Acoustics(_Loose):
    """How a shot is to sound. space : none in the open."""

    form: Literal["farm.acoustics/1"] = Field(alias="schema")
    mix: Settings = Settings()
    space: Space | None = None


def read_acoustics(path: Path) -> Acoustics:
    """The document at ``path``. Raises InputError: it is none, or a field is out of range."""
    try:
        return Acoustics.model_validate(json.loads(path.read_bytes()))
    except ValidationError as error:
        first = error.errors()[0]
        where, got = ".".join(map(str, first["loc"])), f"{first['msg']}: {first['input']!r}"
    except ValueError as error:
        where, got = "", str(error)
    raise InputError(
        "is no document of how a shot sounds",
        where=f"acoustics: {where}" if where else "acoustics",
        expected=f"JSON, schema {SCHEMA}",
        got=got[:200],
        mend="Take the settings of audio.acoustics as they were written.",
        code="mix.acoustics",
    )
