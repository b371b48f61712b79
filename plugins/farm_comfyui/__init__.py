"""Runs video workflows on ComfyUI servers: templates, a typed client, a pool of servers.

Invariant: this module declares and nothing more; media libraries are imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from farm import Command, Service, Stage, hookimpl


@hookimpl
def farm_configure(settings: Mapping[str, Any]) -> None:
    """The servers, and where an operator's own workflows are."""
    from farm_comfyui import configured

    configured.configure(settings)


@hookimpl
def farm_stages() -> Iterable[Stage]:
    """The stages of this plugin."""
    from farm_comfyui import stages

    return stages.stages()


@hookimpl
def farm_pipelines() -> Iterable[Path]:
    """One pipeline for each mode, and one that tries a server."""
    return sorted((Path(__file__).parent / "pipelines").glob("*.yaml"))


@hookimpl
def farm_commands() -> Iterable[Command]:
    """What operators do with workflows and servers."""
    told = "Workflows, what servers lack for them, and importing one."
    return [Command("comfy", "farm_comfyui.commands:comfy", told)]


@hookimpl
def farm_limits() -> Mapping[str, int]:
    """As many runs at once as the servers have places."""
    from farm_comfyui import configured, stages

    places = sum(server.capacity for server in configured.pool().servers)
    return {stages.LIMIT: places} if places else {}


@hookimpl
def farm_checks() -> Iterable[tuple[str, str]]:
    """Run stages that no configured server can do now."""
    from farm_comfyui import stages

    return stages.checks()


@hookimpl
def farm_services() -> Iterable[Service]:
    """How the servers are."""
    from farm_comfyui import services

    return services.services()
