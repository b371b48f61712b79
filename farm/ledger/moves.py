"""Guarded moves: the only way a state column changes.

Invariant: a move is one ``UPDATE … WHERE key AND state = :source`` that the transition table
allows, and each one that took effect leaves an event with its reason in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, Update, and_, bindparam, insert, update
from sqlalchemy.sql.elements import ColumnElement

from farm.domain.errors import LostClaim
from farm.domain.states import State, check_move
from farm.ledger.schema import events

_EVENTS = insert(events)


class Moves:
    """Moves and their events inside one transaction; :meth:`flush` writes the events at its end."""

    def __init__(self, connection: Connection, *, now_s: float, actor: str) -> None:
        self.connection = connection
        self.now_s = now_s
        self.actor = actor
        self._events: list[dict[str, Any]] = []

    def move(
        self,
        table: Table,
        key: Mapping[str, Any],
        source: State,
        target: State,
        reason: str,
        *,
        entity_id: str,
        job_id: str | None = None,
        bump: tuple[str, ...] = (),
        **values: Any,
    ) -> bool:
        """Move the row whose columns equal ``key``; false when it was not in ``source`` any more.

        ``bump`` names counters to raise by one; ``values`` are written as they are.
        """
        check_move(source, target)
        statement = _guarded(table, tuple(key), tuple(values), bump)
        bound = {f"key_{name}": value for name, value in key.items()}
        bound.update({f"set_{name}": value for name, value in values.items()})
        done = self.connection.execute(
            statement, {**bound, "source_state": source, "target_state": target}
        )
        if done.rowcount != 1:
            return False
        self.note(table.name[:-1], entity_id, target, reason, source=source, job_id=job_id)
        return True

    def must_move(self, *args: Any, **kwargs: Any) -> None:
        """Like :meth:`move`, but raise :class:`LostClaim` when the row had moved on."""
        if not self.move(*args, **kwargs):
            raise LostClaim(
                f"{kwargs['entity_id']} is not {args[2].value} any more", where="ledger"
            )

    def move_all(
        self,
        table: Table,
        key: Any,
        where: ColumnElement[bool],
        source: State,
        target: State,
        reason: str,
        *,
        job_id: str | None = None,
        **values: Any,
    ) -> list[str]:
        """Move every row that matches; returns the keys of those that moved."""
        check_move(source, target)
        rows = self.connection.execute(
            update(table)
            .where(where, table.c.state == source)
            .values(state=target, **values)
            .returning(key)
        )
        moved = [str(row[0]) for row in rows]
        for entity_id in moved:
            self.note(table.name[:-1], entity_id, target, reason, source=source, job_id=job_id)
        return moved

    def note(
        self,
        entity: str,
        entity_id: str,
        target: State | str,
        reason: str,
        *,
        source: State | None = None,
        job_id: str | None = None,
    ) -> None:
        """Remember an event for :meth:`flush`."""
        self._events.append(
            {
                "at": self.now_s,
                "entity": entity,
                "entity_id": entity_id,
                "job_id": job_id,
                "source": None if source is None else source.value,
                "target": target if isinstance(target, str) else target.value,
                "reason": reason,
                "actor": self.actor,
            }
        )

    def flush(self) -> None:
        """Write the remembered events; call once, last in the transaction."""
        if self._events:
            self.connection.execute(_EVENTS, self._events)
            self._events.clear()


@lru_cache(maxsize=256)
def _guarded(
    table: Table, key: tuple[str, ...], values: tuple[str, ...], bump: tuple[str, ...]
) -> Update:
    # Built once per form: building a statement costs more than running it.
    guard = and_(
        table.c.state == bindparam("source_state"),
        *(table.c[name] == bindparam(f"key_{name}") for name in key),
    )
    return (
        update(table)
        .where(guard)
        .values(
            state=bindparam("target_state"),
            **{name: bindparam(f"set_{name}") for name in values},
            **{name: table.c[name] + 1 for name in bump},
        )
    )
