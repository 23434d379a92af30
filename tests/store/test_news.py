"""Notices between processes on one PostgreSQL: with the commit, never before; and a broken ear is a new one later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from bot.store import inbox, lanes, news
from bot.store.db import Database
from bot.store.installed import Repository
from bot.store.news import Channel, Listener
from tests.databases import ONLY_POSTGRESQL

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DEMO = Repository(id=77, installation_id=5, full_name="octo/demo")
DELIVERIES, LANES = Channel.DELIVERIES, Channel.LANES


@dataclass
class Ear:
    """Another process: it counts what it hears."""

    database: Database
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    heard: dict[Channel, int] = field(default_factory=lambda: {DELIVERIES: 0, LANES: 0})
    rung: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.listener = Listener(
            self.database, {DELIVERIES: lambda: self._ring(DELIVERIES), LANES: lambda: self._ring(LANES)}
        )

    def _ring(self, channel: Channel) -> None:
        self.heard[channel] += 1
        self.rung.set()

    async def hears(self, deliveries: int, lanes: int) -> None:
        """Wait until it has heard so much; more is an error."""
        async with asyncio.timeout(10):
            while (self.heard[DELIVERIES], self.heard[LANES]) != (deliveries, lanes):
                assert self.heard[DELIVERIES] <= deliveries
                assert self.heard[LANES] <= lanes
                self.rung.clear()
                await self.rung.wait()


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Ear]:
    """An ear that has rung both bells once, for what was before."""
    ear = Ear(Database(url))
    task = asyncio.create_task(ear.listener.hear(ear.stopping))
    await ear.hears(1, 1)
    assert ear.listener.hears
    yield ear
    ear.stopping.set()
    await task
    assert not ear.listener.hears
    await ear.database.close()


async def wake(database: Database, issue: int = 5) -> None:
    async with database.session() as session:
        await lanes.wake(session, await DEMO.lane(session, issue))


@ONLY_POSTGRESQL
async def test_news_is_heard_with_its_commit_and_not_before(database: Database, url: str) -> None:
    async with listening(url) as ear:
        async with database.session() as session:
            await inbox.accept(session, "a", "push", b"{}", NOW)
            await wake(database)
            await ear.hears(1, 2)  # later news came first
        await ear.hears(2, 2)


@ONLY_POSTGRESQL
async def test_what_is_rolled_back_or_known_already_is_no_news(database: Database, url: str) -> None:
    async with database.session() as session:
        await inbox.accept(session, "a", "push", b"{}", NOW)
    async with listening(url) as ear:
        async with database.session() as session:
            await inbox.accept(session, "b", "push", b"{}", NOW)
            await session.rollback()
        async with database.session() as session:
            assert not await inbox.accept(session, "a", "push", b"{}", NOW)
        await wake(database)
        await ear.hears(1, 2)


@ONLY_POSTGRESQL
async def test_many_wakes_of_one_transaction_are_one_notice(database: Database, url: str) -> None:
    async with listening(url) as ear:
        async with database.session() as session:
            for issue in range(1, 6):
                await lanes.wake(session, await DEMO.lane(session, issue))
        async with database.session() as session:
            await inbox.accept(session, "a", "push", b"{}", NOW)
        await ear.hears(2, 2)


@ONLY_POSTGRESQL
async def test_a_broken_ear_says_so_and_looks_at_everything_when_it_is_whole_again(
    database: Database, url: str
) -> None:
    ear = Ear(Database(url))
    first = asyncio.create_task(ear.listener.hear(ear.stopping))
    await ear.hears(1, 1)
    async with database.session() as session:
        here = "query LIKE '%pg_try_advisory_lock%' AND datname = current_database() AND pid <> pg_backend_pid()"
        await session.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {here}"))
    async with asyncio.timeout(10):
        await first
    assert not ear.listener.hears
    await wake(database)  # nobody hears this
    second = asyncio.create_task(ear.listener.hear(ear.stopping))
    await ear.hears(2, 2)
    ear.stopping.set()
    await second
    await ear.database.close()


@ONLY_POSTGRESQL
async def test_of_all_that_listen_one_leads_and_when_it_is_gone_another(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "HEARTBEAT", 0.05)
    async with listening(url) as first:
        async with listening(url) as second:
            assert [each.listener.leads for each in (first, second)] == [True, False]
        async with listening(url) as second:
            first.stopping.set()
            async with asyncio.timeout(10):
                while not second.listener.leads:
                    await asyncio.sleep(0.01)
            assert not first.listener.leads
