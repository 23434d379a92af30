"""A fresh stage for every story."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import log
from tests.scenarios.play import Play, stage


@pytest.fixture(autouse=True, scope="session")
def quiet() -> None:
    """Only what goes wrong is worth a line."""
    log.configure("warning")


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Play]:
    """A sandbox, Signalbox connected to it, and nothing said yet."""
    async with stage(tmp_path) as ready:
        yield ready
