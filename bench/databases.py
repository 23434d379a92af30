"""Databases for the benchmarks: files and a PostgreSQL that flush to the disk, as in production."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.engine import URL

from bot.store.db import Database
from bot.store.tables import deliveries
from tests.databases import run, text_of
from tests.postgres import Postgres, Unavailable

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on"}

_number = count()


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL with its address."""

    url: URL

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """Make an empty database; gives its address."""
        name = f"bench_{next(_number)}"
        await run(self.url, f"CREATE DATABASE {name}")
        try:
            yield text_of(self.url.set(database=name))
        finally:
            await run(self.url, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def postgresql() -> Iterator[Server | None]:
    """Bring a server up; None where this machine has none."""
    with tempfile.TemporaryDirectory(prefix="signalbox-pg-", ignore_cleanup_errors=True) as folder:
        try:
            server = Postgres.make(Path(folder), os.getpid())
            server.start(**DURABLE)
        except Unavailable as error:
            print(f"no PostgreSQL here, so nothing is measured on one: {error}")
            yield None
            return
        try:
            yield Server(server.url)
        finally:
            server.stop("immediate")


@asynccontextmanager
async def sqlite() -> AsyncIterator[str]:
    """Make an empty file on this machine's disk; gives its address."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=Path.cwd() / ".venv") as folder:
        yield f"sqlite+aiosqlite:///{folder}/signalbox.sqlite3"


async def stored(url: str) -> set[str]:
    """Return the GUIDs of all deliveries in a database."""
    database = Database(url)
    async with database.session() as session:
        found = set((await session.execute(select(deliveries.c.guid))).scalars())
    await database.close()
    return found
