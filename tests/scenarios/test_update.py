"""Stories of branches that are brought up to the base before they merge."""

import pytest

from tests.scenarios.openings import opening
from tests.scenarios.play import Play
from tests.scenarios.rollbacks import begin, bring, land, merged

FREE: dict[str, list[str]] = {"W1": [], "W2": []}


async def contains(play: Play, head: str, commit: str) -> bool:
    """Say whether a commit is in the history of a head."""
    return bool((await play.get(f"/compare/{commit}...{head}"))["merge_base_commit"]["sha"] == commit)


async def head_of(play: Play, key: str) -> str:
    return str((await play.pull(key))["head"]["sha"])


async def update_of(play: Play, key: str, old: str) -> str:
    """Wait until a branch was brought up to the base; return its new head."""

    async def moved() -> str:
        head = await head_of(play, key)
        return head if head != old else ""

    moved.__name__ = f"the update of {key}"
    return str(await play.until(moved))


@opening(begin, FREE, "update: before_merge\n")
async def test_before_its_merge_a_head_is_brought_up_to_the_base(play: Play) -> None:
    early = await play.push("part/w1", "w1.txt", "begun\n")
    landed = await land(play, "W2")
    await play.settled()
    assert await head_of(play, "W1") == early  # it is not to be merged yet: nobody's work is disturbed
    head = await bring(play, "W1", {"w1.txt": "W1\n"})
    new = await update_of(play, "W1", head)
    assert await contains(play, new, landed)
    await play.settled()
    assert not (await play.pull("W1"))["merged"]  # CI has not seen the new head
    await play.report(new, "success")
    await play.until_stage("W1", "done")
    assert {"w1.txt", "w2.txt"} <= set(await play.tree("main"))


@opening(begin, FREE, "update: always_current\n")
async def test_always_current_brings_a_head_up_to_the_base_as_soon_as_it_is_good(play: Play) -> None:
    early = await play.push("part/w1", "w1.txt", "begun\n")
    landed = await land(play, "W2")
    new = await update_of(play, "W1", early)
    assert await contains(play, new, landed)
    await play.settled()
    assert await head_of(play, "W1") == new
    pushed = await play.push("main", "theirs.txt", "theirs\n")
    assert await contains(play, await update_of(play, "W1", new), pushed)


@opening(begin, FREE)
async def test_a_head_that_is_behind_merges_all_the_same_where_the_config_does_not_mind(play: Play) -> None:
    landed = await land(play, "W2")
    head = await bring(play, "W1")
    await merged(play, "W1")
    assert not await contains(play, head, landed)


@opening(begin, FREE)
async def test_somebody_has_a_branch_brought_up_to_the_base(play: Play) -> None:
    early = await play.push("part/w1", "w1.txt", "begun\n")
    landed = await land(play, "W2")
    reactions, _ = await play.tell("wim", "/signalbox update", play.pulls["W1"])
    assert reactions == {"eyes", "rocket"}
    new = await update_of(play, "W1", early)
    assert await contains(play, new, landed)
    assert await contains(play, new, early)
    await play.settled()
    assert await head_of(play, "W1") == new


@opening(begin, FREE)
@pytest.mark.parametrize(("who", "why"), [("rita", "write"), ("wim", "conflicts with `main`")])
async def test_what_cannot_be_brought_up_to_the_base_is_refused(play: Play, who: str, why: str) -> None:
    early = await play.push("part/w1", "both.txt", "W1\n")
    await play.push("main", "both.txt", "theirs\n")
    await play.settled()
    reactions, replies = await play.tell(who, "/signalbox update W1")
    assert reactions == {"eyes", "confused"}
    assert why in replies[0]
    assert await head_of(play, "W1") == early
