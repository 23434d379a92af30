"""Brings a database to the newest tables. Run at every start and by `signalbox migrate`; repeating it changes nothing.

Must not be run with an open session: SQLite has one connection.
"""

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from sqlalchemy import func, select
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.db import lone_engine

ONE_AT_A_TIME = 7_436_299  # any number: the key of the lock that migrating processes share on PostgreSQL


async def upgrade(engine: AsyncEngine, revision: str = "head") -> None:
    """Apply every migration that is missing, all or none, in one transaction. Several processes may do it at once.

    On PostgreSQL they wait for each other, and older processes may be at work meanwhile: docs/operations.md says what a
    migration may do to their tables.
    """
    is_postgresql = engine.dialect.name == "postgresql"
    used = lone_engine(engine.url) if is_postgresql else engine  # a migration may take longer than a statement may
    async with used.begin() as connection:
        if is_postgresql:  # before alembic looks which migrations are missing
            await connection.execute(select(func.pg_advisory_xact_lock(ONE_AT_A_TIME)))
        await connection.run_sync(_upgrade, revision)


def config_for(connection: Connection, script_location: str) -> Config:
    """Return alembic's config without a file."""
    config = Config()
    config.set_main_option("script_location", script_location.replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection, revision: str) -> None:
    with as_file(files("bot.store.migrations")) as folder:
        command.upgrade(config_for(connection, str(folder)), revision)
