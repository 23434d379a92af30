"""Stories of `/signalbox rollback`, and of changes that are brought anew afterwards."""

from tests.scenarios.openings import opening
from tests.scenarios.play import READY, Play, plan_of
from tests.scenarios.rollbacks import (
    BAD,
    QUICK,
    again,
    begin,
    break_base,
    bring,
    land,
    merge_rollback,
    only,
    rollback_pull,
    rollback_pulls,
    says,
)

THREE: dict[str, list[str]] = {"W1": [], "W2": ["W1"], "W3": ["W2"]}


async def all_landed(play: Play) -> None:
    await begin(play, THREE)
    for key in THREE:
        await land(play, key)
    await says(play, "This plan is complete")


@opening(all_landed)
async def test_a_rollback_of_one_takes_what_landed_after_it_too_newest_first(play: Play) -> None:
    reactions, _ = await play.tell("mia", "/signalbox rollback W2")
    assert reactions == {"eyes", "rocket"}
    pull = await rollback_pull(play)
    assert pull["title"] == "Roll back W3, W2 to cp-1"
    assert pull["body"].index(f"#{play.pulls['W3']}") < pull["body"].index(f"#{play.pulls['W2']}")
    await merge_rollback(play)
    for key in ("W2", "W3"):
        await play.until_stage(key, "rolled-back")
    assert await play.stage("W1") == "done"
    assert await play.tree("main") == await play.tree(f"signalbox/{play.issue}/cp-1")
    assert "1 of 3 done" in await play.status()


@opening(all_landed)
async def test_what_was_rolled_back_is_needed_again_before_the_plan_is_complete(play: Play) -> None:
    await play.tell("mia", "/signalbox rollback W2")
    await merge_rollback(play)
    await play.until_stage("W3", "rolled-back")
    await again(play, "W3")
    await bring(play, "W3", {"w3.txt": "W3 anew\n"})
    await play.settled()
    assert await play.stage("W3") == "queued"
    assert "w3.txt" not in await play.tree("main")
    await again(play, "W2")
    await land(play, "W2", {"w2.txt": "W2 anew\n"})
    await play.until_stage("W3", "done")
    assert (await play.file("main", "w2.txt"), await play.file("main", "w3.txt")) == (b"W2 anew\n", b"W3 anew\n")
    await says(play, "This plan is complete")


@opening(all_landed)
async def test_a_rollback_to_a_checkpoint_takes_back_what_landed_since(play: Play) -> None:
    await play.push("main", "theirs.txt", "theirs\n")
    await play.settled()
    await play.tell("mia", "/signalbox rollback cp-1")
    pull = await rollback_pull(play)
    assert pull["title"] == "Roll back W3, W2 to cp-1"
    theirs = only(await play.tree("main"), ["theirs.txt"])
    await merge_rollback(play)
    await play.until_stage("W2", "rolled-back")
    assert await play.tree("main") == {**await play.tree(f"signalbox/{play.issue}/cp-1"), **theirs}


async def test_the_ticks_in_the_plan_are_taken_back(play: Play) -> None:
    await play.configure(QUICK)
    await play.start(plan_of({"W1": [], "W2": ["W1"]}, acceptance=False), protect=False)
    body = (await play.get(f"/issues/{play.issue}"))["body"]

    async def ticked(*keys: str) -> None:
        async def so() -> bool:
            text = (await play.get(f"/issues/{play.issue}"))["body"]
            return [key for key in ("W1", "W2") if f"### {key}: Part {key} ✅\n" in text] == list(keys)

        await play.until(so)

    await land(play, "W1")
    await land(play, "W2")
    await ticked("W1", "W2")
    await play.tell("mia", "/signalbox rollback W2")
    await merge_rollback(play)
    await ticked("W1")
    await play.tell("mia", "/signalbox rollback W1")
    await merge_rollback(play, 2)
    await ticked()
    assert (await play.get(f"/issues/{play.issue}"))["body"] == body


@opening(begin, {"W1": [], "W2": ["W1"]})
async def test_what_cannot_be_rolled_back_is_refused_with_the_reason(play: Play) -> None:
    await land(play, "W1")
    tip = await play.tip()
    for who, text, words in (
        ("wim", "W1", "maintain"),
        ("rita", "W1", "maintain"),
        ("otto", "W1", "maintain"),
        ("ada", "W2", "has not landed"),
        ("ada", "cp-9", "no checkpoint and no workstream"),
        ("ada", "cp-1", "since"),
        ("ada", "", "Say where to"),
    ):
        reactions, replies = await play.tell(who, f"/signalbox rollback {text}".strip())
        assert reactions == {"eyes", "confused"}
        assert words in replies[0]
    assert (await play.tip(), await rollback_pulls(play)) == (tip, [])


@opening(begin, {"W1": []})
async def test_while_one_is_under_way_there_is_no_second(play: Play) -> None:
    await break_base(play, "W1")
    pull = await rollback_pull(play)
    await play.settled()
    reactions, replies = await play.tell("ada", "/signalbox rollback W1")
    assert reactions == {"eyes", "confused"}
    assert f"(#{pull['number']}) is under way" in replies[0]
    assert len(await rollback_pulls(play)) == 1


@opening(begin, {"W1": []}, files={"both.txt": "one\ntwo\nthree\n"})
async def test_a_change_that_conflicts_when_it_is_brought_anew_begins_empty_and_says_where(play: Play) -> None:
    await break_base(play, "W1", {"both.txt": "one\nW1\nthree\n"})
    await merge_rollback(play)
    await play.until_stage("W1", "rolled-back")
    base = await play.push("main", "both.txt", "one\ntheirs\nthree\n")
    await play.settled()
    branch = await again(play, "W1")
    assert await play.tree(branch) == await play.tree(base)
    pull = await play.pull("W1")
    assert "`both.txt`" in pull["body"]
    assert f"signalbox/{play.issue}/trial" not in await play.branches()
    await land(play, "W1", {"both.txt": "one\ntheirs and W1\nthree\n"})


@opening(begin, {"W1": []})
async def test_a_second_failure_is_taken_back_and_tried_a_third_time(play: Play) -> None:
    good = await play.tree("main")
    await break_base(play, "W1", {"w1.txt": "W1\n"})
    await merge_rollback(play)
    await play.until_stage("W1", "rolled-back")
    second = await again(play, "W1")
    await play.report(await play.tip(second), "success")
    await play.graphql("wim", READY, {"id": (await play.pull("W1"))["node_id"]})
    await play.until_stage("W1", "failed")
    await merge_rollback(play, 2)
    await play.until_stage("W1", "rolled-back")
    assert await play.tree("main") == good
    third = await again(play, "W1", 3)
    assert only(await play.tree(third), ["w1.txt"])
    await land(play, "W1", {BAD: None})
    await says(play, "This plan is complete")
    assert sorted(await play.branches())[:3] == ["main", "part/w1", "part/w1-try-2"]
