"""A plan may freeze its base: no other plan merges into it then, and if it says so no pull outside plans either."""

import pytest

from bot.core.facts import Freeze
from bot.core.model import IssueNumber
from bot.core.train_wish import WishKind
from bot.store import trains
from bot.store.trains import Settled
from tests.store.station import MAIN, REPOSITORY, Station

HELD = Settled(holds=True)
KEEP, TAKE, WAIT, NONE = WishKind.KEEP, WishKind.TAKE, WishKind.WAIT, WishKind.NONE


async def test_a_frozen_base_gives_its_train_to_nobody_else(station: Station) -> None:
    await station.settle(2, NONE, frozen="release day")
    assert (await station.look(1)).frozen == (Freeze(issue=IssueNumber(2), words="release day", outside=False),)
    assert (await station.look(2)).frozen == ()
    assert await station.settle(1, TAKE) == Settled(holds=False)
    assert await station.waiting() == [1]
    await station.settle(2, NONE)
    assert await station.woken() == {1}
    assert await station.settle(1, TAKE) == HELD


async def test_the_plan_that_freezes_the_base_may_merge(station: Station) -> None:
    await station.settle(3, TAKE)
    await station.settle(2, TAKE, minutes=1)
    await station.settle(3, NONE)
    assert await station.settle(1, TAKE, minutes=2, frozen="`W1` is verified") == HELD


async def test_a_freeze_keeps_nobody_from_verifying_but_from_merging_on(station: Station) -> None:
    await station.settle(1, TAKE)
    await station.settle(2, WAIT, frozen="release day")
    assert await station.settle(1, KEEP) == HELD
    assert await station.settle(1, TAKE) == Settled(holds=False)
    assert await station.holder() is None
    assert await station.waiting() == [1, 2]


async def test_who_lifts_its_freeze_lets_those_who_waited_longer_go_first(station: Station) -> None:
    await station.settle(1, NONE, frozen="release day")
    await station.settle(2, TAKE, minutes=1)
    await station.settle(3, TAKE, minutes=2)
    await station.woken()
    mine = await station.settle(1, TAKE, minutes=3)
    assert not mine.holds
    assert mine.look_in is not None
    assert await station.woken() == {2, 3}
    assert not (await station.settle(3, TAKE, minutes=2)).holds
    assert await station.settle(2, TAKE, minutes=1) == HELD


FREE = (None, False)
FROZEN = ("release day", True)


@pytest.mark.parametrize(
    ("before", "after", "woken"),
    [
        pytest.param(FREE, FROZEN, {0, 2}, id="set"),
        pytest.param(FROZEN, FROZEN, set(), id="as it was"),
        pytest.param(FROZEN, ("an outage", True), {0, 2}, id="for another reason"),
        pytest.param(FROZEN, ("release day", False), {0, 2}, id="no longer for pulls outside"),
        pytest.param(FROZEN, FREE, {0, 2}, id="lifted"),
        pytest.param(FREE, ("release day", False), {2}, id="set for plans"),
        pytest.param(("release day", False), FREE, {2}, id="lifted for plans"),
        pytest.param(FREE, (None, True), set(), id="no freeze"),
    ],
)
async def test_whom_a_freeze_concerns_is_woken(
    station: Station, before: tuple[str | None, bool], after: tuple[str | None, bool], woken: set[int]
) -> None:
    await station.settle(3, TAKE)
    await station.settle(1, NONE, frozen=before[0], outside=before[1])
    await station.settle(2, WAIT)
    await station.woken()
    await station.settle(1, NONE, frozen=after[0], outside=after[1])
    assert await station.woken() == woken


async def test_of_several_freezes_that_stop_pulls_outside_plans_the_oldest_plans_counts(station: Station) -> None:
    await station.settle(3, NONE, frozen="three", outside=True)
    await station.settle(2, NONE, frozen="two", outside=True)
    await station.settle(1, NONE, frozen="one")
    await station.settle(3, NONE, frozen="three", outside=True)
    assert await station.freezes() == {MAIN: Freeze(issue=IssueNumber(2), words="two", outside=True)}
    assert [each.words for each in (await station.look(3)).frozen] == ["one", "two"]


async def test_a_freeze_is_to_be_shown_until_that_is_noted_and_so_is_its_end(station: Station) -> None:
    async def unshown() -> bool:
        frozen = await station.freezes()
        async with station.database.session() as session:
            return await trains.unshown(session, REPOSITORY, frozen)

    async def note() -> None:
        frozen = await station.freezes()
        async with station.database.session() as session:
            await trains.note_shown(session, REPOSITORY, frozen)

    assert not await unshown()
    for words in ("release day", "an outage", None):
        await station.settle(1, NONE, frozen=words, outside=True)
        assert await unshown()
        await note()
        assert not await unshown()
