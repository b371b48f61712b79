"""What loading a model costs, and who waits for which model."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_WITH_MODEL = sa.text("model_key IS NOT NULL")


def upgrade() -> None:
    op.add_column("tasks", sa.Column("overtaken_at", sa.Float(), nullable=True))
    op.create_index(
        "ix_tasks_model",
        "tasks",
        ["state", "urgency", "due", "job_number", "ordinal", "model_key"],
        sqlite_where=_WITH_MODEL,
        postgresql_where=_WITH_MODEL,
    )
    op.create_table(
        "model_loads",
        sa.Column("model_key", sa.Text(), nullable=False),
        sa.Column("load_s", sa.Float(), nullable=False),
        sa.Column("size_mb", sa.Float(), nullable=False),
        sa.Column("loads", sa.Integer(), nullable=False),
        sa.Column("loaded_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("model_key", name=op.f("pk_model_loads")),
    )


def downgrade() -> None:
    op.drop_table("model_loads")
    op.drop_index("ix_tasks_model", table_name="tasks")
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_column("overtaken_at")
