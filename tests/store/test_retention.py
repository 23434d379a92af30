"""What is forgotten: finished things that are old, in batches; what is not finished stays however old it is."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from bot.store import inbox, retention
from bot.store.db import Database
from bot.store.tables import deliveries, journal, lanes, plans

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


async def deliver(database: Database, state: str, count: int, age: timedelta) -> None:
    rows = [
        {"guid": f"{state}-{age.days}-{n}", "event": "push", "received_at": NOW - age, "body": b"", "state": state}
        for n in range(count)
    ]
    async with database.session() as session:
        await session.execute(insert(deliveries), rows)


async def counted(database: Database) -> dict[str, int]:
    async with database.session() as session:
        rows = await session.execute(
            select(deliveries.c.state, func.count().label("number")).group_by(deliveries.c.state)
        )
        return {row.state: row.number for row in rows}


async def test_old_finished_deliveries_are_forgotten_and_nothing_else(database: Database) -> None:
    for state in ("done", "ignored", "new", "parked"):
        await deliver(database, state, 3, 31 * DAY)
        await deliver(database, state, 2, 29 * DAY)
    assert await retention.forget(database, NOW) == 6
    assert await counted(database) == {"done": 2, "ignored": 2, "new": 5, "parked": 5}
    assert await retention.forget(database, NOW) == 0


async def test_what_nobody_had_replayed_for_a_quarter_is_forgotten(database: Database) -> None:
    for state in ("new", "parked"):
        await deliver(database, state, 3, 91 * DAY)
        await deliver(database, state, 2, 89 * DAY)
    assert await retention.forget(database, NOW) == 3
    assert await counted(database) == {"new": 5, "parked": 2}


async def test_of_what_is_parked_the_oldest_makes_room(database: Database) -> None:
    body = random.Random(5).randbytes(1000)  # cannot be packed
    rows = [
        {"guid": f"{state}-{age}", "event": "push", "received_at": NOW - age * DAY, "body": body, "state": state}
        for state in ("new", "parked")
        for age in range(1, 10)
    ]
    async with database.session() as session:
        await session.execute(insert(deliveries), rows)
        assert await inbox.prune_parked(session, NOW - 2 * DAY, 100, room=9999) == 0
        assert await inbox.prune_parked(session, NOW - 8 * DAY, 100, room=4500) == 1, "the others are too new"
        assert await inbox.prune_parked(session, NOW, 3, room=4500) == 3
        assert await inbox.prune_parked(session, NOW, 100, room=4500) == 1
        left = await inbox.listed(session)
    assert [each.guid for each in left if each.state == "parked"] == [f"parked-{age}" for age in (4, 3, 2, 1)]
    assert len([each for each in left if each.state == "new"]) == 9


async def test_one_time_deletes_a_bounded_number_and_the_next_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 4)
    monkeypatch.setattr(retention, "MOST_BATCHES", 2)
    await deliver(database, "done", 11, 40 * DAY)
    assert [await retention.forget(database, NOW) for _ in range(3)] == [8, 3, 0]


async def test_of_the_journal_only_what_is_over_is_forgotten(database: Database) -> None:
    async with database.session() as session:
        for lane_id, kind in ((1, "plan"), (2, "plan"), (3, "repository")):
            about = {"id": lane_id, "kind": kind, "installation_id": 5, "repository_id": 7, "full_name": "o/r"}
            await session.execute(insert(lanes).values(**about, number=lane_id))
        await session.execute(insert(plans), [{"lane_id": each, "memory": "{}"} for each in (1, 2)])
        await session.execute(update(plans).where(plans.c.lane_id == 1).values(open=False))
        for lane_id in (1, 2, 3):
            for state in ("done", "intended"):
                for age in (10, 100):
                    entry = {"lane_id": lane_id, "key": f"{state}-{age}", "state": state}
                    await session.execute(insert(journal).values(**entry, intended_at=NOW - age * DAY))
    assert await retention.forget(database, NOW) == 4
    async with database.session() as session:
        left = {(row.lane_id, row.key) for row in await session.execute(select(journal))}
    every = {
        (lane_id, f"{state}-{age}") for lane_id in (1, 2, 3) for state in ("done", "intended") for age in (10, 100)
    }
    assert every - left == {(lane_id, f"{state}-100") for lane_id in (1, 3) for state in ("done", "intended")}
