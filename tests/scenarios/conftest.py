"""A fresh stage for every story."""

import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import log
from tests.scenarios.play import Play, stage


@pytest.fixture(autouse=True, scope="session")
def quiet() -> None:
    """Only what goes wrong is worth a line."""
    log.configure("warning")


@pytest.fixture(autouse=True, scope="session")
def rare_collections() -> None:
    """Look for circular garbage rarely: with a whole GitHub in memory it costs a tenth of the time."""
    gc.set_threshold(100_000, 50, 50)


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Play]:
    """A sandbox, Signalbox connected to it, and nothing said yet."""
    async with stage(tmp_path) as ready:
        yield ready
