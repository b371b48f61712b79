"""Speech from text: voices, pronunciation, loudness.

Invariant: this module declares and nothing more; media libraries are imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from farm import Command, Stage, hookimpl
from farm_speech import stages
from farm_speech.settings import configure


@hookimpl
def farm_stages() -> Iterable[Stage]:
    """The stages of this plugin."""
    yield from stages.stages()


@hookimpl
def farm_models() -> Iterable[Path]:
    """The models that speak."""
    return sorted((Path(__file__).parent / "models").glob("*.toml"))


@hookimpl
def farm_checks() -> Iterable[tuple[str, str]]:
    """Stages whose optional packages are not installed."""
    yield from stages.checks()


@hookimpl
def farm_configure(settings: Mapping[str, Any]) -> None:
    """What the operator says under ``[plugins.farm_speech]``."""
    configure(settings)


@hookimpl
def farm_pipelines() -> Iterable[Path]:
    """Reading aloud."""
    return sorted((Path(__file__).parent / "pipelines").glob("*.yaml"))


@hookimpl
def farm_commands() -> Iterable[Command]:
    """``farm voices``."""
    yield Command("voices", "farm_speech.commands:voices", "Who can speak, and to hear them.")
