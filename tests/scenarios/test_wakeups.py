"""A worker that has a process to itself: it hears of work at once, and asks the database seldom while there is none."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from bot.app import Running, running
from bot.store import lanes
from bot.store.db import Database
from bot.store.inbox import Inbox
from bot.store.lanes import LaneKind
from bot.store.tables import deliveries
from bot.store.tables import lanes as lane_table
from bot.worker import loop
from bot.worker.resync import resync
from sandbox.server import start as start_sandbox
from tests.databases import ONLY_POSTGRESQL
from tests.rest import at_rest
from tests.scenarios.play import settings_for

AN_HOUR = 3600.0
SOON = 2.0  # seconds, on a machine that is busy with other tests; it takes some milliseconds


@asynccontextmanager
async def a_worker(folder: Path, url: str) -> AsyncIterator[Running]:
    """Signalbox without its web side, at rest."""
    async with start_sandbox(port=0, data=folder / "github") as sandbox:
        settings = settings_for(sandbox.info, folder, database_url=url)
        async with running(settings, web_side=False, worker_side=True) as worker:

            async def resting() -> bool:
                return await count(worker.database, lane_table) > 0 and await at_rest(worker.database)

            await until(resting)
            yield worker


async def count(database: Database, table: Any, *where: Any) -> int:
    async with database.session() as session:
        return int((await session.execute(select(func.count()).select_from(table).where(*where))).scalar_one())


async def until(condition: Callable[[], Awaitable[bool]]) -> float:
    """Wait until something is so; return how many seconds it took."""
    began = time.monotonic()
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.005)
    return time.monotonic() - began


@ONLY_POSTGRESQL
async def test_what_another_process_stores_or_wakes_is_looked_at_at_once(
    tmp_path: Path, database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the notices it would take an hour."""
    monkeypatch.setattr(loop, "POLL_SECONDS", AN_HOUR)
    monkeypatch.setattr(loop, "HEARING_POLL_SECONDS", AN_HOUR)
    web = Inbox(database, lambda: datetime.now(UTC))

    async def taken() -> bool:
        return await count(database, deliveries, deliveries.c.state == "new") == 0

    async def looked_at() -> bool:
        """A turn has released the repository's lane, which then rests."""
        return await count(database, lane_table, lane_table.c.due_at > datetime.now(UTC)) == 1

    async with a_worker(tmp_path, url):
        for guid in ("first", "second"):
            assert await web.store(guid, "ping", b'{"zen": "Speak like a human."}')
            assert await until(taken) < SOON
        async with database.session() as session:
            row = (await session.execute(select(lane_table))).one()
            assert row.kind == LaneKind.REPOSITORY.value
            await lanes.wake(session, row.id)
        assert await until(looked_at) < SOON


@ONLY_POSTGRESQL
async def test_a_worker_without_work_asks_once_in_a_while(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll, rounds = 0.2, 4
    monkeypatch.setattr(loop, "HEARING_POLL_SECONDS", poll)
    looked, asked = asyncio.Event(), 0

    async def look_at_everything(*given: Any) -> None:
        await resync(*given)
        looked.set()

    monkeypatch.setattr(loop, "resync", look_at_everything)

    def note(*_: Any) -> None:
        nonlocal asked
        asked += 1

    async with a_worker(tmp_path, url) as worker:
        await looked.wait()
        await until(lambda: at_rest(worker.database))
        event.listen(worker.database.engine.sync_engine, "before_cursor_execute", note)
        began = time.monotonic()

        async def asked_often() -> bool:
            return asked >= rounds * 5

        await until(asked_often)
        # One look for deliveries, and for each of two turns one for a lane and one for when the next is due.
        assert asked <= ((time.monotonic() - began) / poll + 1) * 5
        event.remove(worker.database.engine.sync_engine, "before_cursor_execute", note)
