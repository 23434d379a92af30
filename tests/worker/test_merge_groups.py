"""The turn over a repository looks after merge groups, and is woken whenever they may have to change."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from bot.core.actions import EnqueuePull, PutCheck
from bot.core.events import OutsideWake, read_event
from bot.core.facts import OwnCheck, QueueEntry
from bot.core.model import Branch, NodeId, PullNumber
from bot.errors import NotInstalled
from bot.store.db import Database
from bot.store.lanes import LaneKind
from bot.store.tables import lanes
from bot.worker.outside import Outside
from tests.build import a_base, sha
from tests.worker.fake import Fake, a_free_pull
from tests.worker.lane import DEMO, Lane
from tests.worker.test_turn import start

MAIN = Branch("main")


def an_entry(position: int = 1, pull: int = 20, conclusion: str | None = "success") -> QueueEntry:
    own = OwnCheck(
        node_id=NodeId("CR_9"), status="completed", conclusion=conclusion, external_id="outside/x/y", started_at=None,
        url="", title="As it is",
    )  # fmt: skip
    return QueueEntry(
        position=position, pull=PullNumber(pull), url="https://x.example", head=a_free_pull(pull).head_sha,
        own=own if conclusion else None, group=sha(f"group {pull}"),
    )  # fmt: skip


def conclusions(github: Fake) -> dict[str, str | None]:
    return {each.head_sha: each.conclusion for each in github.done if isinstance(each, PutCheck)}


async def is_due(lane: Lane) -> bool:
    """Whether the repository's lane was woken."""
    async with lane.database.session() as session:
        due = select(lanes.c.due_at).where(lanes.c.kind == LaneKind.REPOSITORY.value)
        return (await session.execute(due)).scalar_one_or_none() is not None


def repository(database: Database, github: Fake) -> Lane:
    return Lane(database=database, github=github, issue=None)


async def test_a_group_gets_its_check(database: Database, github: Fake) -> None:
    github.outside = (a_free_pull(20, queued=True),)
    github.queues = {MAIN: (an_entry(), an_entry(2, 21, "failure"))}
    await repository(database, github).turn_outside()
    found = conclusions(github)
    assert (found[sha("group 20")], found[sha("group 21")]) == ("success", "failure")


async def test_a_check_that_this_turn_puts_on_a_pull_counts_for_its_group(database: Database, github: Fake) -> None:
    github.outside = (a_free_pull(20, queued=True),)
    github.queues = {MAIN: (an_entry(conclusion=None),)}
    await repository(database, github).turn_outside()
    assert list(conclusions(github).values()) == ["success", "success"]


async def test_without_a_queued_pull_no_queue_is_read(database: Database, github: Fake) -> None:
    github.outside = (a_free_pull(20),)
    github.queues = {MAIN: (an_entry(),)}
    await repository(database, github).turn_outside()
    assert github.reads == 1


async def test_a_queue_is_read_until_it_was_seen_empty(database: Database, github: Fake) -> None:
    """Its pulls may be beyond the first page of those updated last."""
    outside, lane = Outside(github=github, database=database), repository(database, github)

    async def reads() -> int:
        before = github.reads
        lease = await lane.claim()
        await outside.turn(lease, datetime.now(UTC))
        return github.reads - before

    github.outside, github.queues = (a_free_pull(20, queued=True),), {MAIN: (an_entry(),)}
    assert await reads() == 2
    github.outside = (a_free_pull(30),)
    assert await reads() == 2
    github.queues = {}
    assert [await reads(), await reads()] == [2, 1]


async def test_a_queue_that_may_not_be_read_keeps_no_pull_from_its_check(
    database: Database, github: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    github.outside = (a_free_pull(20, queued=True),)

    async def refuse(*_: object) -> tuple[QueueEntry, ...]:
        raise NotInstalled("no access")

    monkeypatch.setattr(github, "merge_queue", refuse)
    await repository(database, github).turn_outside()
    assert list(conclusions(github).values()) == ["success"]


async def test_a_plans_turn_that_wrote_a_check_wakes_it_where_the_base_has_a_queue(lane: Lane, github: Fake) -> None:
    github.base = a_base(merge_queue=True)
    await start(lane, github)
    await lane.turn()
    assert github.did(PutCheck)
    assert github.did(EnqueuePull)
    assert await is_due(lane)


async def test_it_is_not_woken_where_there_is_no_queue(lane: Lane, github: Fake) -> None:
    await start(lane, github)
    await lane.turn()
    assert github.did(PutCheck)
    assert not await is_due(lane)


def test_a_merge_group_wakes_it() -> None:
    body = {"action": "checks_requested", "merge_group": {"base_ref": "refs/heads/main"}}
    repo = {"id": DEMO.id, "node_id": "R_77", "full_name": DEMO.full_name}
    assert OutsideWake() in read_event("merge_group", {**body, "repository": repo}).wakes
