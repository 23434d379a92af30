"""What was woken comes before what is only due by the clock, until a turn has dealt with it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from bot.store import lanes
from bot.store.db import Database, database_now
from bot.store.tables import lanes as table
from tests.store.lane import LONG_AGO, MINUTE, a_lane, claim, claimed, looked_at_without_news, release, wake


async def rows_of(database: Database) -> dict[int, Row[Any]]:
    async with database.session() as session:
        return {row.id: row for row in await session.execute(select(table).order_by(table.c.id))}


async def test_what_was_woken_comes_before_all_that_is_only_due_by_the_clock(database: Database) -> None:
    quiet = [await a_lane(database, number) for number in (1, 2, 3)]
    news = [await a_lane(database, number) for number in (4, 5)]
    await looked_at_without_news(database, *quiet)
    for lane_id in reversed(news):
        await wake(database, lane_id)
    assert [(await claimed(database)).lane_id for _ in range(5)] == [*reversed(news), *quiet]
    assert await claim(database) is None


async def test_news_of_a_lane_that_is_overdue_brings_it_forward(database: Database) -> None:
    first, second = await a_lane(database, 1), await a_lane(database, 2)
    await looked_at_without_news(database, first, second)
    await wake(database, second)
    assert [(await claimed(database)).lane_id for _ in range(2)] == [second, first]


async def test_what_is_only_due_by_the_clock_can_be_asked_for_first(database: Database) -> None:
    quiet, news = await a_lane(database, 1), await a_lane(database, 2)
    await looked_at_without_news(database, quiet)
    await wake(database, news, LONG_AGO - MINUTE)
    async with database.session() as session:
        lease = await lanes.claim(session, urgent_first=False)
    assert lease is not None
    assert lease.lane_id == quiet
    async with database.session() as session:
        lease = await lanes.claim(session, urgent_first=False)
    assert lease is not None
    assert lease.lane_id == news


NOW = datetime.now(UTC)
A_DAY = timedelta(days=1)
LATER = NOW + A_DAY
AT_ONCE = timedelta(0)


@pytest.mark.parametrize(
    ("news", "wait", "failures", "error", "urgent"),
    [
        pytest.param(True, None, 0, None, False, id="dealt with"),
        pytest.param(True, A_DAY, 0, None, False, id="dealt with, slow clock"),
        pytest.param(True, AT_ONCE, 0, None, True, id="something landed, so look at once"),
        pytest.param(False, AT_ONCE, 0, None, True, id="something landed without news"),
        pytest.param(False, 10 * MINUTE, 0, None, True, id="a grace time ends"),
        pytest.param(False, A_DAY, 0, None, False, id="slow clock"),
        pytest.param(True, AT_ONCE, 3, None, True, id="something moved"),
        pytest.param(False, AT_ONCE, 3, None, True, id="something moved without news"),
        pytest.param(True, 50 * MINUTE, 3, None, True, id="GitHub asked to wait long"),
        pytest.param(False, 50 * MINUTE, 3, None, False, id="GitHub asked to wait long, without news"),
        pytest.param(True, AT_ONCE, 1, "no", True, id="a read failed"),
        pytest.param(True, 50 * MINUTE, 0, "limited", True, id="nothing may be read for long"),
        pytest.param(False, AT_ONCE, 1, "no", False, id="a read failed without news"),
        pytest.param(True, None, 0, "gone", False, id="the issue is gone"),
    ],
)
async def test_a_lane_is_urgent_until_a_turn_has_dealt_with_its_news(
    database: Database, *, news: bool, wait: timedelta | None, failures: int, error: str | None, urgent: bool
) -> None:
    lane_id = await a_lane(database)
    if news:
        await wake(database, lane_id)
    else:
        await looked_at_without_news(database, lane_id)
    assert (await rows_of(database))[lane_id].urgent is news
    lease = await claimed(database)
    async with database.session() as session:
        await lanes.release(session, lease, wait, failures, error)
    assert (await rows_of(database))[lane_id].urgent is urgent


@pytest.mark.parametrize("news", [True, False])
async def test_what_comes_during_a_turn_is_as_urgent_as_it_is(database: Database, news: bool) -> None:
    lane_id = await a_lane(database)
    await looked_at_without_news(database, lane_id)
    lease = await claimed(database)
    if news:
        await wake(database, lane_id)
    else:
        await looked_at_without_news(database, lane_id)
    await release(database, lease, A_DAY)
    row = (await rows_of(database))[lane_id]
    assert (row.urgent, row.due_at < LATER) == (news, True)


async def test_a_lane_that_is_woken_in_its_turn_is_behind_those_that_are_due_already(database: Database) -> None:
    first, second = await a_lane(database, 1), await a_lane(database, 2)
    await wake(database, first)
    await wake(database, second)
    lease = await claimed(database)
    assert lease.lane_id == first
    await wake(database, first)
    await release(database, lease)
    assert [(await claimed(database)).lane_id for _ in range(2)] == [second, first]


async def test_what_an_old_process_woke_is_claimed_by_a_new_one(database: Database) -> None:
    """It writes neither column; one that it released stays urgent for one turn more."""
    old, new = await a_lane(database, 1), await a_lane(database, 2)
    as_before = {"due_at": database_now(), "wake_seq": table.c.wake_seq + 1}
    async with database.session() as session:
        await session.execute(update(table).where(table.c.id == old).values(as_before))
    await wake(database, new)
    assert [(await claimed(database)).lane_id for _ in range(2)] == [new, old]
    released = {"due_at": LATER, "lease_token": None, "lease_until": None}
    async with database.session() as session:
        await session.execute(update(table).values(released))
    assert [row.urgent for row in (await rows_of(database)).values()] == [False, True]
    await looked_at_without_news(database, old, new)
    await release(database, await claimed(database), A_DAY)
    assert [row.urgent for row in (await rows_of(database)).values()] == [False, False]


async def test_a_look_without_news_is_noted_when_it_is_given_and_when_a_turn_ends(database: Database) -> None:
    given, waiting, never = [await a_lane(database, number) for number in (1, 2, 3)]
    await looked_at_without_news(database, given, waiting)
    await release(database, await claimed(database), A_DAY)
    rows = await rows_of(database)
    assert rows[given].look_at > NOW - MINUTE
    assert (rows[waiting].look_at, rows[waiting].due_at) == (LONG_AGO + MINUTE, LONG_AGO + MINUTE)
    assert rows[never].look_at is None


async def test_a_later_look_without_news_delays_nothing(database: Database) -> None:
    lane_id = await a_lane(database)
    await wake(database, lane_id, LONG_AGO)
    async with database.session() as session:
        await lanes.wake_at(session, {lane_id: LATER})
    row = (await rows_of(database))[lane_id]
    assert (row.due_at, row.urgent) == (LONG_AGO, True)
