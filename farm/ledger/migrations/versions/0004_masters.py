"""Masters and the drafts they were made of."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("draft_id", sa.String(length=14), nullable=True))
    op.create_index("ix_jobs_draft_id", "jobs", ["draft_id"])
    op.create_index("ix_jobs_quality", "jobs", ["quality", "state", "number"])


def downgrade() -> None:
    op.drop_index("ix_jobs_quality", table_name="jobs")
    op.drop_index("ix_jobs_draft_id", table_name="jobs")
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.drop_column("draft_id")
