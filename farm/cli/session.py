"""What a command works on: settings, ledger, store and plugins, each opened when first asked for.

Invariant: a command never creates a ledger by looking at one, and works only on one whose tables are
those of this version.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from farm.cli.outcomes import Unreachable

if TYPE_CHECKING:
    from farm.artifacts.store import Store
    from farm.config import Settings
    from farm.ledger.database import Database
    from farm.models.store import ModelStore
    from farm.registry import Registry


class Session:
    """One run of the command. ``root``: the farm's root folder, if one was named."""

    def __init__(self, root: Path | None) -> None:
        self.root = root

    @cached_property
    def loaded(self) -> tuple[Settings, dict[str, str]]:
        """The settings and where each came from."""
        from farm.config import load_settings

        if self.root is not None and not self.root.is_dir():
            raise typer.BadParameter(
                f"{self.root} is no folder. Name the one with the farm's farm.toml, or make it first.",
                param_hint="--root",
            )
        return load_settings(self.root)

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.loaded[0]

    @cached_property
    def registry(self) -> Registry:
        """Everything the plugins declare."""
        from farm.plugins import registry_of

        return registry_of(self.settings)

    def complaints(self) -> dict[str, str]:
        """Stage id to why it cannot run on this machine: packages or models it lacks."""
        from farm.models import needs

        lacking = needs.complaints(self.registry.stages, self.registry.models, self.models)
        return {**lacking, **self.registry.checks()}

    @cached_property
    def models(self) -> ModelStore:
        """The model store."""
        from farm.models.store import open_models

        return open_models(self.settings)

    @cached_property
    def store(self) -> Store:
        """The artifact store."""
        from farm.artifacts.store import open_store

        settings = self.settings
        return open_store(
            settings.store_url,
            cache_dir=settings.spool_dir / "cache" / "cli",
            options=settings.store_options,
        )

    @property
    def actor(self) -> str:
        """Who gives the orders: the user's name on this machine."""
        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return f"uid {os.getuid()}"

    @contextlib.contextmanager
    def ledger(self) -> Iterator[Database]:
        """The ledger, closed afterwards.

        Raises
        ------
        Unreachable : there is none yet. ConfigError : its tables are of another version.
        """
        from farm.ledger.database import Database
        from farm.ledger.upgrade import require_current

        require_ledger_file(self.settings)
        database = Database(self.settings.database_url, time.time)
        try:
            require_current(database)
            yield database
        finally:
            database.close()

    def ring(self) -> None:
        """Wake the scheduler; without a broker it notices by itself within a second."""
        settings = self.settings
        if not settings.broker and not settings.valkey_socket.exists():
            return
        from farm.dispatch.broker import Bell

        bell = Bell(settings.broker_url, settings.name)
        bell.ring()
        bell.close()


def require_ledger_file(settings: Settings) -> None:
    """Raise :class:`Unreachable` when an SQLite ledger does not exist; opening would create it."""
    url = settings.database_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        raise Unreachable(
            "there is no ledger here yet",
            where=str(settings.root),
            mend="Start the farm with `farm up`, or name its folder with --root or FARM_ROOT.",
            code="ledger.absent",
        )


def session(context: typer.Context) -> Session:
    """The session of a command."""
    found = context.find_root().obj
    assert isinstance(found, Session)
    return found
