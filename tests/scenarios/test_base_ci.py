"""The stage itself: CI that tests each new tip of a base, and what stories read and write of the repository."""

import asyncio
import hashlib
from typing import Any

import pytest

from tests.scenarios.openings import opening
from tests.scenarios.play import Play
from tests.scenarios.trees import FILE, LINK, PROGRAM, Link, Mode, Moved


async def verdicts(play: Play, sha: str, name: str = "tests") -> list[str | None]:
    """Return what CI says of a commit, oldest first."""
    runs = (await play.get(f"/commits/{sha}/check-runs?check_name={name}&filter=all"))["check_runs"]
    return [run["conclusion"] for run in sorted(runs, key=lambda run: int(run["id"]))]


async def test_every_landing_is_tested_once_on_the_base(play: Play) -> None:
    await play.faults({"webhooks": {"duplicate": 1.0, "reorder": True}})
    await play.start_plain({"W1": [], "W2": ["W1"]}, protect=True)
    landed = [await play.land("W1"), await play.land("W2")]
    await play.settled()
    assert landed[-1] == await play.tip()
    assert [await verdicts(play, sha) for sha in landed] == [["success"], ["success"]]


async def test_ci_hears_of_bases_only_and_says_what_the_story_wants(play: Play) -> None:
    asked = []

    async def judge(sha: str) -> str | None:
        asked.append(sha)
        return None if len(asked) == 1 else "failure"

    play.base_ci = judge
    silent = await play.push("main", "a.txt", "a\n")
    await play.do("ada", "POST", "/git/refs", {"ref": "refs/heads/next", "sha": silent})
    other = await play.push("next", "b.txt", "b\n")
    await play.settled()
    assert asked == [silent]
    play.verified.add("next")
    red = await play.push("next", "b.txt", "bb\n")
    await play.do("ada", "DELETE", "/git/refs/heads/next")
    await play.settled()
    assert asked == [silent, red]
    assert [await verdicts(play, sha) for sha in (silent, other, red)] == [[], [], ["failure"]]
    await play.report(silent, None)
    await play.report(silent, "success", "lint")
    assert await verdicts(play, silent) == [None]
    assert await verdicts(play, silent, "lint") == ["success"]


async def test_slow_ci_keeps_nobody_waiting_but_those_who_wait_for_all(play: Play) -> None:
    done = asyncio.Event()

    async def judge(sha: str) -> str | None:
        await done.wait()
        return "success"

    play.base_ci = judge
    head = await play.push("main", "a.txt", "a\n")
    await play.plan()
    await play.until(play.status_comment)  # Signalbox has heard what was sent after the push
    assert await verdicts(play, head) == []
    waiting = asyncio.create_task(play.settled())
    done.set()
    await waiting
    assert await verdicts(play, head) == ["success"]


async def test_a_tree_is_pushed_and_read_with_all_that_git_knows_of_it(play: Play) -> None:
    await play.protect_main()
    rules = await play.get("/branches/main/protection")
    first = await play.push_tree("main", {"a/b.txt": "b\n", "a/raw": b"\x00\xff", "old.txt": "old\n", "run": "#!\n"})
    second = await play.push_tree(
        "main",
        {"a/b.txt": "c\n", "a/raw": None, "run": Mode(PROGRAM), "new/name.txt": Moved("old.txt"), "link": Link("run")},
        who="ada",
        message="All at once",
    )
    assert await play.get("/branches/main/protection") == rules
    assert await play.tip() == second
    commit = await play.get(f"/commits/{second}")
    assert ([one["sha"] for one in commit["parents"]], commit["author"]["login"]) == ([first], "ada")
    before, after = await play.tree(first), await play.tree("main")
    assert set(before) == {"README.md", "a/b.txt", "a/raw", "old.txt", "run"}
    assert {path: mode for path, (mode, _) in after.items()} == {
        "README.md": FILE, "a/b.txt": FILE, "run": PROGRAM, "new/name.txt": FILE, "link": LINK,
    }  # fmt: skip
    assert after["new/name.txt"] == before["old.txt"]
    assert after["run"][1] == before["run"][1] == hashlib.sha1(b"blob 3\0#!\n").hexdigest()
    assert await play.file(first, "a/raw") == b"\x00\xff"
    assert await play.file("main", "link") == b"run"


@opening(Play.start_plain, {"W0": [], "W1": ["W0"]}, protect=True)
@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_somebody_merges_past_signalbox(play: Play, method: str) -> None:
    rules: Any = await play.get("/branches/main/protection")
    await play.push("part/w1", "w1.txt", "work\n")
    merged = await play.merge_by_hand("W1", "mia", method)
    assert merged == await play.tip()
    assert (await play.pull("W1"))["merged_by"]["login"] == "mia"
    assert await play.get("/branches/main/protection") == rules
    await play.settled()
    assert await verdicts(play, merged) == ["success"]
