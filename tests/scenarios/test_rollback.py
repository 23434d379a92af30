"""Stories of a merge that breaks the base: the way back by a pull request, and the way on afterwards."""

import pytest

from tests.scenarios.openings import opening
from tests.scenarios.play import Play, plan_of
from tests.scenarios.rollbacks import (
    BAD,
    again,
    begin,
    break_base,
    break_with,
    land,
    merge_rollback,
    only,
    rollback_pull,
    rollback_pulls,
    says,
)

CHAIN = plan_of({"W1": (), "W2": ("W1",), "W3": ("W2",)})


async def finish(play: Play, key: str) -> None:
    """Do what is left for a workstream whose work is pushed."""
    await play.ci(key)
    await play.tick(key)
    await play.say("wim", "/signalbox ready", play.pulls[key])
    await play.approve(key)
    await play.until_stage(key, "done")


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


LINES = "".join(f"line {number}\n" for number in range(1, 13))


@opening(begin, {"W1": []}, files={"both.txt": LINES})
async def test_what_others_changed_elsewhere_in_the_same_file_stays(play: Play) -> None:
    await break_base(play, "W1", {"both.txt": LINES.replace("line 2\n", "W1\n")})
    await play.push("main", "both.txt", LINES.replace("line 2\n", "W1\n").replace("line 11\n", "theirs\n"))
    await merge_rollback(play)
    await play.until_stage("W1", "rolled-back")
    assert await play.file("main", "both.txt") == LINES.replace("line 11\n", "theirs\n").encode()
    assert BAD not in await play.tree("main")
    assert f"signalbox/{play.issue}/trial" not in await play.branches()


async def refuse_to_be_clean(play: Play) -> str:
    """Break the base with W1, and have others change the very line that it changed; return the tip of the base."""
    await begin(play, {"W1": [], "W2": ["W1"]}, "on_red: hold\n", files={"both.txt": LINES})
    await break_base(play, "W1", {"both.txt": LINES.replace("line 2\n", "W1\n")})
    tip = await play.push("main", "both.txt", LINES.replace("line 2\n", "theirs\n"))
    await play.settled()
    reactions, _ = await play.tell("ada", "/signalbox rollback")
    assert reactions == {"eyes", "rocket"}
    await says(play, "needs a person", "`both.txt`", "/signalbox allow", "Nothing was written")
    return tip


async def test_a_rollback_that_cannot_be_clean_writes_nothing(play: Play) -> None:
    tip = await refuse_to_be_clean(play)
    assert await play.tip() == tip
    assert await play.branches() == ["main", "part/w1", "part/w2"]
    assert await rollback_pulls(play) == []
    assert await play.stage("W1") == "failed"

    reactions, _ = await play.tell("ada", "/signalbox allow W1 We live with it")
    assert reactions == {"eyes", "rocket"}
    await play.until_stage("W1", "done")
    await land(play, "W2")
    assert "We live with it" in await says(play, "This plan is complete")


async def test_the_plan_goes_on_when_people_mend_what_cannot_be_rolled_back(play: Play) -> None:
    await refuse_to_be_clean(play)
    mended = await play.push_tree("main", {BAD: None}, message="Mend by hand")
    await play.until_stage("W1", "done")
    await land(play, "W2")
    assert await rollback_pulls(play) == []
    assert (await play.get(f"/git/ref/tags/signalbox/{play.issue}/cp-1"))["object"]["sha"] == mended


async def test_a_new_rollback_is_built_when_the_paths_are_free(play: Play) -> None:
    await refuse_to_be_clean(play)
    await play.push("main", "both.txt", LINES.replace("line 2\n", "W1\n").replace("line 9\n", "theirs\n"))
    await play.tell("ada", "/signalbox rollback")
    await merge_rollback(play, 2)
    await play.until_stage("W1", "rolled-back")
    assert await play.file("main", "both.txt") == LINES.replace("line 9\n", "theirs\n").encode()
    assert BAD not in await play.tree("main")
