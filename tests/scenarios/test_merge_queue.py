"""Bases into which GitHub's own merge queue merges: Signalbox enqueues, and answers for every merge group."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.scenarios.openings import opening
from tests.scenarios.play import Play, plan_of
from tests.scenarios.rollbacks import QUICK, break_base, bring, rollback_pull

ENQUEUE = """mutation($id: ID!) { enqueuePullRequest(input: {pullRequestId: $id}) { mergeQueueEntry { position } } }"""
QUEUE = """{ repository(owner: "octo", name: "demo") { mergeQueue { entries(first: 10) { nodes {
  position headCommit { oid } pullRequest { number }
} } } } }"""
PAIR = {"W1": [], "W2": ["W1"]}


async def silent(sha: str) -> str | None:
    """Say nothing about any commit of the base."""
    assert sha
    return None


async def require_queue(play: Play, *more: Any, check: bool = True) -> None:
    """Have main require the merge queue and Signalbox's check, and checks by CI beside."""
    own = [{"context": "signalbox", "integration_id": play.info["app_id"]}] if check else []
    checks = [*own, *({"context": name, "integration_id": play.info["ci_app_id"]} for name in more)]
    wanted = {"strict_required_status_checks_policy": False, "required_status_checks": checks}
    await play.do("ada", "POST", "/rulesets", {
        "name": "queue", "target": "branch", "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [{"type": "merge_queue"}, {"type": "required_status_checks", "parameters": wanted}],
    })  # fmt: skip


async def started(play: Play, needs: Mapping[str, Sequence[str]], *more: Any, check: bool = True) -> None:
    """Require the queue, and start a plan of plain parts."""
    await require_queue(play, *more, check=check)
    await play.start_plain(needs)


async def queue(play: Play) -> dict[int, str | None]:
    """Return the heads of the groups by the numbers of the pulls, next first."""
    nodes = (await play.graphql("ada", QUEUE, {}))["repository"]["mergeQueue"]["entries"]["nodes"]
    return {each["pullRequest"]["number"]: (each["headCommit"] or {}).get("oid") for each in nodes}


async def free_pull(play: Play, branch: str = "own") -> Any:
    """Open a pull outside any plan."""
    await play.do("wim", "POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": await play.tip()})
    await play.push(branch, f"{branch}.txt", "own work\n")
    pull = await play.do("wim", "POST", "/pulls", {"title": branch, "head": branch, "base": "main"})
    await play.settled()
    return pull


@opening(started, PAIR)
async def test_a_plan_lands_through_the_queue_one_after_the_other(play: Play) -> None:
    for key in ("W2", "W1"):
        await play.hand_in(key)
    await play.settled()
    assert await play.merged() == ["W1", "W2"]
    for key in PAIR:
        assert (await play.pull(key))["merged_by"]["login"] == "github-merge-queue[bot]"
        assert (await play.check_on((await play.pull(key))["merge_commit_sha"]))["conclusion"] == "success"
    assert not [each for each in await play.requests() if each["route"].endswith("/merge")]
    status = await play.status()
    assert "complete" in status.lower()
    assert "Other commits" not in status
    assert {"cp-0", "cp-1", "cp-2"} <= {tag.split("/")[-1] for tag in (await play.state())["octo/demo"]["tags"]}


@opening(started, {"W1": [], "W2": []}, "build")
async def test_a_pull_in_the_queue_is_shown_and_keeps_the_next_one_waiting(play: Play) -> None:
    for key in ("W1", "W2"):
        await play.hand_in(key)
        await play.ci(key, name="build")
    await play.settled()
    first, second = (play.pulls[key] for key in ("W1", "W2"))
    groups = await queue(play)
    assert list(groups) == [first]
    assert (await play.check("W1"))["output"]["title"] == "In GitHub's merge queue at position 1"
    assert "in GitHub's merge queue at position 1" in await play.status()
    await play.report(str(groups[first]), "success", "build")
    await play.settled()
    groups = await queue(play)
    assert list(groups) == [second]
    await play.report(str(groups[second]), "success", "build")
    await play.settled()
    assert await play.merged() == ["W1", "W2"]


async def test_a_pull_outside_any_plan_passes_the_queue(play: Play) -> None:
    await require_queue(play)
    pull = await free_pull(play)
    await play.graphql("wim", ENQUEUE, {"id": pull["node_id"]})
    await play.settled()
    assert (await play.get(f"/pulls/{pull['number']}"))["merged"]
    sha = (await play.get(f"/pulls/{pull['number']}"))["merge_commit_sha"]
    assert (await play.check_on(sha))["output"]["title"] == "May merge"


@opening(started, PAIR)
async def test_a_person_cannot_enqueue_out_of_order(play: Play) -> None:
    await play.hand_in("W2")
    await play.until_stage("W2", "queued")
    await play.settled()
    with pytest.raises(AssertionError, match="signalbox"):
        await play.graphql("ada", ENQUEUE, {"id": (await play.pull("W2"))["node_id"]})
    assert await queue(play) == {}


@opening(started, PAIR, "build", check=False)
async def test_one_that_slipped_into_the_queue_out_of_order_is_thrown_out(play: Play) -> None:
    """Only by the rules of main as they were a moment ago: the check became required while it was in the queue."""
    await play.hand_in("W2")
    await play.ci("W2", name="build")
    await play.until_stage("W2", "queued")
    await play.settled()
    await play.graphql("ada", ENQUEUE, {"id": (await play.pull("W2"))["node_id"]})
    await play.settled()
    group = str((await queue(play))[play.pulls["W2"]])
    check = await play.check_on(group)
    assert check["conclusion"] == "failure"
    assert check["output"]["title"].startswith(f"#{play.pulls['W2']}: Waiting for W1 (#{play.pulls['W1']})")
    await require_queue(play)
    await play.settled()
    assert await queue(play) == {}
    assert await play.merged() == []


@opening(started, {"W1": []}, "build")
async def test_a_hold_takes_it_out_of_the_queue_and_a_release_puts_it_in_again(play: Play) -> None:
    await play.hand_in("W1")
    await play.ci("W1", name="build")
    await play.settled()
    group = str((await queue(play))[play.pulls["W1"]])
    assert (await play.check_on(group))["conclusion"] == "success"
    await play.say("mia", "/signalbox hold W1 not today")
    await play.settled()
    assert "Held by mia" in (await play.check_on(group))["output"]["title"]
    assert await queue(play) == {}
    assert await play.stage("W1") == "held"
    await play.say("mia", "/signalbox release W1")
    await play.settled()
    again = str((await queue(play))[play.pulls["W1"]])
    await play.report(again, "success", "build")
    await play.settled()
    assert await play.merged() == ["W1"]


@opening(started, {"W1": []}, "build")
async def test_what_the_queue_took_out_goes_in_again_only_when_somebody_says_so(play: Play) -> None:
    await play.hand_in("W1")
    await play.ci("W1", name="build")
    await play.settled()
    await play.report(str((await queue(play))[play.pulls["W1"]]), "failure", "build")
    await play.settled()
    assert await queue(play) == {}
    assert "merge queue took it out" in await play.status()
    assert (await play.check("W1"))["conclusion"] == "success"  # a person may enqueue it, too
    await play.say("mia", "/signalbox merge W1")
    await play.settled()
    await play.report(str((await queue(play))[play.pulls["W1"]]), "success", "build")
    await play.settled()
    assert await play.merged() == ["W1"]


async def test_a_repository_without_a_queue_pays_no_request_for_it(play: Play) -> None:
    await play.protect_main()
    await play.forget_requests()
    await free_pull(play)
    await play.start_plain({"W1": []})
    await play.land("W1")
    await play.settled()
    names = {field for each in await play.requests() for field in each["fields"]}
    assert not any("Queue" in field or "enqueue" in field for field in names)


@opening(Play.start_plain, {"W1": []})
async def test_a_pull_in_one_of_githubs_stacks_is_left_to_people(play: Play) -> None:
    stack = {"id": 1, "number": 1, "position": 1, "size": 2, "base": {"ref": "main", "sha": await play.tip("main")}}
    await play.do("ada", "PUT", f"//_sandbox/repos/octo/demo/pulls/{play.pulls['W1']}/stack", stack)
    await play.hand_in("W1")

    async def told() -> bool:
        return "in one of GitHub's stacks" in await play.status()

    await play.until(told)
    assert await play.merged() == []


async def test_a_rollback_goes_through_the_queue_as_well(play: Play) -> None:
    await play.configure(QUICK + "on_red: rollback\n")
    await require_queue(play)
    await play.start(plan_of(PAIR, acceptance=False), protect=False)
    good = await play.tree("main")
    await break_base(play, "W1")
    pull = await rollback_pull(play)
    await play.report(pull["head"]["sha"], "success")
    await play.until_stage("W1", "rolled-back")
    back = await play.get(f"/pulls/{pull['number']}")
    assert (back["merged"], back["merged_by"]["login"]) == (True, "github-merge-queue[bot]")
    assert await play.tree("main") == good
    await play.settled()
    assert await play.stage("W2") == "waiting"


async def test_other_pulls_in_the_queue_wait_while_the_base_is_verified(play: Play) -> None:
    """W1 lands, and its verification is not over: W2, which people put in behind it, waits for that and then lands."""
    await play.configure(QUICK + "verify:\n  - tests\n")
    await require_queue(play, "build")
    play.base_ci = silent
    await play.start(plan_of({"W1": [], "W2": []}, acceptance=False), protect=False)
    for key in ("W1", "W2"):
        await play.report(await bring(play, key), "success", "build")
    await play.settled()
    await play.graphql("ada", ENQUEUE, {"id": (await play.pull("W2"))["node_id"]})
    await play.settled()
    groups = await queue(play)
    assert list(groups) == [play.pulls["W1"], play.pulls["W2"]]
    await play.report(str(groups[play.pulls["W1"]]), "success", "build")
    await play.settled()
    assert await play.merged() == ["W1"]
    group = str((await queue(play))[play.pulls["W2"]])
    check = await play.check_on(group)
    assert (check["status"], "is being verified" in check["output"]["title"]) == ("in_progress", True)
    await play.report(group, "success", "build")
    await play.settled()
    assert await play.merged() == ["W1"]
    await play.report(await play.tip(), "success")
    await play.settled()
    assert await play.merged() == ["W1", "W2"]


async def test_two_pulls_of_a_plan_in_the_queue_land_one_after_the_other(play: Play) -> None:
    """Both are green when people enqueue them; the base is verified in between all the same."""
    await play.configure(QUICK + "mode: manual\n")
    await require_queue(play)
    play.base_ci = silent
    await play.start(plan_of({"W1": [], "W2": []}, acceptance=False), protect=False)
    for key in ("W1", "W2"):
        await bring(play, key)
    await play.settled()
    for key in ("W1", "W2"):
        await play.graphql("ada", ENQUEUE, {"id": (await play.pull(key))["node_id"]})
    await play.settled()
    assert await play.merged() == ["W1"]
    await play.report(await play.tip(), "success")
    await play.settled()
    assert await play.merged() == ["W1", "W2"]
