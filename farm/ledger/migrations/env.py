"""Alembic's entry: runs migrations on the connection that ``farm.ledger.upgrade`` hands over."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from farm.ledger.columns import StateColumn
from farm.ledger.schema import metadata


def render_item(kind: str, item: Any, autogen_context: Any) -> str | Literal[False]:
    """States are plain strings to a database; a migration must not depend on today's enums."""
    if kind == "type" and isinstance(item, StateColumn):
        return "sa.String(length=16)"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
