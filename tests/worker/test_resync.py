"""What no event told: everything open is looked at in rounds, and webhooks that never arrived are asked for again."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from bot.errors import RateLimited, ReadFailed
from bot.github.port import FailedDelivery, Installed
from bot.store import inbox, lanes, retention
from bot.store.db import Database
from bot.store.installed import Repository, see_all
from bot.store.tables import deliveries
from bot.store.tables import lanes as table
from bot.worker.reconcile import NO_ACCESS
from bot.worker.resync import MOST_AT_ONCE, MOST_ATTEMPTS, is_due, resync
from tests.databases import statements
from tests.worker.fake import Fake

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PERIOD = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def githubs_time(github: Fake) -> None:
    github.time = NOW


def lost(number: int, *, attempts: int = 1, minutes: float = 0) -> FailedDelivery:
    at = NOW - timedelta(minutes=minutes)
    return FailedDelivery(id=number, guid=f"guid-{number}", tried_at=at, attempts=attempts)


@pytest.mark.parametrize(
    ("attempts", "minutes", "due"),
    [(1, 0, True), (2, 4, False), (2, 5, True), (3, 9, False), (3, 10, True), (6, 79, False), (6, 80, True)],
)
def test_each_further_attempt_waits_twice_as_long(attempts: int, minutes: int, due: bool) -> None:
    assert is_due(lost(1, attempts=attempts, minutes=minutes), NOW, PERIOD) is due


def test_after_many_attempts_it_is_left_alone() -> None:
    assert is_due(lost(1, attempts=MOST_ATTEMPTS - 1, minutes=4000), NOW, PERIOD)
    assert not is_due(lost(1, attempts=MOST_ATTEMPTS, minutes=4000), NOW, PERIOD)


async def test_only_what_is_missing_and_due_is_asked_for(database: Database, github: Fake) -> None:
    github.lost = [lost(1), lost(2, attempts=2, minutes=1), lost(3), lost(4, minutes=60), lost(5, minutes=5000)]
    async with database.session() as session:
        await inbox.accept(session, "guid-3", "push", b"{}", NOW)  # it did arrive, only our answer was late
        await inbox.accept(session, "guid-4", "push", b"{}", NOW)
        for _ in range(inbox.MAX_ATTEMPTS):
            await inbox.fail(session, "guid-4", "no", NOW)  # parked: a fresh copy may help
    await resync(github, database, NOW, PERIOD)
    assert github.asked_again == [1, 4]


async def test_what_is_missing_is_asked_for_however_many_failed_before_and_arrived(
    database: Database, github: Fake
) -> None:
    """GitHub's list of failures goes on naming those that arrived at the second attempt."""
    github.lost = [lost(number, minutes=(5001 - number) / 10) for number in range(5001)]
    async with database.session() as session:
        await session.execute(
            insert(deliveries),
            [
                {"guid": f"guid-{number}", "event": "push", "received_at": NOW, "body": b"", "state": "done"}
                for number in range(5000)
            ],
        )
    await resync(github, database, NOW, PERIOD)
    assert github.asked_again == [5000]


async def test_any_number_of_repositories_is_looked_at_in_short_transactions(database: Database, github: Fake) -> None:
    """While one runs, nothing else is written."""
    github.repositories = [(number // 50, 1000 + number, f"octo/r{number}") for number in range(450)]
    commits: list[int] = []
    with statements(database) as said:
        event.listen(database.engine.sync_engine, "commit", lambda _: commits.append(len(said)))
        await resync(github, database, NOW, PERIOD)
    assert max(after - before for before, after in pairwise([0, *commits])) < 15
    assert max(size for _, size in said) < 200
    async with database.session() as session:
        rows = (await session.execute(select(table).order_by(table.c.due_at))).all()
    assert [row.full_name for row in rows] == [f"octo/r{number}" for number in range(450)]
    apart = [later.due_at - sooner.due_at for sooner, later in pairwise(rows)]
    assert timedelta(minutes=1) < sum(apart, timedelta()) < PERIOD * 2


async def test_what_cannot_be_forgotten_keeps_nothing_from_being_asked_for(
    database: Database, github: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    github.lost = [lost(1)]

    async def fail(session: AsyncSession, _before: datetime, _limit: int) -> int:
        await session.execute(text("DELETE FROM nowhere"))
        return 0

    monkeypatch.setattr(retention, "AGES", [(fail, timedelta()), (inbox.prune, timedelta(days=30))])
    async with database.session() as session:
        await inbox.accept(session, "old", "push", b"{}", NOW - timedelta(days=31))
        await inbox.finish(session, "old")
    with capture_logs() as logs:
        await resync(github, database, NOW, PERIOD)
    assert github.asked_again == [1]
    assert "retention.failed" in [each["event"] for each in logs]
    async with database.session() as session:
        assert await inbox.listed(session, inbox.STATES) == []


async def test_what_one_installation_refuses_keeps_no_other_from_its_lost_deliveries(
    database: Database, github: Fake
) -> None:
    async def refused() -> None:
        raise RateLimited("no more", NOW + timedelta(hours=1))

    github.meanwhile["installed_repositories"] = refused
    github.lost = [lost(1)]
    await resync(github, database, NOW, PERIOD)
    assert github.asked_again == [1]


REPOSITORIES = 120  # of one installation: looks at all of them cost 240 points, and it may spend 104 in five minutes


async def due_lanes(database: Database) -> list[str]:
    """What is given a turn before the next resync, by name."""
    async with database.session() as session:
        rows = await session.execute(
            select(table).where(table.c.due_at.is_not(None)).order_by(table.c.due_at, table.c.id)
        )
        return [row.full_name for row in rows]


async def have_turns(database: Database) -> list[str]:
    """Let everything that is due some time have its turn now; return what had one."""
    async with database.session() as session:
        await session.execute(update(table).where(table.c.due_at.is_not(None)).values(due_at=NOW))
    names: list[str] = []
    while True:
        async with database.session() as session:
            lease = await lanes.claim(session)
            if lease is None:
                return names
            await lanes.release(session, lease, None)
        names.append(lease.full_name)


async def test_what_an_installation_has_too_much_of_comes_part_by_part(database: Database, github: Fake) -> None:
    many = [(5, 1000 + number, f"octo/r{number}") for number in range(REPOSITORIES)]
    github.repositories = [*many, (6, 10, "small/one"), (6, 11, "small/two")]
    seen: list[str] = []
    for _ in range(3):
        await resync(github, database, NOW, PERIOD)
        had = await have_turns(database)
        assert {"small/one", "small/two"} < set(had)
        assert len(had) <= 2 + 53
        seen += [name for name in had if name.startswith("octo/")]
        assert len(set(seen)) == min(len(seen), REPOSITORIES), "one has its second turn before another has its first"
    assert len(set(seen)) == REPOSITORIES


async def test_what_waits_for_its_look_is_not_woken_again(database: Database, github: Fake) -> None:
    """A process that starts again and again spends no more than one that runs."""
    github.repositories = [(5, 1000 + number, f"octo/r{number}") for number in range(REPOSITORIES)]
    await resync(github, database, NOW, PERIOD)
    given = await due_lanes(database)
    for _ in range(5):
        await resync(github, database, NOW, PERIOD)
    assert await due_lanes(database) == given
    async with database.session() as session:
        assert set((await session.execute(select(table.c.wake_seq))).scalars()) == {0, 1}


async def test_a_look_that_the_round_gives_is_no_news(database: Database, github: Fake) -> None:
    github.repositories = [(5, 1001, "octo/quiet"), (5, 1002, "octo/news")]
    await resync(github, database, NOW, PERIOD)
    async with database.session() as session:
        about = Repository(id=1002, installation_id=5, full_name="octo/news")
        await lanes.wake(session, await about.lane(session))
    assert await have_turns(database) == ["octo/news", "octo/quiet"]


async def test_installations_that_cannot_be_listed_keep_nothing_from_being_looked_at(
    database: Database, github: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What rests goes on resting: the App may have lost it."""
    github.repositories = [(5, 1001, "octo/running"), (5, 1002, "octo/lost")]
    await resync(github, database, NOW, PERIOD)
    async with database.session() as session:
        await session.execute(update(table).where(table.c.repository_id == 1001).values(due_at=NOW + PERIOD * 10**6))
        await session.execute(update(table).where(table.c.repository_id == 1002).values(due_at=None))

    async def fails() -> Installed:
        raise ReadFailed("no")

    monkeypatch.setattr(github, "installed_repositories", fails)
    await resync(github, database, NOW, PERIOD)
    async with database.session() as session:
        lease = await lanes.claim(session)
        assert lease is not None
        assert lease.full_name == "octo/running"
        assert await lanes.claim(session) is None


@pytest.mark.parametrize("wrong", [timedelta(hours=-5), timedelta(days=5)], ids=["slow", "fast"])
async def test_what_is_due_goes_by_githubs_clock_whatever_ours_shows(
    database: Database, github: Fake, wrong: timedelta
) -> None:
    github.lost = [lost(1, attempts=2, minutes=11), lost(2, attempts=2, minutes=4)]
    await resync(github, database, NOW + wrong, PERIOD)
    assert github.asked_again == [1]


async def test_after_a_long_outage_they_come_in_portions(database: Database, github: Fake) -> None:
    github.lost = [lost(number) for number in range(MOST_AT_ONCE + 50)]
    await resync(github, database, NOW, PERIOD)
    assert github.asked_again == list(range(MOST_AT_ONCE))


async def not_installed(database: Database, *known: Repository) -> None:
    """Have a turn of a plan in each repository, which the App may not see any more."""
    for about in known:
        async with database.session() as session:
            lane_id = await about.lane(session, 5)
            await lanes.wake(session, lane_id)
            lease = await lanes.hold(session, lane_id)
            assert lease is not None
            await lanes.release(session, lease, NO_ACCESS, 2, "the App has no access")


STAYS = Repository(id=1001, installation_id=5, full_name="octo/stays")
TAKEN_OUT = Repository(id=1002, installation_id=5, full_name="octo/taken-out")
SUSPENDED = Repository(id=1003, installation_id=6, full_name="small/suspended")  # GitHub's client does not list it
ALL = (STAYS, TAKEN_OUT, SUSPENDED)


def listed(*known: Repository) -> list[tuple[int, int, str]]:
    return [(each.installation_id, each.id, each.full_name) for each in known]


async def test_what_is_not_installed_any_more_rests_until_it_is(database: Database, github: Fake) -> None:
    """A delivery from before its removal, which came after that news, had woken it."""
    await not_installed(database, *ALL)
    github.repositories = listed(STAYS)
    await resync(github, database, NOW, PERIOD)
    assert set(await due_lanes(database)) == {"octo/stays"}
    async with database.session() as session:
        rows = {row.full_name: row for row in await session.execute(select(table).where(table.c.number == 5))}
    assert {name: row.failures for name, row in rows.items()} == {each.full_name: 2 * (each is STAYS) for each in ALL}
    assert await have_turns(database) == ["octo/stays", "octo/stays"]
    await resync(github, database, NOW, PERIOD)
    assert set(await due_lanes(database)) == {"octo/stays"}
    github.repositories = listed(*ALL)
    await resync(github, database, NOW, PERIOD)
    assert set(await due_lanes(database)) == {each.full_name for each in ALL}


async def test_what_is_installed_during_the_listing_does_not_rest(
    database: Database, github: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    await not_installed(database, TAKEN_OUT, SUSPENDED)
    new = Repository(id=1004, installation_id=7, full_name="new/one")

    async def changes() -> Installed:
        async with database.session() as session:  # as intake does
            await see_all(session, [TAKEN_OUT, new])
            await lanes.wake_all(session, [TAKEN_OUT.id, new.id])
        return Installed(repositories=[])

    monkeypatch.setattr(github, "installed_repositories", changes)
    await resync(github, database, NOW, PERIOD)
    assert set(await due_lanes(database)) == {"octo/taken-out", "new/one"}


async def test_what_does_not_fail_does_not_rest(database: Database, github: Fake) -> None:
    """One that is not listed, for whatever reason, and that can be read all the same."""
    async with database.session() as session:
        await lanes.wake(session, await TAKEN_OUT.lane(session, 5))
    await resync(github, database, NOW, PERIOD)
    assert await due_lanes(database) == ["octo/taken-out"]


async def test_half_a_listing_brings_nothing_to_rest(
    database: Database, github: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    await not_installed(database, *ALL)

    async def fails() -> Installed:
        raise ReadFailed("no")

    monkeypatch.setattr(github, "installed_repositories", fails)
    await resync(github, database, NOW, PERIOD)
    assert set(await due_lanes(database)) == {each.full_name for each in ALL}


async def test_an_installation_that_cannot_be_listed_changes_nothing_for_the_others(
    database: Database, github: Fake
) -> None:
    """Its own lanes are looked at and do not rest: what it has, nobody knows."""
    await not_installed(database, *ALL)
    new = Repository(id=1004, installation_id=7, full_name="new/one")
    github.repositories = listed(STAYS, new)
    github.unread = frozenset({SUSPENDED.installation_id})
    await resync(github, database, NOW, PERIOD)
    assert set(await due_lanes(database)) == {"octo/stays", "new/one", "small/suspended"}


async def test_a_turn_that_runs_while_its_lane_comes_to_rest_does_not_end_that(
    database: Database, github: Fake
) -> None:
    await not_installed(database, TAKEN_OUT)
    async with database.session() as session:
        lease = await lanes.hold(session, await TAKEN_OUT.lane(session, 5))
    assert lease is not None
    await resync(github, database, NOW, PERIOD)
    async with database.session() as session:
        await lanes.release(session, lease, NO_ACCESS, 3, "the App has no access")
    assert await due_lanes(database) == []
