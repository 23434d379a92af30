from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.db import Database
from bot.store.lanes import LaneKind
from bot.store.migrate import upgrade
from tests.store.station import Station


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'signalbox.sqlite3'}"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(url)
    await upgrade(opened.engine)
    yield opened
    await opened.close()


@pytest.fixture
async def station(database: Database) -> Station:
    """Three plans and the repository, at rest."""
    opened = Station(database)
    for number in (1, 2, 3):
        await opened.plan(number)
    await opened.plan(0, LaneKind.REPOSITORY)
    await opened.woken()
    return opened
