"""Lanes of plans that are over are told from the others by an index of their repository.

A plan that a process without the column takes up again stays marked until its next turn: meanwhile what happens to its base
does not wake it, but a round of the slow clock does.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lanes", sa.Column("finished", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("UPDATE lanes SET finished = true WHERE id IN (SELECT lane_id FROM plans WHERE NOT open)")
    op.create_index("ix_lanes_repository_id_finished", "lanes", ["repository_id", "finished"])
