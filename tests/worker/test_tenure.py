"""A lane is kept for as long as somebody works on it, however long GitHub takes to answer."""

import asyncio

import pytest

from bot.store.db import Database
from bot.worker import tenure
from bot.worker.by_hand import rebuild_by_hand
from bot.worker.loop import Bell, Worker
from bot.worker.outside import Outside
from tests.build import APP
from tests.worker.fake import Fake
from tests.worker.lane import SEAL, Lane


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases are renewed so often that nobody has to wait for it."""
    monkeypatch.setattr(tenure, "EVERY", 0.01)


async def long_read(lane: Lane) -> None:
    """Read until the lease has run out and is renewed; for ever if nobody does."""
    await lane.run_out()
    async with asyncio.timeout(20):
        while not await lane.is_held():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("read", ["conversations", "read_plan"])
async def test_a_turn_keeps_its_lane_while_it_reads(database: Database, github: Fake, lane: Lane, read: str) -> None:
    github.meanwhile[read] = lambda: long_read(lane)
    worker = Worker(github=github, database=database, app_id=APP, seal=SEAL, deliveries=Bell())
    await worker._turn(Outside(github=github, database=database))
    row = await lane.row()
    assert (row.lease_token, row.error) == (None, None)
    assert worker.metrics.registry.get_sample_value(
        "signalbox_turn_seconds_count", {"kind": "plan", "outcome": "done"}
    ) == 1  # fmt: skip


async def test_a_turn_over_a_repository_keeps_its_lane(database: Database, github: Fake) -> None:
    lane = Lane(database=database, github=github, issue=None)
    await lane.wake()
    github.meanwhile["open_pulls"] = lambda: long_read(lane)
    worker = Worker(github=github, database=database, app_id=APP, seal=SEAL, deliveries=Bell())
    await worker._turn(Outside(github=github, database=database))
    row = await lane.row()
    assert (row.lease_token, row.error, github.reads) == (None, None, 1)


async def test_a_rebuild_by_hand_keeps_its_lane(database: Database, github: Fake, lane: Lane) -> None:
    github.repositories = [(5, 77, "octo/demo")]
    github.meanwhile["conversations"] = lambda: long_read(lane)
    report = await rebuild_by_hand(github, database, SEAL, repository="octo/demo", issue=5, force=False)
    assert "has no status comment of this App" in report.lines[0]
    assert (await lane.row()).lease_token is None


async def test_nobody_keeps_a_lane_that_another_has(database: Database, github: Fake, lane: Lane) -> None:
    lease = await lane.claim()
    async with tenure.kept(database, lease):
        await lane.lose()
        await lane.run_out()
        await asyncio.sleep(0.05)  # several renewals
    assert not await lane.is_held()
    assert (await lane.row()).lease_token == "another"
