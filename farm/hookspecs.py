"""The front door for plugins: every hook the farm calls, in the order in which it happens.

Entry-point group ``farm``. A plugin is a module (or object) with functions marked
``@farm.hookimpl``. Every hook is called in every process that loads plugins (daemon, node, engine,
command line) unless it says otherwise, once per process, at start. A hook that raises stops the
process with the plugin's and the hook's name: a farm with half of its plugins would plan wrongly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pluggy

from farm.commands import Command
from farm.stages import Service, Stage

hookspec = pluggy.HookspecMarker("farm")
hookimpl = pluggy.HookimplMarker("farm")


# --- configuration: every process, once, first of all ---------------------------------------------


@hookspec
def farm_configure(settings: Mapping[str, Any]) -> None:
    """What ``farm.toml`` says under ``[plugins.NAME]``, NAME being the plugin's own. Called only where
    there is such a table, before every other hook. Raise a ``FarmError`` that names the setting for
    what is wrong; it stops the process. A table for a plugin without this hook is refused."""
    raise AssertionError("a specification is never called")


# --- declaration: every process, once, at start -------------------------------------------------


@hookspec
def farm_stages() -> Iterable[Stage]:
    """Return the stages this plugin provides.

    Must be light: no import of a media or model library. Two plugins that declare the same
    ``capability/provider`` are refused, and the error names both.
    """
    raise AssertionError("a specification is never called")


@hookspec
def farm_pipelines() -> Iterable[Path]:
    """Return the pipeline files (``*.yaml``) this plugin brings. Called where jobs are planned or
    pipelines shown; in the daemon at start. Nodes and engines do without them."""
    raise AssertionError("a specification is never called")


@hookspec
def farm_models() -> Iterable[Path]:
    """Return the manifests (``models/*.toml``) of the models this plugin's stages name in
    ``Stage.models``. They are read at start; two models of one name are refused."""
    raise AssertionError("a specification is never called")


@hookspec
def farm_commands() -> Iterable[Command]:
    """Return commands to add to ``farm``. Called in the command line only, and only when it is given
    a command that is not the farm's own, or by ``farm plugins``."""
    raise AssertionError("a specification is never called")


@hookspec
def farm_serves(model: Path, name: str) -> Iterable[str]:
    """Return the capabilities of this plugin's stages that can use the model: a folder, or a file,
    that somebody wants to call ``name``. Called in the command line only, by ``farm models declare``
    without ``--provides``. Must be light: read what describes the model and none of its weights."""
    raise AssertionError("a specification is never called")


# --- limits: in the daemon ------------------------------------------------------------------------


@hookspec
def farm_limits() -> Mapping[str, int]:
    """Return sizes of named limits that this plugin's stages hold, where the plugin knows them better
    than the operator: the capacity of its services. Called in the daemon at start. A size under
    ``limits`` in ``farm.toml`` goes before; of two plugins that name one limit the larger counts."""
    raise AssertionError("a specification is never called")


# --- checks: ``farm doctor`` and a node's start ---------------------------------------------------


@hookspec
def farm_checks() -> Iterable[tuple[str, str]]:
    """Return ``(stage id, complaint)`` for each stage that cannot run on *this* machine.

    Called in the node at start and every ten seconds or so, and by ``farm doctor``. A node does not
    offer a stage with a complaint. The complaint says how to mend it
    (``pip install 'farm[vision]'``). Must be light: look for a package with
    ``importlib.util.find_spec`` instead of importing it.
    """
    raise AssertionError("a specification is never called")


@hookspec
def farm_services() -> Iterable[Service]:
    """Return how the services are that this plugin's stages use from *this* machine.

    Called as ``farm_checks`` is. ``farm doctor``, the console's nodes and the node's metrics show
    them. Must come back within seconds, whatever the services do.
    """
    raise AssertionError("a specification is never called")


# --- engine: in the engine process only -----------------------------------------------------------


@hookspec
def farm_engine_started(device: str) -> None:
    """An engine is up on ``device`` (``cpu``, ``cuda:0``). Set library-wide options here
    (threads, determinism). An error ends the engine and is shown as the node's fault."""


@hookspec(firstresult=True)
def farm_classify_error(error: BaseException) -> str | None:
    """Name the error class (``resource``, ``transient``, …) of an exception the plugin's libraries
    raise, or ``None`` to leave it to the next plugin. Called in the engine after a task failed with
    an exception that is no ``FarmError``. The first answer wins."""


# --- daemon: after the fact -----------------------------------------------------------------------


@hookspec
def farm_notify(event: dict[str, Any]) -> None:
    """Tell somebody what happened: a job was accepted, waits for approval, is done or failed, a
    submission was rejected, or the farm is in trouble (``event["kind"]``). Called in the daemon, in
    a thread of the plugin's own, at least once per event and plugin (``event["id"]`` tells
    repetitions apart). After an error it is called again, later and later, for some hours."""


@hookspec
def farm_job_ended(job: dict[str, Any]) -> None:
    """A job ended and its outputs, if any, are in place. ``job`` is the content of its
    ``receipt.json``. Called in the daemon, in a thread of its own, at least once per job; an error
    is logged and changes nothing."""
