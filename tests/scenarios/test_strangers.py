"""Somebody who may only read writes one command after the other: the plan goes on, and everybody else is answered."""

from bot.core.commands.bounds import MOST_ANSWERS, MOST_LINES
from tests.scenarios.openings import opening
from tests.scenarios.play import Play
from tests.scenarios.rollbacks import begin, bring

TWO: dict[str, list[str]] = {"W1": [], "W2": ["W1"]}
NONSENSE = "\n".join(["/sb nonsense"] * 10)


async def written(play: Play) -> list[str]:
    """What Signalbox asked for, in order: merges, and the names of mutations."""
    order: list[str] = []
    for each in await play.requests():
        order += ["merge"] if each["path"].endswith("/merge") else each["fields"]
    return order


async def flood(play: Play, comments: int = 20) -> list[int]:
    return [await play.say("rita", NONSENSE) for _ in range(comments)]


@opening(begin, TWO)
async def test_the_plan_merges_while_a_stranger_writes_one_command_after_the_other(play: Play) -> None:
    await play.faults({"webhooks": {"hold": True, "app": "signalbox"}})
    said = await flood(play)
    await bring(play, "W1")
    await play.forget_requests()
    await play.faults({})
    await play.until_stage("W1", "done")
    await play.settled()
    order = await written(play)
    assert order.index("merge") < order.index("mutation:addComment"), order
    said += await flood(play, 5)
    await bring(play, "W2")
    await play.until_stage("W2", "done")
    await play.settled()
    assert await play.merged() == ["W1", "W2"]
    assert "This plan is complete" in await play.status()
    replies = await play.replies()
    assert len(replies) == MOST_ANSWERS
    assert "The commands below this one in your comment were ignored" in replies[MOST_LINES - 1]
    assert "This was the last answer to you for now" in replies[-1]
    assert [bool(await play.reactions(each)) for each in said] == [True] * 2 + [False] * 23


@opening(Play.start_plain, {"W1": []})
async def test_others_are_answered_all_the_same_and_so_is_who_waits(play: Play) -> None:
    await flood(play, 3)
    await play.settled()
    assert await play.tell("rita", "/signalbox status") == (set(), [])
    assert await play.tell("rita", "/signalbox hold W1", play.pulls["W1"]) == (set(), [])
    for who, line in {"otto": "status", "wim": "hold W1", "mia": "why W1"}.items():
        assert (await play.tell(who, f"/signalbox {line}"))[0] == {"eyes", "rocket"}, who
    assert await play.stage("W1") == "held"
    _, (log,) = await play.tell("ada", "/signalbox log 20")
    assert "ignored" in log
    play.world.clock.advance(3600)
    reactions, replies = await play.tell("rita", "/signalbox status")
    assert reactions == {"eyes", "rocket"}
    assert "0 of 1 done" in replies[0]
