import asyncio
from datetime import timedelta, timezone

import pytest
from sqlalchemy import select

from bot.core.memory import Memory
from bot.core.model import Branch, Key, PullNumber
from bot.errors import LeaseLost
from bot.store import lanes, plans
from bot.store.db import Database, now
from bot.store.lanes import LaneKind
from bot.store.next_lane import LEASE
from bot.store.tables import lanes as table
from tests.store.lane import (
    LONG_AGO,
    MINUTE,
    REPOSITORY,
    a_lane,
    a_plan,
    claim,
    claimed,
    commit,
    due,
    looked_at_without_news,
    release,
    run_out,
    wake,
)


async def test_a_lane_is_made_once_and_learns_a_new_name(database: Database) -> None:
    first = await a_lane(database)
    async with database.session() as session:
        again = await lanes.ensure_lane(
            session, LaneKind.PLAN, installation_id=6, repository_id=REPOSITORY, full_name="octo/renamed", number=7
        )
    assert again == first
    assert await a_lane(database, 0, LaneKind.REPOSITORY) != first
    await wake(database, first)
    async with database.session() as session:
        await lanes.ensure_lane(
            session, LaneKind.PLAN, installation_id=6, repository_id=REPOSITORY, full_name="octo/renamed", number=7
        )
    lease = await claimed(database)
    assert (lease.full_name, lease.installation_id, lease.number, lease.kind) == ("octo/renamed", 6, 7, LaneKind.PLAN)


async def test_a_lane_that_nobody_woke_is_not_claimed(database: Database) -> None:
    lane_id = await a_lane(database)
    assert await claim(database) is None
    assert await due(database) is None
    async with database.session() as session:
        later = await now(session) + MINUTE
    await wake(database, lane_id, later)
    assert await claim(database) is None
    assert await due(database) == later


async def test_wakes_merge_and_the_earliest_wins(database: Database) -> None:
    lane_id = await a_lane(database)
    for when in (LONG_AGO + MINUTE, LONG_AGO, LONG_AGO + 2 * MINUTE):
        await wake(database, lane_id, when)
    assert await due(database) == LONG_AGO
    lease = await claimed(database)
    assert lease.wake_seq == 3
    await release(database, lease)
    assert await claim(database) is None


async def test_the_lane_that_waits_longest_comes_first(database: Database) -> None:
    order = [await a_lane(database, number) for number in (1, 2, 3)]
    for lane_id, minutes in zip(order, (2, 0, 1), strict=True):
        await wake(database, lane_id, LONG_AGO + minutes * MINUTE)
    assert [(await claimed(database)).number for _ in order] == [2, 3, 1]


async def test_a_kind_can_be_asked_for(database: Database) -> None:
    await wake(database, await a_lane(database))
    assert await claim(database, LaneKind.REPOSITORY) is None
    assert await claim(database, LaneKind.PLAN) is not None


async def test_of_many_claimers_in_two_processes_one_wins(database: Database, url: str) -> None:
    await wake(database, await a_lane(database))
    other = Database(url)
    won = await asyncio.gather(*(claim(each) for each in (database, other) * 4))
    assert len([lease for lease in won if lease is not None]) == 1
    await other.close()


async def test_a_wake_during_a_turn_wins_at_its_release(database: Database) -> None:
    lane_id = await a_lane(database)
    await wake(database, lane_id)
    lease = await claimed(database)
    await wake(database, lane_id)
    assert await claim(database) is None  # not beside the turn that runs
    await release(database, lease, timedelta(days=100_000))
    assert (await claimed(database)).lane_id == lane_id


async def test_without_a_wake_the_turn_says_when_it_is_due_again(database: Database) -> None:
    await wake(database, await a_lane(database))
    wait = timedelta(days=100_000, milliseconds=250)
    await release(database, await claimed(database), wait)
    async with database.session() as session:
        clock = await now(session)
    found = await due(database)
    assert found is not None
    assert wait - MINUTE < found - clock <= wait
    assert await claim(database) is None


async def test_a_wait_that_is_over_means_now(database: Database) -> None:
    await wake(database, await a_lane(database))
    await release(database, await claimed(database), -MINUTE)
    async with database.session() as session:
        clock = await now(session)
    found = await due(database)
    assert found is not None
    assert timedelta(0) <= clock - found < MINUTE, "what is due already comes first"
    assert await claim(database) is not None


async def test_times_of_any_zone_mean_the_same_moment(database: Database) -> None:
    there = timezone(timedelta(hours=9))
    lane_id = await a_lane(database)
    await wake(database, lane_id, LONG_AGO.astimezone(there))
    assert await due(database) == LONG_AGO


async def test_no_wake_is_lost_and_no_lane_is_held_twice(database: Database, url: str) -> None:
    """Four workers of two processes, three lanes, many wakes: each change of the world is seen by a turn after it."""
    processes = (database, Database(url))
    lane_ids = [await a_lane(database, number) for number in (1, 2, 3)]
    world, seen = dict.fromkeys(lane_ids, 0), dict.fromkeys(lane_ids, 0)
    held: set[int] = set()
    woken_all = asyncio.Event()

    async def work(process: Database) -> None:
        while not woken_all.is_set() or seen != world:
            lease = await claim(process)
            if lease is None:
                await asyncio.sleep(0.001)
                continue
            assert lease.lane_id not in held
            held.add(lease.lane_id)
            state = world[lease.lane_id]
            await asyncio.sleep(0.001)
            seen[lease.lane_id] = max(seen[lease.lane_id], state)
            held.discard(lease.lane_id)
            await release(process, lease)

    async def change(process: Database) -> None:
        for number in range(30):
            lane_id = lane_ids[number % 3]
            world[lane_id] += 1
            await wake(process, lane_id)

    workers = [asyncio.create_task(work(process)) for process in processes * 2]
    await asyncio.gather(*(change(process) for process in processes))
    woken_all.set()
    async with asyncio.timeout(20):
        await asyncio.gather(*workers)
    assert seen == world
    await processes[1].close()


async def test_a_lease_that_ran_out_is_anybody_s(database: Database) -> None:
    await wake(database, await a_lane(database))
    first = await claimed(database)
    assert await claim(database) is None
    await run_out(database, first)
    second = await claimed(database)
    assert (second.lane_id, second.token != first.token) == (first.lane_id, True)


async def test_a_renewed_lease_holds_on_by_the_clock_of_the_database(database: Database) -> None:
    await wake(database, await a_lane(database))
    lease = await claimed(database)
    async with database.session() as session:
        await lanes.renew(session, lease)
        until = (await session.execute(select(table.c.lease_until))).scalar_one()
        left = until - await now(session)
    assert timedelta(seconds=55) < left <= timedelta(seconds=LEASE)


async def test_a_lease_that_ran_out_and_was_not_taken_is_still_its_owner_s(database: Database) -> None:
    """A turn may take longer than a lease: it must not have been for nothing, or each one after it would be, too."""
    lane_id = await a_lane(database)
    await wake(database, lane_id)
    late = await claimed(database)
    await run_out(database, late)
    await commit(database, late, base=Branch("mine"))
    assert await claim(database) is None, "it is renewed"
    async with database.session() as session:
        assert (await plans.load(session, lane_id)).base == "mine"


async def test_the_commit_of_a_zombie_is_refused_and_leaves_nothing(database: Database) -> None:
    lane_id = await a_lane(database)
    await wake(database, lane_id)
    zombie = await claimed(database)
    await run_out(database, zombie)
    await commit(database, await claimed(database), base=Branch("theirs"))
    with pytest.raises(LeaseLost):
        await commit(database, zombie, base=Branch("mine"))
    with pytest.raises(LeaseLost):
        async with database.session() as session:
            await plans.remember(session, zombie, Memory())
    async with database.session() as session:
        assert (await plans.load(session, lane_id)).base == "theirs"


async def test_a_zombie_cannot_release_what_another_holds(database: Database) -> None:
    await wake(database, await a_lane(database))
    zombie = await claimed(database)
    await run_out(database, zombie)
    other = await claimed(database)
    with pytest.raises(LeaseLost):
        await release(database, zombie)
    await release(database, other)


async def test_failures_are_counted_across_turns(database: Database) -> None:
    await wake(database, await a_lane(database))
    await release(database, await claimed(database), timedelta(0), failures=1)
    lease = await claimed(database)
    assert lease.failures == 1
    await release(database, lease, timedelta(0))
    assert (await claimed(database)).failures == 0


BRANCHES = {Branch("w1"): (Key("W1"), PullNumber(12)), Branch("w2"): (Key("W2"), None)}


async def found(database: Database, **what: object) -> list[int]:
    async with database.session() as session:
        return await lanes.find_plans(session, REPOSITORY, **what)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "numbers"),
    [
        pytest.param({}, [1, 4], id="all that are open or not read yet"),
        pytest.param({"branch": "w1"}, [1], id="branch"),
        pytest.param({"branch": "none"}, [], id="foreign branch"),
        pytest.param({"pull": 12}, [1], id="pull"),
        pytest.param({"pull": 99, "branch": "w2"}, [1], id="pull or branch"),
        pytest.param({"base": "main"}, [1, 4], id="base, and who has not read its own yet"),
        pytest.param({"base": "other"}, [4], id="another base"),
        pytest.param({"issue": 1}, [1], id="issue"),
        pytest.param({"issue": 3}, [3], id="issue of a finished plan"),
        pytest.param({"issue": 99}, [], id="issue that is no plan"),
        pytest.param({"issue": 3, "branch": "w1"}, [1, 3], id="issue or branch"),
        pytest.param({"pull": 31}, [], id="pull of a finished plan"),
        pytest.param({"pull": 31, "closed": True}, [3], id="pull of a finished plan that is asked for"),
        pytest.param({"branch": "w1", "closed": True}, [1, 3], id="branch, also of a finished plan"),
        pytest.param({"issue": 4, "base": "other"}, [4], id="issue or base, found twice"),
    ],
)
async def test_plans_are_found_by_what_belongs_to_them(
    database: Database, what: dict[str, object], numbers: list[int]
) -> None:
    by_number = {
        1: await a_plan(database, 1, base=Branch("main"), branches=BRANCHES, started=True),
        3: await a_plan(
            database,
            3,
            base=Branch("main"),
            branches={Branch("w1"): (Key("W1"), PullNumber(31))},
            started=True,
            open=False,
        ),
        4: await a_lane(database, 4),
    }
    await a_lane(database, 0, LaneKind.REPOSITORY)
    await a_lane(database, 1, repository=REPOSITORY + 1)
    assert await found(database, **what) == [by_number[number] for number in numbers]


async def test_what_is_found_is_woken(database: Database) -> None:
    plan = await a_plan(database, 1, branches=BRANCHES)
    async with database.session() as session:
        assert await lanes.wake_plans_of(session, REPOSITORY, branch="w2") == [plan]
        assert await lanes.wake_plans_of(session, REPOSITORY, branch="foreign") == []
    assert (await claimed(database)).lane_id == plan
    assert await claim(database) is None


async def test_a_start_wakes_all_but_the_finished_plans(database: Database) -> None:
    running = await a_plan(database, 1, started=True)
    preview = await a_plan(database, 2)
    await a_plan(database, 3, started=True, open=False)
    repository = await a_lane(database, 0, LaneKind.REPOSITORY)
    async with database.session() as session:
        assert await lanes.wake_all(session) == 3
    assert {(await claimed(database)).lane_id for _ in range(3)} == {running, preview, repository}


async def test_what_is_open_is_listed_with_what_a_look_at_it_costs(database: Database) -> None:
    plan = await a_plan(database, 1, started=True, branches=BRANCHES)
    unread = await a_lane(database, 2)
    await a_plan(database, 3, started=True, open=False)
    repository = await a_lane(database, 0, LaneKind.REPOSITORY)
    elsewhere = await a_lane(database, 1, repository=REPOSITORY + 1)
    await looked_at_without_news(database, repository)
    async with database.session() as session:
        found = await lanes.open_lanes(session)
        assert await lanes.open_lanes(session, [REPOSITORY + 1]) == [
            each for each in found if each.lane_id == elsewhere
        ]
    assert [(each.lane_id, each.installation_id, each.workstreams, each.resting) for each in found] == [
        (plan, 5, 2, True),
        (unread, 5, 0, True),
        (repository, 5, None, False),
        (elsewhere, 5, 0, True),
    ]
    assert [each.look_at for each in found[1:]] == [None, LONG_AGO, None]


async def test_the_only_worker_takes_back_what_a_dead_one_held(database: Database) -> None:
    lane = await a_lane(database, 1)
    async with database.session() as session:
        await lanes.wake(session, lane)
    dead = await claimed(database)
    async with database.session() as session:
        await lanes.take_back(session)
    assert (await claimed(database)).lane_id == lane
    with pytest.raises(LeaseLost):
        async with database.session() as session:
            await lanes.release(session, dead, None)


async def test_each_lane_is_claimed_once_by_many_connections(database: Database, url: str) -> None:
    due_lanes = [await a_lane(database, number) for number in range(1, 41)]
    async with database.session() as session:
        for lane_id in due_lanes:
            await lanes.wake(session, lane_id)
    other = Database(url)

    async def claim_all(process: Database) -> list[int]:
        claimed_here = []
        while (lease := await claim(process)) is not None:
            claimed_here.append(lease.lane_id)
        return claimed_here

    shares = await asyncio.gather(*(claim_all(each) for each in (database, other) * 4))
    await other.close()
    assert sorted(lane_id for share in shares for lane_id in share) == due_lanes


async def test_how_long_until_the_next_lane_is_due_is_known(database: Database) -> None:
    lane_id = await a_lane(database)
    async with database.session() as session:
        assert await lanes.until_due(session) is None
        await lanes.wake(session, lane_id, await now(session) + MINUTE)
        rest = await lanes.until_due(session)
    assert rest is not None
    assert MINUTE / 2 < rest <= MINUTE
    await wake(database, lane_id)
    async with database.session() as session:
        rest = await lanes.until_due(session)
    assert rest is not None
    assert rest <= timedelta(0)
    await claimed(database)
    async with database.session() as session:
        rest = await lanes.until_due(session)
    assert rest is not None
    assert MINUTE / 2 < rest <= MINUTE  # when the lease runs out


async def test_whoever_holds_a_lane_may_lock_no_other_one(database: Database) -> None:
    """Two that did so could wait for each other."""
    await wake(database, await a_lane(database))
    lease = await claimed(database)
    other = await a_lane(database, 8)
    async with database.session() as session:
        await lanes.renew(session, lease)
        with pytest.raises(RuntimeError, match="holds a lane already"):
            await lanes.wake(session, other)
