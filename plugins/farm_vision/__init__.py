"""Seeing: pose, depth, mattes, layers and other signals that guide generation.

Invariant: this module declares and nothing more; media libraries are imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from farm import Stage, hookimpl

PROVIDER = "farm_vision"


@hookimpl
def farm_stages() -> Iterable[Stage]:
    """The stages of this plugin."""
    yield from ()


@hookimpl
def farm_pipelines() -> Iterable[Path]:
    """One pipeline for each signal."""
    return sorted((Path(__file__).parent / "pipelines").glob("*.yaml"))
