"""Stories of a frozen base: nothing merges into it, of no plan and outside plans neither, until somebody lifts it."""

from dataclasses import replace
from typing import Any

from tests.scenarios.openings import opening
from tests.scenarios.play import Play, plan_of
from tests.scenarios.rollbacks import BAD, begin, break_with, bring, merge_rollback, merged, rollback_pull, says

ONE: dict[str, list[str]] = {"A1": [], "A2": []}


async def others(play: Play) -> tuple[Play, Any]:
    """Start another plan with B1, and open a pull outside any plan."""
    other = replace(play)
    await other.start(plan_of({"B1": []}, acceptance=False), protect=False)
    await play.do("wim", "POST", "/git/refs", {"ref": "refs/heads/fix", "sha": await play.tip()})
    await play.push("fix", "fix.txt", "fix\n")
    body = {"title": "Fix", "head": "fix", "base": "main", "body": ""}
    pull = await play.do("wim", "POST", "/pulls", body)
    await play.settled()
    return other, pull


def is_open(check: Any) -> bool:
    return bool(check["conclusion"] == "success")


@opening(begin, ONE)
async def test_a_freeze_closes_every_way_into_the_base_and_unfreeze_opens_them(play: Play) -> None:
    other, pull = await others(play)
    assert is_open(await play.check_on(pull["head"]["sha"]))
    reactions, _ = await play.tell("mia", "/signalbox freeze Release @today")
    assert reactions == {"eyes", "rocket"}
    await bring(play, "A1")
    await bring(other, "B1")
    await play.settled()
    checks = [await play.check("A1"), await other.check("B1"), await play.check_on(pull["head"]["sha"])]
    for check in checks:
        assert (check["status"], check["conclusion"]) == ("in_progress", None)
        assert "frozen" in check["output"]["title"].lower()
        assert "mia" in check["output"]["title"] + check["output"]["summary"]
    assert await play.merged() == []
    await says(play, "`main` is frozen", "`mia`", "/signalbox unfreeze")
    reactions, replies = await other.tell("mia", "/signalbox unfreeze")
    assert f"frozen by plan #{play.issue}" in replies[0]
    reactions, _ = await play.tell("mia", "/signalbox unfreeze")
    assert reactions == {"eyes", "rocket"}
    await merged(play, "A1")
    await merged(other, "B1")
    await play.settled()
    assert is_open(await play.check_on(pull["head"]["sha"]))
    assert "frozen" not in await play.status()


@opening(begin, ONE)
async def test_a_freeze_in_an_order_of_its_own_needs_the_right(play: Play) -> None:
    reactions, replies = await play.tell("wim", "/signalbox freeze")
    assert reactions == {"eyes", "confused"}
    assert "maintain" in replies[0]
    await bring(play, "A1")
    await merged(play, "A1")


@opening(begin, ONE)
async def test_a_rollback_lands_though_the_base_is_frozen(play: Play) -> None:
    """A freeze must not keep a broken base broken."""
    good = await play.tree("main")
    break_with(play, BAD)
    await bring(play, "A1", {BAD: "bad\n"})
    await play.until_stage("A1", "failed")
    await play.tell("mia", "/signalbox freeze")
    await merge_rollback(play)
    await play.until_stage("A1", "rolled-back")
    assert await play.tree("main") == good


async def test_where_the_config_says_so_the_base_is_frozen_for_all_while_a_merge_is_verified(play: Play) -> None:
    async def silent(sha: str) -> str | None:
        assert sha
        return None

    await begin(play, ONE, "freeze_base: true\n")
    other, pull = await others(play)
    play.base_ci = silent
    await bring(play, "A1")
    landed = await merged(play, "A1")
    await bring(other, "B1")
    await play.settled()
    outside = await play.check_on(pull["head"]["sha"])
    for check in (await other.check("B1"), outside):
        assert check["status"] == "in_progress"
        assert "A1" in check["output"]["title"] + check["output"]["summary"]
    assert "frozen" in outside["output"]["title"].lower()
    await play.report(landed, "success")
    await merged(other, "B1")
    await play.settled()
    await play.report(await play.tip(), "success")
    await play.settled()
    assert is_open(await play.check_on(pull["head"]["sha"]))


@opening(begin, ONE, "freeze_base: true\n")
async def test_a_broken_base_stays_frozen_for_all_until_it_was_rolled_back(play: Play) -> None:
    _, pull = await others(play)
    break_with(play, BAD)
    await bring(play, "A1", {BAD: "bad\n"})
    back = await rollback_pull(play)
    await play.settled()
    assert not is_open(await play.check_on(pull["head"]["sha"]))
    await play.report(back["head"]["sha"], "success")
    await play.settled()
    assert is_open(await play.check_on(back["head"]["sha"]))
    await play.do("ada", "PUT", f"/pulls/{back['number']}/merge", {"merge_method": "merge"})
    await play.until_stage("A1", "rolled-back")
    await play.settled()
    assert is_open(await play.check_on(pull["head"]["sha"]))
