"""``farm tui``: the operator's console, in this terminal or in a browser."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farm.cli.session import Session, session
from farm.domain.errors import ConfigError

if TYPE_CHECKING:
    from farm.ledger.database import Database


class Theme(str, Enum):
    """The console's themes."""

    DARK = "farm-dark"
    LIGHT = "farm-light"
    SAFE = "farm-safe"


def tui(
    context: typer.Context,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Show everything, change nothing.")
    ] = False,
    theme: Annotated[
        Theme | None, typer.Option(help="Colours; `farm-safe` for the colour-blind.")
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option("--keys", metavar="FILE", help="Default: console.toml in the farm's root."),
    ] = None,
    web: Annotated[bool, typer.Option("--web", help="Serve it to a browser instead.")] = False,
    host: Annotated[
        str, typer.Option(metavar="NAME", help="With --web: the address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="With --web: the port.")] = 8640,
    in_browser: Annotated[bool, typer.Option("--in-browser", hidden=True)] = False,
) -> None:
    """Open the console: see and steer the whole farm from the keyboard."""
    here = session(context)
    if web:
        _serve(here, read_only, theme, keys, host, port)
        return
    if not in_browser and not sys.stdout.isatty():
        raise ConfigError(
            "the console needs a terminal",
            where="farm tui",
            got="output that goes elsewhere",
            mend="Run it in a terminal, use `farm tui --web`, or `farm ls` and `farm show`.",
        )
    from farm.config import editor_command
    from farm.tui.console import build_console
    from farm.tui.thumbnails import ask_terminal

    if not in_browser:
        ask_terminal()
    build_console(
        here.settings,
        actor=here.actor,
        ring=here.ring,
        submit=submitter(here),
        editor=editor_command(),
        read_only=read_only,
        theme="" if theme is None else theme.value,
        taste_file=keys,
    ).run()


def submitter(here: Session) -> Any:
    """Accepts a manifest's fields the way ``farm submit`` does; returns the job's number."""

    def submit(database: Database, fields: Mapping[str, Any]) -> int:
        from farm.intake import Intake

        intake = Intake(here.settings, here.registry, here.store, database)
        return intake.submit(fields, submitter=here.actor).number

    return submit


def _serve(
    here: Session, read_only: bool, theme: Theme | None, keys: Path | None, host: str, port: int
) -> None:
    from farm.tui.web import is_loopback, serve

    command = [sys.executable, "-m", "farm", "--root", str(here.settings.root), "tui"]
    # Each visitor's console talks to the server, not to a terminal.
    command.append("--in-browser")
    if read_only:
        command.append("--read-only")
    if theme is not None:
        command += ["--theme", theme.value]
    if keys is not None:
        command += ["--keys", str(keys.absolute())]
    typer.echo(f"The console is at http://{host}:{port}/; Ctrl-C stops it.")
    if not is_loopback(host) and not read_only:
        typer.echo(
            "Whoever reaches this address can steer the farm: add --read-only, or put a proxy with "
            "a log-in before it.",
            err=True,
        )
    os.environ.setdefault("COLORTERM", "truecolor")
    serve(shlex.join(command), host=host, port=port, title=f"farm {here.settings.name}")
