from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.db import Database
from bot.store.migrate import upgrade
from tests.worker.fake import Fake
from tests.worker.lane import Lane


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'signalbox.sqlite3'}")
    await upgrade(opened.engine)
    yield opened
    await opened.close()


@pytest.fixture
def github() -> Fake:
    return Fake()


@pytest.fixture
async def lane(database: Database, github: Fake) -> Lane:
    """The lane of plan #5, woken."""
    lane = Lane(database=database, github=github)
    await lane.wake()
    return lane
