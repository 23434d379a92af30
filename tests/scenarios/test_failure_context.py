"""Stories of red checks: one comment on the pull says what failed where, follows the failure, and says when it is over."""

from typing import Any

import pytest

from tests.scenarios.openings import opening
from tests.scenarios.play import Play
from tests.scenarios.process import stage_apart

SOON = 60.0
FAILED = {
    "title": "2 failed, 40 passed",
    "summary": "See the log",
    "text": "\n".join([f"line {number}" for number in range(3000)] + ["E   assert total == 3", "2 failed"]),
    "annotations": [
        {
            "path": "shop/ledger.py", "start_line": 17, "end_line": 18, "annotation_level": "failure",
            "title": "test_total", "message": "assert 4 == 3",
        },
        {
            "path": "shop/ledger.py", "start_line": 3, "end_line": 3, "annotation_level": "warning",
            "message": "@ada: token ghp_" + "a" * 36 + " in line 3, fixes #1",
        },
    ],
}  # fmt: skip


async def fails(play: Play, sha: str, name: str = "tests", output: Any = None, conclusion: str = "failure") -> None:
    """Have CI fail on a commit, with its output."""
    body = {"name": name, "head_sha": sha, "status": "completed", "conclusion": conclusion, "output": output or FAILED}
    await play.do("ci", "POST", "/check-runs", body)


async def told(play: Play, number: int) -> list[Any]:
    """The comments on failures below a pull."""
    return [each for each in await play.comments(number) if "<!-- signalbox:failure" in each["body"]]


async def says(play: Play, number: int, words: str) -> Any:
    """Wait until the one comment on failures says something, and return it."""

    async def said() -> Any:
        found = await told(play, number)
        assert len(found) <= 1, "more than one comment on failures"
        return found[0] if found and words in found[0]["body"] else None

    said.__name__ = f"#{number} to be told {words!r}"
    return await play.until(said, SOON)


@opening(Play.start)
async def test_a_failing_head_gets_one_comment_that_follows_it_until_it_is_green(play: Play) -> None:
    pull = play.pulls["W1"]
    good = await play.push("feat/ledger", "shop/ledger.py", "total = 3\n")
    await play.report(good, "success")
    await play.settled()
    first = await play.push("feat/ledger", "shop/ledger.py", "total = 4\n")
    await fails(play, first)
    comment = await says(play, pull, first[:7])
    body = comment["body"]
    assert "[`shop/ledger.py:17`](" in body
    assert f"/blob/{first}/shop/ledger.py#L17" in body
    assert "❌ failure | test\\_total. assert 4 == 3" in body
    assert r"\[removed\]" in body
    assert "ghp_" not in body
    assert "@ada" not in body
    assert "E   assert total == 3\n2 failed\n```" in body
    assert "line 2982" in body
    assert "line 2981" not in body
    assert f"/compare/{good}...{first}" in body
    assert "its owner, by a push to `feat/ledger`" in body
    second = await play.push("feat/ledger", "shop/ledger.py", "total = 5\n")
    await fails(play, second, output={"title": "1 failed", "summary": "Only one is left"})
    again = await says(play, pull, second[:7])
    assert again["id"] == comment["id"]
    assert "```text\nOnly one is left\n```" in again["body"]
    assert f"/compare/{good}...{second}" in again["body"]
    third = await play.push("feat/ledger", "shop/ledger.py", "total = 3  # again\n")
    await play.report(third, "success")
    over = await says(play, pull, "**Mended:**")
    assert over["id"] == comment["id"]
    assert third[:7] in over["body"]
    await play.settled()
    assert len(await told(play, pull)) == 1


async def test_a_red_base_is_told_of_on_the_pull_whose_merge_broke_it(play: Play) -> None:
    async def verdict(sha: str) -> str | None:
        if "work/w1.txt" not in await play.tree(sha):
            return "success"
        await fails(play, sha, "tests")
        return None

    play.base_ci = verdict
    await play.start()
    before = await play.tip()
    merge = await play.land("W1")
    body = (await says(play, play.pulls["W1"], merge[:7]))["body"]
    assert f"Checks failed on `main` with #{play.pulls['W1']} in" in body
    assert f"/compare/{before}...{merge}" in body
    assert "The checkpoint before it is `cp-0`" in body
    assert f"/blob/{merge}/shop/ledger.py#L17" in body
    await play.tell("ada", "/signalbox allow W1 it was the network")
    over = await says(play, play.pulls["W1"], "**Mended:** `main` is green")
    assert "it was the network" in over["body"]
    assert await told(play, play.pulls["W2"]) == []


async def test_no_comment_without_a_failure_that_counts(play: Play) -> None:
    await play.configure("failure_comments: true\nchecks: [tests]\n")
    await play.start()
    head = (await play.pull("W1"))["head"]["sha"]
    await fails(play, head)  # before anybody pushed
    pushed = await play.push("feat/ledger", "shop/ledger.py", "total = 4\n")
    await fails(play, pushed, "lint")
    await fails(play, pushed, "tests", conclusion="cancelled")
    await play.settled()
    assert await told(play, play.pulls["W1"]) == []
    await play.configure("failure_comments: false\n")
    await fails(play, pushed, "tests")
    await play.until_stage("W1", "failed")
    await play.settled()
    assert await told(play, play.pulls["W1"]) == []


async def test_doubled_deliveries_make_no_second_comment_and_a_quiet_turn_is_one_read(play: Play) -> None:
    await play.faults({"webhooks": {"duplicate": 1.0, "reorder": True}})
    await play.start()
    await play.faults({})
    pushed = await play.push("feat/ledger", "shop/ledger.py", "total = 4\n")
    await play.faults({"webhooks": {"duplicate": 1.0, "reorder": True}})
    await fails(play, pushed)
    await says(play, play.pulls["W1"], pushed[:7])
    await play.settled()
    await play.faults({})
    await play.do("wim", "POST", "/labels", {"name": "unrelated", "color": "ededed"})
    await play.settled()
    await play.forget_requests()
    await play.do("mia", "POST", f"/issues/{play.issue}/labels", {"labels": ["unrelated"]})
    await play.settled()
    asked = await play.requests()
    assert [(each["method"], each["route"]) for each in asked] == [("POST", "/graphql")], asked
    assert not any(name.startswith("mutation:") for each in asked for name in each["fields"])
    assert len(await told(play, play.pulls["W1"])) == 1


@opening(Play.start)
@pytest.mark.parametrize("status", [502, 0], ids=["an error", "a broken connection"])
async def test_a_comment_whose_answer_was_lost_is_not_written_twice(play: Play, status: int) -> None:
    pushed = await play.push("feat/ledger", "shop/ledger.py", "total = 4\n")
    await play.settled()
    await play.faults(
        {"api": [{"match": "POST /graphql mutation:addComment", "times": 1, "status": status, "after": True}]}
    )
    await fails(play, pushed)
    await says(play, play.pulls["W1"], pushed[:7])
    await play.settled()
    assert len(await told(play, play.pulls["W1"])) == 1


@opening(Play.start)
async def test_a_deleted_comment_comes_back_with_the_next_failure(play: Play) -> None:
    pushed = await play.push("feat/ledger", "shop/ledger.py", "total = 4\n")
    await fails(play, pushed)
    comment = await says(play, play.pulls["W1"], pushed[:7])
    await play.settled()
    await play.do("ada", "DELETE", f"/issues/comments/{comment['id']}")
    again = await play.push("feat/ledger", "shop/ledger.py", "total = 5\n")
    await fails(play, again)
    assert (await says(play, play.pulls["W1"], again[:7]))["id"] != comment["id"]


async def test_a_restart_makes_no_second_comment(tmp_path: Any) -> None:
    async with stage_apart(tmp_path) as (play, bot):
        await play.start()
        pushed = await play.push("feat/ledger", "shop/ledger.py", "total = 4\n")
        await fails(play, pushed)
        comment = await says(play, play.pulls["W1"], pushed[:7])
        await bot.kill()
        again = await play.push("feat/ledger", "shop/ledger.py", "total = 5\n")
        await fails(play, again)
        await bot.start()
        assert (await says(play, play.pulls["W1"], again[:7]))["id"] == comment["id"]
