"""Stories of a machine whose clock is wrong by hours: everything comes about, in order and once."""

from pathlib import Path

import pytest

from tests.scenarios.once import nothing_doubled
from tests.scenarios.play import stage

HOURS = 3600


@pytest.mark.parametrize("ahead", [-2 * HOURS, 2 * HOURS], ids=["GitHub is behind", "GitHub is ahead"])
async def test_a_plan_lands_in_order_and_nothing_is_written_twice(tmp_path: Path, ahead: int) -> None:
    async with stage(tmp_path) as play:
        play.world.clock.advance(ahead)
        lost = {"match": "POST /graphql mutation:addComment", "times": 2, "status": 0, "after": True}
        await play.faults({"api": [lost]})  # they were written: the answers alone did not come
        await play.start_plain({"W1": [], "W2": ["W1"]}, protect=True)
        for key in ("W2", "W1"):
            await play.hand_in(key)
        await play.until_stage("W2", "done")
        await play.settled()
        assert await play.merged() == ["W1", "W2"]
        await nothing_doubled(play)
        assert "This plan is complete" in await play.status()
        asked = [each for each in await play.requests() if each["path"].endswith("/access_tokens")]
        assert len(asked) <= 4, "tokens serve for their hour"
