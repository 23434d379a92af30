"""A fresh stage for every story."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.play import Play, stage


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Play]:
    """A sandbox, Signalbox connected to it, and nothing said yet."""
    async with stage(tmp_path) as ready:
        yield ready
