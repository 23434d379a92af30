"""Stories of what lands being just what was judged, and of a base that others move."""

import pytest

from tests.scenarios.openings import opening
from tests.scenarios.play import Play
from tests.scenarios.rollbacks import begin, bring, land, merged, says

TWO: dict[str, list[str]] = {"W1": [], "W2": ["W1"]}
FREE: dict[str, list[str]] = {"W1": [], "W2": []}
TRANSIENT = {"message": "Base branch was modified. Review and try the merge again."}


@opening(begin, TWO)
async def test_a_head_that_moved_between_judgement_and_merge_is_judged_anew(play: Play) -> None:
    await play.faults({"api": [{"match": "PUT /repos/*/pulls/*/merge", "times": 1, "delay_ms": 600}]})
    judged = await bring(play, "W1")
    await play.until_stage("W1", "mergeable")
    newer = await play.push("part/w1", "later.txt", "not judged\n")
    await play.settled()
    assert await play.merged() == []
    assert await play.stage("W1") != "mergeable"
    assert judged != newer
    await play.report(newer, "success")
    await play.until_stage("W1", "done")
    assert "later.txt" in await play.tree("main")


@opening(begin, TWO)
async def test_a_base_that_moved_under_a_merge_is_no_refusal(play: Play) -> None:
    fault = {"match": "PUT /repos/*/pulls/*/merge", "times": 2, "status": 405, "body": TRANSIENT}
    await play.faults({"api": [fault]})
    await bring(play, "W1")
    await play.until_stage("W1", "done")
    await play.settled()
    assert "Refused by GitHub" not in await play.status()
    assert await play.merged() == ["W1"]


@opening(begin, TWO)
async def test_a_push_to_the_base_while_a_merge_is_under_way_is_named_and_the_landing_proved(play: Play) -> None:
    await play.faults({"api": [{"match": "PUT /repos/*/pulls/*/merge", "times": 1, "delay_ms": 500}]})
    await bring(play, "W1")
    await play.until_stage("W1", "mergeable")
    pushed = await play.push("main", "theirs.txt", "theirs\n", "Theirs in between")
    await play.until_stage("W1", "done")
    landed = await merged(play, "W1")
    assert (await play.get(f"/commits/{landed}"))["parents"][0]["sha"] == pushed
    assert {"theirs.txt", "w1.txt"} <= set(await play.tree(landed))
    assert f"signalbox/{play.issue}/trial" not in await play.branches()


@opening(begin, TWO)
async def test_a_push_to_the_base_is_named_in_the_status_comment(play: Play) -> None:
    pushed = await play.push("main", "theirs.txt", "theirs\n", "Theirs @mia #7 <b>")
    said = await says(play, "Other commits on `main`", pushed[:7])
    assert "@mia" not in said.replace("@\u200bmia", "")
    assert "<b>" not in said
    await land(play, "W1")
    await play.settled()
    assert pushed[:7] not in await play.status()  # the base was found good with it since


@opening(begin, TWO)
async def test_who_merges_out_of_order_is_named_and_it_is_verified_all_the_same(play: Play) -> None:
    head = await play.push("part/w2", "w2.txt", "early\n")
    await play.report(head, "success")
    await play.merge_by_hand("W2", "mia")
    await play.until_stage("W2", "done")
    assert "was merged by `mia`" in await says(play, "Merged out of order")
    await land(play, "W1")
    await says(play, "This plan is complete")
    tags = await play.get(f"/git/matching-refs/tags/signalbox/{play.issue}/")
    assert len(tags) == 3


@opening(begin, FREE)
async def test_who_merges_while_another_merge_is_verified_is_verified_with_it(play: Play) -> None:
    heard: list[str] = []

    async def silent(sha: str) -> str | None:
        heard.append(sha)
        return None

    play.base_ci = silent
    await bring(play, "W1")
    first = await merged(play, "W1")
    await bring(play, "W2")
    await play.settled()
    assert await play.stage("W2") == "queued"
    second = await play.merge_by_hand("W2", "ada")
    await play.settled()
    assert [await play.stage(key) for key in FREE] == ["verifying", "verifying"]
    await play.report(second, "success")
    await play.settled()
    assert [await play.stage(key) for key in FREE] == ["done", "done"]
    tags = await play.get(f"/git/matching-refs/tags/signalbox/{play.issue}/")
    assert second in {tag["object"]["sha"] for tag in tags}
    assert first in heard


@opening(begin, TWO)
@pytest.mark.parametrize("lost", ["a landing", "what was there before"])
async def test_a_base_that_was_rewritten_is_frozen_until_somebody_looked(play: Play, lost: str) -> None:
    before = await play.tip()
    landed = await land(play, "W1")
    await play.settled()
    parent = before if lost == "a landing" else (await play.get(f"/commits/{before}"))["parents"][0]["sha"]
    body = {"message": "Rewritten", "tree": (await play.get(f"/git/commits/{landed}"))["tree"]["sha"]}
    rewritten = await play.do("ada", "POST", "/git/commits", {**body, "parents": [parent]})
    await play.do("ada", "PATCH", "/git/refs/heads/main", {"sha": rewritten["sha"], "force": True})
    await says(play, "is frozen", "was rewritten", landed[:7], "/signalbox unfreeze")
    await bring(play, "W2")
    await play.settled()
    assert await play.merged() == ["W1"]
    assert (await play.check("W2"))["status"] != "completed"
    reactions, _ = await play.tell("mia", "/signalbox unfreeze")
    assert reactions == {"eyes", "rocket"}
    await play.until_stage("W2", "done")
