import pytest

from bot.store.db import Database
from bot.store.lanes import LaneKind
from tests.store.station import Station


@pytest.fixture
async def station(database: Database) -> Station:
    """Three plans and the repository, at rest."""
    opened = Station(database)
    for number in (1, 2, 3):
        await opened.plan(number)
    await opened.plan(0, LaneKind.REPOSITORY)
    await opened.woken()
    return opened
