"""What a node that is already running can do: written anew when its models come or go.

Invariant: only the living incarnation of a node speaks for it, and what it was handed stays with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, update

from farm.ledger.database import Database
from farm.ledger.moves import Moves
from farm.ledger.schema import nodes


def write_offers(
    database: Database,
    name: str,
    incarnation: str,
    *,
    offers: Mapping[str, int],
    complaints: Mapping[str, str],
    tags: Sequence[str],
) -> None:
    """Replace a node's offers (stage id to version), complaints (stage id to why not) and tags."""

    def act(connection: Connection) -> None:
        moves = Moves(connection, now_s=database.clock(), actor=f"node {name}")
        changed = connection.execute(
            update(nodes)
            .where(nodes.c.name == name, nodes.c.incarnation == incarnation)
            .values(offers=dict(offers), complaints=dict(complaints), tags=list(tags))
            .returning(nodes.c.name)
        ).first()
        if changed is not None:
            moves.note("node", name, "offers", f"it offers {len(offers)} stages now")
        moves.flush()

    database.write(act)
