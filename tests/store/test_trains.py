"""The train: of several plans with one base one merges at a time, in the order in which they began to wait."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.core.facts import TrainFacts, Waiting
from bot.core.model import Branch, IssueNumber, Key
from bot.core.train_wish import Wish, WishKind
from bot.errors import LeaseLost
from bot.store import trains
from bot.store.db import Database
from bot.store.tables import lanes as lane_table
from bot.store.tables import train_plans
from bot.store.tables import trains as train_table
from bot.store.trains import OFFER, Settled
from tests.store.station import DEV, LONG_AGO, MAIN, MINUTE, REPOSITORY, Station

SECOND = timedelta(seconds=1)
HELD = Settled(holds=True)
KEEP, TAKE, WAIT, NONE = WishKind.KEEP, WishKind.TAKE, WishKind.WAIT, WishKind.NONE


@pytest.mark.parametrize("kind", [KEEP, TAKE])
async def test_the_first_plan_takes_the_train_and_the_second_waits(station: Station, kind: WishKind) -> None:
    assert await station.settle(1, TAKE, doing="merges `W1`") == HELD
    assert await station.settle(2, kind, minutes=5) == Settled(holds=False)
    facts = await station.look(2)
    assert (facts.holder, facts.doing, facts.frozen) == (1, "merges `W1`", ())
    assert facts.since is not None
    assert abs(facts.since - datetime.now(UTC)) < MINUTE
    assert facts.waiting == (Waiting(issue=IssueNumber(2), key=Key("W1"), since=LONG_AGO + 5 * MINUTE),)
    assert await station.look(1) == facts
    assert await station.woken() == {1}  # the holder says who waits behind it


async def test_a_base_that_nobody_wants_has_nothing_to_tell(station: Station) -> None:
    assert await station.settle(1, NONE) == Settled(holds=False)
    assert await station.look(1) == TrainFacts()
    async with station.database.session() as session:
        assert (await session.execute(select(train_table))).first() is None


async def test_the_holder_keeps_the_train_until_its_merge_is_verified(station: Station) -> None:
    await station.settle(1, TAKE)
    since = (await station.look(1)).since
    await station.settle(2, TAKE, minutes=-5)
    assert await station.settle(1, KEEP, doing="verifies `W1`") == HELD
    facts = await station.look(1)
    assert (facts.holder, facts.doing, facts.since) == (1, "verifies `W1`", since)
    assert await station.woken() == {1, 2}  # who waits says what for


async def test_whoever_has_something_unverified_takes_a_free_train_whoever_waits(station: Station) -> None:
    await station.settle(3, TAKE)
    await station.settle(2, TAKE, minutes=1)
    await station.settle(3, NONE)
    assert await station.settle(1, KEEP, minutes=9) == HELD


@pytest.mark.parametrize("kind", [NONE, WAIT])
async def test_who_waits_is_woken_when_the_train_is_free_and_gets_it(station: Station, kind: WishKind) -> None:
    await station.settle(1, TAKE)
    await station.settle(2, TAKE, minutes=1)
    await station.settle(1, kind, minutes=9)
    assert await station.woken() == {1, 2}
    assert await station.holder() is None
    assert await station.settle(2, TAKE, minutes=1) == HELD
    assert await station.waiting() == ([1] if kind is WAIT else [])


async def test_nobody_waits_any_more_who_wants_nothing(station: Station) -> None:
    await station.settle(1, TAKE)
    await station.settle(2, TAKE)
    await station.settle(2, NONE)
    assert await station.waiting() == []
    async with station.database.session() as session:
        assert (await session.execute(select(train_plans))).first() is None


async def test_after_its_verification_a_plan_leaves_the_train_to_whoever_waits_longer(station: Station) -> None:
    await station.settle(1, TAKE)
    await station.settle(3, TAKE, minutes=2)
    await station.settle(2, TAKE, minutes=1)
    assert await station.waiting() == [2, 3]
    passed = await station.settle(1, TAKE, minutes=3)
    assert not passed.holds
    assert passed.look_in is not None
    assert 2 * OFFER - SECOND < passed.look_in <= 2 * OFFER
    assert await station.woken() == {1, 2, 3}
    assert await station.waiting() == [2, 3, 1]
    third = await station.settle(3, TAKE, minutes=2)
    assert not third.holds
    assert third.look_in is not None
    assert third.look_in < passed.look_in
    assert await station.settle(2, TAKE, minutes=1) == HELD
    await station.settle(2, NONE)
    assert await station.settle(3, TAKE, minutes=2) == HELD
    await station.settle(3, NONE)
    assert await station.settle(1, TAKE, minutes=3) == HELD


async def test_a_plan_that_waited_longest_goes_on_at_once(station: Station) -> None:
    await station.settle(1, TAKE)
    await station.settle(2, TAKE, minutes=2)
    assert await station.settle(1, TAKE, minutes=1) == HELD
    assert await station.woken() == {1}


async def test_of_two_that_wait_equally_long_the_older_plan_comes_first(station: Station) -> None:
    await station.settle(3, TAKE)
    await station.settle(1, TAKE, minutes=1)
    await station.settle(3, NONE)
    assert not (await station.settle(2, TAKE, minutes=1)).holds
    assert await station.settle(1, TAKE, minutes=1) == HELD


async def test_who_does_not_take_its_turn_is_passed_over_and_stays_in_the_queue(station: Station) -> None:
    await station.settle(1, TAKE)
    await station.settle(2, TAKE, minutes=1)
    await station.settle(3, TAKE, minutes=2)
    await station.settle(1, NONE)
    await station.pass_by(OFFER - SECOND)
    assert not (await station.settle(3, TAKE, minutes=2)).holds
    await station.pass_by(SECOND)
    assert await station.settle(3, TAKE, minutes=2) == HELD
    assert await station.waiting() == [2]
    await station.settle(3, NONE)
    assert await station.settle(2, TAKE, minutes=1) == HELD


async def test_each_who_waited_longer_has_its_own_time_to_take_its_turn(station: Station) -> None:
    await station.settle(1, TAKE)
    await station.settle(2, TAKE, minutes=1)
    await station.settle(3, TAKE, minutes=2)
    assert not (await station.settle(1, TAKE, minutes=3)).holds
    await station.pass_by(OFFER)
    assert not (await station.settle(1, TAKE, minutes=3)).holds
    assert await station.settle(3, TAKE, minutes=2) == HELD


async def test_a_plan_without_a_time_waits_since_it_began_to_wait(station: Station) -> None:
    await station.settle(1, TAKE)
    await station.settle(2, TAKE, None, key=None)
    first = (await station.look(1)).waiting
    await station.settle(2, TAKE, None)
    assert abs(first[0].since - datetime.now(UTC)) < MINUTE
    assert [(each.key, each.since) for each in (await station.look(1)).waiting] == [(Key("W1"), first[0].since)]


async def test_who_waits_keeps_its_place_whatever_it_waits_with(station: Station) -> None:
    """That its turn came may be just what makes a workstream mergeable, since now."""
    await station.settle(1, TAKE)
    await station.settle(2, WAIT, minutes=1)
    await station.settle(3, WAIT, minutes=2)
    await station.settle(1, NONE)
    await station.settle(2, WAIT, minutes=7, key="W8")
    assert (await station.look(1)).waiting[0] == Waiting(issue=IssueNumber(2), key=Key("W8"), since=LONG_AGO + MINUTE)
    assert not (await station.settle(3, TAKE, minutes=9)).holds
    assert await station.settle(2, TAKE, minutes=9) == HELD


async def test_who_begins_to_wait_for_a_train_that_became_free_meanwhile_looks_again_once(station: Station) -> None:
    """Its wish comes from what it saw before; the wake for those who wait was sent without it."""
    await station.settle(1, TAKE)
    assert (await station.look(2)).holder == 1
    await station.settle(1, NONE)
    late = await station.settle(2, WAIT)
    assert late.look_in is not None
    assert late.look_in == timedelta(0)
    assert await station.settle(2, WAIT) == Settled(holds=False)


async def test_the_train_of_a_plan_whose_process_died_is_still_its_own(station: Station) -> None:
    await station.settle(1, TAKE)
    async with station.database.session() as session:
        await session.execute(update(lane_table).values(due_at=None, lease_until=LONG_AGO))
    station.leases.clear()
    assert not (await station.settle(2, TAKE)).holds
    assert await station.settle(1, KEEP) == HELD


async def test_a_turn_that_lost_its_lease_changes_nothing(station: Station) -> None:
    async with station.database.session() as session:
        await session.execute(update(lane_table).values(lease_token="another"))
    with pytest.raises(LeaseLost):
        await station.settle(1, TAKE)
    assert await station.look(1) == TrainFacts()


async def test_plans_with_different_bases_do_not_hinder_each_other(station: Station) -> None:
    assert await station.settle(1, TAKE, frozen="it is verified", outside=True) == HELD
    assert await station.settle(2, TAKE, base=DEV) == HELD
    assert (await station.holder(), await station.holder(DEV)) == (1, 2)
    assert await station.settle(2, KEEP, base=DEV) == HELD


async def test_a_plan_whose_base_changes_leaves_the_old_one(station: Station) -> None:
    await station.settle(1, TAKE, frozen="it is verified")
    await station.settle(2, WAIT)
    await station.woken()
    assert await station.settle(1, TAKE, base=DEV) == HELD
    assert (await station.holder(), (await station.look(2)).frozen) == (None, ())
    assert await station.woken() == {2}
    await station.settle(2, WAIT, base=DEV)
    assert (await station.waiting(), await station.waiting(DEV)) == ([], [2])


async def test_a_plan_that_leaves_drops_everything_and_wakes_who_waits(station: Station) -> None:
    await station.settle(1, TAKE, frozen="release day", outside=True)
    await station.settle(2, TAKE)
    await station.settle(3, TAKE, base=DEV)
    await station.woken()
    await station.leave(1)
    assert await station.woken() == {0, 2}
    assert (await station.holder(), await station.holder(DEV), await station.freezes()) == (None, 3, {})
    await station.leave(2)
    assert await station.waiting() == []
    await station.leave(2)
    assert await station.woken() == set()


async def test_with_its_lane_all_that_a_plan_has_is_gone(station: Station) -> None:
    await station.settle(1, TAKE, frozen="release day", outside=True)
    await station.settle(2, WAIT)
    async with station.database.session() as session:
        await session.execute(delete(lane_table).where(lane_table.c.number.in_([1, 2])))
    assert await station.look(3) == TrainFacts()
    assert await station.settle(3, TAKE) == HELD


async def test_of_several_that_take_the_train_at_once_one_gets_it(station: Station, url: str) -> None:
    """Two processes, a base on which nobody has merged yet, over and over."""
    other = Station(Database(url), leases=station.leases)
    for round_ in range(10):
        base = Branch(f"base/{round_}")
        sides = ((station, 1), (other, 2), (station, 3))
        won = await asyncio.gather(*(side.settle(number, TAKE, base=base) for side, number in sides))
        assert [each.holds for each in won].count(True) == 1
        assert len(await station.waiting(base)) == 2
    await other.database.close()


async def test_the_train_that_another_took_meanwhile_is_not_taken_from_it(station: Station) -> None:
    """Should the lock fail, the statement itself still says no."""
    await station.settle(1, TAKE)
    lease = await station.plan(2)
    async with station.database.session() as session:
        train = (await trains._lock(session, lease.lane_id, {(REPOSITORY, MAIN)}))[REPOSITORY, MAIN]
        free = replace(train, holder=None)
        assert not await trains._write(session, trains._change(free, Wish(kind=TAKE)))
    assert await station.holder() == 1


async def test_the_rows_need_their_lane(station: Station) -> None:
    with pytest.raises(IntegrityError):
        async with station.database.session() as session:
            await session.execute(insert(train_plans).values(repository_id=REPOSITORY, base=MAIN, lane_id=999))
