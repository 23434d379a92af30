"""Stories of checkpoints: a tag on every good state of the base, and the record that counts."""

from tests.scenarios.openings import opening
from tests.scenarios.play import Play
from tests.scenarios.rollbacks import begin, bring, land, merge_rollback, merged, only, rollback_pull, says

TWO: dict[str, list[str]] = {"W1": [], "W2": ["W1"]}


async def tags(play: Play) -> dict[str, str]:
    """Return the checkpoints' tags: name -> commit."""
    listed = await play.get(f"/git/matching-refs/tags/signalbox/{play.issue}/")
    return {tag["ref"].rsplit("/", 1)[1]: tag["object"]["sha"] for tag in listed}


@opening(begin, TWO)
async def test_every_verified_merge_leaves_a_tag_on_the_commit_that_was_found_good(play: Play) -> None:
    start = await play.tip()
    landed = [await land(play, key) for key in TWO]
    await play.settled()
    assert await tags(play) == {"cp-0": start, "cp-1": landed[0], "cp-2": landed[1]}
    assert {each["object"]["type"] for each in await play.get("/git/matching-refs/tags/")} == {"commit"}


async def test_what_is_not_verified_yet_has_no_tag(play: Play) -> None:
    async def silent(sha: str) -> str | None:
        assert sha
        return None

    await begin(play, TWO)
    play.base_ci = silent
    await bring(play, "W1")
    landed = await merged(play, "W1")
    await play.settled()
    assert set(await tags(play)) == {"cp-0"}
    reactions, replies = await play.tell("wim", "/signalbox checkpoint early")
    assert reactions == {"eyes", "confused"}
    assert "not verified with W1" in replies[0]
    await play.report(landed, "success")
    await play.settled()
    assert (await tags(play))["cp-1"] == landed


@opening(begin, TWO)
async def test_somebody_keeps_the_base_under_a_name_and_returns_to_it(play: Play) -> None:
    await land(play, "W1")
    kept = await play.push("main", "theirs.txt", "theirs\n")
    await play.settled()
    reactions, replies = await play.tell("wim", "/signalbox checkpoint before-lunch")
    assert reactions == {"eyes", "rocket"}
    assert kept[:7] in replies[0]
    assert (await tags(play))["before-lunch"] == kept
    await land(play, "W2")
    await play.tell("mia", "/signalbox rollback before-lunch")
    assert (await rollback_pull(play))["title"] == "Roll back W2 to before-lunch"
    await merge_rollback(play)
    await play.until_stage("W2", "rolled-back")
    assert await play.tree("main") == await play.tree(kept)


@opening(begin, {"W1": [], "W2": ["W1"], "W3": ["W2"]})
async def test_a_tag_that_is_deleted_or_moved_is_reported_left_alone_and_not_gone_by(play: Play) -> None:
    first, second = await land(play, "W1"), await land(play, "W2")
    await play.settled()
    good, start = await play.tree(first), (await tags(play))["cp-0"]
    path = f"/git/refs/tags/signalbox/{play.issue}"
    await play.do("ada", "DELETE", f"{path}/cp-2")
    await play.do("ada", "PATCH", f"{path}/cp-1", {"sha": start, "force": True})
    await land(play, "W3")
    said = await says(play, "Its tag was deleted", f"Its tag points at `{start[:7]}` instead")
    lines = {line.split("`")[1]: line for line in said.splitlines() if line.startswith("- `cp-")}
    assert second[:7] in lines["cp-2"]
    assert "deleted" in lines["cp-2"]
    assert first[:7] in lines["cp-1"]
    assert "points at" in lines["cp-1"]
    assert (await tags(play))["cp-1"] == start
    assert "cp-2" not in await tags(play)
    await play.tell("mia", "/signalbox rollback cp-1")
    await merge_rollback(play)
    await play.until_stage("W2", "rolled-back")
    assert await play.tree("main") == good


@opening(begin, TWO)
async def test_a_name_is_taken_once_and_only_if_git_takes_it(play: Play) -> None:
    start = await play.tip()
    for name, sign in (("good", "rocket"), ("good", "rocket"), ("cp-7", "confused"), ("a..b", "confused")):
        assert sign in (await play.tell("wim", f"/signalbox checkpoint {name}"))[0]
    await play.push("main", "theirs.txt", "theirs\n")
    await play.settled()
    reactions, replies = await play.tell("wim", "/signalbox checkpoint good")
    assert reactions == {"eyes", "confused"}
    assert "Take another name" in replies[0]
    assert only({name: ("", sha) for name, sha in (await tags(play)).items()}, ["good"]) == {"good": ("", start)}
    assert set(await tags(play)) == {"cp-0", "good"}


@opening(begin, TWO)
async def test_who_may_only_read_keeps_no_checkpoint(play: Play) -> None:
    reactions, _ = await play.tell("rita", "/signalbox checkpoint mine")
    assert reactions == {"eyes", "confused"}
    assert set(await tags(play)) == {"cp-0"}
