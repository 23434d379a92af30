"""Stories of what the config makes of a broken base, and of people who decide otherwise."""

from tests.scenarios.openings import opening
from tests.scenarios.play import Play
from tests.scenarios.rollbacks import (
    BAD,
    begin,
    break_base,
    land,
    merge_rollback,
    merged,
    rollback_pull,
    rollback_pulls,
    says,
)

TWO: dict[str, list[str]] = {"W1": [], "W2": ["W1"]}


@opening(begin, TWO, "on_red: rollback\n")
async def test_by_the_policy_rollback_signalbox_merges_it_itself_once_ci_is_green_on_it(play: Play) -> None:
    good = await play.tree("main")
    broken = await break_base(play, "W1")
    pull = await rollback_pull(play)
    await play.settled()
    assert await play.tip() == broken  # CI has not said anything about the rollback yet
    await play.report(pull["head"]["sha"], "success")
    await play.until_stage("W1", "rolled-back")
    pull = (await rollback_pulls(play))[0]
    assert pull["merged_at"]
    assert (await play.get(f"/pulls/{pull['number']}"))["merged_by"]["login"] == "signalbox[bot]"
    assert await play.tree("main") == good
    await play.settled()
    assert await play.stage("W2") == "waiting"
    assert len(await rollback_pulls(play)) == 1


@opening(begin, TWO, "on_red: rollback\n")
async def test_by_the_policy_rollback_one_with_red_checks_waits_for_people(play: Play) -> None:
    broken = await break_base(play, "W1")
    pull = await rollback_pull(play)
    await play.report(pull["head"]["sha"], "failure")
    await play.settled()
    assert await play.tip() == broken
    assert "`tests` by CI failed" in await says(play, f"[#{pull['number']}]")


@opening(begin, TWO, "on_red: hold\n")
async def test_by_the_policy_hold_the_plan_stands_until_somebody_allows_the_base(play: Play) -> None:
    broken = await break_base(play, "W1")
    await play.settled()
    assert await rollback_pulls(play) == []
    assert await play.tip() == broken
    await says(
        play, "`main` is broken", "`/signalbox rollback` takes it back, `/signalbox allow` takes the base as good"
    )
    reactions, _ = await play.tell("mia", "/signalbox allow Flaky for weeks")
    assert reactions == {"eyes", "rocket"}
    await play.until_stage("W1", "done")
    assert (await play.get(f"/git/ref/tags/signalbox/{play.issue}/cp-1"))["object"]["sha"] == broken
    assert "Flaky for weeks" in await play.status()


@opening(begin, TWO, "on_red: hold\n")
async def test_by_the_policy_hold_somebody_may_roll_back(play: Play) -> None:
    good = await play.tree("main")
    await break_base(play, "W1")
    reactions, _ = await play.tell("mia", "/signalbox rollback")
    assert reactions == {"eyes", "rocket"}
    await merge_rollback(play)
    await play.until_stage("W1", "rolled-back")
    assert await play.tree("main") == good


@opening(begin, TWO)
async def test_a_base_that_is_green_on_a_second_run_needs_no_rollback(play: Play) -> None:
    broken = await break_base(play, "W1")
    pull = await rollback_pull(play)
    await play.settled()
    await play.report(broken, "success")
    await play.until_stage("W1", "done")
    await play.settled()
    pull = await play.get(f"/pulls/{pull['number']}")
    assert (pull["state"], pull["merged"]) == ("closed", False)
    assert await play.tip() == broken
    await play.do("wim", "DELETE", f"/git/refs/heads/{pull['head']['ref']}")
    await land(play, "W2", {"mended.txt": "good\n"})
    assert len(await rollback_pulls(play)) == 1


@opening(begin, TWO)
async def test_a_rollback_that_people_closed_is_not_opened_again_by_itself(play: Play) -> None:
    good = await play.tree("main")
    broken = await break_base(play, "W1")
    pull = await rollback_pull(play)
    await play.do("mia", "PATCH", f"/pulls/{pull['number']}", {"state": "closed"})
    await play.settled()
    await play.report(broken, "failure")  # and it is red once more
    await play.settled()
    assert [each["state"] for each in await rollback_pulls(play)] == ["closed"]
    assert await play.stage("W1") == "failed"
    await play.tell("mia", "/signalbox rollback")
    await merge_rollback(play, 2)
    await play.until_stage("W1", "rolled-back")
    assert await play.tree("main") == good


@opening(begin, TWO, "on_red: rollback\n")
async def test_who_pushes_to_the_branch_of_a_rollback_turns_its_check_red(play: Play) -> None:
    broken = await break_base(play, "W1")
    pull = await rollback_pull(play)
    check = await play.check_on(pull["head"]["sha"])
    pushed = await play.push(pull["head"]["ref"], "more.txt", "a little more\n")
    await play.report(pushed, "success")
    await play.settled()
    check = await play.check_on(pushed)
    assert check["conclusion"] == "failure"
    assert "which Signalbox built" in check["output"]["title"] + check["output"]["summary"]
    assert await play.tip() == broken


@opening(begin, TWO)
async def test_a_revert_by_github_s_button_counts_as_a_rollback(play: Play) -> None:
    good = await play.tree("main")
    broken = await break_base(play, "W1")
    ours = await rollback_pull(play)
    await play.do("mia", "POST", "/git/refs", {"ref": "refs/heads/revert-w1", "sha": broken})
    await play.push_tree("revert-w1", {BAD: None}, message="Revert W1")
    body = {"title": "Revert W1", "head": "revert-w1", "base": "main", "body": ""}
    theirs = await play.do("mia", "POST", "/pulls", body)
    await play.settled()
    await play.do("mia", "PUT", f"/pulls/{theirs['number']}/merge", {"merge_method": "merge"})
    await play.until_stage("W1", "rolled-back")
    await play.settled()
    assert await play.tree("main") == good
    assert (await play.get(f"/pulls/{ours['number']}"))["state"] == "closed"
    assert await play.stage("W2") == "waiting"
    assert not (await play.get(f"/issues/{play.issue}"))["body"].count("[x]")


@opening(begin, TWO)
async def test_a_rollback_that_people_merge_though_ci_said_nothing_counts(play: Play) -> None:
    good = await play.tree("main")
    await break_base(play, "W1")
    pull = await rollback_pull(play)
    await play.do("ada", "PUT", f"/pulls/{pull['number']}/merge", {"merge_method": "rebase"})
    await play.until_stage("W1", "rolled-back")
    assert await play.tree("main") == good
    assert await merged(play, "W1")
