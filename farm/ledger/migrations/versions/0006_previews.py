"""Preview pictures of running tasks."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "previews",
        sa.Column("task_id", sa.String(length=96), nullable=False),
        sa.Column("job_id", sa.String(length=14), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_previews_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_previews")),
    )
    op.create_index("ix_previews_job_id", "previews", ["job_id"])


def downgrade() -> None:
    op.drop_index("ix_previews_job_id", table_name="previews")
    op.drop_table("previews")
