"""Brings a database to the newest tables. Run at every start and by `signalbox migrate`; repeating it changes nothing.

Must not be run with an open session: SQLite has one connection.
"""

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from sqlalchemy import func, inspect, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.db import lone_engine

if TYPE_CHECKING:
    from alembic.config import Config

ONE_AT_A_TIME = 7_436_299  # any number: the key of the lock that migrating processes share on PostgreSQL


async def upgrade(engine: AsyncEngine, revision: str = "head") -> None:
    """Apply every migration that is missing, all or none, in one transaction. Several processes may do it at once.

    On PostgreSQL they wait for each other, and older processes may be at work meanwhile: docs/operations.md says what a
    migration may do to their tables.
    """
    if revision == "head":  # most starts find nothing to do, and need not load what would do it
        async with engine.connect() as connection:
            if await connection.run_sync(_revision) == newest():
                return
    is_postgresql = engine.dialect.name == "postgresql"
    used = lone_engine(engine.url) if is_postgresql else engine  # a migration may take longer than a statement may
    async with used.begin() as connection:
        if is_postgresql:  # before alembic looks which migrations are missing
            await connection.execute(select(func.pg_advisory_xact_lock(ONE_AT_A_TIME)))
        await connection.run_sync(_upgrade, revision)


def newest() -> str:
    """Return the newest migration's revision, by the names of the files: each begins with its own."""
    names = [each.name for each in files("bot.store.migrations").joinpath("versions").iterdir()]
    return max(name.partition("_")[0] for name in names if name[0].isdigit())


def config_for(connection: Connection, script_location: str) -> "Config":
    """Return alembic's config without a file."""
    from alembic.config import Config  # noqa: PLC0415 - see `upgrade`

    config = Config()
    config.set_main_option("script_location", script_location.replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    """The revision that a database says it has; None if it says nothing."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(connection: Connection, revision: str) -> None:
    from alembic import command  # noqa: PLC0415 - see `upgrade`

    with as_file(files("bot.store.migrations")) as folder:
        command.upgrade(config_for(connection, str(folder)), revision)
