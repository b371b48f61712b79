"""Commands that plugins bring: found by name, run with their plugin's documents at hand.

Invariant: plugins are loaded only for a name that is no command of the farm's own, so they cost the
others nothing and cannot replace one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farm.cli.session import Session, session
from farm.domain.errors import PluginError

if TYPE_CHECKING:
    from farm.commands import Command
    from farm.ledger.database import Database
    from farm.registry import Registry


def commands_of(registry: Registry) -> dict[str, tuple[str, Command]]:
    """Added commands by name, each with its plugin.

    Raises
    ------
    PluginError : two plugins bring the same one.
    """
    from farm.registry import answers_of

    found: dict[str, tuple[str, Command]] = {}
    for plugin, commands in answers_of(registry.pm, "farm_commands"):
        for command in commands:
            if command.name in found:
                raise PluginError(
                    f'the command "{command.name}" is brought by {found[command.name][0]} too',
                    where=f"plugin {plugin}: hook farm_commands",
                    mend="Uninstall one of them.",
                    code="plugin.duplicate-command",
                )
            found[command.name] = (plugin, command)
    return found


def find_command(here: Session, name: str) -> Any | None:
    """The added command ``name`` as the command line runs it; ``None`` when no plugin brings it."""
    plugin, command = commands_of(here.registry).get(name, ("", None))
    if command is None:
        return None

    def act(
        context: typer.Context,
        arguments: Annotated[list[str] | None, typer.Argument(metavar="...")] = None,
    ) -> None:
        module, _, function = command.run.partition(":")
        with _Context.opened(session(context), plugin, tuple(arguments or ())) as given:
            code = getattr(import_module(module), function)(given)
        raise typer.Exit(code)

    # The command reads its own options, --help among them.
    holder = typer.Typer(add_completion=False, rich_markup_mode=None)
    settings = {"ignore_unknown_options": True, "help_option_names": []}
    holder.command(name, help=command.help, context_settings=settings)(act)
    return typer.main.get_command(holder)


class _Context:
    """See :class:`farm.commands.CommandContext`."""

    def __init__(self, here: Session, plugin: str, arguments: tuple[str, ...]) -> None:
        self.arguments = arguments
        self._here = here
        self._plugin = plugin
        self._open: list[Any] = []

    @classmethod
    @contextmanager
    def opened(cls, here: Session, plugin: str, arguments: tuple[str, ...]) -> Iterator[_Context]:
        """A context whose ledger, if it was asked for, is closed afterwards."""
        made = cls(here, plugin, arguments)
        try:
            yield made
        finally:
            for ledger in made._open:
                ledger.__exit__(None, None, None)

    @cached_property
    def documents(self) -> _Documents:
        ledger = self._here.ledger()
        self._open.append(ledger)
        return _Documents(ledger.__enter__(), self._plugin)

    def echo(self, text: str) -> None:
        typer.echo(text)


class _Documents:
    """The documents of one plugin."""

    def __init__(self, database: Database, plugin: str) -> None:
        from farm.ledger.documents import Documents

        self._all = Documents(database)
        self._plugin = plugin

    def get(self, collection: str, key: str) -> Any | None:
        return self._all.get(self._plugin, collection, key)

    def put(self, collection: str, key: str, document: Any) -> None:
        self._all.put(self._plugin, collection, key, document)

    def keys(self, collection: str) -> list[str]:
        return self._all.keys(self._plugin, collection)
