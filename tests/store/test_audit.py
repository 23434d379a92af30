"""The audit trail in the database: in order, completed once, kept as long as the plan goes on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.core.actions import Outcome, OutcomeKind
from bot.core.facts import Answer, AuditEntry, AuditKind, Verdict
from bot.core.model import Login, NodeId, Sha
from bot.store import audit, plans
from bot.store.commands import StoredCommand
from bot.store.db import Database
from bot.store.lanes import LaneKind, Lease
from bot.store.plans import StoredPlan
from bot.store.tables import plans as table
from tests.store.station import Station

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MERGE = AuditEntry(at=NOW, kind=AuditKind.ACTION, actor="", what="merge W1 (#12)", why="every gate", sha=Sha("a" * 40))
START = AuditEntry(
    at=NOW, kind=AuditKind.COMMAND, actor="ada", what="/sb start", why="admin", outcome="done", detail="",
    source="comment:7:1", delivery="guid-7",
)  # fmt: skip


@pytest.fixture
async def lease(station: Station) -> Lease:
    return await station.plan(1)


async def write(database: Database, lease: Lease, *entries: AuditEntry) -> list[int]:
    async with database.session() as session:
        return await audit.write(session, lease, entries)


async def written(database: Database, number: int = 1, name: str = "octo/demo") -> list[AuditEntry]:
    async with database.session() as session:
        return await audit.export(session, name, number)


async def test_entries_come_back_as_they_were_written_with_their_turn(database: Database, lease: Lease) -> None:
    await write(database, lease, START, MERGE)
    turn = lease.token[:8]
    assert await written(database) == [replace(START, turn=turn), replace(MERGE, turn=turn)]
    assert await written(database, name="OCTO/Demo") == await written(database)
    assert await written(database, number=2) == []
    assert await write(database, lease) == []


async def test_the_newest_come_first_and_no_more_than_asked_for(database: Database, lease: Lease) -> None:
    await write(database, lease, *(replace(MERGE, what=str(number)) for number in range(30)))
    async with database.session() as session:
        newest = await audit.newest(session, lease.lane_id, 3)
    assert [each.what for each in newest] == ["29", "28", "27"]


async def test_it_counts_what_authors_of_new_commands_had_answered_lately_in_their_repository(
    station: Station, database: Database, lease: Lease
) -> None:
    other = await station.plan(2)
    old = replace(START, at=NOW - timedelta(hours=1))
    await write(database, lease, START, old, replace(START, outcome="ignored"), replace(START, actor="wim"), MERGE)
    await write(database, other, replace(START, outcome="refused"))
    asked = StoredCommand(
        id=1, source="comment:8:1", verb="status", words=(), text="/sb status", author=Login("ada"), author_is_bot=False,
        pull=None, subject=NodeId("I_1"), comment=NodeId("IC_8"), comment_url="https://x.example", at=NOW, answer=None,
    )  # fmt: skip
    known = replace(asked, answer=Answer(verdict=Verdict.DONE))
    async with database.session() as session:
        for calls, count in (([asked], {"ada": 2}), ([known], {}), ([], {})):
            found = await audit.answered(session, lease.repository_id, calls, timedelta(hours=1))
            assert found == count
        later = replace(asked, at=NOW + timedelta(hours=1))
        assert await audit.answered(session, lease.repository_id, [later], timedelta(hours=1)) == {}
        assert await audit.answered(session, lease.repository_id + 1, [asked], timedelta(hours=1)) == {}


async def test_an_outcome_is_filled_in_once(database: Database, lease: Lease) -> None:
    ids = await write(database, lease, START, MERGE, replace(MERGE, what="tick"), replace(MERGE, what="update"))
    done = Outcome(kind=OutcomeKind.DONE, result="b" * 40)
    refused = Outcome(kind=OutcomeKind.REFUSED, detail="not allowed")
    async with database.session() as session:
        await audit.settle(session, {ids[1]: done, ids[2]: None})
    async with database.session() as session:
        await audit.settle(session, {ids[0]: refused, ids[1]: refused, ids[2]: refused})
        await audit.settle(session, {})
    found = await written(database)
    assert [(each.outcome, each.detail, each.result) for each in found] == [
        ("done", "", ""), ("done", "", "b" * 40), ("untried", "", ""), (None, "", ""),
    ]  # fmt: skip


async def test_endless_texts_are_cut(database: Database, lease: Lease) -> None:
    await write(database, lease, replace(START, actor="a" * 300, what="w" * 9000, why="y" * 9000, detail="d" * 9000))
    [entry] = await written(database)
    lengths = (len(entry.actor), len(entry.what), len(entry.why), len(entry.detail))
    assert lengths == (100, audit.MAX_TEXT, audit.MAX_TEXT, audit.MAX_TEXT)


async def test_a_trail_is_forgotten_a_year_after_its_plan_ended_and_never_before(
    database: Database, station: Station
) -> None:
    old = NOW - timedelta(days=400)
    leases = {number: await station.plan(number) for number in (1, 2, 3)}
    outside = await station.plan(0, LaneKind.REPOSITORY)
    for number, lease in leases.items():
        async with database.session() as session:
            await plans.commit_decision(session, lease, StoredPlan(), answers={})
            ended = update(table).where(table.c.lane_id == lease.lane_id).values(open=number == 1)
            await session.execute(ended)
        await write(database, lease, replace(MERGE, at=old), replace(MERGE, at=old))
    await write(database, leases[3], START)
    await write(database, outside, replace(START, at=old), START)
    async with database.session() as session:
        assert await audit.prune(session, NOW - timedelta(days=365), 2) == 2
        assert await audit.prune(session, NOW - timedelta(days=365), 100) == 1
    assert [len(await written(database, number)) for number in (1, 2, 3, 0)] == [2, 0, 3, 1]
