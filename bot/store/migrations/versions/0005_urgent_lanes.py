"""Lanes that something happened to are urgent; and when each was looked at, so that looks without news go round."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lanes", sa.Column("urgent", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("lanes", sa.Column("look_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_lanes_urgent_due_at", "lanes", ["urgent", "due_at"])
