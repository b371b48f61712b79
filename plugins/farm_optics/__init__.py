"""A real lens for pictures and clips: optics arithmetic, depth of field, focus, camera moves.

Invariant: this module declares and nothing more; media libraries are imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from farm import Command, Stage, hookimpl
from farm_optics import stages_lens, stages_reshoot

PROVIDER = "farm_optics"


@hookimpl
def farm_stages() -> Iterable[Stage]:
    """The stages of this plugin."""
    yield from stages_lens.stages()
    yield from stages_reshoot.stages()


@hookimpl
def farm_checks() -> Iterable[tuple[str, str]]:
    """What of it this machine lacks."""
    return list(stages_lens.checks())


@hookimpl
def farm_pipelines() -> Iterable[Path]:
    """One pipeline for each thing a submitter asks of a lens."""
    return sorted((Path(__file__).parent / "pipelines").glob("*.yaml"))


@hookimpl
def farm_commands() -> Iterable[Command]:
    """The command ``farm optics``."""
    return list(stages_lens.commands())
