import asyncio
import itertools
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import lz4.frame
import pytest
from sqlalchemy import LargeBinary, select, type_coerce, update
from sqlalchemy.exc import OperationalError, ProgrammingError

from bot.errors import InboxFull
from bot.store import inbox
from bot.store.db import Database
from bot.store.inbox import Inbox
from bot.store.tables import deliveries, pack
from tests.databases import ONLY_SQLITE

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


async def accept(database: Database, guid: str, now: datetime = NOW) -> bool:
    async with database.session() as session:
        return await inbox.accept(session, guid, "issues", b'{"n": 1}', now)


async def taken(database: Database, now: datetime, limit: int = 10) -> list[str]:
    async with database.session() as session:
        return [each.guid for each in await inbox.take(session, limit, now)]


async def state_of(database: Database, guid: str) -> tuple[str, int, bytes]:
    async with database.session() as session:
        columns = (deliveries.c.state, deliveries.c.attempts, deliveries.c.body)
        row = (await session.execute(select(*columns).where(deliveries.c.guid == guid))).one()
        return row.state, row.attempts, row.body


async def test_a_delivery_is_stored_once(database: Database) -> None:
    assert await accept(database, "a") is True
    assert await accept(database, "a") is False
    async with database.session() as session:
        [delivery] = await inbox.take(session, 10, NOW)
    assert delivery == inbox.Delivery(guid="a", event="issues", received_at=NOW, body=b'{"n": 1}')


BODIES = [b"{" + b" " * 100_000 + b"}", b'{"n": 1}', b"{" + os.urandom(5000), b""]


@pytest.mark.parametrize("body", BODIES, ids=["long", "short", "dense", "empty"])
@pytest.mark.parametrize("straight", [True, False])
async def test_a_body_is_kept_packed_and_comes_back_as_it_was(database: Database, body: bytes, straight: bool) -> None:
    if straight:
        await Inbox(database, lambda: NOW).store("a", "issues", body)
    else:
        async with database.session() as session:
            await inbox.accept(session, "a", "issues", body, NOW)
    async with database.session() as session:
        [delivery] = await inbox.take(session, 10, NOW)
        kept: bytes = (await session.execute(select(type_coerce(deliveries.c.body, LargeBinary)))).scalar_one()
    assert delivery.body == body
    assert (lz4.frame.decompress(kept) if body else kept) == body  # as the tool of that name does
    assert len(kept) < 1000 or len(kept) < 1.01 * len(body) < 6000


async def test_what_an_older_version_stored_as_it_came_is_read(database: Database) -> None:
    at = deliveries.c.body
    async with database.session() as session:
        await inbox.accept(session, "a", "issues", b"{}", NOW)
        await session.execute(update(deliveries).values({at: type_coerce(b'{"n": 1}', LargeBinary)}))
    async with database.session() as session:
        [delivery] = await inbox.take(session, 10, NOW)
    assert delivery.body == b'{"n": 1}'


async def test_deliveries_are_taken_oldest_first_and_no_more_than_asked_for(database: Database) -> None:
    for guid, age in (("late", 1), ("early", 3), ("middle", 2)):
        await accept(database, guid, NOW - age * SECOND)
    assert await taken(database, NOW, limit=2) == ["early", "middle"]


@pytest.mark.parametrize("state", ["done", "ignored"])
async def test_a_finished_delivery_is_not_taken_again_and_its_body_is_gone(database: Database, state: str) -> None:
    await accept(database, "a")
    async with database.session() as session:
        await inbox.finish(session, "a", state)
    assert await taken(database, NOW + timedelta(days=1)) == []
    assert await accept(database, "a") is False
    assert await state_of(database, "a") == (state, 0, b"")


async def test_a_failed_delivery_backs_off_and_is_parked_at_last(database: Database) -> None:
    await accept(database, "a")
    now, waits = NOW, []
    for attempt in range(1, 9):
        async with database.session() as session:
            over = await inbox.fail(session, "a", f"attempt {attempt}", now)
            due_at = (await session.execute(select(deliveries.c.due_at))).scalar_one()
        assert over is (attempt == 8)
        if due_at is not None:
            assert await taken(database, due_at - SECOND) == []
            assert await taken(database, due_at) == ["a"]
            waits.append((due_at - now).total_seconds())
            now = due_at
    assert waits == [5, 10, 20, 40, 80, 160, 320]
    assert await taken(database, now + timedelta(days=1)) == []
    assert await state_of(database, "a") == ("parked", 8, b'{"n": 1}')


async def test_what_another_took_in_meanwhile_does_not_fail_any_more(database: Database) -> None:
    await accept(database, "a")
    async with database.session() as session:
        await inbox.finish(session, "a")
    async with database.session() as session:
        assert await inbox.fail(session, "a", "too late", NOW) is False
        assert await inbox.fail(session, "gone", "too late", NOW) is False
    assert await state_of(database, "a") == ("done", 0, b"")
    assert await taken(database, NOW + timedelta(days=1)) == []


async def park(database: Database, guid: str) -> None:
    for _ in range(8):
        async with database.session() as session:
            await inbox.fail(session, guid, "no", NOW)


async def states(database: Database) -> dict[str, str]:
    async with database.session() as session:
        return {each.guid: each.state for each in await inbox.listed(session, inbox.STATES)}


async def test_what_waits_and_what_is_parked_is_listed_oldest_first(database: Database) -> None:
    for guid, age in (("young", 1), ("parked", 3), ("done", 2)):
        await accept(database, guid, NOW - age * SECOND)
    await park(database, "parked")
    async with database.session() as session:
        await inbox.finish(session, "done")
        found = await inbox.listed(session)
        finished = await inbox.listed(session, ["done"])
    assert [(each.guid, each.state, each.attempts, each.error) for each in found] == [
        ("parked", "parked", 8, "no"),
        ("young", "new", 0, None),
    ]
    assert (found[0].received_at, found[0].due_at) == (NOW - 3 * SECOND, None)
    assert [each.guid for each in finished] == ["done"]


async def test_a_replay_makes_new_again_what_is_parked_or_waits_and_nothing_else(database: Database) -> None:
    for guid in ("parked", "other", "waits", "done"):
        await accept(database, guid)
    await park(database, "parked")
    await park(database, "other")
    async with database.session() as session:
        await inbox.fail(session, "waits", "no", NOW)
        await inbox.finish(session, "done")
    async with database.session() as session:
        assert await inbox.replay(session, ["parked", "waits", "done", "unknown"]) == {"parked", "waits"}
    assert await taken(database, NOW) == ["parked", "waits"]
    assert await states(database) == {"done": "done", "other": "parked", "parked": "new", "waits": "new"}
    async with database.session() as session:
        assert await inbox.replay(session) == {"other"}
        assert await inbox.replay(session) == set()
    assert await state_of(database, "other") == ("new", 0, b'{"n": 1}')


async def test_a_redelivery_revives_what_is_parked(database: Database) -> None:
    await accept(database, "a")
    await park(database, "a")
    async with database.session() as session:
        assert await inbox.known(session, ["a", "b"]) == set()
    assert await accept(database, "a") is True
    assert await taken(database, NOW) == ["a"]
    async with database.session() as session:
        assert await inbox.known(session, ["a", "b"]) == {"a"}


async def test_only_old_finished_deliveries_are_pruned(database: Database) -> None:
    for guid, age in (("old", 40), ("old-but-new", 40), ("young", 1)):
        await accept(database, guid, NOW - timedelta(days=age))
    async with database.session() as session:
        await inbox.finish(session, "old")
        await inbox.finish(session, "young")
        assert await inbox.prune(session, NOW - timedelta(days=30), 10) == 1
        left = (await session.execute(select(deliveries.c.guid).order_by(deliveries.c.guid))).scalars().all()
    assert left == ["old-but-new", "young"]


async def test_what_was_acknowledged_is_in_the_file(database: Database, url: str) -> None:
    """Read through a second connection, while the first is still open: nothing waits to be written."""
    receiver = Inbox(database, lambda: NOW)
    answers = await asyncio.gather(*(receiver.store(f"guid-{n}", "push", b"{}") for n in range(250)))
    assert answers == [True] * 250
    other = Database(url)
    assert len(await taken(other, NOW, limit=1000)) == 250
    await other.close()


async def test_each_store_returns_only_after_its_own_commit(database: Database, url: str) -> None:
    receiver, other = Inbox(database, lambda: NOW), Database(url)

    async def store_and_look(guid: str) -> bool:
        await receiver.store(guid, "push", b"{}")
        async with other.session() as session:  # taking it would hide it from those who look at the same time
            return (await session.execute(select(deliveries).where(deliveries.c.guid == guid))).first() is not None

    seen = await asyncio.gather(*(store_and_look(f"guid-{n}") for n in range(20)))
    await other.close()
    assert seen == [True] * 20


@pytest.mark.timeout(20)
async def test_one_that_comes_just_as_a_commit_ends_is_not_left_waiting(database: Database) -> None:
    receiver = Inbox(database, lambda: NOW)
    for number in range(20):  # each is stored in the very step in which the one before is told of
        assert await receiver.store(f"guid-{number}", "push", b"{}")
    assert set((await states(database)).values()) == {"new"}


async def test_twins_in_one_batch_are_stored_once(database: Database) -> None:
    receiver = Inbox(database, lambda: NOW)
    answers = await asyncio.gather(
        *(receiver.store("same", "push", b"{}") for _ in range(5)), receiver.store("b", "push", b"{}")
    )
    assert (sum(answers[:5]), answers[5]) == (1, True)
    assert await states(database) == {"same": "new", "b": "new"}


async def test_a_known_one_and_a_parked_one_in_a_batch_are_told_from_the_new(database: Database) -> None:
    receiver = Inbox(database, lambda: NOW)
    await accept(database, "known")
    await accept(database, "parked")
    await park(database, "parked")
    answers = await asyncio.gather(*(receiver.store(guid, "push", b"{}") for guid in ("a", "known", "parked", "z")))
    assert answers == [True, False, True, True]
    assert await states(database) == {"a": "new", "known": "new", "parked": "new", "z": "new"}


@ONLY_SQLITE
async def test_others_have_their_turn_while_deliveries_pour_in(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, over, numbers, commits = Inbox(database, lambda: NOW), False, itertools.count(), 0
    fetch = database.fetch

    async def counted(*given: Any) -> Any:
        nonlocal commits
        commits += 1
        return await fetch(*given)

    async def sender() -> None:
        while not over:
            assert await receiver.store(f"guid-{next(numbers)}", "push", b"{}")

    monkeypatch.setattr(database, "fetch", counted)
    async with asyncio.TaskGroup() as senders:
        for _ in range(50):  # so many that there is always something to store
            senders.create_task(sender())
        await asyncio.sleep(0)
        for _ in range(10):
            before = commits
            async with database.session() as session:
                await session.execute(select(deliveries.c.guid).limit(1))
            assert commits - before <= 2  # the one under way, and the one that waits for the session's end
        over = True


async def test_a_burst_takes_few_commits(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver, begun = Inbox(database, lambda: NOW), 0
    commit = database.fetch

    async def counted(*given: Any) -> Any:
        nonlocal begun
        begun += 1
        return await commit(*given)

    monkeypatch.setattr(database, "fetch", counted)
    await asyncio.gather(*(receiver.store(f"guid-{n}", "push", b"{}") for n in range(300)))
    assert 3 <= begun <= 6


async def test_a_sender_that_hangs_up_harms_nobody(database: Database) -> None:
    receiver = Inbox(database, lambda: NOW)
    gone = asyncio.create_task(receiver.store("gone", "push", b"{}"))
    stays = asyncio.create_task(receiver.store("stays", "push", b"{}"))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays is True
    await receiver.close()
    assert await taken(database, NOW) == ["gone", "stays"]


async def test_no_more_waits_than_there_is_room_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    body = os.urandom(60)
    monkeypatch.setattr(inbox, "ROOM", len(pack(body)) * 3 // 2)
    receiver = Inbox(database, lambda: NOW)
    first = asyncio.create_task(receiver.store("a", "push", body))
    await asyncio.sleep(0)
    with pytest.raises(InboxFull):
        await receiver.store("b", "push", body)
    assert await first is True
    assert await receiver.store("b", "push", body) is True, "there is room again"


async def test_every_sender_hears_of_a_database_that_fails(empty_url: str) -> None:
    database = Database(empty_url)
    receiver = Inbox(database, lambda: NOW)
    answers = await asyncio.gather(
        *(receiver.store(f"guid-{n}", "push", b"{}") for n in range(3)), return_exceptions=True
    )
    assert all(isinstance(each, OperationalError | ProgrammingError) for each in answers), answers
    await database.close()
