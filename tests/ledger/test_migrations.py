"""The migrations make exactly the tables the code was written for, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from farm.domain.errors import ConfigError
from farm.ledger.database import Database
from farm.ledger.migrations import versions
from farm.ledger.schema import metadata
from farm.ledger.upgrade import HEAD, require_current, revision, upgrade


def test_upgrading_an_empty_database_gives_the_tables_of_the_schema(ledger_url: str) -> None:
    database = Database(ledger_url)
    metadata.drop_all(database.engine)
    with pytest.raises(ConfigError, match="farm db upgrade"):
        require_current(database)
    assert upgrade(database)
    assert revision(database) == HEAD
    require_current(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": False, "compare_server_default": False}
        )
        assert compare_metadata(context, metadata) == []
    assert not upgrade(database)
    database.close()


def test_the_newest_migration_is_the_one_the_code_names() -> None:
    found = sorted(Path(versions.__path__[0]).glob("[0-9]*.py"))
    assert found[-1].name.startswith(f"{HEAD}_")
