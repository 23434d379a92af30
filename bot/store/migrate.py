"""Brings a database to the newest tables. Run at every start and by `signalbox migrate`; repeating it changes nothing.

Must not be run with an open session: SQLite has one connection.
"""

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine


async def upgrade(engine: AsyncEngine, revision: str = "head") -> None:
    """Apply every migration that is missing, all or none, in one transaction. Several processes may do it at once."""
    async with engine.begin() as connection:
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
