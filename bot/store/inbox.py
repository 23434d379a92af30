"""Where deliveries wait between the acknowledgement and the worker: stored by web/hook.py, taken by worker/intake.py.

Must not look into a body. A delivery is kept until it was taken in, however often that fails; one that fails for good is
parked: it stays, with its body and its error, until somebody has it replayed or it is forgotten (retention.py).
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial

import structlog
from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import InboxFull
from bot.store.db import Database, delete_some, insert_into
from bot.store.news import Channel, announce, announce_on
from bot.store.tables import deliveries, pack, unpack

log = structlog.get_logger()

FIRST_RETRY = timedelta(seconds=5)  # doubles with every attempt
LAST_RETRY = timedelta(minutes=15)
MAX_ATTEMPTS = 8
MAX_ERROR = 2000  # characters of an error that are kept
COMMITS_AT_ONCE = 2  # on PostgreSQL; while one is at the disk, the other is on its way
BATCH = 100  # deliveries that one commit takes at most
ROOM = 64 * 1024 * 1024  # bytes that may wait to be stored; when the database hangs they are not to fill the memory
STATES = ("new", "done", "ignored", "parked")
UNFINISHED = ("new", "parked")
FINISHED = ("done", "ignored")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook as it came."""

    guid: str  # the same for a redelivery
    event: str  # GitHub's name of the event: "issue_comment"
    received_at: datetime  # UTC
    body: bytes
    attempts: int = 0  # how often taking it in failed so far


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A delivery as an operator sees it: everything but what it says."""

    guid: str
    event: str
    received_at: datetime  # UTC
    state: str  # one of STATES
    attempts: int
    due_at: datetime | None  # not before; None = at once, or never again
    error: str | None  # of the last attempt


async def accept(session: AsyncSession, guid: str, event: str, body: bytes, now: datetime) -> bool:
    """Store a delivery (T1). False = it is known and nothing changed; a parked one is new again."""
    delivery = Delivery(guid=guid, event=event, received_at=now, body=body)
    connection = await session.connection()
    return bool(await connection.run_sync(partial(_accept, [delivery])))


async def take(session: AsyncSession, limit: int, now: datetime) -> list[Delivery]:
    """Return the deliveries to take in now, oldest first, but for those that somebody else takes in at this moment.

    In that transaction nobody else gets the same ones; in a later one `hold` says which still wait.
    """
    rows = await session.execute(
        select(
            deliveries.c.guid,
            deliveries.c.event,
            deliveries.c.received_at,
            deliveries.c.body,
            deliveries.c.attempts,
        )
        .where(deliveries.c.state == "new", or_(deliveries.c.due_at.is_(None), deliveries.c.due_at <= now))
        .order_by(deliveries.c.received_at, deliveries.c.guid)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [Delivery(**row) for row in rows.mappings()]


async def put_off(session: AsyncSession, guids: Collection[str], until: datetime) -> None:
    """Keep deliveries for the one who took them, until then (T2): others leave them alone, and have them if it dies."""
    await session.execute(update(deliveries).where(deliveries.c.guid.in_(guids)).values(due_at=until))


async def hold(session: AsyncSession, guids: Collection[str]) -> set[str]:
    """Return those of the deliveries that still wait (T2). In that transaction nobody else gets them, from here on."""
    held = await session.execute(
        select(deliveries.c.guid)
        .where(deliveries.c.guid.in_(guids), deliveries.c.state == "new")
        .with_for_update(skip_locked=True)
    )
    return set(held.scalars())


async def finish(session: AsyncSession, guid: str, state: str = "done") -> None:
    """Close a delivery as "done", or as "ignored" where it said nothing to us (T2). Its body is let go."""
    await finish_all(session, {guid: state})


async def finish_all(session: AsyncSession, ends: Mapping[str, str]) -> None:
    """Close deliveries, each by its GUID in its state (T2): most of what a delivery costs, if done one by one."""
    if ends:
        connection = await session.connection()
        await connection.execute(_FINISH, [{"of": guid, "into": state} for guid, state in ends.items()])


async def park(session: AsyncSession, errors: Mapping[str, str]) -> None:
    """Park deliveries that another try would not help, each by its GUID with what is wrong (T2). They keep their bodies."""
    if errors:
        connection = await session.connection()
        await connection.execute(_PARK, [{"of": guid, "why": why[:MAX_ERROR]} for guid, why in errors.items()])


_PARK = (
    update(deliveries)
    .where(deliveries.c.guid == bindparam("of"), deliveries.c.state == "new")
    .values(state="parked", attempts=deliveries.c.attempts + 1, due_at=None, error=bindparam("why"))
)

_FINISH = (
    update(deliveries)
    .where(deliveries.c.guid == bindparam("of"))
    .values(state=bindparam("into"), body=b"", due_at=None, error=None)
)


async def fail(session: AsyncSession, guid: str, error: str, now: datetime) -> bool:
    """Note that taking it in failed, in a transaction of its own: again after 5 s, doubling to 15 min.

    True = that was the last of 8 attempts; now it is parked, with its error and body. What somebody else took in
    meanwhile stays as it is.
    """
    row = and_(deliveries.c.guid == guid, deliveries.c.state == "new")
    before = (await session.execute(select(deliveries.c.attempts).where(row).with_for_update())).scalar_one_or_none()
    if before is None:
        return False
    attempts = before + 1
    over: bool = attempts >= MAX_ATTEMPTS
    due_at = now + min(FIRST_RETRY * 2 ** (attempts - 1), LAST_RETRY)
    values = {"attempts": attempts, "error": error[:MAX_ERROR], "due_at": None if over else due_at}
    await session.execute(update(deliveries).where(row).values(state="parked" if over else "new", **values))
    return over


async def known(session: AsyncSession, guids: Collection[str]) -> set[str]:
    """Return those of the GUIDs that are stored and not parked, so that nobody need send them again."""
    rows = await session.execute(
        select(deliveries.c.guid).where(deliveries.c.guid.in_(guids), deliveries.c.state != "parked")
    )
    return set(rows.scalars())


async def listed(session: AsyncSession, states: Collection[str] = UNFINISHED) -> list[Stored]:
    """Return the deliveries in these states, oldest first."""
    columns = [deliveries.c[name] for name in Stored.__dataclass_fields__]
    rows = await session.execute(
        select(*columns).where(deliveries.c.state.in_(states)).order_by(deliveries.c.received_at, deliveries.c.guid)
    )
    return [Stored(**row) for row in rows.mappings()]


async def replay(session: AsyncSession, guids: Collection[str] | None = None) -> set[str]:
    """Make parked deliveries new again, and those that wait for their next attempt due; return the GUIDs.

    None = all parked ones. A finished delivery cannot be replayed: its body is gone.
    """
    which = [deliveries.c.state == "parked"]
    if guids is not None:
        which = [deliveries.c.guid.in_(guids), deliveries.c.state.in_(UNFINISHED)]
    again = await session.execute(
        update(deliveries).where(*which).values(state="new", attempts=0, due_at=None).returning(deliveries.c.guid)
    )
    made_new = set(again.scalars())
    if made_new:
        await announce(session, Channel.DELIVERIES)
    return made_new


async def prune(session: AsyncSession, before: datetime, limit: int, states: Collection[str] = FINISHED) -> int:
    """Delete so many of the deliveries in these states that came before; return how many."""
    old = (
        select(deliveries.c.guid)
        .where(deliveries.c.state.in_(states), deliveries.c.received_at < before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return await delete_some(session, deliveries, old)


async def prune_parked(session: AsyncSession, before: datetime, limit: int, *, room: int) -> int:
    """Delete so many of the parked deliveries that came before, if newer ones take `room` bytes; return how many."""
    newest_first = (deliveries.c.received_at.desc(), deliveries.c.guid.desc())
    taken = func.sum(func.length(deliveries.c.body)).over(order_by=newest_first).label("taken")
    parked = select(deliveries.c.guid, deliveries.c.received_at, taken).where(deliveries.c.state == "parked").subquery()
    beyond = select(parked.c.guid).where(parked.c.taken > room, parked.c.received_at < before)
    old = select(deliveries.c.guid).where(deliveries.c.guid.in_(beyond), deliveries.c.state == "parked").limit(limit)
    return await delete_some(session, deliveries, old.with_for_update(skip_locked=True))


def _accept(batch: Sequence[Delivery], connection: Connection) -> set[str]:
    """Store deliveries of different GUIDs, sorted by those; return the GUIDs that are news."""
    news = _insert(connection, batch)
    if len(news) < len(batch):
        news |= {each.guid for each in batch if each.guid not in news and _revive(connection, each)}
    if news:
        announce_on(connection, Channel.DELIVERIES)
    return news


def _insert(connection: Connection, batch: Sequence[Delivery]) -> set[str]:
    """Insert those that are not there yet; return their GUIDs.

    They come sorted by GUID, or two processes that get the same ones might wait in a circle.
    """
    careful = insert_into(connection, deliveries).on_conflict_do_nothing().returning(deliveries.c.guid)
    rows = [{"state": "new"} | {name: getattr(each, name) for name in _COLUMNS} for each in batch]
    return set(connection.execute(careful, rows).scalars())


@cache
def _insert_rows(count: int) -> str:
    """SQLite's statement for so many rows: all of them or none. One that returns rows would wait for Python at each of them."""
    rows = ", ".join(["(?, ?, ?, ?, 'new')"] * count)
    return f"INSERT INTO {deliveries.name} ({', '.join(_COLUMNS)}, state) VALUES {rows}"  # noqa: S608 - all our own words


def _time(at: datetime) -> str:
    """Write a time as SQLAlchemy does for SQLite, which compares them as text."""
    return at.astimezone(UTC).isoformat(" ", "microseconds").removesuffix("+00:00")


_COLUMNS = ("guid", "event", "received_at", "body")  # what a delivery brings of its row

#: PostgreSQL's statement for any number: it stores them, has everybody hear of it and commits, all by itself.
_STORE_ROWS = f"""
WITH news AS (
    INSERT INTO {deliveries.name} ({", ".join(_COLUMNS)}, state)
    SELECT *, 'new' FROM unnest($1::varchar[], $2::varchar[], $3::timestamptz[], $4::bytea[])
    ON CONFLICT DO NOTHING RETURNING guid
)
SELECT guid, (SELECT pg_notify('{Channel.DELIVERIES.value}', '')) FROM news
"""  # noqa: S608 - all our own words


def _revive(connection: Connection, delivery: Delivery) -> bool:
    """Somebody sent a parked one again, so that it is tried again."""
    revived = connection.execute(
        update(deliveries)
        .where(deliveries.c.guid == delivery.guid, deliveries.c.state == "parked")
        .values(state="new", attempts=0, due_at=None, body=delivery.body)
        .returning(deliveries.c.guid)
    )
    return revived.first() is not None


def _tell(batch: Sequence[Delivery], news: Collection[str]) -> None:
    """Write one line for a whole commit: under load a line for each delivery would cost more than storing it does."""
    new = [each for each in batch if each.guid in news]
    log.info(
        "deliveries.stored",
        guids=[each.guid for each in new],
        event_names=Counter(each.event for each in new),
        bytes=sum(len(each.body) for each in new),
        known=[each.guid for each in batch if each.guid not in news],
    )


class Inbox:
    """The receiving end, with group commit: whatever arrives during one commit goes together into the next one.

    A transaction costs far more than a row, so this carries several times the load of one commit each, without a timer
    that would delay the single delivery. PostgreSQL gets two at a time, which share what waits. Belongs to one event loop.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._waiting: list[tuple[Delivery, asyncio.Future[bool]]] = []  # with packed bodies
        self._most = COMMITS_AT_ONCE if database.is_shared else 1
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers = 0  # that will look at what waits once more; a task is done only a moment after it looked last
        self._committing = 0  # of the writers
        self._bytes = 0  # of packed bodies that are not stored yet

    async def store(self, guid: str, event: str, body: bytes) -> bool:
        """Return after the commit that contains the delivery (T1), False if it is known.

        Raises InboxFull if too much waits already, and passes on database errors.
        """
        # Packed at once: just after its signature was looked at that is quickest, and it waits in a quarter of the room.
        packed = pack(body)
        if self._bytes + len(packed) > ROOM:
            raise InboxFull(f"{len(self._waiting)} deliveries wait to be stored")
        delivery = Delivery(guid=guid, event=event, received_at=self._clock(), body=packed)
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._bytes += len(delivery.body)
        self._waiting.append((delivery, stored))
        if self._writers < min(self._most, self._committing + len(self._waiting)):
            self._writers += 1
            task = asyncio.create_task(self._write())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await stored

    async def close(self) -> None:
        """Wait until everything that arrived is stored."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _write(self) -> None:
        while batch := await self._next_batch():
            self._committing += 1
            try:
                news = await self._commit(batch)
            except Exception as error:
                for _, stored in batch:
                    if not stored.done():
                        stored.set_exception(error)
                continue
            finally:
                self._committing -= 1
                self._bytes -= sum(len(delivery.body) for delivery, _ in batch)
            # once the next commit is on its way
            asyncio.get_running_loop().call_soon(_tell, [delivery for delivery, _ in batch], set(news))
            for delivery, stored in batch:
                if not stored.done():  # a sender that hung up asks no more
                    stored.set_result(delivery.guid in news)
                news.discard(delivery.guid)  # a twin in the same batch is not news
        self._writers -= 1

    async def _next_batch(self) -> list[tuple[Delivery, asyncio.Future[bool]]]:
        """Take this writer's share of what waits, nothing if nothing does."""
        await asyncio.sleep(0)  # until all requests are read that came by now: they go into one commit
        share = min(-(-len(self._waiting) // (self._most - self._committing)), BATCH)
        batch, self._waiting = self._waiting[:share], self._waiting[share:]
        return batch

    async def _commit(self, batch: Sequence[tuple[Delivery, object]]) -> set[str]:
        unique = {delivery.guid: delivery for delivery, _ in reversed(batch)}
        ordered = sorted(unique.values(), key=lambda each: each.guid)
        news = await self._store_straight(ordered)
        known = (each for each in ordered if each.guid not in news)  # and may be parked
        rest = [replace(each, body=unpack(each.body)) for each in known]
        return news | await self._database.write(partial(_accept, rest)) if rest else news

    async def _store_straight(self, batch: Sequence[Delivery]) -> set[str]:
        """Store them by one statement, which does if they are news, as nearly always; return the GUIDs of those stored."""
        if self._database.is_shared:
            rows = ((each.guid, each.event, each.received_at, each.body) for each in batch)
            return {row["guid"] for row in await self._database.fetch(_STORE_ROWS, *zip(*rows, strict=True))}
        values = (value for each in batch for value in (each.guid, each.event, _time(each.received_at), each.body))
        # a statement that fails has done nothing at all: https://www.sqlite.org/lang_conflict.html
        with suppress(IntegrityError):
            await self._database.fetch(_insert_rows(len(batch)), *values)
            return {each.guid for each in batch}
        return set()
