"""Recorded peaks: what attempts used, kept as long as somebody asks for it.

Invariant: of each version of a stage the newest runs of every size stay, so the table grows with the
stages and sizes that there are and not with the work that was done.
"""

from __future__ import annotations

from sqlalchemy import Connection, Delete, delete, func, select

from farm.ledger.database import Database
from farm.ledger.schema import peaks

KEPT = 200
"""Runs of a size that stay: more than any estimate or reservation looks at."""

_AT_ONCE = 5000


def prune_peaks(database: Database, *, keep: int = KEPT) -> int:
    """Forget all but the newest ``keep`` runs of each stage, version and size; returns how many went.

    A few thousand rows a transaction, so that a ledger that was never pruned keeps nobody waiting.
    """
    group = (peaks.c.stage_id, peaks.c.version, peaks.c.size)
    with database.read() as connection:
        full = connection.execute(select(*group).group_by(*group).having(func.count() > keep)).all()
    gone = 0
    for values in full:
        here = [column == value for column, value in zip(group, values, strict=True)]
        with database.read() as connection:
            last = connection.execute(
                select(peaks.c.id).where(*here).order_by(peaks.c.id.desc()).offset(keep).limit(1)
            ).scalar_one_or_none()
        if last is None:
            continue
        some = select(peaks.c.id).where(*here, peaks.c.id <= last).limit(_AT_ONCE)
        while went := _delete(database, delete(peaks).where(peaks.c.id.in_(some))):
            gone += went
    return gone


def _delete(database: Database, some: Delete) -> int:
    def act(connection: Connection) -> int:
        return int(connection.execute(some).rowcount)

    return database.write(act)
