"""Opens the database and hands out transactions; the one place that knows SQLite from PostgreSQL.

Must not hold a query of the program, nor a transaction open while anything but the database is awaited.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, nullcontext
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import structlog
from sqlalchemy import Engine, Select, Table, create_engine, delete, event, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool, StaticPool
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from bot.store.tables import UtcDateTime, deliveries

T = TypeVar("T")

log = structlog.get_logger()

#: PostgreSQL is not to be reached, shuts down, is starting, or has no connection left.
#: https://www.postgresql.org/docs/current/errcodes-appendix.html
AWAY = ("08", "57P01", "57P02", "57P03", "53300")

BUSY_TIMEOUT = 15_000  # ms that SQLite waits for another process's lock
SWITCH_TIMEOUT = 100  # milliseconds that one try to switch the journal may wait
SWITCH_TRIES = 150
WAL_PAGES = 4000  # of 4 KiB; a commit that finds more in the write-ahead log moves them into the file itself
COMMITS_BETWEEN = 8  # of the writer, until a thread of its own begins to move what they wrote
POOL_SIZE = 5  # connections to PostgreSQL that a process keeps
POOL_OVERFLOW = 5  # and opens beyond that while it is busy
STRAIGHT_CONNECTIONS = 2  # and those that only store what comes in
STATEMENT_SECONDS = 60  # that PostgreSQL may take for one statement before the connection counts as dead
CONNECT_SECONDS = 10  # and to answer at all

#: What PostgreSQL is told about each connection. A transaction whose process is frozen or out of reach ends after half a
#: minute, for it may hold what others wait for.
#: https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-IDLE-IN-TRANSACTION-SESSION-TIMEOUT
SERVER_SETTINGS = {"application_name": "signalbox", "idle_in_transaction_session_timeout": "30000"}  # milliseconds
CONNECT: dict[str, Any] = {
    "server_settings": SERVER_SETTINGS, "command_timeout": STATEMENT_SECONDS, "timeout": CONNECT_SECONDS,
}  # fmt: skip


class database_now(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function it is
    """The time by the database's clock, `plus` seconds from now: the one clock that all processes share."""

    type = UtcDateTime()
    inherit_cache = True

    def __init__(self, plus: float = 0) -> None:
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
        self._straight = _Straight(make_url(url)) if self.is_shared else None

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
                return await self._writer.run(partial(self._writer.transact, work))
        async with self.engine.begin() as connection:
            return await connection.run_sync(work)

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        """Run one statement that commits by itself; return its rows. It comes from the driver, and goes by its dialect.

        Its values stand at $1, $2 and so on for PostgreSQL, at ? for SQLite. For what comes by the thousand: it takes
        one round trip, where a transaction takes four.
        """
        if self._straight is not None:
            return await self._straight.fetch(statement, values)
        assert self._writer is not None
        async with self._turn():
            return await self._writer.run(partial(self._writer.fetch, statement, values))

    def _turn(self) -> AbstractAsyncContextManager[object]:
        return self._writer.turn if self._writer is not None else nullcontext()

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
        if self._straight is not None:
            await self._straight.close()


class _Straight:
    """Connections to PostgreSQL of the driver's own, without the layers above it."""

    def __init__(self, url: URL) -> None:
        _, options = url.get_dialect()().create_connect_args(url)
        # what the driver would not know are words to SQLAlchemy alone
        self._options = {name: value for name, value in options.items() if not name.startswith("prepared_statement_")}
        self._opening = asyncio.Lock()
        self._pool: Any = None

    async def fetch(self, statement: str, values: Sequence[object]) -> list[Any]:
        import asyncpg  # noqa: PLC0415 - installed only where PostgreSQL is used

        try:
            async with self._opening:
                if self._pool is None:
                    self._pool = await asyncpg.create_pool(
                        **self._options, **CONNECT, min_size=0, max_size=STRAIGHT_CONNECTIONS, reset=_as_it_is
                    )
            rows: list[Any] = await self._pool.fetch(statement, *values)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise OperationalError(statement, None, error, hide_parameters=True) from error
        return rows

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()


async def _as_it_is(_connection: object) -> None:
    """Leave a connection as it is: a statement by itself changes nothing about it."""


class _Writer:
    """A second connection to SQLite, in a thread of its own, and the turns that the two take.

    A third one moves what was committed from the write-ahead log into the file, beside those who write: else every so
    many commits one would do it, and all who wait for that one would wait a dozen times as long.
    """

    def __init__(self, url: URL) -> None:
        self.turn = asyncio.Lock()  # whoever waits gets it in the order of asking
        self._engine, self._mover = (
            create_engine(
                url.set(drivername="sqlite"), poolclass=StaticPool, pool_reset_on_return=None, hide_parameters=True
            )
            for _ in range(2)
        )
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._moving = ThreadPoolExecutor(1, thread_name_prefix="sqlite-log")
        self._cursor: DBAPICursor | None = None  # of the first connection, for statements by themselves
        self._moved: Future[None] | None = None
        self._commits = 0
        _set_up_sqlite(self._engine)
        _set_up_sqlite(self._mover)

    async def run(self, work: Callable[[], T]) -> T:
        """Do it in the thread, by one of the two methods below."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Do it in a transaction."""
        with self._engine.begin() as connection:
            return work(connection)

    def fetch(self, statement: str, values: Sequence[object]) -> list[Any]:
        """Run a statement by itself, without the layers above the driver."""
        try:
            if self._cursor is None:
                with closing(self._engine.raw_connection()) as connection:  # which stays open: there is but the one
                    self._cursor = connection.cursor()
            self._cursor.execute(statement, values)
            return list(self._cursor.fetchall())
        except sqlite3.Error as error:
            raise DBAPIError.instance(statement, None, error, sqlite3.Error, hide_parameters=True) from error

    def close(self) -> None:
        """End the threads and close their connections."""
        for thread in (self._thread, self._moving):
            thread.shutdown()
        for engine in (self._engine, self._mover):
            engine.dispose()

    def _do(self, work: Callable[[], T]) -> T:
        done = work()
        self._commits += 1
        if self._commits % COMMITS_BETWEEN == 0 and (self._moved is None or self._moved.done()):
            self._moved = self._moving.submit(self._move)
        return done

    def _move(self) -> None:
        """Do what can be done without holding up anybody. https://www.sqlite.org/pragma.html#pragma_wal_checkpoint."""
        try:
            with closing(self._mover.raw_connection()) as connection:  # one that begins no transaction of its own
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            log.warning("database.log_not_moved", error=str(error))


def is_away(error: Exception) -> bool:
    """Whether the error says that the database cannot be used at the moment, not that something was asked that is wrong."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError)
    return error.connection_invalidated or str(getattr(error.orig, "sqlstate", "")).startswith(AWAY)


def is_postgresql(session: AsyncSession | Connection) -> bool:
    """Whether the session is one of PostgreSQL."""
    dialect = session.dialect if isinstance(session, Connection) else session.get_bind().dialect
    return dialect.name == "postgresql"


def insert_into(session: AsyncSession | Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT, which both databases write alike but SQLAlchemy keeps per dialect."""
    return postgresql.insert(table) if is_postgresql(session) else sqlite.insert(table)


async def delete_some(session: AsyncSession, table: Table, which: Select[Any]) -> int:
    """Delete the rows that a query with a limit names, by the primary key; return how many.

    The query is a WITH: inside a condition PostgreSQL may run it once for each row, and each time for other rows.
    """
    some = which.cte("some")
    key = table.primary_key.columns
    gone = await session.execute(
        delete(table).where(tuple_(*key).in_(select(*(some.c[each.name] for each in key)))).returning(*key)
    )
    return len(gone.all())


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
        connect_args=CONNECT,
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
        cursor.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        cursor.execute("PRAGMA synchronous = FULL")  # acknowledged means on disk, also when the power goes
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first and writes later would fail at once, without waiting, if another process wrote
        # in between (https://www.sqlite.org/lang_transaction.html).
        connection.exec_driver_sql("BEGIN IMMEDIATE")
