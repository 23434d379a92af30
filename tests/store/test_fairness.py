"""The installations have their turns one after the other, however much one of them has to do."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import insert

from bot.store import lanes
from bot.store.db import Database
from bot.store.lanes import Lease
from bot.store.next_lane import Round
from bot.store.tables import lanes as table
from tests.databases import plan_of
from tests.store.lane import LONG_AGO, MINUTE, a_lane, looked_at_without_news, release, wake


async def due_lanes(database: Database, installation: int, count: int, *, urgent: bool = True) -> list[int]:
    """Lanes of an installation that are due, the first longest; those of a lower installation longer than of a higher one."""
    made = [
        await a_lane(database, number, repository=installation * 100, installation=installation)
        for number in range(1, count + 1)
    ]
    if urgent:
        for number, lane_id in enumerate(made):
            await wake(database, lane_id, LONG_AGO + (installation * 1000 + number) * MINUTE)
    else:
        await looked_at_without_news(database, *made)
    return made


async def turn(database: Database, turns: Round, *, urgent_first: bool = True) -> Lease | None:
    async with database.session() as session:
        return await lanes.claim(session, urgent_first=urgent_first, turns=turns)


async def served(database: Database, count: int, turns: Round | None = None) -> list[int]:
    """Claim so often; return whose lanes those were."""
    turns = turns or Round()
    leases = [await turn(database, turns) for _ in range(count)]
    return [lease.installation_id for lease in leases if lease is not None]


@pytest.mark.parametrize("urgent", [True, False])
@pytest.mark.parametrize("small", [4, 6])
async def test_one_lane_does_not_wait_for_sixty_of_another_tenant(database: Database, small: int, urgent: bool) -> None:
    await due_lanes(database, 5, 60, urgent=urgent)
    turns = Round()
    assert await served(database, 3, turns) == [5, 5, 5]
    await due_lanes(database, small, 1, urgent=urgent)
    assert small in await served(database, 2, turns)
    assert await served(database, 100, turns) == [5] * (60 - 3 - 1)


async def test_three_tenants_have_their_turns_one_after_the_other(database: Database) -> None:
    many, some, one = [await due_lanes(database, *each) for each in ((5, 60), (6, 3), (7, 1))]
    turns = Round()
    leases = [await turn(database, turns) for _ in range(8)]
    expected = [many[0], some[0], one[0], many[1], some[1], many[2], some[2], many[3]]
    assert [lease.lane_id for lease in leases if lease is not None] == expected, "of each what is due longest"


async def test_a_tenant_that_keeps_waking_has_no_more_than_every_other_turn(database: Database) -> None:
    busy = await due_lanes(database, 5, 3)
    await due_lanes(database, 6, 10)
    turns = Round()
    order = []
    for _ in range(20):
        lease = await turn(database, turns)
        assert lease is not None
        order.append(lease.installation_id)
        for lane_id in busy:
            await wake(database, lane_id, LONG_AGO)
        await release(database, lease)
    assert order == [5, 6] * 10


async def test_none_of_many_tenants_starves_while_all_keep_waking(database: Database) -> None:
    mine = {number: await due_lanes(database, number, number) for number in range(1, 8)}
    turns = Round()
    had: Counter[int] = Counter()
    for _ in range(70):
        lease = await turn(database, turns, urgent_first=False)
        assert lease is not None
        had[lease.lane_id] += 1
        await wake(database, lease.lane_id)
        await release(database, lease)
    assert {number: sum(had[each] for each in some) for number, some in mine.items()} == dict.fromkeys(mine, 10)
    assert all(max(had[each] for each in some) <= min(had[each] for each in some) + 1 for some in mine.values())


async def test_the_turns_of_what_is_urgent_and_of_what_is_not_do_not_meet(database: Database) -> None:
    """Else those with high ids would be passed over whenever one with a low id has a look without news."""
    for number in range(1, 6):
        await due_lanes(database, number, 4)
    await due_lanes(database, 1, 12, urgent=False)
    turns = Round()
    order = []
    for count in range(12):
        lease = await turn(database, turns, urgent_first=count % 3 != 2)
        assert lease is not None
        order.append(lease.installation_id)
    assert [each for count, each in enumerate(order) if count % 3 != 2] == [1, 2, 3, 4, 5, 1, 2, 3]


async def test_several_processes_keep_nobody_waiting_and_claim_nothing_twice(database: Database, url: str) -> None:
    made = [lane_id for each in ((5, 60), (6, 5), (7, 1)) for lane_id in await due_lanes(database, *each)]
    processes = (database, Database(url), Database(url))
    claimed: list[Lease] = []

    async def work(process: Database, turns: Round) -> None:
        while (lease := await turn(process, turns)) is not None:
            claimed.append(lease)

    rounds = [Round() for _ in processes]
    async with asyncio.timeout(60):
        await asyncio.gather(*(work(*each) for each in [*zip(processes, rounds, strict=True)] * 2))
    for process in processes[1:]:
        await process.close()
    assert sorted(lease.lane_id for lease in claimed) == sorted(made)
    order = [lease.installation_id for lease in claimed]
    assert order.index(7) < 12
    assert max(place for place, each in enumerate(order) if each == 6) < 40


LANES = 2000


async def many(database: Database, *, urgent: bool) -> None:
    """Lanes of one installation that are due, of many that are not due, and of many that rest."""
    rows = [
        {
            "kind": "plan", "installation_id": installation, "repository_id": number, "full_name": "octo/demo",
            "number": number, "due_at": due, "urgent": urgent,
        }
        for number, (installation, due) in enumerate(
            [(5, LONG_AGO)] * LANES
            + [(6 + number % 100, LONG_AGO + timedelta(days=100_000)) for number in range(LANES)]
            + [(number, None) for number in range(LANES)]
        )
    ]  # fmt: skip
    async with database.session() as session:
        await session.execute(insert(table), rows)


@pytest.mark.parametrize("urgent", [True, False])
async def test_to_claim_searches_indexes_alone(database: Database, urgent: bool) -> None:
    await many(database, urgent=urgent)
    plan = await plan_of(database, lambda session: lanes.claim(session, turns=Round()))
    slow = ("SCAN lanes", "TEMP B-TREE", "Seq Scan", "Sort")  # as SQLite and as PostgreSQL call it
    assert not [line for line in plan if any(word in line for word in slow)], plan
    assert len([line for line in plan if "ix_lanes_urgent_installation_id_due_at_id" in line]) == 4
