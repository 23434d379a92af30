"""What an event concerns is found by indexes: a repository may have any number of plans that are over."""

import pytest
from sqlalchemy import insert, select, text, update

from bot.core.model import Branch, Key, PullNumber
from bot.store import lanes, plans
from bot.store.db import Database
from bot.store.migrate import upgrade
from bot.store.tables import lanes as table
from bot.store.tables import plan_branches
from bot.store.tables import plans as plan_table
from tests.databases import ONLY_POSTGRESQL, ONLY_SQLITE, plan_of
from tests.store.lane import LONG_AGO, REPOSITORY, a_lane, a_plan, claimed, commit, release, wake

MAIN = Branch("main")
OVER = 2000  # plans that are over


async def many(database: Database) -> None:
    """A repository with many plans that are over, and one that is open."""
    numbers = range(1, OVER + 1)
    about = {"kind": "plan", "installation_id": 5, "repository_id": REPOSITORY, "full_name": "octo/demo"}
    of_repository = {"repository_id": REPOSITORY, "key": "W1"}
    async with database.session() as session:
        await session.execute(
            insert(table), [{"id": each, "number": each, "finished": each > 1, **about} for each in numbers]
        )
        await session.execute(
            insert(plan_table),
            [{"lane_id": each, "memory": "{}", "base": "main", "open": each == 1} for each in numbers],
        )
        await session.execute(
            insert(plan_branches),
            [{"lane_id": each, "branch": f"w{each}", "pull_number": each, **of_repository} for each in numbers],
        )
    if database.is_shared:
        async with database.session() as session:
            await session.execute(text("ANALYZE"))


WHATS = pytest.mark.parametrize(
    "what",
    [
        pytest.param({"branch": "w1"}, id="branch"),
        pytest.param({"pull": 1}, id="pull"),
        pytest.param({"pull": 1, "branch": "w1"}, id="pull or branch"),
        pytest.param({"pull": 1, "closed": True}, id="pull of any plan"),
        pytest.param({"base": "main"}, id="base"),
        pytest.param({"issue": 1}, id="issue"),
        pytest.param({}, id="all"),
    ],
)


@WHATS
@ONLY_SQLITE
async def test_nothing_walks_through_a_repository_on_sqlite(database: Database, what: dict[str, object]) -> None:
    await many(database)
    plan = await plan_of(database, lambda session: lanes.find_plans(session, REPOSITORY, **what))  # type: ignore[arg-type]
    searched = [line for line in plan if "plan_branches" in line or "lanes" in line or "plans" in line]
    assert searched
    walks = ("(repository_id=?)", "(kind=? AND repository_id=?)")
    assert not [line for line in searched if "SCAN" in line or line.endswith(walks)], plan


@WHATS
@ONLY_POSTGRESQL
async def test_nothing_walks_through_a_repository_on_postgresql(database: Database, what: dict[str, object]) -> None:
    await many(database)
    plan = await plan_of(database, lambda session: lanes.find_plans(session, REPOSITORY, **what))  # type: ignore[arg-type]
    assert not [line for line in plan if "Seq Scan" in line], plan
    assert not [line for line in plan if line.strip() == f"Index Cond: (repository_id = '{REPOSITORY}'::bigint)"], plan


async def by_base(database: Database) -> list[int]:
    async with database.session() as session:
        return await lanes.find_plans(session, REPOSITORY, base=MAIN)


async def finished(database: Database, lane_id: int) -> bool:
    async with database.session() as session:
        found: bool = (await session.execute(select(table.c.finished).where(table.c.id == lane_id))).scalar_one()
        return found


async def test_a_plan_is_found_by_its_base_until_it_is_over_and_when_it_is_taken_up_again(database: Database) -> None:
    lane_id = await a_plan(database, 1, base=MAIN, started=True)
    assert (await finished(database, lane_id), await by_base(database)) == (False, [lane_id])
    for is_open in (False, True, False):
        await wake(database, lane_id, LONG_AGO)
        lease = await claimed(database)
        await commit(database, lease, base=MAIN, started=True, open=is_open)
        await release(database, lease)
        assert await finished(database, lane_id) is not is_open
        assert await by_base(database) == ([lane_id] if is_open else [])
    await wake(database, lane_id, LONG_AGO)
    lease = await claimed(database)
    async with database.session() as session:
        await plans.forget(session, lease)
    assert (await finished(database, lane_id), await by_base(database)) == (False, [lane_id])


async def test_what_a_process_without_the_mark_finished_is_not_found(database: Database) -> None:
    lane_id = await a_plan(database, 1, base=MAIN, started=True)
    async with database.session() as session:
        await session.execute(update(plan_table).values(open=False))
    assert (await finished(database, lane_id), await by_base(database)) == (False, [])


async def test_plans_that_were_over_before_the_mark_have_it(empty_url: str) -> None:
    database = Database(empty_url)
    await upgrade(database.engine, "0005")
    async with database.session() as session:
        for number, is_open in ((1, "true"), (2, "false"), (3, None)):
            await session.execute(
                text(
                    "INSERT INTO lanes (id, kind, installation_id, repository_id, full_name, number)"
                    f" VALUES ({number}, 'plan', 5, {REPOSITORY}, 'octo/demo', {number})"
                )
            )
            if is_open is not None:
                await session.execute(
                    text(f"INSERT INTO plans (lane_id, memory, open) VALUES ({number}, '{{}}', {is_open})")
                )
    await upgrade(database.engine)
    assert [await finished(database, number) for number in (1, 2, 3)] == [False, True, False]
    assert await by_base(database) == [1, 3]
    await database.close()


async def test_branches_and_pulls_find_what_has_them_once(database: Database) -> None:
    branches = {Branch("w1"): (Key("W1"), PullNumber(11)), Branch("w2"): (Key("W2"), PullNumber(12))}
    first = await a_plan(database, 1, base=MAIN, started=True, branches=branches)
    unread = await a_lane(database, 2)
    async with database.session() as session:
        assert await lanes.find_plans(session, REPOSITORY, branch="w1", pull=12, issue=1, base="main") == [
            first,
            unread,
        ]
