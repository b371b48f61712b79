"""Indexes that let the console sort and choose among many jobs."""

from collections.abc import Sequence

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_INDEXES = {
    "ix_jobs_priority": ["priority", "number"],
    "ix_jobs_pipeline": ["pipeline", "number"],
    "ix_jobs_submitter": ["submitter", "number"],
    "ix_jobs_created_at": ["created_at"],
    "ix_jobs_ended_at": ["ended_at"],
}


def upgrade() -> None:
    for name, columns in _INDEXES.items():
        op.create_index(name, "jobs", columns)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, table_name="jobs")
