"""What the store knows of a repository as a whole: whether it may be seen, and which pulls plans have claimed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.model import Branch, Key, Login, NodeId, PullNumber
from bot.store import commands, lanes, plans
from bot.store.claims import Claims, claims, hand_over, owner_of
from bot.store.commands import NewCommand
from bot.store.db import Database
from bot.store.installed import Repository, lose, lose_installation, see
from bot.store.lanes import LaneKind, Lease
from bot.store.plans import StoredPlan

DEMO = Repository(id=700, installation_id=5, full_name="octo/demo")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


async def claim(database: Database, kind: LaneKind) -> Lease | None:
    async with database.session() as session:
        return await lanes.claim(session, kind)


async def test_a_repository_is_news_once_and_its_lanes_learn_its_new_name(database: Database) -> None:
    renamed = replace(DEMO, full_name="octo/renamed", installation_id=6)
    async with database.session() as session:
        assert [await see(session, each) for each in (DEMO, DEMO)] == [True, False]
        await lanes.wake(session, await DEMO.lane(session, issue=7))
        assert await see(session, renamed) is False
    lease = await claim(database, LaneKind.PLAN)
    assert lease is not None
    assert (lease.full_name, lease.installation_id, lease.number) == ("octo/renamed", 6, 7)


@pytest.mark.parametrize("whole_installation", [False, True])
async def test_a_repository_that_is_gone_rests_and_another_does_not(
    database: Database, whole_installation: bool
) -> None:
    other = Repository(id=701, installation_id=9, full_name="octo/other")
    async with database.session() as session:
        for repository in (DEMO, other):
            await lanes.wake(session, await repository.lane(session))
        await (lose_installation(session, 5) if whole_installation else lose(session, [DEMO.id], DEMO.installation_id))
    lease = await claim(database, LaneKind.REPOSITORY)
    assert lease is not None
    assert lease.repository_id == other.id
    assert await claim(database, LaneKind.REPOSITORY) is None


async def test_a_turn_that_runs_while_the_repository_goes_does_not_wake_it_again(database: Database) -> None:
    async with database.session() as session:
        await lanes.wake(session, await DEMO.lane(session))
    lease = await claim(database, LaneKind.REPOSITORY)
    assert lease is not None
    async with database.session() as session:
        await lose(session, [DEMO.id], DEMO.installation_id)
        await lanes.release(session, lease, timedelta(0))
    assert await claim(database, LaneKind.REPOSITORY) is None


async def a_plan(database: Database, number: int, plan: StoredPlan) -> int:
    async with database.session() as session:
        await lanes.wake(session, await DEMO.lane(session, issue=number), LONG_AGO)
    lease = await claim(database, LaneKind.PLAN)
    assert lease is not None
    async with database.session() as session:
        await plans.commit_decision(session, lease, plan, answers={})
        await lanes.release(session, lease, None)
    return lease.lane_id


async def test_pulls_stay_with_their_plan_but_branches_only_while_it_is_open(database: Database) -> None:
    one = {Branch("w1"): (Key("W1"), PullNumber(11)), Branch("w2"): (Key("W2"), None)}
    two = {Branch("old"): (Key("W1"), PullNumber(12))}
    running = await a_plan(database, 1, StoredPlan(branches=one, started=True))
    finished = await a_plan(database, 2, StoredPlan(branches=two, started=True, open=False))
    async with database.session() as session:
        assert await claims(session, DEMO.id) == Claims(
            branches=frozenset({Branch("w1"), Branch("w2")}), pulls=frozenset({PullNumber(11), PullNumber(12)})
        )
        assert await claims(session, 701) == Claims(branches=frozenset(), pulls=frozenset())
        owners = [await owner_of(session, DEMO.id, PullNumber(number)) for number in (11, 12, 13)]
    assert owners == [running, finished, None]


async def test_a_command_can_be_handed_to_the_plan_that_it_is_for(database: Database) -> None:
    command = NewCommand(
        source="comment:1:0", verb="hold", words=(), text="/sb hold", author=Login("wim"), author_is_bot=False,
        pull=PullNumber(11), subject=NodeId("PR_11"), comment=NodeId("IC_1"), comment_url="https://x.example", at=LONG_AGO,
    )  # fmt: skip
    async with database.session() as session:
        repository, plan = await DEMO.lane(session), await DEMO.lane(session, issue=1)
        await commands.add(session, repository, command)
        [waiting] = await commands.pending(session, repository)
        await hand_over(session, waiting.id, plan)
        assert await commands.pending(session, repository) == []
        assert await commands.pending(session, plan) == [waiting]
