"""Whatever is pushed, merged, broken, rolled back or killed: the train keeps its rules, and every history settles.

`make test` draws a few histories, `make soak` 300 others each time; a test's name ends in its seed. A failing one is played
again by it: `make soak SEED=<seed> TRAINS=1 HISTORIES=0`.
"""

import asyncio
import os
from pathlib import Path

import pytest

from tests.scenarios.process import stage_apart
from tests.scenarios.train_histories import Referee, draw_train, settle, take

HISTORIES = int(os.environ.get("SIGNALBOX_TRAINS", "1"))
SEED = int(os.environ.get("SIGNALBOX_SEED", "2026"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [SEED + number for number in range(HISTORIES)])
async def test_the_train_keeps_its_rules_and_every_history_settles(seed: int, tmp_path: Path) -> None:
    history = draw_train(seed)
    async with stage_apart(tmp_path) as (play, bot):
        play.verified.clear()  # CI speaks on the base when the history lets it
        await play.protect_main()
        await play.configure(history.config)
        await play.start(history.body, protect=False)
        referee = Referee(play=play, history=history)
        for step in history.steps:
            if step[0] == "kill":
                await asyncio.sleep(int(step[1]) / 1000)  # the moment is what is drawn; no condition is waited for
                await bot.kill()
                await bot.start()
            else:
                await take(play, referee, step)
            await referee.look()
        rounds = await settle(play, referee)
        print(f"\n{seed}: {len(history.needs)} workstreams, {len(history.steps)} steps, {rounds} rounds")
        assert not [line for line in (tmp_path / "bot.log").read_text().splitlines() if '"level": "error"' in line]
        assert {each.key for each in referee.landed if each.key and not each.undone} == set(history.needs)
