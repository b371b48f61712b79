"""Bringing a ledger to this version's tables.

Invariant: a process works only on a ledger whose tables are exactly those it was written for.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect, text

from farm.domain.errors import ConfigError
from farm.ledger.database import Database

HEAD = "0008"
"""The newest revision in ``migrations/versions``; a test holds the two together."""

_MIGRATIONS = Path(__file__).parent / "migrations"


def revision(database: Database) -> str | None:
    """The revision a ledger is at; ``None`` for an empty database."""
    if not inspect(database.engine).has_table("alembic_version"):
        return None
    with database.read() as connection:
        return connection.execute(
            text("SELECT version_num FROM alembic_version")
        ).scalar_one_or_none()


def upgrade(database: Database) -> bool:
    """Run the migrations that are missing; false when there were none."""
    if revision(database) == HEAD:
        return False
    # Alembic is imported only when there is something to do: it costs a daemon's start 0.2 s.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True


def require_current(database: Database) -> None:
    """Raise :class:`ConfigError` unless the ledger is at this version's revision."""
    found = revision(database)
    if found != HEAD:
        raise ConfigError(
            "the ledger's tables are not those of this version",
            where="database",
            expected=f"revision {HEAD}",
            got=found or "an empty database",
            mend="Run `farm db upgrade` once, with every daemon and node stopped.",
        )
