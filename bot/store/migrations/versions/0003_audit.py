"""The audit trail, the delivery that brought a command, and another word for deliveries that failed for good."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("lane_id", BIG_ID, nullable=False),
        sa.Column("turn", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("sha", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("result", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.String(length=200), server_default="", nullable=False),
        sa.Column("delivery", sa.String(length=100), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["lane_id"], ["lanes.id"], name="fk_audit_lane_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_lane_id_id", "audit", ["lane_id", "id"])
    op.add_column("commands", sa.Column("delivery", sa.String(length=100), nullable=True))
    deliveries = sa.table("deliveries", sa.column("state", sa.String))
    op.execute(deliveries.update().where(deliveries.c.state == "failed").values(state="parked"))
