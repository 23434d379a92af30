"""Stories of a merge that breaks the base: the way back by a pull request, and the way on afterwards."""

import pytest

from tests.scenarios.play import Play, plan_of


async def breaks_with(play: Play, path: str) -> None:
    """Have the base's CI fail as long as a file is there."""

    async def verdict(sha: str) -> str | None:
        return "failure" if path in await play.tree(sha) else "success"

    play.base_ci = verdict


async def rollback_pull(play: Play, number: int = 1) -> dict:
    """Wait for the pull of a rollback and return it."""

    async def opened() -> object:
        pulls = await play.all_pulls()
        return next((each for each in pulls if each["head"]["ref"].endswith(f"/rollback-{number}")), None)

    return await play.until(opened)


async def test_a_merge_that_breaks_the_base_is_taken_back_and_brought_anew(play: Play) -> None:
    await breaks_with(play, "work/w2.txt")
    await play.start(plan_of({"W1": (), "W2": ("W1",), "W3": ("W2",)}))
    await play.land("W1")
    await play.until_stage("W1", "done")
    good = await play.tip()
    await play.land("W2")
    await play.until_stage("W2", "failed")
    pull = await rollback_pull(play)
    await play.settled()
    print(await play.status())
    print(pull["body"])
    check = await play.check_on(pull["head"]["sha"])
    print(check["output"])
    await play.report(pull["head"]["sha"], "success")
    await play.settled()
    await play.do("ada", "PUT", f"/pulls/{pull['number']}/merge", {"merge_method": "squash"})
    await play.until_stage("W2", "rolled-back")
    await play.settled()
    assert await play.tree("main") == await play.tree(good)
    print(await play.status())
    await play.tell("mia", "/signalbox retry W2")
    await play.settled()
    again = next(each for each in await play.all_pulls() if each["head"]["ref"] == "part/w2-try-2")
    print(again["body"])
    old = play.pulls["W2"]
    play.pulls["W2"] = again["number"]
    assert await play.tree("part/w2-try-2") == {**await play.tree(good), **{
        path: entry for path, entry in (await play.tree("part/w2")).items() if path == "work/w2.txt"
    }}
    await play.push("part/w2-try-2", "mended.txt", "good\n")

    async def verdict(sha: str) -> str | None:
        there = await play.tree(sha)
        return "failure" if "work/w2.txt" in there and "mended.txt" not in there else "success"

    play.base_ci = verdict
    await play.ci("W2")
    await play.tick("W2")
    await play.say("wim", "/signalbox ready", play.pulls["W2"])
    await play.approve("W2")
    await play.until_stage("W2", "done")
    await play.land("W3")
    await play.until_stage("W3", "done")
    await play.settled()
    print(await play.status())
    assert 0, old
