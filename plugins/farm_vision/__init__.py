"""Seeing: pose, depth, mattes, layers and other signals that guide generation.

Invariant: this module declares and nothing more; media libraries are imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from farm import Stage, hookimpl
from farm_vision import (
    stages_depth,
    stages_hearing,
    stages_layers,
    stages_motion,
    stages_people,
    stages_signals,
    stages_speech,
)

PROVIDER = "farm_vision"


@hookimpl
def farm_stages() -> Iterable[Stage]:
    """The stages of this plugin."""
    yield from stages_depth.stages()
    yield from stages_hearing.stages()
    yield from stages_layers.stages()
    yield from stages_motion.stages()
    yield from stages_people.stages()
    yield from stages_signals.stages()
    yield from stages_speech.stages()


@hookimpl
def farm_pipelines() -> Iterable[Path]:
    """One pipeline for each signal."""
    return sorted((Path(__file__).parent / "pipelines").glob("*.yaml"))


@hookimpl
def farm_models() -> Iterable[Path]:
    """The models of seeing's own stages."""
    return sorted((Path(__file__).parent / "models").glob("*.toml"))


@hookimpl
def farm_checks() -> Iterable[tuple[str, str]]:
    """Stages whose optional packages are not installed."""
    yield from stages_depth.checks()
    yield from stages_hearing.checks()
    yield from stages_layers.checks()
    yield from stages_people.checks()
    yield from stages_speech.checks()
