"""What lands, when, how, and what never does."""

from typing import Any

import pytest

from tests.scenarios.openings import opening
from tests.scenarios.play import Play

WIDE = {"W1": [], "W2": [], "W3": [], "W4": ["W1", "W2", "W3"]}
DIAMOND = {"W1": [], "W2": ["W1"], "W3": ["W1"], "W4": ["W2", "W3"]}


async def merge(play: Play, who: str, key: str, **body: Any) -> int:
    """Press merge as somebody; return the status."""
    return (await play.call(who, "PUT", f"/pulls/{play.pulls[key]}/merge", body)).status


async def require(play: Play, *, approvals: int | None = None, checks: list[dict[str, Any]] | None = None) -> None:
    """Set what the rules of main demand."""
    reviews = None if approvals is None else {"required_approving_review_count": approvals}
    await play.do("ada", "PUT", "/branches/main/protection", {
        "required_status_checks": None if checks is None else {"strict": False, "checks": checks},
        "enforce_admins": True, "required_pull_request_reviews": reviews, "restrictions": None,
    })  # fmt: skip


@pytest.mark.parametrize("needs", [WIDE, DIAMOND], ids=["wide", "diamond"])
async def test_whatever_is_finished_first_lands_after_its_needs(play: Play, needs: dict[str, list[str]]) -> None:
    await play.start_plain(needs, protect=True)
    for key in reversed(needs):
        await play.hand_in(key)
    await play.settled()
    order = await play.merged()
    assert sorted(order) == sorted(needs)
    assert all(order.index(need) < order.index(key) for key, needed in needs.items() for need in needed)
    assert "complete" in (await play.status()).lower()
    files = {each["path"] for each in (await play.get("/git/trees/main?recursive=1"))["tree"]}
    assert {f"work/{key.lower()}.txt" for key in needs} <= files


async def test_a_required_check_by_somebody_else_does_not_count(play: Play) -> None:
    await play.configure(f"checks:\n  - name: tests\n    app: {play.info['ci_app_id']}\n")
    await play.start_plain({"W1": []})
    head = await play.push("part/w1", "w1.txt", "work\n")
    await play.do("wim", "POST", f"/statuses/{head}", {"state": "success", "context": "tests"})
    await play.tick("W1")
    await play.say("wim", "/signalbox ready", play.pulls["W1"])
    await play.approve("W1")
    await play.settled()
    assert await play.merged() == []
    assert "tests has not reported" in (await play.check("W1"))["output"]["title"]
    await play.ci("W1")
    await play.settled()
    assert await play.merged() == ["W1"]


@opening(Play.start_plain, {"W1": [], "W2": ["W1"]}, protect=True)
async def test_a_forged_signalbox_check_opens_nothing(play: Play) -> None:
    await play.hand_in("W2")
    await play.until_stage("W2", "queued")
    await play.ci("W2", "success", name="signalbox")
    await play.settled()
    assert await merge(play, "ada", "W2") == 405
    assert await play.merged() == []
    assert await play.stage("W2") == "queued"


async def test_the_branch_rule_stops_an_early_merge_and_lets_it_through_in_time(play: Play) -> None:
    await play.configure("mode: manual\n")
    await play.start_plain({"W1": [], "W2": ["W1"]}, protect=True)
    for key in ("W1", "W2"):
        await play.hand_in(key)
    await play.settled()
    early = await play.call("ada", "PUT", f"/pulls/{play.pulls['W2']}/merge", {})
    assert early.status == 405
    assert "signalbox" in early.body["message"]
    assert await merge(play, "ada", "W1") == 200
    await play.settled()
    assert (await play.check("W2"))["conclusion"] == "success"
    assert await merge(play, "ada", "W2") == 200
    await play.settled()
    assert await play.merged() == ["W1", "W2"]
    assert "complete" in (await play.status()).lower()


async def test_a_ruleset_stops_an_early_merge_as_well(play: Play) -> None:
    await play.do("ada", "POST", "/rulesets", {
        "name": "main", "target": "branch", "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [{"type": "required_status_checks", "parameters": {
            "strict_required_status_checks_policy": False,
            "required_status_checks": [{"context": "signalbox", "integration_id": play.info["app_id"]}],
        }}],
    })  # fmt: skip
    await play.start_plain({"W1": [], "W2": ["W1"]})
    await play.hand_in("W2")
    await play.until_stage("W2", "queued")
    assert await merge(play, "ada", "W2") == 405
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == ["W1", "W2"]


@opening(Play.start_plain, {"W1": [], "W2": ["W1"], "W3": ["W2"]})
async def test_a_merge_out_of_order_is_noticed_and_the_rest_completes(play: Play) -> None:
    await play.hand_in("W2")
    await play.until_stage("W2", "queued")
    assert await merge(play, "ada", "W2") == 200
    await play.settled()
    status = await play.status()
    assert "Merged out of order" in status
    assert "ada" in status
    await play.hand_in("W1")
    await play.hand_in("W3")
    await play.settled()
    assert await play.merged() == ["W2", "W1", "W3"]
    assert "complete" in (await play.status()).lower()


@opening(Play.start_plain, {"W1": []})
async def test_what_was_pushed_after_the_judgement_does_not_land(play: Play) -> None:
    await play.faults({"api": [{"match": "PUT /repos/*/pulls/*/merge", "times": 1, "delay_ms": 700}]})
    await play.hand_in("W1")
    await play.until_stage("W1", "mergeable")
    late = await play.push("part/w1", "late.txt", "nobody has judged this\n")
    await play.settled()
    assert await play.merged() == []
    pull = await play.pull("W1")
    assert (pull["head"]["sha"], pull["merged"]) == (late, False)
    assert await play.stage("W1") == "running"  # its checks have not reported
    await play.ci("W1")
    await play.settled()
    assert await play.merged() == ["W1"]


@opening(Play.start_plain, {"W1": [], "W2": ["W1"]})
@pytest.mark.parametrize("lost", [{"status": 0, "after": True}, {"status": 502, "after": True}, {"status": 502}])
async def test_a_merge_without_an_answer_is_looked_at_and_not_repeated_blindly(
    play: Play, lost: dict[str, Any]
) -> None:
    await play.faults({"api": [{"match": "PUT /repos/*/pulls/*/merge", "times": 1, **lost}]})
    for key in ("W2", "W1"):
        await play.hand_in(key)
    await play.settled()
    assert await play.merged() == ["W1", "W2"]
    assert "Refused by GitHub" not in await play.status()


@opening(Play.start_plain, {"W1": []})
async def test_nothing_merges_while_github_does_not_know_whether_it_can(play: Play) -> None:
    await play.faults({"mergeable_unknown": 3})
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == ["W1"]


async def landed_commit(play: Play) -> Any:
    await play.start_plain({"W1": []})
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == ["W1"]
    return await play.get("/commits/main")


async def test_config_chooses_a_merge_commit(play: Play) -> None:
    await play.configure("merge_method: merge\n")
    commit = await landed_commit(play)
    assert len(commit["parents"]) == 2
    assert commit["commit"]["message"].startswith("W1: Part W1 (#")


async def test_config_chooses_squash(play: Play) -> None:
    await play.configure("merge_method: squash\n")
    before = await play.tip()
    commit = await landed_commit(play)
    assert [parent["sha"] for parent in commit["parents"]] == [before]
    assert commit["commit"]["message"].startswith("W1: Part W1 (#")


async def test_config_chooses_rebase(play: Play) -> None:
    await play.configure("merge_method: rebase\n")
    commit = await landed_commit(play)
    assert len(commit["parents"]) == 1
    assert commit["commit"]["message"].startswith("Work")


@pytest.mark.parametrize(("allowed", "parents"), [("squash", 1), ("rebase", 1), ("merge", 2)])
async def test_without_a_choice_the_method_is_one_that_the_repository_allows(
    play: Play, allowed: str, parents: int
) -> None:
    await play.do("ada", "PATCH", "", {
        "allow_merge_commit": allowed == "merge", "allow_squash_merge": allowed == "squash",
        "allow_rebase_merge": allowed == "rebase",
    })  # fmt: skip
    assert len((await landed_commit(play))["parents"]) == parents


async def test_manual_mode_opens_the_check_and_lets_people_merge(play: Play) -> None:
    await play.configure("mode: manual\n")
    await play.start_plain({"W1": []}, protect=True)
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == []
    assert await play.stage("W1") == "mergeable"
    check = await play.check("W1")
    assert (check["status"], check["conclusion"]) == ("completed", "success")
    assert "somebody has to press merge" in await play.status()
    assert await merge(play, "wim", "W1") == 200
    await play.settled()
    assert await play.stage("W1") == "done"
    assert "complete" in (await play.status()).lower()


async def test_without_required_approvals_green_work_merges_by_itself(play: Play) -> None:
    await play.configure("approvals: 0\n")
    await play.start_plain({"W1": []})
    await play.push("part/w1", "w1.txt", "work\n")
    await play.ci("W1")
    await play.tick("W1")
    await play.say("wim", "/signalbox ready", play.pulls["W1"])
    await play.settled()
    assert await play.merged() == ["W1"]


async def test_two_approvals_are_two_people(play: Play) -> None:
    await play.configure("approvals: 2\n")
    await play.start_plain({"W1": []})
    await play.hand_in("W1")
    await play.approve("W1")  # the same again
    await play.settled()
    assert await play.merged() == []
    assert "Needs 2 approvals, has mia" in (await play.check("W1"))["output"]["title"]
    await play.approve("W1", "wim")
    await play.settled()
    assert await play.merged() == ["W1"]


async def test_acceptance_may_be_switched_off(play: Play) -> None:
    await play.configure("acceptance: false\n")
    await play.start_plain({"W1": []})
    await play.push("part/w1", "w1.txt", "work\n")
    await play.ci("W1")
    await play.say("wim", "/signalbox ready", play.pulls["W1"])
    await play.approve("W1")
    await play.settled()
    assert await play.merged() == ["W1"]


@opening(Play.start_plain, {"W1": []})
async def test_no_check_at_all_is_not_green(play: Play) -> None:
    await play.push("part/w1", "w1.txt", "work\n")
    await play.tick("W1")
    await play.say("wim", "/signalbox ready", play.pulls["W1"])
    await play.approve("W1")
    await play.settled()
    assert await play.merged() == []
    assert "No check has reported" in (await play.check("W1"))["output"]["title"]


async def test_a_repository_without_checks_says_so(play: Play) -> None:
    await play.configure("checks: []\n")
    await play.start_plain({"W1": []})
    await play.push("part/w1", "w1.txt", "work\n")
    await play.tick("W1")
    await play.say("wim", "/signalbox ready", play.pulls["W1"])
    await play.approve("W1")
    await play.settled()
    assert await play.merged() == ["W1"]


@opening(Play.start_plain, {"W1": []})
async def test_rules_that_demand_more_are_shown_and_obeyed(play: Play) -> None:
    await require(play, approvals=2)
    await play.hand_in("W1")

    async def refused() -> bool:
        return "Refused by GitHub" in await play.status()

    await play.until(refused)
    assert "At least 2 approving reviews are required" in await play.status()
    assert await play.merged() == []
    await play.approve("W1", "wim")

    async def landed() -> bool:
        return await play.merged() == ["W1"]

    await play.until(landed)
    await play.settled()
    assert not await refused()


async def test_a_check_that_the_base_requires_is_waited_for(play: Play) -> None:
    await require(play, checks=[{"context": "security", "app_id": play.info["ci_app_id"]}])
    await play.start_plain({"W1": []})
    await play.hand_in("W1")
    await play.settled()
    assert await play.merged() == []
    assert "security has not reported" in (await play.check("W1"))["output"]["title"]
    await play.ci("W1", name="security")
    await play.settled()
    assert await play.merged() == ["W1"]


async def test_a_complete_plan_removes_its_branches_if_the_config_says_so(play: Play) -> None:
    await play.configure("remove_branches: true\n")
    await play.start_plain({"W1": [], "W2": ["W1"]})
    for key in ("W1", "W2"):
        await play.hand_in(key)
    await play.settled()
    assert await play.branches() == ["main"]


async def test_a_branch_that_moved_on_after_its_merge_is_kept(play: Play) -> None:
    await play.configure("remove_branches: true\n")
    await play.start_plain({"W1": [], "W2": []})
    await play.hand_in("W1")
    await play.settled()
    await play.push("part/w1", "more.txt", "not merged yet\n")
    await play.hand_in("W2")
    await play.settled()
    assert await play.branches() == ["main", "part/w1"]


@opening(Play.start_plain, {"W1": [], "W2": ["W1"]})
async def test_the_closing_summary_names_the_order_of_merging(play: Play) -> None:
    for key in ("W2", "W1"):
        await play.hand_in(key)
    await play.settled()
    status = await play.status()
    assert "2 of 2 done" in status
    summary = status.partition("### Order of merging")[2]
    assert 0 < summary.index("**W1**") < summary.index("**W2**")
