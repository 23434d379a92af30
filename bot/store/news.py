"""Tells every process on one PostgreSQL that there is work, so that none need ask all the time.

A notice carries nothing; it only says "look". It is sent by the commit of what there is to see, so nobody looks too early
(https://www.postgresql.org/docs/current/sql-notify.html). One that is lost costs a poll, nothing more. On SQLite there is
one process, which rings its own bells. Must not know what the work is.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.db import Database, is_postgresql, lone_engine

log = structlog.get_logger()

HEARTBEAT = 30.0  # seconds after which a silent connection is asked whether it still stands
ANSWER = 10.0  # seconds that it has to say so
LEADER = 7_436_301  # any number: the key of the lock that one listening process has


class Channel(Enum):
    """What there is news of."""

    DELIVERIES = "signalbox_deliveries"  # one was stored
    LANES = "signalbox_lanes"  # one is due earlier than it was


async def announce(session: AsyncSession, channel: Channel) -> None:
    """Have every listener hear of it when the transaction commits (any of them). Says it once in each."""
    said: set[Channel] = session.info.setdefault("announced", set())
    if channel not in said:
        await (await session.connection()).run_sync(announce_on, channel)
    said.add(channel)


def announce_on(connection: Connection, channel: Channel) -> None:
    """Do the same in a transaction that is no session."""
    if is_postgresql(connection):
        connection.execute(select(func.pg_notify(channel.value, "")))


class Listener:
    """One process's ear: a connection of its own that rings a bell for each notice.

    Of all that listen to one database one leads: it does what is enough to be done once. That is a lock of its connection,
    so when the process is gone another one leads, a heartbeat later.
    """

    def __init__(self, database: Database, bells: Mapping[Channel, Callable[[], None]]) -> None:
        self._url = database.engine.url
        self._bells = bells
        self.hears = False  # while that is so, whatever is announced rings at once
        self.leads = False

    async def hear(self, stopping: asyncio.Event) -> None:
        """Listen until the connection breaks or `stopping` is set. Raises what the database raises if it is away.

        Rings every bell at the start, for what was announced before.
        """
        lost = asyncio.Event()
        async with lone_engine(self._url).connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            driver.add_termination_listener(lambda _: lost.set())
            for channel, ring in self._bells.items():
                await driver.add_listener(channel.value, _ringing(ring))
            await self._beat(driver)
            self.hears = True
            log.info("news.listening", leads=self.leads)
            try:
                for ring in self._bells.values():
                    ring()
                await self._until(lost, stopping, driver)
            except Exception:
                driver.terminate()  # a farewell to somebody who is silent would take for ever
                raise
            finally:
                self.hears = self.leads = False
        log.info("news.stopped", lost=lost.is_set())

    async def _until(self, lost: asyncio.Event, stopping: asyncio.Event, driver: Any) -> None:
        """Return when the connection is lost or nobody listens any more; a silent one is asked now and then."""
        ends = [asyncio.ensure_future(event.wait()) for event in (lost, stopping)]
        try:
            while not (await asyncio.wait(ends, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED))[0]:
                await self._beat(driver)
        finally:
            for end in ends:
                end.cancel()
                with suppress(asyncio.CancelledError):
                    await end

    async def _beat(self, driver: Any) -> None:
        """Ask whether the connection stands and whether it is the one that leads; one that does is told so again."""
        leads: bool = await driver.fetchval("SELECT pg_try_advisory_lock($1)", LEADER, timeout=ANSWER)
        if leads and not self.leads:
            log.info("news.leads")
        self.leads = leads


def _ringing(ring: Callable[[], None]) -> Callable[..., None]:
    """Return the bell as asyncpg calls it: with connection, process, channel and text, none of which says more."""
    return lambda *_: ring()
