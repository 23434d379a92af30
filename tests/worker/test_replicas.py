"""Several processes on one PostgreSQL at once: nobody waits in a circle, nothing is lost, nothing is done twice."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from bot.core.model import Branch, Key, Login
from bot.core.train_wish import Wish, WishKind
from bot.store import inbox, lanes, plans, trains
from bot.store.db import Database
from bot.store.installed import Repository
from bot.store.lanes import LaneKind
from bot.store.plans import StoredPlan
from bot.store.tables import commands, deliveries
from bot.store.tables import lanes as lane_table
from bot.worker.intake import Own, take_in
from tests.build import APP
from tests.databases import ONLY_POSTGRESQL

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OWN = Own(app_id=APP, login=Login("signalbox[bot]"))
REPOSITORIES = (71, 72, 73)
PLANS = (1, 2, 3, 4)  # in each
ROUNDS = 8
MAIN = Branch("main")


def told(repository: int, event: str, **payload: Any) -> tuple[str, dict[str, Any]]:
    about = {"id": repository, "node_id": f"R_{repository}", "full_name": f"octo/r{repository}"}
    return event, {
        "repository": about,
        "installation": {"id": 5},
        "sender": {"login": "ada", "type": "User"},
        **payload,
    }


def a_command(repository: int, issue: int, number: int) -> tuple[str, dict[str, Any]]:
    comment = {
        "id": number, "node_id": f"IC_{number}", "html_url": "https://x.example", "body": "/sb status",
        "user": {"login": "ada", "type": "User"}, "created_at": "2026-11-20T11:05:00Z",
    }  # fmt: skip
    about = {"number": issue, "node_id": f"I_{issue}"}
    return told(repository, "issue_comment", action="created", issue=about, comment=comment)


def crossing() -> list[tuple[str, dict[str, Any]]]:
    """Deliveries that name the same lanes forwards and backwards, again and again, known ones and new ones."""
    every: list[tuple[str, dict[str, Any]]] = []
    for round_ in range(ROUNDS):
        there = [(repository, issue) for repository in REPOSITORIES for issue in PLANS]
        for repository, issue in there if round_ % 2 else reversed(there):
            every.append(a_command(repository, issue, len(every) + 1))
        for repository in REPOSITORIES if round_ % 2 else reversed(REPOSITORIES):
            every.append(told(repository, "push", ref="refs/heads/main"))
            fresh = {"number": 100 + round_ // 2, "node_id": "I", "labels": [{"name": "plan"}]}
            every.append(told(repository, "issues", action="opened", issue=fresh))
    return every


async def set_up(database: Database) -> None:
    """Have all plans known, and all deliveries stored."""
    for repository in REPOSITORIES:
        about = Repository(id=repository, installation_id=5, full_name=f"octo/r{repository}")
        for issue in PLANS:
            async with database.session() as session:
                await lanes.wake(session, await about.lane(session, issue))
                lease = await lanes.claim(session)
            assert lease is not None
            async with database.session() as session:
                await plans.commit_decision(session, lease, StoredPlan(base=MAIN, started=True), answers={})
            async with database.session() as session:
                await lanes.release(session, lease, None)
    async with database.session() as session:
        for number, (event, payload) in enumerate(crossing()):
            at = NOW + number * timedelta(milliseconds=1)
            await inbox.accept(session, f"guid-{number}", event, json.dumps(payload).encode(), at)


async def intake(database: Database) -> None:
    """Take deliveries in until there are none, as a worker does."""
    at = NOW + timedelta(days=1)
    while True:
        async with database.session() as session:
            waiting = await inbox.take(session, 8, at)
            for delivery in waiting:
                await take_in(session, delivery, at, OWN, {})
        if not waiting:
            return


async def turns(database: Database, taken_in: asyncio.Event) -> None:
    """Claim lanes and let them take, keep and leave the train, until nothing is due any more."""
    count = 0
    while True:
        over = taken_in.is_set()
        async with database.session() as session:
            lease = await lanes.claim(session)
        if lease is None:
            if over:
                return
            await asyncio.sleep(0.005)  # there is no bell here
            continue
        if lease.kind is LaneKind.PLAN:
            count += 1
            kind = WishKind.NONE if over else (WishKind.TAKE, WishKind.WAIT, WishKind.NONE)[count % 3]
            frozen = None if over or count % 2 else "it is verified"
            wish = Wish(kind=kind, key=Key("W1"), frozen=frozen, outside=frozen is not None)
            async with database.session() as session:
                await trains.settle(session, lease, MAIN, wish)
        async with database.session() as session:
            await lanes.release(session, lease, None)


@ONLY_POSTGRESQL
async def test_intakes_and_turns_that_meet_lose_nothing_and_never_wait_in_a_circle(
    database: Database, url: str
) -> None:
    await set_up(database)
    processes = [Database(url) for _ in range(3)]
    taken_in = asyncio.Event()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        intakes = [group.create_task(intake(each)) for each in processes]
        for each in processes:
            group.create_task(turns(each, taken_in))
        await asyncio.wait(intakes)
        taken_in.set()
    for each in processes:
        await each.close()
    async with database.session() as session:
        states = await session.execute(select(deliveries.c.state, deliveries.c.attempts).distinct())
        assert [tuple(row) for row in states] == [("done", 0)]
        stored = await session.execute(select(func.count(), func.count(commands.c.source.distinct())))
        assert tuple(stored.one()) == (ROUNDS * len(REPOSITORIES) * len(PLANS),) * 2
        rows = (await session.execute(select(lane_table.c.due_at, lane_table.c.lease_token))).all()
    assert len(rows) == len(REPOSITORIES) * (1 + len(PLANS) + ROUNDS // 2)
    assert {tuple(row) for row in rows} == {(None, None)}
