"""What attempts count as, and what services outside call their work."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_NAMED = sa.text("known_as IS NOT NULL")


def upgrade() -> None:
    op.add_column("attempts", sa.Column("counts_as", sa.String(length=80), nullable=True))
    op.add_column("attempts", sa.Column("known_as", sa.String(length=200), nullable=True))
    op.create_index(
        "ix_attempts_known_as",
        "attempts",
        ["known_as"],
        sqlite_where=_NAMED,
        postgresql_where=_NAMED,
    )


def downgrade() -> None:
    op.drop_index("ix_attempts_known_as", table_name="attempts")
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.drop_column("known_as")
        batch_op.drop_column("counts_as")
