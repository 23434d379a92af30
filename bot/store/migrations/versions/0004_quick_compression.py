"""Bodies of deliveries are compressed the quick way, where PostgreSQL has it: its old way took longer than all the rest."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: PostgreSQL from 14 on can be built with lz4, as that of every distribution is. What is stored already stays as it is.
QUICKLY = """
DO $$ BEGIN
    IF 'lz4' = ANY (SELECT unnest(enumvals) FROM pg_settings WHERE name = 'default_toast_compression') THEN
        ALTER TABLE deliveries ALTER COLUMN body SET COMPRESSION lz4;
    END IF;
END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(QUICKLY)
