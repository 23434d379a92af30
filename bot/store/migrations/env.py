"""Run by alembic for every command; works on the connection that the caller put into the config.

Must not open a connection or read a setting.
"""

from alembic import context
from sqlalchemy import text

from bot.store.tables import metadata

ONE_AT_A_TIME = 7_436_299  # any number: the key of the lock that migrating processes share on PostgreSQL

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",  # SQLite cannot alter a column in place
)
with context.begin_transaction():
    context.run_migrations()
