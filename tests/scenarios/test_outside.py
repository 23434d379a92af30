"""Pulls outside any plan: the required check must be there for them too, and stand in nobody's way."""

from typing import Any

from tests.scenarios.openings import opening
from tests.scenarios.play import Play, plan_of

TITLE = "Not part of a plan"


async def own_pull(play: Play, branch: str = "own") -> Any:
    """Open a pull that no plan knows."""
    main = await play.tip()
    await play.do("wim", "POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": main})
    await play.push(branch, f"{branch}.txt", f"{branch}\n")
    return await play.do("wim", "POST", "/pulls", {"title": f"My {branch}", "head": branch, "base": "main"})


async def assert_free(play: Play, sha: str) -> None:
    check = await play.check_on(sha)
    assert check is not None
    assert (check["status"], check["conclusion"]) == ("completed", "success")
    assert check["output"]["title"] == TITLE


async def test_a_pull_outside_any_plan_may_merge(play: Play) -> None:
    await play.protect_main()
    pull = await own_pull(play)
    await play.settled()
    await assert_free(play, pull["head"]["sha"])
    assert (await play.call("wim", "PUT", f"/pulls/{pull['number']}/merge", {})).status == 200
    assert await play.comments(pull["number"]) == []


async def test_a_new_head_of_such_a_pull_is_let_through_as_well(play: Play) -> None:
    pull = await own_pull(play)
    await play.settled()
    again = await play.push("own", "own.txt", "more\n")
    await play.settled()
    await assert_free(play, again)
    await assert_free(play, pull["head"]["sha"])


async def test_many_pulls_outside_are_all_let_through(play: Play) -> None:
    pulls = [await own_pull(play, f"own{number}") for number in range(6)]
    await play.settled()
    for pull in pulls:
        await assert_free(play, pull["head"]["sha"])


@opening(Play.start_plain, {"W1": []})
async def test_pulls_outside_are_left_alone_beside_a_plan(play: Play) -> None:
    pull = await own_pull(play)
    await play.settled()
    await assert_free(play, pull["head"]["sha"])
    assert await play.get(f"/issues/{pull['number']}/labels") == []
    assert (await play.check("W1"))["output"]["title"] != TITLE


@opening(Play.start_plain, {"W1": [], "W2": ["W1"]}, protect=True)
async def test_the_pulls_of_a_cancelled_plan_are_free(play: Play) -> None:
    await play.hand_in("W2")
    await play.until_stage("W2", "queued")
    await play.tell("mia", "/signalbox cancel")
    check = await play.check("W2")
    assert (check["conclusion"], check["output"]["title"]) == ("success", "Not part of a plan any more")
    assert (await play.call("wim", "PUT", f"/pulls/{play.pulls['W2']}/merge", {})).status == 200


@opening(Play.start_plain, {"W1": []}, protect=True)
async def test_a_push_after_the_plan_was_cancelled_is_free_too(play: Play) -> None:
    await play.tell("mia", "/signalbox cancel")
    head = await play.push("part/w1", "w1.txt", "work\n")
    await play.settled()
    check = await play.check_on(head)
    assert check is not None
    assert check["conclusion"] == "success"


async def test_a_pull_from_a_branch_that_a_plan_only_previews_is_free(play: Play) -> None:
    pull = await own_pull(play, "part/w1")
    await play.plan(plan_of({"W1": []}))
    await play.settled()
    await assert_free(play, pull["head"]["sha"])


@opening(Play.start_plain, {"W1": []})
async def test_a_cancelled_plan_leaves_its_branches_to_the_next_one(play: Play) -> None:
    old = play.pulls["W1"]
    await play.tell("mia", "/signalbox cancel")
    await play.do("wim", "DELETE", "/git/refs/heads/part/w1")
    first = play.issue
    await play.plan(plan_of({"W1": []}))
    await play.settled()
    reactions, replies = await play.tell("ada", "/signalbox start")
    assert reactions == {"eyes", "rocket"}, replies
    (new,) = [pull["number"] for pull in await play.all_pulls() if pull["number"] != old]
    play.pulls = {"W1": new}
    await play.tell("rita", "/signalbox status", first)  # the old plan looks once more
    assert await play.stage("W1") == "ready"
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == ["W1"]
