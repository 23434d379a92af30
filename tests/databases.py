"""Databases for tests, one kind after the other: a SQLite file, and a PostgreSQL of the run.

A migrated one costs a copy of a file, or the emptying of the one that the process keeps on the server.
"""

import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.db import Database
from bot.store.migrate import upgrade
from bot.store.tables import metadata
from tests import postgres
from tests.needs import lacking

KINDS = ("sqlite", "postgresql")
SQLITE_FILE = "signalbox.sqlite3"  # in a test's own folder

#: For a test that is about one kind only.
ONLY_SQLITE = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
ONLY_POSTGRESQL = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)

#: Closes what an earlier test left open, deletes all rows (a TRUNCATE takes four times as long) and counts from 1 again.
EMPTY = "; ".join(
    (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        *(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)),
        "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'",
    )
)

_migrated: dict[str, bytes] = {}  # the file of a migrated SQLite database
_kept: dict[str, str] = {}  # this process's migrated database, by server


def text_of(url: URL) -> str:
    """Return an address with its password, as settings hold it."""
    return url.render_as_string(hide_password=False)


def server() -> URL:
    """Return the run's PostgreSQL; skip the test where there is none, but fail it in CI."""
    try:
        return postgres.shared()
    except postgres.Unavailable as error:
        refuse(error)


def refuse(error: postgres.Unavailable) -> NoReturn:
    """Skip the test, but fail it in CI."""
    lacking(f"no PostgreSQL here: {error}")


@contextmanager
def own_server() -> Iterator[postgres.Postgres]:
    """Bring up a PostgreSQL that nobody else uses, to be stopped and started at will."""
    with tempfile.TemporaryDirectory(prefix="signalbox-pg-", ignore_cleanup_errors=True) as folder:
        try:
            own = postgres.Postgres.make(Path(folder), os.getpid())
            own.start()
        except postgres.Unavailable as error:
            refuse(error)
        try:
            yield own
        finally:
            if own.is_up:
                own.stop("immediate")


@asynccontextmanager
async def empty(kind: str, folder: Path) -> AsyncIterator[str]:
    """Make a database without tables; gives its address."""
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{folder / 'empty.sqlite3'}"
        return
    name = f"signalbox_test_{uuid4().hex}"
    await run(server(), f"CREATE DATABASE {name}")
    try:
        yield text_of(server().set(database=name))
    finally:
        await run(server(), f"DROP DATABASE {name} WITH (FORCE)")


async def migrated(kind: str, folder: Path) -> str:
    """Return the address of a database with all tables and nothing in them, which nobody else uses until the test ends."""
    if kind == "sqlite":
        return await _copy(folder / SQLITE_FILE)
    url = server()
    if text_of(url) not in _kept:
        name = f"signalbox_test_{uuid4().hex}"
        await run(url, f"CREATE DATABASE {name}")
        _kept[text_of(url)] = text_of(url.set(database=name))
        await _migrate(_kept[text_of(url)])
    else:
        await run(make_url(_kept[text_of(url)]), EMPTY)
    return _kept[text_of(url)]


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, int]]]:
    """Collect the statements of a database's sessions, each with the number of its values; one for many rows is one with 0."""
    engine, said = database.engine.sync_engine, list[tuple[str, int]]()

    def note(_connection: object, _cursor: object, statement: str, values: Any, _context: object, many: bool) -> None:
        said.append((statement, 0 if many else len(values)))

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


async def plan_of(database: Database, work: Callable[[AsyncSession], Awaitable[object]]) -> list[str]:
    """Return how the database goes about what is done in a session: a line for each step of each statement."""
    engine, said = database.engine.sync_engine, list[tuple[str, Any]]()

    def note(_connection: object, _cursor: object, statement: str, values: Any, _context: object, _many: bool) -> None:
        said.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    async with database.session() as session:
        await work(session)
    event.remove(engine, "before_cursor_execute", note)
    explain = "EXPLAIN" if database.is_shared else "EXPLAIN QUERY PLAN"
    lines: list[str] = []
    async with database.session() as session:
        connection = await session.connection()
        for statement, values in said:
            lines += [str(row[-1]) for row in await connection.exec_driver_sql(f"{explain} {statement}", values)]
    return lines


async def run(url: URL, statements: str) -> None:
    """Have a PostgreSQL execute something outside any transaction of Signalbox."""
    connection = await asyncpg.connect(text_of(url.set(drivername="postgresql")))
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


async def _copy(path: Path) -> str:
    url = f"sqlite+aiosqlite:///{path}"
    if not _migrated:
        await _migrate(url)
        _migrated["file"] = path.read_bytes()
    else:
        path.write_bytes(_migrated["file"])
    return url


async def _migrate(url: str) -> None:
    database = Database(url)
    await upgrade(database.engine)
    await database.close()
