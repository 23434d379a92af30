"""Stories of a merge that breaks the base: the way back by a pull request, and the way on afterwards."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.scenarios.play import Play, plan_of

CHAIN = plan_of({"W1": (), "W2": ("W1",), "W3": ("W2",)})


def break_with(play: Play, path: str, mended_by: str = "mended.txt") -> None:
    """Have the base's CI fail while a file is there and another one is not."""

    async def verdict(sha: str) -> str | None:
        there = await play.tree(sha)
        return "failure" if path in there and mended_by not in there else "success"

    play.base_ci = verdict


async def rollback_pull(play: Play, number: int = 1) -> Any:
    """Wait for the pull of a rollback and return it."""

    async def opened() -> Any:
        pulls = await play.all_pulls()
        return next((each for each in pulls if each["head"]["ref"].endswith(f"/rollback-{number}")), None)

    return await play.until(opened)


async def merge_rollback(play: Play, number: int = 1, *, method: str = "squash") -> None:
    """Have CI pass on a rollback's pull, and merge it as a person."""
    pull = await rollback_pull(play, number)
    await play.report(pull["head"]["sha"], "success")
    await play.settled()
    await play.do("ada", "PUT", f"/pulls/{pull['number']}/merge", {"merge_method": method})
    await play.settled()


async def again(play: Play, key: str, attempt: int = 2) -> str:
    """Try a rolled back workstream again; return its new branch, on which its pull is from now on."""
    branch = f"part/{key.lower()}-try-{attempt}"
    reactions, _ = await play.tell("mia", f"/signalbox retry {key}")
    assert reactions == {"eyes", "rocket"}
    pull = next(each for each in await play.all_pulls() if each["head"]["ref"] == branch)
    play.pulls[key] = pull["number"]
    return branch


async def finish(play: Play, key: str) -> None:
    """Do what is left for a workstream whose work is pushed."""
    await play.ci(key)
    await play.tick(key)
    await play.say("wim", "/signalbox ready", play.pulls[key])
    await play.approve(key)
    await play.until_stage(key, "done")


def only(tree: dict[str, tuple[str, str]], paths: Iterable[str]) -> dict[str, tuple[str, str]]:
    return {path: entry for path, entry in tree.items() if path in set(paths)}


async def test_a_merge_that_breaks_the_base_is_taken_back_and_brought_anew(play: Play) -> None:
    break_with(play, "work/w2.txt")
    await play.start(CHAIN)
    await play.land("W1")
    await play.until_stage("W1", "done")
    good = await play.tree("main")
    await play.land("W2")
    await play.until_stage("W2", "failed")

    pull = await rollback_pull(play)
    assert pull["title"] == "Roll back W2 to cp-1"
    await merge_rollback(play)
    await play.until_stage("W2", "rolled-back")
    assert await play.tree("main") == good
    assert await play.stage("W3") == "waiting"

    branch = await again(play, "W2")
    assert await play.tree(branch) == {**good, **only(await play.tree("part/w2"), ["work/w2.txt"])}
    assert "`tests` by CI failed" in (await play.pull("W2"))["body"]
    await play.push(branch, "mended.txt", "good\n")
    await finish(play, "W2")
    await play.land("W3")
    await play.until_stage("W3", "done")
    await play.settled()
    assert "This plan is complete" in await play.status()
    assert {"work/w1.txt", "work/w2.txt", "work/w3.txt", "mended.txt"} <= set(await play.tree("main"))


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_whatever_way_it_landed_it_is_taken_back(play: Play, method: str) -> None:
    break_with(play, "work/w2.txt")
    await play.configure(f"merge_method: {method}\n")
    await play.start(plan_of({"W1": (), "W2": ("W1",)}))
    await play.land("W1")
    await play.until_stage("W1", "done")
    good = await play.tree("main")
    await play.push("part/w2", "work/more.txt", "a second commit\n")
    await play.land("W2")
    await merge_rollback(play, method=method)
    await play.until_stage("W2", "rolled-back")
    assert await play.tree("main") == good


async def test_what_others_pushed_meanwhile_stays_byte_for_byte(play: Play) -> None:
    break_with(play, "work/w2.txt")
    await play.start(plan_of({"W1": (), "W2": ("W1",)}), protect=False)
    await play.land("W1")
    await play.until_stage("W1", "done")
    good = await play.tree("main")
    await play.land("W2")
    await play.push("main", "theirs/notes.md", "théirs\r\n\ttabs\n", "Notes of somebody else")
    foreign = only(await play.tree("main"), ["theirs/notes.md"])
    await merge_rollback(play)
    await play.until_stage("W2", "rolled-back")
    assert await play.tree("main") == {**good, **foreign}
    assert await play.file("main", "theirs/notes.md") == "théirs\r\n\ttabs\n".encode()
