"""What tests of every folder may use: databases of each kind, and the run's PostgreSQL behind them."""

import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.db import Database
from tests import databases, postgres


def pytest_configure(config: pytest.Config) -> None:
    """Have all processes of a run share one PostgreSQL; xdist's workers come after this and inherit where it is."""
    if not hasattr(config, "workerinput"):
        postgres.begin_run()


def pytest_collection_finish() -> None:
    """Look for circular garbage rarely, and never in what stays: with a whole GitHub in memory it costs a tenth of the time."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop it with the run."""
    if not hasattr(config, "workerinput"):
        postgres.end_run()


@pytest.fixture(params=databases.KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which database: a test that asks for one runs on each."""
    return str(request.param)


@pytest.fixture
async def empty_url(kind: str, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a database without tables."""
    async with databases.empty(kind, tmp_path) as url:
        yield url


@pytest.fixture
async def url(kind: str, tmp_path: Path) -> str:
    """The address of a database with all tables, for a second process beside `database`."""
    return await databases.migrated(kind, tmp_path)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """A database with all tables and nothing in them."""
    opened = Database(url)
    yield opened
    await opened.close()
