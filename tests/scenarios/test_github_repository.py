"""Stories of a repository that is renamed, moved, archived or hidden, and of bases that go or change their names."""

import pytest
from structlog.testing import capture_logs

from bot.store import lanes
from tests.scenarios.once import nothing_doubled
from tests.scenarios.openings import opening
from tests.scenarios.play import PLAN, Play, plan_of

PAIR = {"W1": [], "W2": ["W1"]}


async def wake_everything(play: Play) -> None:
    """Have everything looked at anew, as it is every few minutes."""
    assert play.bot is not None
    async with play.bot.database.session() as session:
        await lanes.wake_all(session)


@opening(Play.start_plain, PAIR, protect=True)
async def test_a_renamed_and_hidden_repository_is_followed_and_written_to_by_its_new_name(play: Play) -> None:
    await play.do("ada", "PATCH", "", {"name": "shop", "private": True})
    await play.settled()
    await play.forget_requests()
    await play.hand_in("W1")
    await play.settled()
    assert (await play.pull("W1"))["merged"]
    writes = [each for each in await play.requests() if each["method"] == "PUT"]
    assert [each["path"] for each in writes] == [f"/repos/octo/shop/pulls/{play.pulls['W1']}/merge"]
    await play.report(await play.tip(), "success")
    await play.settled()
    assert await play.stage("W2") == "ready"
    await nothing_doubled(play)


@opening(Play.start_plain, PAIR, protect=True)
async def test_a_rename_that_nobody_told_of_is_followed_too(play: Play) -> None:
    await play.push("part/w1", "w1.txt", "work\n")
    await play.ci("W1")
    await play.tick("W1")
    await play.tell("wim", "/signalbox ready", play.pulls["W1"])
    await play.faults({"webhooks": {"drop": 1.0}})
    await play.do("ada", "PATCH", "", {"name": "shop"})
    await play.approve("W1")
    await play.forget_requests()
    await wake_everything(play)
    await play.settled()
    assert (await play.pull("W1"))["merged"]
    writes = [each["path"] for each in await play.requests() if each["method"] == "PUT"]
    assert writes == [f"/repos/octo/shop/pulls/{play.pulls['W1']}/merge"]
    await nothing_doubled(play)


@opening(Play.start_plain, PAIR, protect=True)
async def test_another_repository_under_the_old_name_is_not_taken_for_the_plans(play: Play) -> None:
    await play.faults({"webhooks": {"drop": 1.0}})
    await play.do("ada", "PATCH", "", {"name": "shop"})
    other = await play.do("ada", "POST", "//user/repos", {"name": "demo", "auto_init": True})
    for _ in range(play.issue):
        await play.do("ada", "POST", "//repos/octo/demo/issues", {"title": "Mine", "body": PLAN, "labels": ["plan"]})
    await play.faults({})
    await wake_everything(play)
    await play.settled()
    listed = (await play.call("ada", "GET", "//repos/octo/demo/pulls?state=all")).body
    assert (listed, (await play.call("ada", "GET", "//repos/octo/demo/branches")).body[1:]) == ([], [])
    assert other["id"] != play.world.repository("octo", "shop").id
    comments = (await play.call("ada", "GET", f"//repos/octo/demo/issues/{play.issue}/comments")).body
    assert comments == []
    await nothing_doubled(play)


async def without_ci(play: Play) -> None:
    """Start the plan in a repository without CI, as it is for an account on which no other App is installed."""
    await play.configure("checks: []\nverify: []\n")
    await play.start_plain(PAIR, protect=True)


async def hand_in(play: Play, key: str) -> None:
    """Do all that a workstream can do itself where there is no CI."""
    await play.push(f"part/{key.lower()}", f"{key.lower()}.txt", "work\n")
    await play.tick(key)
    await play.say("wim", "/signalbox ready", play.pulls[key])
    await play.approve(key)


async def install_for_mia(play: Play) -> None:
    await play.do("ada", "POST", "//_sandbox/apps/signalbox/installations", {"account": "mia"})


@opening(without_ci)
async def test_a_transferred_repository_keeps_its_plan(play: Play) -> None:
    before = await play.status_comment()
    await install_for_mia(play)
    await play.do("ada", "POST", "/transfer", {"new_owner": "mia"})
    await play.settled()
    await hand_in(play, "W1")
    await play.settled()
    assert (await play.pull("W1"))["merged"]
    assert await play.stage("W2") == "ready"
    assert (await play.status_comment())["id"] == before["id"]
    assert "1 of 2 done" in await play.status()
    await nothing_doubled(play)


@opening(without_ci)
async def test_a_plan_that_is_transferred_to_where_the_app_is_not_rests_until_it_is(play: Play) -> None:
    """The new owner sees nothing of it: what was shown stays, and the log says why nothing is done."""
    comment, before = await play.status_comment(), await shown(play)
    await play.do("ada", "POST", "/transfer", {"new_owner": "mia"})
    await hand_in(play, "W1")  # nobody hears of it
    await play.forget_requests()
    with capture_logs() as lines:
        await wake_everything(play)
        await play.settled()
    assert "turn.read_failed" in {each["event"] for each in lines}
    assert {each["log_level"] for each in lines} == {"warning"}
    assert 422 in {each["status"] for each in await play.requests()}  # there is no token for it
    assert await shown(play) == before
    assert [(await play.pull(key))["merged"] for key in PAIR] == [False, False]
    await install_for_mia(play)
    await play.settled()
    assert await play.stage("W1") == "running"  # the push was read; the command was never sent
    await play.say("wim", "/signalbox ready", play.pulls["W1"])
    await play.until_stage("W1", "done")
    await hand_in(play, "W2")
    await play.settled()
    assert "This plan is complete" in await play.status()
    assert (await play.status_comment())["id"] == comment["id"]
    await nothing_doubled(play)


async def shown(play: Play) -> list[str]:
    """Return what people see of a plan: its status comment, and the stage of each workstream."""
    return [await play.status(), *[await play.stage(key) for key in PAIR]]


@opening(Play.start_plain, PAIR, protect=True)
async def test_a_repository_that_is_made_private_goes_on_without_its_rules_and_says_so(play: Play) -> None:
    """GitHub's free plan has no branch rules for private repositories: those that there were do not hold any more."""
    assert "Self-check" not in await play.status()
    await play.do("ada", "DELETE", "/branches/main/protection")  # the stand-in leaves it, and GitHub tells of nothing
    await play.do("ada", "PATCH", "", {"private": True})
    await wake_everything(play)
    await play.settled()
    status = await play.status()
    assert "### Self-check" in status
    assert "`signalbox` is not a required check on `main`: it is advisory only: anybody who may write can" in status
    assert "Require `signalbox` in a branch rule of `main`, with this App as its source" in status
    for key in PAIR:
        await play.land(key)
        await play.until_stage(key, "done")
    await play.settled()
    assert await play.merged() == ["W1", "W2"]
    assert "This plan is complete" in await play.status()
    await nothing_doubled(play)


@opening(Play.start_plain, PAIR, protect=True)
async def test_an_archived_repository_is_left_alone_and_goes_on_afterwards(play: Play) -> None:
    """Onto its base, though another branch is the default one by then."""
    await play.do("ada", "POST", "/git/refs", {"ref": "refs/heads/trunk", "sha": await play.tip()})
    await play.do("ada", "PATCH", "", {"archived": True})
    await play.settled()
    await play.forget_requests()
    await wake_everything(play)
    await play.settled()
    asked = await play.requests()
    assert asked != []
    assert [each for each in asked if each["fields"] or each["method"] in {"PUT", "PATCH", "DELETE"}] == []
    await play.do("ada", "PATCH", "", {"archived": False, "default_branch": "trunk"})
    trunk = await play.tip("trunk")
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == ["W1"]
    assert await play.tip("trunk") == trunk
    status = await play.status()
    assert "onto `main`" in status
    assert "archived" not in status
    assert "Refused by GitHub" not in status
    await nothing_doubled(play)


@pytest.mark.parametrize("renamed", [True, False], ids=["renamed", "deleted"])
async def test_a_base_that_is_gone_stops_everything_and_comes_back(play: Play, renamed: bool) -> None:
    play.verified.add("next")
    await play.do("ada", "POST", "/git/refs", {"ref": "refs/heads/next", "sha": await play.tip()})
    await play.start(plan_of(PAIR, base="next"), protect=False)
    tip = await play.tip("next")
    if renamed:
        await play.do("ada", "POST", "/branches/next/rename", {"new_name": "later"})
    else:
        await play.do("ada", "DELETE", "/git/refs/heads/next")
    await play.settled()
    status = await play.status()
    assert "The base branch `next` does not exist" in status
    assert ("renamed to `later`" in status) is renamed
    if renamed:
        await play.hand_in("W1")
        await play.settled()
        assert await play.merged() == []
        await play.do("ada", "POST", "/branches/later/rename", {"new_name": "next"})
    else:
        await play.do("ada", "POST", "/git/refs", {"ref": "refs/heads/next", "sha": tip})
        for number in play.pulls.values():
            await play.do("mia", "PATCH", f"/pulls/{number}", {"state": "open"})
        await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == ["W1"]
    assert await play.stage("W2") == "ready"
    await nothing_doubled(play)
