"""What ``farm.toml`` says under ``[plugins.farm_speech]``.

Invariant: read once, first of all; anything unknown stops the process with the setting's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from farm.domain.errors import ConfigError


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    piper: list[str] = Field(default_factory=list, max_length=20)


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """piper : the command that runs Piper, such as ``["/opt/piper/bin/python", "-m", "piper"]``."""

    piper: tuple[str, ...] = ()


_now = SpeechSettings()


def configure(settings: Mapping[str, Any]) -> None:
    """Take the plugin's table. Raises ConfigError."""
    global _now
    try:
        table = _Table.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            first["msg"],
            where=f"[plugins.farm_speech] {where}",
            got=repr(first["input"])[:120],
            mend="See the README of farm_speech.",
        ) from error
    _now = replace(_now, piper=tuple(table.piper))


def current() -> SpeechSettings:
    """The settings of this process."""
    return _now
