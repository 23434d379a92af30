"""An index by which the installations have turns one after the other."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waiting = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_lanes_urgent_installation_id_due_at_id",
        "lanes",
        ["urgent", "installation_id", "due_at", "id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
