"""Artifacts and who needs them.

Invariant: an artifact that a live job, or a receipt that is still kept, refers to is never given up.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, update

from farm.domain.states import JOB_ENDED
from farm.ledger.database import Database
from farm.ledger.schema import artifact_uses, artifacts, jobs


class Artifacts:
    """Reads and writes about artifacts."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def needed(self, kept_after_s: float) -> set[str]:
        """Hashes that jobs need which have not ended, or ended later than ``kept_after_s``."""
        with self.database.read() as connection:
            return set(
                connection.execute(
                    select(artifact_uses.c.hash)
                    .distinct()
                    .join(jobs, jobs.c.id == artifact_uses.c.job_id)
                    .where(_live(kept_after_s))
                ).scalars()
            )

    def mark_missing(self, digest: str, kept_after_s: float) -> bool:
        """Give an artifact up before it is removed; false when somebody needs it after all."""

        def act(connection: Connection) -> bool:
            user = connection.execute(
                select(artifact_uses.c.job_id)
                .join(jobs, jobs.c.id == artifact_uses.c.job_id)
                .where(artifact_uses.c.hash == digest, _live(kept_after_s))
                .limit(1)
            ).first()
            if user is not None:
                return False
            connection.execute(
                update(artifacts).where(artifacts.c.hash == digest).values(missing=True)
            )
            return True

        return self.database.write(act)

    def find(self, digest: str) -> dict[str, Any] | None:
        """One artifact's row, if it is known and in the store."""
        with self.database.read() as connection:
            row = connection.execute(
                select(artifacts).where(artifacts.c.hash == digest, artifacts.c.missing.is_(False))
            ).first()
            return None if row is None else dict(row._mapping)

    def used_bytes(self) -> int:
        """Size of everything in the store, as the ledger knows it."""
        with self.database.read() as connection:
            total = connection.execute(
                select(func.coalesce(func.sum(artifacts.c.size_bytes), 0)).where(
                    artifacts.c.missing.is_(False)
                )
            ).scalar_one()
            return int(total)


def _live(kept_after_s: float) -> Any:
    return or_(
        jobs.c.state.not_in(list(JOB_ENDED)),
        and_(jobs.c.ended_at.is_not(None), jobs.c.ended_at > kept_after_s),
    )
