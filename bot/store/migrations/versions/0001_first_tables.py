"""The first tables: inbox, queue, plans, commands, journal."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("guid", sa.String(length=100), nullable=False),
        sa.Column("event", sa.String(length=100), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("guid", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_state_received_at", "deliveries", ["state", "received_at"])

    op.create_table(
        "lanes",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("installation_id", sa.BigInteger(), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("full_name", sa.String(length=200), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wake_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_token", sa.String(length=36), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_lanes"),
        sa.UniqueConstraint("kind", "repository_id", "number", name="uq_lanes_kind_repository_id_number"),
    )
    op.create_index("ix_lanes_due_at", "lanes", ["due_at"])
    op.create_index("ix_lanes_repository_id", "lanes", ["repository_id"])

    op.create_table(
        "commands",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("lane_id", BIG_ID, nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("author_is_bot", sa.Boolean(), nullable=False),
        sa.Column("pull", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("comment", sa.String(length=200), nullable=True),
        sa.Column("comment_url", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["lane_id"], ["lanes.id"], name="fk_commands_lane_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_commands"),
        sa.UniqueConstraint("source", name="uq_commands_source"),
    )
    op.create_index("ix_commands_lane_id_state", "commands", ["lane_id", "state"])

    op.create_table(
        "journal",
        sa.Column("lane_id", BIG_ID, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("intended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["lane_id"], ["lanes.id"], name="fk_journal_lane_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("lane_id", "key", name="pk_journal"),
    )
    op.create_table(
        "plan_branches",
        sa.Column("lane_id", BIG_ID, nullable=False),
        sa.Column("branch", sa.String(length=255), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("pull_number", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["lane_id"], ["lanes.id"], name="fk_plan_branches_lane_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("lane_id", "branch", name="pk_plan_branches"),
    )
    op.create_index("ix_plan_branches_repository_id_branch", "plan_branches", ["repository_id", "branch"])
    op.create_index("ix_plan_branches_repository_id_pull_number", "plan_branches", ["repository_id", "pull_number"])

    op.create_table(
        "plans",
        sa.Column("lane_id", BIG_ID, nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("issue_node_id", sa.String(length=200), nullable=True),
        sa.Column("repository_node_id", sa.String(length=200), nullable=True),
        sa.Column("base", sa.String(length=255), nullable=True),
        sa.Column("started", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("open", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(["lane_id"], ["lanes.id"], name="fk_plans_lane_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("lane_id", name="pk_plans"),
    )
    op.create_index("ix_plans_open", "plans", ["open"])
