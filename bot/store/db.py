"""Opens the database and hands out transactions; the one place that knows SQLite from PostgreSQL.

Must not hold a query of the program, nor a transaction open while anything but the database is awaited.
"""

import sqlite3
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Table, event, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from bot.store.tables import UtcDateTime, deliveries

BUSY_TIMEOUT = 15_000  # ms that SQLite waits for another process's lock
SWITCH_TIMEOUT = 100  # milliseconds that one try to switch the journal may wait
SWITCH_TRIES = 150


class database_now(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function it is
    """The time by the database's clock, `plus` seconds from now: the one clock that all processes share."""

    type = UtcDateTime()
    inherit_cache = True

    def __init__(self, plus: int = 0) -> None:
        super().__init__(literal(plus))


@compiles(database_now, "sqlite")
def _sqlite_now(element: database_now, compiler: SQLCompiler, **kw: Any) -> str:
    # Written just as SQLAlchemy writes a DateTime, for SQLite compares them as text.
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', {compiler.process(element.clauses, **kw)} || ' seconds')"


@compiles(database_now, "postgresql")
def _postgresql_now(element: database_now, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(clock_timestamp() + {compiler.process(element.clauses, **kw)} * interval '1 second')"


class Database:
    """One database. Opens no connection before the first transaction.

    SQLite has one connection: several writers in one process would only meet each other's locks (a hundred times the
    latency at worst), and a transaction takes about a millisecond. So never open a session inside another one.
    """

    def __init__(self, url: str) -> None:
        self.engine: AsyncEngine = _engine(make_url(url))
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    def session(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Return a transaction: committed where its block ends, rolled back if the block raises."""
        return self._sessions.begin()

    @property
    def is_shared(self) -> bool:
        """Whether several workers may use it at once: SQLite is for one process, PostgreSQL for any number."""
        return self.engine.dialect.name != "sqlite"

    async def check(self) -> None:
        """Raise what the database raises if it cannot be reached or has no tables."""
        async with self.session() as session:
            await session.execute(select(deliveries.c.guid).limit(1))

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def insert_into(session: AsyncSession, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT, which both databases write alike but SQLAlchemy keeps per dialect."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


async def now(session: AsyncSession) -> datetime:
    """Return the time by the database's clock."""
    return (await session.execute(select(database_now()))).scalar_one()


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, pool_pre_ping=True)
    engine = create_async_engine(url, poolclass=AsyncAdaptedQueuePool, pool_size=1, max_overflow=0)
    _set_up_sqlite(engine.sync_engine)
    return engine


def _write_ahead(cursor: Any) -> None:
    """Switch a database to its write-ahead log, which stays on in the file.

    Two connections that switch a new file at once each hold what the other waits for, however long they wait: so each
    waits a moment only, lets go, and tries again. https://www.sqlite.org/wal.html
    """
    cursor.execute(f"PRAGMA busy_timeout = {SWITCH_TIMEOUT}")
    for more in reversed(range(SWITCH_TRIES)):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if not more:
                raise
        else:
            return


def _set_up_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions: BEGIN IMMEDIATE below does
        cursor = connection.cursor()
        _write_ahead(cursor)
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
        cursor.execute("PRAGMA synchronous = FULL")  # acknowledged means on disk, also when the power goes
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first and writes later would fail at once, without waiting, if another process wrote
        # in between (https://www.sqlite.org/lang_transaction.html).
        connection.exec_driver_sql("BEGIN IMMEDIATE")
