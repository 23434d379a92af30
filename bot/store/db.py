"""Opens the database and hands out transactions; the one place that knows SQLite from PostgreSQL.

Must not hold a query of the program, nor a transaction open while anything but the database is awaited.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Engine, Table, create_engine, event, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool, StaticPool
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from bot.store.tables import UtcDateTime, deliveries

T = TypeVar("T")

BUSY_TIMEOUT = 15_000  # ms that SQLite waits for another process's lock
SWITCH_TIMEOUT = 100  # milliseconds that one try to switch the journal may wait
SWITCH_TRIES = 150
POOL_SIZE = 5  # connections to PostgreSQL that a process keeps
POOL_OVERFLOW = 5  # and opens beyond that while it is busy
STATEMENT_SECONDS = 60  # that PostgreSQL may take for one statement before the connection counts as dead

#: What PostgreSQL is told about each connection. A transaction whose process is frozen or out of reach ends after half a
#: minute, for it may hold what others wait for.
#: https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-IDLE-IN-TRANSACTION-SESSION-TIMEOUT
SERVER_SETTINGS = {"application_name": "signalbox", "idle_in_transaction_session_timeout": "30000"}  # milliseconds


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

    On SQLite transactions take turns in the order in which they were asked for: several at once would only meet each
    other's locks (a hundred times the latency at worst), and each takes about a millisecond. So never open a session
    inside another one.
    """

    def __init__(self, url: str) -> None:
        self.engine: AsyncEngine = _engine(make_url(url))
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._writer = _Writer(make_url(url)) if not self.is_shared else None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """Return a transaction: committed where its block ends, rolled back if the block raises."""
        async with self._turn(), self._sessions.begin() as session:
            yield session

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Do a little work in a transaction of its own and return what it returns; nothing is kept if it raises.

        For what comes by the thousand: on SQLite it takes one change of threads, where a session takes one a statement.
        """
        if self._writer is not None:
            async with self._turn():
                return await self._writer.run(work)
        async with self.engine.begin() as connection:
            return await connection.run_sync(work)

    def _turn(self) -> AbstractAsyncContextManager[object]:
        return self._writer.turn if self._writer is not None else nullcontext()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """Return a transaction to read in, all of whose statements see one moment, whatever other processes do meanwhile."""
        async with self.session() as session:
            if self.is_shared:
                await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

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
        if self._writer is not None:
            self._writer.close()


class _Writer:
    """A second connection to SQLite, in a thread of its own, and the turns that the two take."""

    def __init__(self, url: URL) -> None:
        self.turn = asyncio.Lock()  # whoever waits gets it in the order of asking
        self._engine = create_engine(url.set(drivername="sqlite"), poolclass=StaticPool, hide_parameters=True)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        _set_up_sqlite(self._engine)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do it in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)

    def close(self) -> None:
        """Close the connection and end the thread."""
        self._engine.dispose()
        self._thread.shutdown()

    def _do(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)


def is_away(error: Exception) -> bool:
    """Whether the error says that the database cannot be reached, rather than that something was asked that is wrong."""
    return isinstance(error, OSError) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def is_postgresql(session: AsyncSession | Connection) -> bool:
    """Whether the session is one of PostgreSQL."""
    dialect = session.dialect if isinstance(session, Connection) else session.get_bind().dialect
    return dialect.name == "postgresql"


def insert_into(session: AsyncSession | Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT, which both databases write alike but SQLAlchemy keeps per dialect."""
    return postgresql.insert(table) if is_postgresql(session) else sqlite.insert(table)


async def now(session: AsyncSession) -> datetime:
    """Return the time by the database's clock."""
    return (await session.execute(select(database_now()))).scalar_one()


def _engine(url: URL) -> AsyncEngine:
    """Return the engine. What people wrote is in a statement's parameters, so no error may quote those."""
    if url.get_backend_name() != "sqlite":
        return _postgresql(url)
    engine = create_async_engine(
        url, poolclass=AsyncAdaptedQueuePool, pool_size=1, max_overflow=0, hide_parameters=True
    )
    _set_up_sqlite(engine.sync_engine)
    return engine


def lone_engine(url: URL) -> AsyncEngine:
    """Return an engine without a pool for a PostgreSQL: each connection is a new one and has all the time it wants."""
    return create_async_engine(
        url, poolclass=NullPool, connect_args={"server_settings": SERVER_SETTINGS}, hide_parameters=True
    )


def _postgresql(url: URL) -> AsyncEngine:
    """Return an engine that notices a broken connection before it is used, and one that falls silent."""
    return create_async_engine(
        url,
        pool_pre_ping=True,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        hide_parameters=True,
        connect_args={"server_settings": SERVER_SETTINGS, "command_timeout": STATEMENT_SECONDS},
    )


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
