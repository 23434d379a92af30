"""The running stand-in that the tests of this folder talk to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sandbox.stand_in import StandIn, stand_in


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path) as one:
        yield one
