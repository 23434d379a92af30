"""Pulls from forks whose branch is called as a workstream's: they are nobody's, and their authors may what any reader may."""

import base64
from typing import Any

import pytest

from tests.scenarios.once import nothing_doubled
from tests.scenarios.openings import opening
from tests.scenarios.play import Play

STRANGER = "otto"  # may read, as everybody may in a public repository
REFUSED = {"eyes", "confused"}


async def worked_on(play: Play) -> None:
    """Start a plan of two; W1 has work that CI has passed, and waits for W0."""
    await play.start_plain({"W0": [], "W1": ["W0"]}, protect=True)
    await play.push("part/w1", "w1.txt", "work\n")
    await play.ci("W1")


async def pull_from_fork(play: Play, branch: str, *, pushed: bool) -> Any:
    """Open a pull from the stranger's fork, with a commit of theirs on top or at the very head of the workstream."""
    await play.do(STRANGER, "POST", "/forks")
    if pushed:
        body = {"message": "Mine", "branch": branch, "content": base64.b64encode(b"mine\n").decode()}
        await play.do(STRANGER, "PUT", f"//repos/{STRANGER}/demo/contents/mine.txt", body)
    opened = {"title": "W1: Part W1", "head": f"{STRANGER}:{branch}", "base": "main"}
    return await play.do(STRANGER, "POST", "/pulls", opened)


async def workstream(play: Play, key: str) -> dict[str, Any]:
    """Return how a workstream stands for everybody to see."""
    pull, check = await play.pull(key), await play.check(key)
    return {
        "stage": await play.stage(key), "draft": pull["draft"], "head": pull["head"]["sha"], "status": await play.status(),
        "check": (check["id"], check["status"], check["conclusion"], check["output"]["title"]),
        "replies": await play.replies(play.pulls[key]),
    }  # fmt: skip


@opening(worked_on)
@pytest.mark.parametrize("pushed", [True, False], ids=["with a commit on top", "at the same head"])
async def test_the_author_of_a_pull_from_a_fork_commands_no_workstream_of_that_branch(play: Play, pushed: bool) -> None:
    before = await workstream(play, "W1")
    fork = await pull_from_fork(play, "part/w1", pushed=pushed)
    await play.settled()
    for text in ("/sb ready", "/sb approve", "/sb hold W1"):
        reactions, replies = await play.tell(STRANGER, text, fork["number"])
        assert reactions == REFUSED, text
        assert len(replies) == 1, text
        assert "not part of a plan" in replies[0], text
    assert await workstream(play, "W1") == before
    assert await play.get(f"/issues/{fork['number']}/labels") == []
    check = await play.check_on(fork["head"]["sha"])
    if pushed:  # at the same head it is W1's check, which is compared above
        assert (check["conclusion"], check["output"]["title"]) == ("success", "Not part of a plan")
    await nothing_doubled(play)


@opening(worked_on)
async def test_a_workstream_lands_beside_a_pull_from_a_fork_with_its_branch(play: Play) -> None:
    fork = await pull_from_fork(play, "part/w1", pushed=True)
    for key in ("W0", "W1"):
        await play.land(key)
        await play.until_stage(key, "done")
    await play.settled()
    assert await play.merged() == ["W0", "W1"]
    assert (await play.get(f"/pulls/{fork['number']}"))["state"] == "open"
    assert "This plan is complete" in await play.status()
    await nothing_doubled(play)
