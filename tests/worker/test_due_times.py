"""When a lane is due goes by the database's clock alone, however wrong the clock of the worker is that decides it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from bot.core.config import Config
from bot.core.decide import SLOW_CLOCK
from bot.core.facts import BranchFacts, PullFacts, WorkstreamFacts
from bot.core.model import Branch, IssueNumber, Key
from bot.core.render.brief import workstream_marker
from bot.core.train_wish import Wish, WishKind
from bot.errors import NotInstalled, RateLimited, ReadFailed
from bot.store import lanes, trains
from bot.store.db import Database
from bot.store.db import now as database_time
from bot.store.lanes import Lease
from bot.store.trains import OFFER
from bot.worker import outside, reconcile
from bot.worker.outside import Outside
from bot.worker.reconcile import turn
from tests.build import APP, a_pull, a_review, sha
from tests.worker.fake import Fake
from tests.worker.lane import DEMO, LONG_AGO, SEAL, Lane

SECOND = timedelta(seconds=1)
SLACK = 5 * SECOND  # that a turn may take on a busy machine
MAIN = Branch("main")
W1 = Branch("part/w1")
GRACE = Config().checks_grace


@pytest.fixture(params=[-10, 0, 10], ids=["behind", "right", "ahead"])
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], datetime]:
    """The clock of a worker, so many minutes wrong."""
    off = timedelta(minutes=request.param)

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Wrong":
            return cls.fromtimestamp((datetime.now(tz) + off).timestamp(), tz)

    for module in (reconcile, outside):
        monkeypatch.setattr(module, "datetime", Wrong)
    return lambda: datetime.now(UTC) + off


async def wait_of(lane: Lane) -> timedelta:
    """How long the lane is not to be claimed, by the clock that says so."""
    due: datetime = (await lane.row()).due_at
    async with lane.database.session() as session:
        return due - await database_time(session)


async def turned(lane: Lane, now: datetime) -> timedelta:
    """Have a turn of a plan; return how long it waits for the next."""
    await turn(lane.github, lane.database, APP, await lane.claim(), now, seal=SEAL)
    return await wait_of(lane)


async def quiet(lane: Lane, clock: Callable[[], datetime]) -> timedelta:
    """Have turns until one does not ask for another at once; return how long it waits."""
    for _ in range(12):
        wait = await turned(lane, clock())
        if wait > SECOND:
            return wait
    raise AssertionError("it spins")


def pull_with(**more: object) -> PullFacts:
    body = workstream_marker(IssueNumber(5), Key("W1"))
    return a_pull(12, head=W1, body=body, head_sha=sha("W1"), reviews=(a_review(commit=sha("W1")),), **more)


async def start(lane: Lane, clock: Callable[[], datetime], pull: PullFacts) -> None:
    await lane.say("start")
    await turned(lane, clock())
    lane.github.tags = {"signalbox/5/cp-0": sha("base")}
    branch = BranchFacts(name=W1, sha=sha("W1"), message="Work")
    lane.github.branches[W1] = WorkstreamFacts(branch=branch, pulls=(pull,))


async def test_a_plan_is_looked_at_again_when_a_grace_time_ends(lane: Lane, clock: Callable[[], datetime]) -> None:
    await start(lane, clock, pull_with(checks=()))
    assert GRACE - SLACK < await quiet(lane, clock) <= GRACE
    assert GRACE - SLACK < await turned(lane, clock()) < GRACE, "it is the same time still, and not due again at once"


async def test_a_plan_with_nothing_to_wait_for_rests_for_the_slow_clock(
    lane: Lane, clock: Callable[[], datetime]
) -> None:
    await start(lane, clock, pull_with(draft=True))
    assert SLOW_CLOCK - SLACK < await quiet(lane, clock) <= SLOW_CLOCK


async def test_a_limit_lasts_as_long_as_it_was_to_last(lane: Lane, clock: Callable[[], datetime]) -> None:
    lane.github.read_error = RateLimited("used up", clock() + timedelta(minutes=7))
    assert timedelta(minutes=7) - SLACK < await turned(lane, clock()) <= timedelta(minutes=7)


async def test_a_limit_that_is_over_by_now_is_waited_for_no_longer(lane: Lane, clock: Callable[[], datetime]) -> None:
    lane.github.read_error = RateLimited("used up", clock() - SECOND)
    assert -SLACK < await turned(lane, clock()) <= timedelta(0)


@pytest.mark.parametrize(
    ("error", "shortest"), [(ReadFailed("no"), SECOND), (NotInstalled("octo/demo"), reconcile.NO_ACCESS)]
)
async def test_a_turn_that_could_not_read_is_tried_again_in_time(
    lane: Lane, clock: Callable[[], datetime], error: Exception, shortest: timedelta
) -> None:
    lane.github.read_error = error
    assert shortest - SLACK < await turned(lane, clock()) <= shortest * 1.2


async def test_a_repository_rests_for_the_slow_clock_or_until_a_limit_is_over(
    database: Database, github: Fake, clock: Callable[[], datetime]
) -> None:
    repository = Lane(database=database, github=github, issue=None)
    worker = Outside(github=github, database=database)
    await worker.turn(await repository.claim(), clock())
    assert SLOW_CLOCK - SLACK < await wait_of(repository) <= SLOW_CLOCK
    github.read_error = RateLimited("used up", clock() + timedelta(minutes=7))
    await worker.turn(await repository.claim(), clock())
    assert timedelta(minutes=7) - SLACK < await wait_of(repository) <= timedelta(minutes=7)


async def held(database: Database, issue: int) -> Lease:
    async with database.session() as session:
        lease = await lanes.hold(session, await DEMO.lane(session, issue))
    assert lease is not None
    return lease


async def test_a_plan_whose_place_on_the_base_comes_up_looks_again_then(
    lane: Lane, clock: Callable[[], datetime]
) -> None:
    """That is known by the database's clock, the rest of the decision by the worker's."""
    await start(lane, clock, pull_with())
    first, second = await held(lane.database, 8), await held(lane.database, 9)
    for lease, kind in ((first, WishKind.TAKE), (second, WishKind.WAIT)):
        async with lane.database.session() as session:
            await trains.settle(session, lease, MAIN, Wish(kind=kind, since=LONG_AGO, key=Key("W1")))
    await quiet(lane, clock)
    async with lane.database.session() as session:
        waiting = (await trains.look(session, first, MAIN)).waiting
        await trains.settle(session, first, MAIN, Wish(kind=WishKind.NONE))
    assert [each.issue for each in waiting] == [9, 5]
    assert OFFER - SLACK < await turned(lane, clock()) <= OFFER
