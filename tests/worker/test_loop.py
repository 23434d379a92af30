"""What the loops keep in mind between transactions, and what they take first."""

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from bot.core.events import Event
from bot.errors import PayloadError
from bot.metrics import Metrics
from bot.store import inbox, lanes
from bot.store.db import Database
from bot.store.installed import Repository
from bot.store.lanes import Lease
from bot.store.tables import lanes as table
from bot.worker import intake
from bot.worker.loop import OTHERS_FIRST, SLOW_AT_ONCE, Bell, Worker
from bot.worker.outside import Outside
from fuzz.payloads import payload_of
from tests.build import APP
from tests.worker.fake import Fake
from tests.worker.lane import SEAL, Lane

BODY = {
    "action": "edited",
    "repository": {"id": 77, "node_id": "R_77", "full_name": "octo/demo"},
    "installation": {"id": 5},
}


async def test_a_repository_is_noted_again_after_a_commit_that_the_database_did_not_get(
    database: Database, github: Fake
) -> None:
    worker = Worker(github=github, database=database, app_id=APP, seal=SEAL, deliveries=Bell())
    worker.stop()  # one step of the loop then waits for nothing
    async with database.session() as session:
        await inbox.accept(session, "guid-1", "label", json.dumps(BODY).encode(), datetime.now(UTC))

    def break_off(_connection: object) -> None:
        event.remove(database.engine.sync_engine, "commit", break_off)
        raise ConnectionResetError

    event.listen(database.engine.sync_engine, "commit", break_off)
    with pytest.raises(ConnectionResetError):
        await worker._intake()
    await worker._intake()
    async with database.session() as session:
        assert (await session.execute(select(table.c.full_name))).scalars().all() == ["octo/demo"]


async def test_news_is_taken_first_and_without_end_it_still_lets_the_others_come(
    database: Database, github: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two plans are woken anew in each of their turns; thirty are overdue for their look without news."""
    about = Repository(id=77, installation_id=5, full_name="octo/demo")
    busy, quiet = range(1, 3), range(11, 41)
    async with database.session() as session:
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        await lanes.wake_at(session, {await about.lane(session, number): long_ago for number in quiet})
        for number in busy:
            await lanes.wake(session, await about.lane(session, number))
    order: list[int] = []

    async def turn(_self: Worker, lease: Lease, _outside: Outside) -> str:
        order.append(lease.number)
        async with database.session() as session:
            if lease.number in busy:
                await lanes.wake(session, lease.lane_id)
            await lanes.release(session, lease, None)
        return "done"

    monkeypatch.setattr(Worker, "_outcome_of", turn)
    worker = Worker(github=github, database=database, app_id=APP, seal=SEAL, deliveries=Bell())
    for _ in range(len(quiet) * OTHERS_FIRST):
        await worker._turn(Outside(github=github, database=database))
    assert [number for number in order if number in quiet] == list(quiet)
    assert order[: OTHERS_FIRST - 1] == [1, 2, 1, 2, 1, 2, 1, 2, 1]
    assert sum(number in busy for number in order) == len(quiet) * (OTHERS_FIRST - 1)


@pytest.mark.parametrize(("lost", "outcome"), [(True, "lease_lost"), (False, "done")])
async def test_a_turn_whose_lane_was_taken_over_is_counted_and_writes_nothing(
    database: Database, github: Fake, lane: Lane, *, lost: bool, outcome: str
) -> None:
    if lost:
        github.meanwhile["read_plan"] = lane.lose
    metrics = Metrics()
    worker = Worker(github=github, database=database, app_id=APP, seal=SEAL, deliveries=Bell(), metrics=metrics)
    await worker._turn(Outside(github=github, database=database))
    count = metrics.registry.get_sample_value
    assert count("signalbox_leases_lost_total") == int(lost)
    assert count("signalbox_turn_seconds_count", {"kind": "plan", "outcome": outcome}) == 1
    assert bool(github.done) is not lost


async def test_a_worker_has_a_turn_of_each_tenant_before_another_of_the_first(
    database: Database, github: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty plans of one tenant are woken, then one of another."""
    about = [Repository(id=77, installation_id=5, full_name="octo/demo")] * 60
    about.append(Repository(id=78, installation_id=6, full_name="small/one"))
    async with database.session() as session:
        for number, each in enumerate(about):
            await lanes.wake(session, await each.lane(session, number + 1))
    order: list[str] = []

    async def turn(_self: Worker, lease: Lease, _outside: Outside) -> str:
        order.append(lease.full_name)
        async with database.session() as session:
            await lanes.release(session, lease, None)
        return "done"

    monkeypatch.setattr(Worker, "_outcome_of", turn)
    worker = Worker(github=github, database=database, app_id=APP, seal=SEAL, deliveries=Bell())
    for _ in about:
        await worker._turn(Outside(github=github, database=database))
    assert order == ["octo/demo", "small/one", *["octo/demo"] * 59]


class Reading:
    """The reading of deliveries, whose first comment stops in its thread until it is let go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.goes_on = threading.Event(), threading.Event()
        self._read = intake._read
        monkeypatch.setattr(intake, "_read", self)

    def __call__(self, delivery: inbox.Delivery) -> Event | PayloadError:
        if delivery.event == "issue_comment" and not self.begun.is_set():
            self.begun.set()
            assert self.goes_on.wait(20)
        return self._read(delivery)


async def stored(database: Database, guid: str, event: str = "issue_comment") -> None:
    """Have a comment delivered, or another event."""
    body = {**payload_of(event), "action": "edited"}
    async with database.session() as session:
        await inbox.accept(session, guid, event, json.dumps(body).encode(), datetime.now(UTC))


async def states(database: Database) -> dict[str, str]:
    async with database.session() as session:
        return {each.guid: each.state for each in await inbox.listed(session, inbox.STATES)}


async def test_what_is_read_at_once_waits_for_none_that_takes_long(
    database: Database, github: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(github=github, database=database, app_id=APP, seal=SEAL, deliveries=Bell())
    worker.stop()
    slow = [f"comment-{number}" for number in range(SLOW_AT_ONCE + 1)]
    for guid in slow:
        await stored(database, guid)
    await stored(database, "push", "push")
    reading = Reading(monkeypatch)
    working = asyncio.create_task(worker._intake())
    assert await asyncio.to_thread(reading.begun.wait, 20)
    assert await states(database) == {**dict.fromkeys(slow, "new"), "push": "done"}
    reading.goes_on.set()
    await working
    assert list((await states(database)).values()).count("new") == 1, "a worker keeps so many for itself"
    await worker._intake()
    assert set((await states(database)).values()) == {"done"}


async def test_while_a_delivery_is_read_others_are_stored_and_whoever_else_took_it_in_has_it(
    database: Database, github: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comment may take most of a second to read: neither the event loop nor the database waits for it."""
    slow, quick = (Worker(github=github, database=database, app_id=APP, seal=SEAL, deliveries=Bell()) for _ in range(2))
    slow.stop()
    quick.stop()
    await stored(database, "guid-1")
    reading = Reading(monkeypatch)
    working = asyncio.create_task(slow._intake())
    assert await asyncio.to_thread(reading.begun.wait, 20)
    await stored(database, "guid-2")
    await quick._intake()
    if database.is_shared:
        async with database.session() as session:
            assert [each.state for each in await inbox.listed(session, inbox.STATES)] == ["new", "done"]
            await inbox.replay(session, ["guid-1"])  # the minute is over that the other one has for it
        await quick._intake()
    async with database.session() as session:
        assert [each.state for each in await inbox.listed(session, inbox.STATES)] == ["done", "done"]
    reading.goes_on.set()
    await working
    handled = "signalbox_deliveries_handled_total", {"event": "issue_comment", "outcome": "done"}
    assert quick.metrics.registry.get_sample_value(*handled) == 2
    assert slow.metrics.registry.get_sample_value(*handled) is None
