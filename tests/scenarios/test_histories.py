"""Whatever is doubled, reordered or killed on the way, the world ends in the same state and in a valid order.

`make test` draws one history, `make soak` 200 others each time; a test's name ends in its seed. A failing one is played again
by it: `make soak SEED=<seed> HISTORIES=1`.
"""

import asyncio
import os
from pathlib import Path

import pytest

from tests.scenarios.histories import History, draw, ending, take
from tests.scenarios.process import stage_apart

HISTORIES = int(os.environ.get("SIGNALBOX_HISTORIES", "1"))
SEED = int(os.environ.get("SIGNALBOX_SEED", "2026"))  # fixed, so that the short draw is the same for everybody
LONG = 90.0  # seconds that a history may take to come to rest after its last step

MISCHIEF = {"webhooks": {"duplicate": 1.0, "reorder": True}}


async def run(history: History, folder: Path, *, mischief: bool) -> tuple[dict[str, object], list[str]]:
    """Play a history in a world of its own; return how it ends and the order of the merges."""
    folder.mkdir()
    async with stage_apart(folder) as (play, bot):
        if mischief:
            await play.faults({"webhooks": {**MISCHIEF["webhooks"], "seed": history.seed}})
        await play.start(history.body)
        for step in history.steps:
            if step[0] != "kill":
                await take(play, step)
            elif mischief:
                await asyncio.sleep(int(step[1]) / 1000)  # the moment is what is drawn; no condition is waited for
                await bot.kill()
                await bot.start()

        async def complete() -> bool:
            return "complete" in (await play.status()).lower()

        await play.until(complete, LONG)
        await play.settled()
        return await ending(play), await play.merged()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [SEED + number for number in range(HISTORIES)])
async def test_every_history_ends_as_the_undisturbed_one(seed: int, tmp_path: Path) -> None:
    history = draw(seed)
    print(f"\nhistory {seed}: {len(history.needs)} workstreams, {len(history.steps)} steps")
    calm, calm_order = await run(history, tmp_path / "calm", mischief=False)
    wild, wild_order = await run(history, tmp_path / "wild", mischief=True)
    assert wild == calm
    for order in (calm_order, wild_order):
        assert sorted(order) == sorted(history.needs)
        assert all(order.index(need) < order.index(key) for key, needs in history.needs.items() for need in needs)
