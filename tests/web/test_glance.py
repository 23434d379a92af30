import asyncio
from dataclasses import dataclass

import pytest

from bot.web.glance import Glance

AN_AGE = 1e9


@dataclass
class Lookout:
    """Looks that are counted; each takes a moment, and fails while it is told to."""

    looks: int = 0
    failing: bool = False

    async def look(self) -> int:
        self.looks += 1
        await asyncio.sleep(0.005)
        if self.failing:
            raise OSError("away")
        return self.looks


async def test_all_who_ask_at_once_share_one_look() -> None:
    lookout = Lookout()
    glance = Glance(lookout.look, rest=AN_AGE)
    assert await asyncio.gather(*(glance.get() for _ in range(50))) == [1] * 50
    assert await glance.get() == 1
    assert lookout.looks == 1


async def test_who_asks_after_the_rest_has_a_look_of_his_own() -> None:
    lookout = Lookout()
    glance = Glance(lookout.look, rest=0)
    assert [await glance.get(), await glance.get()] == [1, 2]


async def test_a_failure_is_shared_too_and_is_over_when_the_next_look_finds_something() -> None:
    lookout = Lookout(failing=True)
    glance = Glance(lookout.look, rest=20)
    found = await asyncio.gather(*(glance.get() for _ in range(9)), return_exceptions=True)
    assert ([str(each) for each in found], lookout.looks) == (["away"] * 9, 1)
    lookout.failing = False
    async with asyncio.timeout(10):
        while True:
            try:
                assert await glance.get() == 2
                break
            except OSError:
                await asyncio.sleep(0.01)


async def test_one_who_hangs_up_leaves_the_others_their_answer() -> None:
    lookout = Lookout()
    glance = Glance(lookout.look, rest=AN_AGE)
    gone, stays = asyncio.create_task(glance.get()), asyncio.create_task(glance.get())
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == 2
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_what_hung_is_looked_at_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.glance.LONGEST_REST", 0.0)
    lookout = Lookout(failing=True)
    glance = Glance(lookout.look, rest=AN_AGE)
    with pytest.raises(OSError, match="away"):
        await glance.get()
    lookout.failing = False
    assert await glance.get() == 2


async def test_a_failure_that_many_ask_for_keeps_none_of_them() -> None:
    glance = Glance(Lookout(failing=True).look, rest=AN_AGE)
    lengths = []
    for _ in range(20):
        with pytest.raises(OSError, match="away") as raised:
            await glance.get()
        lengths.append(len(raised.traceback))
    assert max(lengths[1:]) == min(lengths[1:])
