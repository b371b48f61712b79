"""Story memory: what a project's shots looked like, and which pictures the next shot is held to.

Invariant: this module declares and nothing more; media libraries are imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from farm import Command, Stage, hookimpl
from farm_story import stages


@hookimpl
def farm_stages() -> Iterable[Stage]:
    """Remembering and recalling, each by a descriptor and by a network."""
    return stages.stages()


@hookimpl
def farm_pipelines() -> Iterable[Path]:
    """A clip remembered, references recalled, and shots that do both."""
    return sorted((Path(__file__).parent / "pipelines").glob("*.yaml"))


@hookimpl
def farm_models() -> Iterable[Path]:
    """The network that tells looks apart."""
    return sorted((Path(__file__).parent / "models").glob("*.toml"))


@hookimpl
def farm_commands() -> Iterable[Command]:
    """``farm story``."""
    return [
        Command(
            "story", "farm_story.commands:story", "Show what the shots of a project left in memory."
        )
    ]


@hookimpl
def farm_checks() -> Iterable[tuple[str, str]]:
    """Stages whose optional packages are not installed."""
    return stages.checks()
