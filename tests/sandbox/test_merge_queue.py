"""The stand-in's merge queue: what it refuses, the groups it builds, when the base moves, and what it tells."""

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.stand_in import StandIn, stand_in

ENQUEUE = """mutation($id: ID!, $head: GitObjectID, $jump: Boolean) {
  enqueuePullRequest(input: {pullRequestId: $id, expectedHeadOid: $head, jump: $jump}) {
    mergeQueueEntry { position state pullRequest { number isInMergeQueue } enqueuer { login } }
  }
}"""
DEQUEUE = "mutation($id: ID!) { dequeuePullRequest(input: {id: $id}) { mergeQueueEntry { pullRequest { number } } } }"
QUEUE = """query($branch: String) { repository(owner: "octo", name: "demo") { mergeQueue(branch: $branch) {
  url entries(first: 10) { nodes {
    position state headCommit { oid parents(first: 2) { nodes { oid } } } baseCommit { oid } pullRequest { number }
  } }
} } }"""


async def require_queue(github: StandIn, *, check: str | None = "tests", **parameters: Any) -> None:
    """Have main require the queue, and a check by the App `ci`."""
    rules: list[Any] = [{"type": "merge_queue", "parameters": parameters}]
    if check is not None:
        checks = [{"context": check, "integration_id": github.info["ci_app_id"]}]
        wanted = {"strict_required_status_checks_policy": False, "required_status_checks": checks}
        rules.append({"type": "required_status_checks", "parameters": wanted})
    await github.rest("POST", "/rulesets", {
        "name": "queue", "target": "branch", "enforcement": "active", "rules": rules,
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
    })  # fmt: skip


async def report(github: StandIn, sha: str, conclusion: str = "success", name: str = "tests") -> None:
    body = {"name": name, "head_sha": sha, "status": "completed", "conclusion": conclusion}
    await github.rest("POST", "/check-runs", body, who="ci")


async def green_pull(github: StandIn, branch: str) -> Any:
    pull = await github.pull(branch)
    await report(github, pull["head"]["sha"])
    return pull


async def enqueue(github: StandIn, pull: Any, who: str = "wim", **variables: Any) -> Any:
    data = await github.graphql(ENQUEUE, who, id=pull["node_id"], **variables)
    return data["enqueuePullRequest"]["mergeQueueEntry"]


async def refused(github: StandIn, query: str, pull: Any, **variables: Any) -> str:
    _, answer, _ = await github.graphql_answer(query, "wim", id=pull["node_id"], **variables)
    (error,) = answer["errors"]
    assert error["type"] == "UNPROCESSABLE"
    return str(error["message"])


async def queue(github: StandIn) -> list[Any]:
    data = await github.graphql(QUEUE)
    return list(data["repository"]["mergeQueue"]["entries"]["nodes"])


async def groups(github: StandIn) -> list[str]:
    return [entry["headCommit"]["oid"] for entry in await queue(github)]


async def said(github: StandIn, event: str) -> list[Any]:
    await github.quiet()
    return [one.payload for one in github.received if one.event == event]


async def test_a_base_with_a_queue_refuses_a_merge_and_a_push(github: StandIn) -> None:
    await require_queue(github)
    pull = await green_pull(github, "one")
    status, answer, _ = await github.call("PUT", f"/repos/octo/demo/pulls/{pull['number']}/merge", {})
    assert status == 405
    assert answer["message"] == "Repository rule violations found\n\nChanges must be made through the merge queue"
    move = {"sha": pull["head"]["sha"]}
    status, answer, _ = await github.call("PATCH", "/repos/octo/demo/git/refs/heads/main", move)
    assert status == 422
    assert "merge queue" in answer["message"]


async def test_the_queue_is_shown_by_its_rule_and_is_null_without(github: StandIn) -> None:
    assert (await github.graphql(QUEUE))["repository"]["mergeQueue"] is None
    await require_queue(github, grouping_strategy="HEADGREEN")
    found = (await github.graphql(QUEUE))["repository"]["mergeQueue"]
    assert found["url"].endswith("/octo/demo/queue/main")
    query = """{ repository(owner: "octo", name: "demo") { ref(qualifiedName: "refs/heads/main") { rules(first: 5) {
      nodes { type parameters { ... on MergeQueueParameters { groupingStrategy mergeMethod maxEntriesToBuild } } }
    } } } }"""
    rule = (await github.graphql(query))["repository"]["ref"]["rules"]["nodes"][0]
    assert rule["type"] == "MERGE_QUEUE"
    assert rule["parameters"] == {"groupingStrategy": "HEADGREEN", "mergeMethod": "MERGE", "maxEntriesToBuild": 5}


async def test_only_what_may_merge_is_enqueued_and_once(github: StandIn) -> None:
    pull = await github.pull("one")
    assert "not enabled" in await refused(github, ENQUEUE, pull)
    await require_queue(github)
    assert await refused(github, ENQUEUE, pull) == 'Pull request Required status check "tests" is expected.'
    await report(github, pull["head"]["sha"])
    assert "Head branch was modified" in await refused(github, ENQUEUE, pull, head="0" * 40)
    assert "not in the merge queue" in await refused(github, DEQUEUE, pull)
    entry = await enqueue(github, pull, head=pull["head"]["sha"])
    assert entry == {
        "position": 1, "state": "QUEUED", "enqueuer": {"login": "wim"},
        "pullRequest": {"number": pull["number"], "isInMergeQueue": True},
    }  # fmt: skip
    assert await refused(github, ENQUEUE, pull) == "Pull request is already in the queue"
    draft = await github.pull("two", draft=True)
    assert "draft" in await refused(github, ENQUEUE, draft)
    await github.rest("PATCH", f"/pulls/{draft['number']}", {"state": "closed"})
    assert "closed" in await refused(github, ENQUEUE, draft)


async def test_the_base_moves_to_the_group_once_the_group_is_green(github: StandIn) -> None:
    await require_queue(github)
    pull, base = await green_pull(github, "one"), await github.head()
    await enqueue(github, pull)
    (entry,) = await queue(github)
    assert (entry["position"], entry["state"], entry["baseCommit"]["oid"]) == (1, "AWAITING_CHECKS", base)
    group = entry["headCommit"]["oid"]
    assert [each["oid"] for each in entry["headCommit"]["parents"]["nodes"]] == [base, pull["head"]["sha"]]
    name = f"gh-readonly-queue/main/pr-{pull['number']}-{base}"
    assert await github.head(name) == group
    await report(github, pull["head"]["sha"])  # on the pull's own head it changes nothing
    assert await github.head() == base
    await report(github, group)
    assert await github.head() == group
    assert await queue(github) == []
    merged = await github.rest("GET", f"/pulls/{pull['number']}")
    assert (merged["merged"], merged["merge_commit_sha"]) == (True, group)
    assert merged["merged_by"]["login"] == "github-merge-queue[bot]"
    assert (await github.call("GET", f"/repos/octo/demo/git/ref/heads/{name}"))[0] == 404


async def test_it_tells_of_the_group_and_of_its_end(github: StandIn) -> None:
    await require_queue(github)
    pull, base = await green_pull(github, "one"), await github.head()
    await enqueue(github, pull)
    (group,) = await groups(github)
    await report(github, group)
    first, last = await said(github, "merge_group")
    assert (first["action"], last["action"], last["reason"]) == ("checks_requested", "destroyed", "merged")
    assert first["merge_group"] | {"head_commit": None} == {
        "head_sha": group, "base_sha": base, "base_ref": "refs/heads/main", "head_commit": None,
        "head_ref": f"refs/heads/gh-readonly-queue/main/pr-{pull['number']}-{base}",
    }  # fmt: skip
    assert first["merge_group"]["head_commit"]["id"] == group
    told = [(each["action"], each.get("reason")) for each in await said(github, "pull_request")]
    assert told[-3:] == [("enqueued", None), ("closed", None), ("dequeued", "MERGE")]


@pytest.mark.parametrize(("method", "parents"), [("SQUASH", 1), ("REBASE", 1), ("MERGE", 2)])
async def test_the_rule_says_how_it_merges(github: StandIn, method: str, parents: int) -> None:
    await require_queue(github, check=None, merge_method=method)
    pull = await github.pull("one")
    await enqueue(github, pull)
    tip = await github.rest("GET", "/commits/main")
    assert len(tip["parents"]) == parents
    assert (await github.rest("GET", f"/pulls/{pull['number']}"))["merge_commit_sha"] == tip["sha"]


async def test_each_group_stands_on_the_one_before_it_and_all_green_land_together(github: StandIn) -> None:
    await require_queue(github)
    one, two = [await green_pull(github, name) for name in ("one", "two")]
    for pull in (one, two):
        await enqueue(github, pull)
    first, second = await queue(github)
    assert second["baseCommit"]["oid"] == first["headCommit"]["oid"]
    await report(github, second["headCommit"]["oid"])
    assert len(await queue(github)) == 2  # what is before it is not green yet
    await report(github, first["headCommit"]["oid"])
    assert await github.head() == second["headCommit"]["oid"]
    state = (await github.rest("GET", "//_sandbox/state"))["octo/demo"]
    assert (state["merges"], state["merge_queues"]) == ([one["number"], two["number"]], {})


async def test_with_headgreen_the_last_of_a_group_is_enough(github: StandIn) -> None:
    await require_queue(github, grouping_strategy="HEADGREEN")
    for name in ("one", "two"):
        await enqueue(github, await green_pull(github, name))
    first, second = await groups(github)
    await report(github, first, "failure")
    assert len(await queue(github)) == 2
    await report(github, second)
    assert await github.head() == second


async def test_a_failed_group_takes_its_entry_out_and_those_behind_are_built_anew(github: StandIn) -> None:
    await require_queue(github)
    one, two = [await green_pull(github, name) for name in ("one", "two")]
    for pull in (one, two):
        await enqueue(github, pull)
    first, second = await groups(github)
    base = await github.head()
    await report(github, first, "failure")
    (left,) = await queue(github)
    assert left["pullRequest"]["number"] == two["number"]
    assert (left["position"], left["baseCommit"]["oid"]) == (1, base)
    assert left["headCommit"]["oid"] != second
    ends = [(each["merge_group"]["head_sha"], each.get("reason")) for each in await said(github, "merge_group")]
    assert [end for end in ends if end[1]] == [(first, "dequeued"), (second, "invalidated")]
    (out,) = [each for each in await said(github, "pull_request") if each["action"] == "dequeued"]
    assert (out["number"], out["reason"]) == (one["number"], "CI_FAILURE")
    assert await github.head() == base


async def test_a_check_by_another_app_does_not_count_on_the_group(github: StandIn) -> None:
    await require_queue(github)
    await enqueue(github, await green_pull(github, "one"))
    (group,) = await groups(github)
    body = {"name": "tests", "head_sha": group, "status": "completed", "conclusion": "success"}
    await github.rest("POST", "/check-runs", body, who="app")
    assert await groups(github) == [group]


async def test_checks_that_never_come_are_a_failure_in_the_end(github: StandIn) -> None:
    await require_queue(github, check_response_timeout_minutes=10)
    await enqueue(github, await green_pull(github, "one"))
    await github.rest("POST", "//_sandbox/clock", {"seconds": 601})
    assert await queue(github) == []
    assert (await said(github, "pull_request"))[-1]["reason"] == "CI_TIMEOUT"


async def test_it_waits_for_company_as_long_as_the_rule_says(github: StandIn) -> None:
    await require_queue(github, min_entries_to_merge=2, min_entries_to_merge_wait_minutes=5)
    pull = await green_pull(github, "one")
    await enqueue(github, pull)
    (group,) = await groups(github)
    await report(github, group)
    assert await groups(github) == [group]
    await github.rest("POST", "//_sandbox/clock", {"seconds": 301})
    assert await github.head() == group


async def test_no_more_groups_are_built_than_the_rule_allows(github: StandIn) -> None:
    await require_queue(github, max_entries_to_build=1)
    for name in ("one", "two"):
        await enqueue(github, await green_pull(github, name))
    first, second = await queue(github)
    assert (first["state"], second["state"], second["headCommit"]) == ("AWAITING_CHECKS", "QUEUED", None)
    await report(github, first["headCommit"]["oid"])
    (left,) = await queue(github)
    assert left["baseCommit"]["oid"] == first["headCommit"]["oid"]


async def test_a_jump_goes_to_the_front_and_a_dequeued_one_leaves(github: StandIn) -> None:
    await require_queue(github)
    one, two = [await green_pull(github, name) for name in ("one", "two")]
    await enqueue(github, one)
    await enqueue(github, two, jump=True)
    assert [each["pullRequest"]["number"] for each in await queue(github)] == [two["number"], one["number"]]
    await github.graphql(DEQUEUE, "wim", id=two["node_id"])
    assert [each["pullRequest"]["number"] for each in await queue(github)] == [one["number"]]
    assert (await said(github, "pull_request"))[-1]["reason"] == "MANUAL"


async def test_what_conflicts_with_those_before_it_is_taken_out(github: StandIn) -> None:
    await require_queue(github)
    pulls = []
    for branch in ("one", "two"):
        await github.branch_with(branch, "same.txt", f"{branch}\n")
        pull = await github.rest("POST", "/pulls", {"title": branch, "head": branch, "base": "main"})
        await report(github, pull["head"]["sha"])
        pulls.append(pull)
        await enqueue(github, pull)
    (left,) = await queue(github)
    assert left["pullRequest"]["number"] == pulls[0]["number"]
    assert (await said(github, "pull_request"))[-1]["reason"] == "MERGE_CONFLICT"


async def test_the_branch_of_a_queued_pull_cannot_be_moved(github: StandIn) -> None:
    await require_queue(github)
    pull = await green_pull(github, "one")
    await enqueue(github, pull)
    status, answer, _ = await github.call(
        "PATCH", "/repos/octo/demo/git/refs/heads/one", {"sha": await github.head(), "force": True}
    )
    assert status == 422
    assert "queued for merging cannot be updated" in answer["message"]
    await github.rest("PATCH", f"/pulls/{pull['number']}", {"state": "closed"})
    assert await queue(github) == []


async def test_a_queue_outlives_a_restart_of_the_stand_in(tmp_path: Path) -> None:
    async with stand_in(tmp_path) as github:
        await require_queue(github)
        await enqueue(github, await green_pull(github, "one"))
        (group,) = await groups(github)
    async with stand_in(tmp_path) as github:
        assert (await github.rest("GET", "//_sandbox/state"))["octo/demo"]["merge_queues"].keys() == {"main"}
        await report(github, group)
        assert await github.head() == group


async def test_a_pull_in_a_stack_is_refused_by_the_old_ways_of_merging(github: StandIn) -> None:
    pull = await github.pull("one")
    assert "stack" not in await github.rest("GET", f"/pulls/{pull['number']}")
    stack = {"id": 1, "number": 1, "position": 1, "size": 2, "base": {"ref": "main", "sha": await github.head()}}
    await github.rest("PUT", f"//_sandbox/repos/octo/demo/pulls/{pull['number']}/stack", stack)
    assert (await github.rest("GET", f"/pulls/{pull['number']}"))["stack"] == stack
    status, answer, _ = await github.call("PUT", f"/repos/octo/demo/pulls/{pull['number']}/merge", {})
    assert (status, "asynchronous merge endpoint" in answer["message"]) == (403, True)
    assert "part of a stack" in await refused(github, ENQUEUE, pull)
