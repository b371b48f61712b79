"""What is sent to the database: for tests that count it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import event

from farm.ledger.database import Database


class Sent(NamedTuple):
    """One statement with its parameters."""

    text: str
    parameters: Any


@contextmanager
def statements(database: Database) -> Iterator[list[Sent]]:
    """Every statement that is sent meanwhile."""
    sent: list[Sent] = []

    def note(_connection: Any, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        sent.append(Sent(text, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
