"""``farm up``, ``farm daemon`` and ``farm node``: processes that run until they are told to stop.

Invariant: SIGINT and SIGTERM end them in order; one root folder is served by one ``farm up``, and on
each machine by one node of a name.
"""

from __future__ import annotations

import fcntl
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from farm.cli.session import require_ledger_file, session
from farm.domain.errors import ConfigError
from farm.logs import formatter

if TYPE_CHECKING:
    from farm.config import Settings


def up(context: typer.Context) -> None:
    """Run a whole farm on this machine: broker, daemon and node; Ctrl-C stops it."""
    from farm.up import run_up

    settings = session(context).settings
    require_not_up(settings)
    start_logging(settings)
    stopping = threading.Event()
    on_stop(stopping.set)
    run_up(settings, stopping=stopping, ready=lambda: _announce(settings))


def daemon(context: typer.Context) -> None:
    """Run the daemon: intake, scheduler, publishing. A second one stands by for the first."""
    from farm.daemon import Daemon

    settings = session(context).settings
    require_ledger_file(settings)
    start_logging(settings)
    running = Daemon(settings)
    on_stop(running.stop)
    running.run()


def node(context: typer.Context) -> None:
    """Run this machine's node: one engine for each CPU slot and GPU."""
    here = session(context)
    with here.ledger():
        pass  # Refuses a ledger of another version before any engine starts.
    from farm.node import NodeAgent

    start_logging(here.settings)
    stopping = threading.Event()
    on_stop(stopping.set)
    with _only_node(here.settings):
        agent = NodeAgent(here.settings)
        agent.start()
        try:
            stopping.wait()
        finally:
            agent.stop()


@contextmanager
def _only_node(settings: Settings) -> Iterator[None]:
    """Hold the right to be this node of this root folder; the kernel gives it back when it dies.

    Two nodes of one name would fence each other for ever, and finish nothing.
    """
    folder = settings.spool_dir / "run"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / f"node-{settings.node_name.replace('/', '-')}.lock").open("w") as file:
        try:
            # Not flock, which an engine that outlives its node for a moment would go on holding.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise ConfigError(
                "a node of this name runs here already",
                where=str(settings.root),
                got=settings.node_name,
                mend="Use it, stop it first, or name this one with FARM_NODE_NAME.",
                code="node.already",
            ) from error
        yield


def on_stop(stop: Callable[[], None]) -> None:
    """Call ``stop`` at SIGINT and SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop())


def start_logging(settings: Settings) -> None:
    """Log to standard error, in the form and from the level that are set."""
    level = settings.log_level
    known = logging.getLevelNamesMapping()
    if level.upper() not in known:
        raise ConfigError(
            "no such level", where="log_level", expected="DEBUG, INFO, WARNING, ERROR", got=level
        )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(settings.log_format))
    logging.basicConfig(level=known[level.upper()], handlers=[handler])
    # Its steps are no news to an operator; what fails is.
    logging.getLogger("alembic").setLevel(max(logging.WARNING, known[level.upper()]))


def is_up(settings: Settings) -> bool:
    """Whether an embedded broker answers on this farm's socket."""
    if settings.broker:
        return False
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1.0)
        try:
            client.connect(str(settings.valkey_socket))
        except OSError:
            return False
    return True


def require_not_up(settings: Settings) -> None:
    """Raise :class:`ConfigError` when a ``farm up`` serves this root folder already."""
    if is_up(settings):
        raise ConfigError(
            "a farm is running here already",
            where=str(settings.root),
            mend="Use it, stop it first, or name another folder with --root.",
            code="up.already",
        )


def _announce(settings: Settings) -> None:
    """Name the folders to drop into; a fresh root gets its first one."""
    if settings.drop_folders:
        doors = [settings.under_root(drop.path) for drop in settings.drop_folders.values()]
        typer.echo(f"The farm is up. Drop folders: {', '.join(map(str, doors))}; Ctrl-C stops it.")
        return
    door = settings.under_root(settings.dropbox) / "procedural"
    door.mkdir(parents=True, exist_ok=True)
    typer.echo(f"The farm is up. Drop a prompt into {door}; Ctrl-C stops it.")
