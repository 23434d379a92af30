import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.core.facts import Answer, Seen, Verdict
from bot.core.memory import Memory
from bot.core.model import Acceptance, Approval, Branch, Intent, Key, Login, NodeId, Order, PullNumber, Removal, Sha
from bot.store import commands, journal, lanes, plans, tables
from bot.store.commands import NewCommand, StoredCommand
from bot.store.db import Database, database_now
from bot.store.lanes import LaneKind, Lease
from bot.store.overview import overview
from bot.store.plans import StoredPlan

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)

ACCEPTANCE = Acceptance(by=Login("mia"), at=NOW, base_sha=Sha("b" * 40))
MEMORY = Memory(
    intent=Intent(
        paused=Order(by=Login("mia"), at=NOW, reason='lunch, "quoted" & 🍜'),
        held={Key("Agent A"): Order(by=Login("wim"), at=NOW)},
        accepted=ACCEPTANCE,
        joined={Key("W3"): ACCEPTANCE},
        pinned={Key("W1"): Branch("w1"), Key("Agent B"): Branch("b")},
        removed={Key("Agent B"): Removal(title="Bees & <b>", by=Login("mia"), at=NOW)},
        approvals={Key("W1"): (Approval(by=Login("ada"), at=NOW, head=Sha("a" * 40)),)},
    ),
    approved_body="# Plan\r\n\r\n- [ ] W1",
    seen={"stage/W1": Seen(value="waiting", since=NOW)},
    comment=NodeId("IC_1"),
)
PLAN = StoredPlan(
    memory=MEMORY,
    issue_node_id=NodeId("I_1"),
    repository_node_id=NodeId("R_1"),
    base=Branch("main"),
    branches={Branch("w1"): (Key("W1"), PullNumber(12)), Branch("w2"): (Key("W2"), None)},
    started=True,
)
COMMAND = NewCommand(
    source="comment:900:0",
    verb="hold",
    words=("W1", "too", "early"),
    text="/signalbox hold W1 too early",
    author=Login("wim"),
    author_is_bot=False,
    pull=PullNumber(12),
    subject=NodeId("PR_12"),
    comment=NodeId("IC_900"),
    comment_url="https://github.example/octo/demo/pull/12#issuecomment-900",
    at=NOW,
)
ANSWER = Answer(verdict=Verdict.REFUSED, reply="Not **now**.")


async def a_lease(database: Database, number: int = 7) -> Lease:
    async with database.session() as session:
        lane_id = await lanes.ensure_lane(
            session, LaneKind.PLAN, installation_id=5, repository_id=700, full_name="octo/demo", number=number
        )
        await lanes.wake(session, lane_id)
    async with database.session() as session:
        lease = await lanes.claim(session)
    assert lease is not None
    return lease


@pytest.fixture
async def lease(database: Database) -> Lease:
    return await a_lease(database)


async def commit(database: Database, lease: Lease, plan: StoredPlan) -> StoredPlan:
    async with database.session() as session:
        await plans.commit_decision(session, lease, plan, answers={})
    async with database.session() as session:
        return await plans.load(session, lease.lane_id)


async def pending(database: Database, lease: Lease) -> list[StoredCommand]:
    async with database.session() as session:
        return await commands.pending(session, lease.lane_id)


async def test_a_plan_that_nobody_looked_at_is_empty_and_open(database: Database, lease: Lease) -> None:
    async with database.session() as session:
        assert await plans.load(session, lease.lane_id) == StoredPlan()


async def test_a_plan_comes_back_as_it_was_committed(database: Database, lease: Lease) -> None:
    assert await commit(database, lease, PLAN) == PLAN
    assert await commit(database, lease, PLAN) == PLAN


async def test_branches_follow_the_last_decision(database: Database, lease: Lease) -> None:
    await commit(database, lease, PLAN)
    newer = replace(PLAN, branches={Branch("w2"): (Key("W2"), PullNumber(13)), Branch("w3"): (Key("W3"), None)})
    assert await commit(database, lease, newer) == newer
    assert (await commit(database, lease, StoredPlan())).branches == {}


async def test_only_the_memory_is_replaced_after_an_action(database: Database, lease: Lease) -> None:
    await commit(database, lease, PLAN)
    newer = replace(MEMORY, comment=NodeId("IC_2"))
    async with database.session() as session:
        await plans.remember(session, lease, newer)
        assert await plans.load(session, lease.lane_id) == replace(PLAN, memory=newer)


async def test_a_memory_of_an_older_version_is_read(database: Database, lease: Lease) -> None:
    """A deployed plan lacks what is remembered newly, and has what is no longer remembered."""
    await commit(database, lease, PLAN)
    async with database.session() as session:
        text = '{"approved_body": "# Plan", "moon": "full"}'
        await session.execute(update(tables.plans).values(memory=text))
        assert (await plans.load(session, lease.lane_id)).memory == Memory(approved_body="# Plan")


async def test_a_plan_that_was_started_before_edits_could_be_accepted_is_read(database: Database, lease: Lease) -> None:
    await commit(database, lease, PLAN)
    start = {"by": "ada", "at": "2026-01-01T00:00:00Z", "revision": "f" * 64, "base": "main", "base_sha": "a" * 40}
    text = json.dumps({"intent": {"start": start, "held": {}}, "approved_body": "# Plan"})
    async with database.session() as session:
        await session.execute(update(tables.plans).values(memory=text))
        intent = (await plans.load(session, lease.lane_id)).memory.intent
    assert intent.start is not None
    assert intent.start.revision == "f" * 64
    assert (intent.accepted, intent.joined, intent.pinned, intent.removed) == (None, {}, {}, {})


async def test_a_decision_that_fails_halfway_leaves_nothing(database: Database, lease: Lease) -> None:
    await commit(database, lease, PLAN)

    async def commit_and_crash() -> None:
        async with database.session() as session:
            await plans.commit_decision(session, lease, StoredPlan(), answers={})
            await journal.intend(session, lease.lane_id, ["status"])
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        await commit_and_crash()
    async with database.session() as session:
        assert await plans.load(session, lease.lane_id) == PLAN
        assert await journal.entries(session, lease.lane_id, ["status"]) == {}


async def test_a_command_goes_from_pending_to_answered_to_closed(database: Database, lease: Lease) -> None:
    async with database.session() as session:
        assert await commands.add(session, lease.lane_id, COMMAND) is True
        assert await commands.add(session, lease.lane_id, COMMAND) is False
    [waiting] = await pending(database, lease)
    fields = {name: getattr(waiting, name) for name in NewCommand.__dataclass_fields__}
    assert (NewCommand(**fields), waiting.answer) == (COMMAND, None)

    async with database.session() as session:
        await plans.commit_decision(session, lease, PLAN, answers={waiting.id: ANSWER})
    assert await pending(database, lease) == [replace(waiting, answer=ANSWER)]

    async with database.session() as session:
        await commands.close(session, waiting.id)
    assert await pending(database, lease) == []
    async with database.session() as session:
        assert await commands.add(session, lease.lane_id, COMMAND) is False


async def test_commands_come_in_the_order_of_arrival(database: Database, lease: Lease) -> None:
    async with database.session() as session:
        for source in ("comment:9:1", "comment:9:0", "button:x"):
            await commands.add(session, lease.lane_id, replace(COMMAND, source=source))
    assert [each.source for each in await pending(database, lease)] == ["comment:9:1", "comment:9:0", "button:x"]


async def test_an_answer_once_given_stays(database: Database, lease: Lease) -> None:
    async with database.session() as session:
        await commands.add(session, lease.lane_id, COMMAND)
    [waiting] = await pending(database, lease)
    for answer in (ANSWER, Answer(verdict=Verdict.DONE)):
        async with database.session() as session:
            await plans.commit_decision(session, lease, PLAN, answers={waiting.id: answer})
    assert [each.answer for each in await pending(database, lease)] == [ANSWER]


async def test_ignored_commands_are_closed_by_the_decision(database: Database, lease: Lease) -> None:
    async with database.session() as session:
        await commands.add(session, lease.lane_id, COMMAND)
    [waiting] = await pending(database, lease)
    async with database.session() as session:
        await plans.commit_decision(session, lease, PLAN, answers={}, ignored=[waiting.id])
    assert await pending(database, lease) == []


async def test_a_plan_cannot_answer_for_another(database: Database, lease: Lease) -> None:
    other = await a_lease(database, 8)
    async with database.session() as session:
        await commands.add(session, other.lane_id, COMMAND)
    [waiting] = await pending(database, other)
    async with database.session() as session:
        await plans.commit_decision(session, lease, PLAN, answers={waiting.id: ANSWER})
    assert await pending(database, other) == [waiting]


async def age(database: Database, hours: int) -> None:
    """Let time pass for the journal."""
    async with database.session() as session:
        await session.execute(update(tables.journal).values(intended_at=database_now(-3600 * hours)))


async def test_the_journal_knows_what_was_intended_and_for_how_long(database: Database, lease: Lease) -> None:
    async with database.session() as session:
        await journal.intend(session, lease.lane_id, ["reply:1", "reply:2"])
    await age(database, 2)
    async with database.session() as session:
        await journal.complete(session, lease.lane_id, {"reply:1": "IC_5", "reply:9": None})
        found = await journal.entries(session, lease.lane_id, ["reply:1", "reply:2", "reply:3", "reply:9"])
        assert await journal.entries(session, lease.lane_id + 1, ["reply:1"]) == {}
    assert {key: (each.done, each.result, round(each.age / HOUR)) for key, each in found.items()} == {
        "reply:1": (True, "IC_5", 2),
        "reply:2": (False, None, 2),
        "reply:9": (True, None, 0),
    }


async def test_what_surely_did_not_happen_is_struck_out_but_never_what_did(database: Database, lease: Lease) -> None:
    async with database.session() as session:
        await journal.intend(session, lease.lane_id, ["refused", "done"])
        await journal.complete(session, lease.lane_id, {"done": "IC_5"})
        await journal.withdraw(session, lease.lane_id, ["refused", "done"])
        assert list(await journal.entries(session, lease.lane_id, ["refused", "done"])) == ["done"]


async def test_what_is_tried_once_more_is_as_open_as_at_first(database: Database, lease: Lease) -> None:
    async with database.session() as session:
        await journal.intend(session, lease.lane_id, ["check:1", "check:2"])
        await journal.complete(session, lease.lane_id, {"check:1": "CR_5"})
    await age(database, 2)
    async with database.session() as session:
        await journal.intend(session, lease.lane_id, ["check:1", "check:2"])
        found = await journal.entries(session, lease.lane_id, ["check:1", "check:2"])
    assert {(key, each.done, each.result, round(each.age / HOUR)) for key, each in found.items()} == {
        ("check:1", False, None, 0),
        ("check:2", False, None, 0),
    }


async def test_the_overview_counts(database: Database, lease: Lease) -> None:
    await commit(database, lease, PLAN)
    async with database.session() as session:
        counted = await overview(session)
    assert (counted.open_plans, counted.lanes_leased, counted.lanes_due, counted.repositories) == (1, 1, 0, 0)
    async with database.session() as session:
        await lanes.release(session, lease, timedelta(0), failures=2, error="no")
        counted = await overview(session)
    assert (counted.lanes_leased, counted.lanes_due, counted.lanes_failing) == (0, 1, 1)
    assert counted.deliveries == {"new": 0, "done": 0, "ignored": 0, "parked": 0}
