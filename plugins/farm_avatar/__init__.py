"""Narrated lessons with a presenter: script, face, picture, assembly.

Invariant: this module declares and nothing more; media libraries are imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from farm import Command, Stage, hookimpl
from farm_avatar import stages_compose, stages_lesson, stages_presenter


@hookimpl
def farm_stages() -> Iterable[Stage]:
    """The stages of this plugin."""
    yield from stages_compose.stages()
    yield from stages_lesson.stages()
    yield from stages_presenter.stages()


@hookimpl
def farm_pipelines() -> Iterable[Path]:
    """A lesson from what its author wrote, and what an author may begin with."""
    return sorted((Path(__file__).parent / "pipelines").glob("*.yaml"))


@hookimpl
def farm_commands() -> Iterable[Command]:
    """``farm project``."""
    return [
        Command(
            "project",
            "farm_avatar.commands:project",
            "Show lessons that were sent in, and render one or a scene of it again.",
        )
    ]


@hookimpl
def farm_checks() -> Iterable[tuple[str, str]]:
    """Stages whose optional packages are not installed."""
    yield from stages_compose.checks()
    yield from stages_lesson.checks()
    yield from stages_presenter.checks()
