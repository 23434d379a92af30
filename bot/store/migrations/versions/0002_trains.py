"""The merge train: whose turn it is on a base, who waits for it and who freezes it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "trains",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("base", sa.String(length=255), nullable=False),
        sa.Column("lane_id", BIG_ID, nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("doing", sa.Text(), server_default="", nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shown", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["lane_id"], ["lanes.id"], name="fk_trains_lane_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("repository_id", "base", name="pk_trains"),
    )
    op.create_index("ix_trains_lane_id", "trains", ["lane_id"])

    op.create_table(
        "train_plans",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("base", sa.String(length=255), nullable=False),
        sa.Column("lane_id", BIG_ID, nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_key", sa.Text(), nullable=True),
        sa.Column("frozen", sa.Text(), nullable=True),
        sa.Column("outside", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["lane_id"], ["lanes.id"], name="fk_train_plans_lane_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("repository_id", "base", "lane_id", name="pk_train_plans"),
    )
    op.create_index("ix_train_plans_lane_id", "train_plans", ["lane_id"])
