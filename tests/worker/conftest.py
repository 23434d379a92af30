import pytest

from bot.store.db import Database
from tests.worker.fake import Fake
from tests.worker.lane import Lane


@pytest.fixture
def github() -> Fake:
    return Fake()


@pytest.fixture
async def lane(database: Database, github: Fake) -> Lane:
    """The lane of plan #5, woken."""
    lane = Lane(database=database, github=github)
    await lane.wake()
    return lane
