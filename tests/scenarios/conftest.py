"""A fresh stage for every story."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import log
from bot.worker import apply
from tests.scenarios.openings import opened
from tests.scenarios.play import Play, stage


def pytest_configure(config: pytest.Config) -> None:
    """Tell of the marker that `openings.opening` gives."""
    config.addinivalue_line("markers", "opening(first): what the play begins with")


@pytest.fixture(autouse=True, scope="session")
def quiet() -> None:
    """Only what goes wrong is worth a line."""
    log.configure("warning")


@pytest.fixture(autouse=True)
def prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the stand-in does it does at once, unless a story says otherwise."""
    monkeypatch.setattr(apply, "LATEST", timedelta(0))


@pytest.fixture
async def play(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[Play]:
    """A sandbox, Signalbox connected to it, and nothing said yet but the test's opening."""
    marker = request.node.get_closest_marker("opening")
    first = opened(tmp_path, tmp_path_factory, marker.args[0]) if marker else stage(tmp_path)
    async with first as ready:
        yield ready
