"""A PostgreSQL whose machine takes connections and says nothing, as one that hangs or stands behind a firewall does."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot.store import db
from bot.store.db import Database, is_away

PATIENCE = 5.0  # seconds, far less than the driver would wait by itself


@pytest.fixture
async def silent(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """A database behind a socket that never accepts, given up on after a moment instead of ten seconds."""
    assert db.CONNECT["timeout"] == db.CONNECT_SECONDS == 10
    monkeypatch.setitem(db.CONNECT, "timeout", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        database = Database(f"postgresql+asyncpg://signalbox:x@127.0.0.1:{server.getsockname()[1]}/signalbox")
        yield database
        await database.close()


async def fetch(database: Database) -> None:
    await database.fetch("SELECT 1")


@pytest.mark.parametrize("use", [Database.check, fetch], ids=["a transaction", "a statement by itself"])
async def test_a_database_that_does_not_answer_is_away_soon(
    silent: Database, use: Callable[[Database], Awaitable[None]]
) -> None:
    async with asyncio.timeout(PATIENCE) as patience:
        with pytest.raises(Exception) as failed:  # noqa: PT011 - each way has the driver's own
            await use(silent)
    assert not patience.expired()
    assert is_away(failed.value)
