"""A merge that the base lost again before anybody saw it there: it is said, and people have two ways out."""

from datetime import timedelta

import pytest

from bot.core import stage
from tests.scenarios.openings import opening
from tests.scenarios.play import Play
from tests.scenarios.rollbacks import begin, bring, says

TWO: dict[str, list[str]] = {"W1": [], "W2": ["W1"]}


async def lose_merge(play: Play) -> str:
    """Merge W1 and force the base back before Signalbox hears of it; return the merge commit."""
    before = await play.tip()
    await play.faults({"webhooks": {"hold": True, "app": "signalbox"}})
    lost = await play.merge_by_hand("W1", "ada")
    await play.do("ada", "PATCH", "/git/refs/heads/main", {"sha": before, "force": True})
    await play.faults({})
    await play.until_stage("W1", "verifying")
    return lost


@opening(begin, TWO)
@pytest.mark.parametrize("way", ["pushed back", "skipped"])
async def test_a_merge_that_the_base_lost_is_told_of_with_the_ways_out(
    play: Play, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(stage, "STUCK", timedelta(0))
    lost = await lose_merge(play)
    await says(play, lost[:7], "`main` does not hold it", "`/signalbox skip W1`")
    await bring(play, "W2")
    await play.settled()
    assert await play.merged() == ["W1"], "W2 needs it"
    if way == "pushed back":
        await play.do("ada", "PATCH", "/git/refs/heads/main", {"sha": lost, "force": True})
    else:
        reactions, replies = await play.tell("mia", "/signalbox skip W1")
        assert reactions == {"eyes", "rocket"}, replies
    await play.until_stage("W2", "done")
    await play.settled()
    assert await play.stage("W1") == ("done" if way == "pushed back" else "cancelled")
    assert "complete" in await play.status()
    assert await play.merged() == ["W1", "W2"]
