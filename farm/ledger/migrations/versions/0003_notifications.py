"""Notifications that are to be delivered."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    json = sa.JSON(none_as_null=True)
    op.create_table(
        "notifications",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("job_id", sa.String(length=14), nullable=True),
        sa.Column("body", json, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=True),
        sa.Column("delivered_at", sa.Float(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    with op.batch_alter_table("notifications", schema=None) as batch_op:
        batch_op.create_index("ix_notifications_key", ["key", "channel"], unique=True)
        batch_op.create_index("ix_notifications_channel", ["channel", "due_at"], unique=False)
    # What happened before this version is not news.
    newest = op.get_bind().execute(sa.text("SELECT max(id) FROM events")).scalar()
    if newest:
        settings = sa.table("settings", sa.column("name", sa.String), sa.column("value", json))
        op.bulk_insert(settings, [{"name": "notify.position", "value": newest}])


def downgrade() -> None:
    op.execute("DELETE FROM settings WHERE name = 'notify.position'")
    with op.batch_alter_table("notifications", schema=None) as batch_op:
        batch_op.drop_index("ix_notifications_channel")
        batch_op.drop_index("ix_notifications_key")
    op.drop_table("notifications")
