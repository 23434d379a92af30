"""An index by which the latest answers to somebody are counted."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audit_actor_at", "audit", ["actor", "at"])
