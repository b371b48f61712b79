"""Kinds of columns that the ledger's tables are made of.

Invariant: a state column holds a value of its own enum and nothing else, on either database.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, Integer, String, TypeDecorator


class StateColumn(TypeDecorator[Enum]):
    """An enum stored by value; a member of another enum is refused."""

    impl = String(16)
    cache_ok = True

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not isinstance(value, self.kind):
            raise TypeError(f"expected a {self.kind.__name__}, got {value!r}")
        return str(value.value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Enum | None:
        return None if value is None else self.kind(value)


# A column without a document is NULL, not the JSON text `null`.
JsonColumn = JSON(none_as_null=True)

# SQLite makes an INTEGER primary key an alias of its row id; PostgreSQL wants a BIGINT identity.
NumberColumn = BigInteger().with_variant(Integer(), "sqlite")
