"""Writing by GraphQL: mutations do what REST does, one after the other, and a failed one leaves the others alone."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.stand_in import StandIn, stand_in

NO_SHA = "0" * 40


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path) as one:
        yield one


async def repository_id(github: StandIn) -> str:
    return str((await github.rest("GET", ""))["node_id"])


async def mutate(github: StandIn, mutation: str, fields: str, who: str = "app", **given: Any) -> Any:
    """Run one mutation that must succeed; return its payload."""
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    query = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} }} }}"
    return (await github.graphql(query, who, input=given))[mutation]


async def refused(github: StandIn, mutation: str, who: str = "app", **given: Any) -> Any:
    """Run one mutation that must fail; return its error."""
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    query = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ clientMutationId }} }}"
    status, answer, _ = await github.graphql_answer(query, who, input=given)
    assert status == 200
    assert answer["data"] == {mutation: None}
    (error,) = answer["errors"]
    assert error["path"] == [mutation]
    return error


async def test_a_workstream_is_opened_in_one_request(github: StandIn) -> None:
    """Later mutations of a request see what earlier ones did: the branch, then its commit, then the pull."""
    base = await github.head()
    data = await github.graphql(
        """
        mutation($refs: UpdateRefsInput!, $commit: CreateCommitOnBranchInput!, $pull:
        CreatePullRequestInput!) { updateRefs(input: $refs) { clientMutationId }
        createCommitOnBranch(input: $commit) { commit { oid messageHeadline tree { oid }
        parents(first: 1) { nodes { oid tree { oid } } } } } createPullRequest(input: $pull) {
        pullRequest { number isDraft headRefOid author { login } changedFiles commits(first: 5) {
        totalCount } } } }
        """,
        "app",
        refs={
            "repositoryId": await repository_id(github),
            "clientMutationId": "first",
            "refUpdates": [{"name": "refs/heads/signalbox/w1", "beforeOid": NO_SHA, "afterOid": base}],
        },
        commit={
            "branch": {"repositoryNameWithOwner": "octo/demo", "branchName": "signalbox/w1"},
            "expectedHeadOid": base,
            "message": {"headline": "Open W1", "body": "skip-checks: true"},
            "fileChanges": {},
        },
        pull={
            "repositoryId": await repository_id(github),
            "headRefName": "signalbox/w1",
            "baseRefName": "main",
            "title": "W1",
            "draft": True,
        },
    )
    assert data["updateRefs"] == {"clientMutationId": "first"}
    commit, pull = data["createCommitOnBranch"]["commit"], data["createPullRequest"]["pullRequest"]
    assert commit["parents"]["nodes"] == [{"oid": base, "tree": commit["tree"]}]
    assert pull["headRefOid"] == commit["oid"] == await github.head("signalbox/w1")
    assert (pull["isDraft"], pull["changedFiles"], pull["commits"]["totalCount"]) == (True, 0, 1)
    assert pull["author"]["login"] == "signalbox"


async def test_a_failed_mutation_is_null_and_the_later_ones_still_run(github: StandIn) -> None:
    status, answer, _ = await github.graphql_answer(
        """
        mutation($repo: ID!) { one: createLabel(input: {repositoryId: $repo, name: "one", color:
        "ededed"}) { label { name } } two: createLabel(input: {repositoryId: $repo, name: "one",
        color: "ededed"}) { label { name } } three: createLabel(input: {repositoryId: $repo, name:
        "three", color: "0e8a16"}) { label { name color } } }
        """,
        "app",
        repo=await repository_id(github),
    )
    assert status == 200
    assert answer["data"] == {
        "one": {"label": {"name": "one"}},
        "two": None,
        "three": {"label": {"name": "three", "color": "0e8a16"}},
    }
    (error,) = answer["errors"]
    assert (error["path"], error["type"]) == (["two"], "UNPROCESSABLE")
    assert error["message"] == "Name has already been taken"


async def test_refs_move_together_or_not_at_all(github: StandIn) -> None:
    base = await github.head()
    tip = await github.branch_with("a", "a.txt", "a")
    error = await refused(
        github,
        "updateRefs",
        repositoryId=await repository_id(github),
        refUpdates=[
            {"name": "refs/heads/b", "beforeOid": NO_SHA, "afterOid": base},
            {"name": "refs/heads/a", "beforeOid": base, "afterOid": base, "force": True},
        ],
    )
    assert error["type"] in ("UNPROCESSABLE", "STALE_DATA")
    names = [branch["name"] for branch in await github.rest("GET", "/branches")]
    assert sorted(names) == ["a", "main"]
    await mutate(
        github,
        "updateRefs",
        "clientMutationId",
        repositoryId=await repository_id(github),
        refUpdates=[{"name": "refs/heads/a", "beforeOid": tip, "afterOid": NO_SHA}],
    )
    assert [branch["name"] for branch in await github.rest("GET", "/branches")] == ["main"]


async def test_refs_are_made_moved_and_deleted_one_by_one(github: StandIn) -> None:
    base = await github.head()
    tip = await github.branch_with("a", "a.txt", "a")
    made = await mutate(
        github,
        "createRef",
        "ref { id name target { oid } }",
        repositoryId=await repository_id(github),
        name="refs/heads/b",
        oid=base,
    )
    assert made["ref"]["target"]["oid"] == base
    moved = await mutate(github, "updateRef", "ref { target { oid } }", refId=made["ref"]["id"], oid=tip)
    assert moved["ref"]["target"]["oid"] == tip
    error = await refused(github, "updateRef", refId=made["ref"]["id"], oid=base)
    assert error["type"] == "UNPROCESSABLE"
    await mutate(github, "deleteRef", "clientMutationId", refId=made["ref"]["id"])
    assert (await github.call("GET", "/repos/octo/demo/git/ref/heads/b"))[0] == 404


async def test_a_commit_needs_the_tip_that_the_caller_expects(github: StandIn) -> None:
    contents = base64.b64encode(b"hello\n").decode()
    given: dict[str, Any] = {
        "branch": {"repositoryNameWithOwner": "octo/demo", "branchName": "main"},
        "message": {"headline": "Say hello"},
        "fileChanges": {"additions": [{"path": "hello.txt", "contents": contents}]},
    }
    fields = 'commit { oid file(path: "hello.txt") { type } } ref { name }'
    base = await github.head()
    made = await mutate(github, "createCommitOnBranch", fields, expectedHeadOid=base, **given)
    assert made["commit"]["oid"] == await github.head()
    assert made["commit"]["file"] == {"type": "blob"}
    error = await refused(github, "createCommitOnBranch", expectedHeadOid=base, **given)
    assert error["type"] == "STALE_DATA"


async def test_a_pull_is_changed_closed_reopened_readied_and_merged(github: StandIn) -> None:
    pull = await github.pull("feat", draft=True)
    the_pull = {"pullRequestId": pull["node_id"]}
    fields = "pullRequest { title state isDraft closed labels(first: 5) { nodes { name } } }"
    label = await mutate(
        github, "createLabel", "label { id }", repositoryId=await repository_id(github), name="x", color="ededed"
    )
    changed = await mutate(
        github, "updatePullRequest", fields, **the_pull, title="New", body="b", labelIds=[label["label"]["id"]]
    )
    assert changed["pullRequest"]["title"] == "New"
    assert changed["pullRequest"]["labels"]["nodes"] == [{"name": "x"}]
    assert (await mutate(github, "closePullRequest", fields, **the_pull))["pullRequest"]["state"] == "CLOSED"
    assert (await mutate(github, "reopenPullRequest", fields, **the_pull))["pullRequest"]["state"] == "OPEN"
    assert (await refused(github, "mergePullRequest", **the_pull))["type"] == "UNPROCESSABLE"
    ready = await mutate(github, "markPullRequestReadyForReview", fields, **the_pull)
    assert ready["pullRequest"]["isDraft"] is False
    draft = await mutate(github, "convertPullRequestToDraft", fields, **the_pull)
    assert draft["pullRequest"]["isDraft"] is True
    await mutate(github, "markPullRequestReadyForReview", fields, **the_pull)
    error = await refused(github, "mergePullRequest", **the_pull, expectedHeadOid="1" * 40)
    assert error["type"] == "UNPROCESSABLE"
    merged = await mutate(
        github,
        "mergePullRequest",
        """
        pullRequest { merged state mergeCommit { oid messageHeadline parents(first: 2) { totalCount
        } } mergedBy { login } }
        """,
        **the_pull,
        expectedHeadOid=pull["head"]["sha"],
        commitHeadline="Merge it",
    )
    done = merged["pullRequest"]
    assert (done["merged"], done["state"]) == (True, "MERGED")
    assert done["mergeCommit"] == {
        "oid": await github.head(),
        "messageHeadline": "Merge it",
        "parents": {"totalCount": 2},
    }
    assert done["mergedBy"]["login"] == "signalbox"


async def test_a_merged_pull_is_reverted_by_another_pull(github: StandIn) -> None:
    pull = await github.pull("feat")
    await github.rest("PUT", f"/pulls/{pull['number']}/merge", {"sha": pull["head"]["sha"]})
    made = await mutate(
        github,
        "revertPullRequest",
        "revertPullRequest { number headRefName title files(first: 5) { nodes { path changeType } } }",
        pullRequestId=pull["node_id"],
        title="Take it back",
    )
    revert = made["revertPullRequest"]
    assert revert["title"] == "Take it back"
    assert revert["headRefName"].startswith("revert-")
    assert revert["files"]["nodes"] == [{"path": "feat.txt", "changeType": "DELETED"}]


async def test_a_branch_behind_its_base_is_updated(github: StandIn) -> None:
    pull = await github.pull("feat")
    await github.write("main", "other.txt", "other")
    made = await mutate(
        github,
        "updatePullRequestBranch",
        "pullRequest { headRefOid commits(last: 10) { totalCount } }",
        pullRequestId=pull["node_id"],
        expectedHeadOid=pull["head"]["sha"],
    )
    assert made["pullRequest"]["headRefOid"] != pull["head"]["sha"]


async def test_a_check_run_is_created_and_completed(github: StandIn) -> None:
    pull = await github.pull("feat")
    repository = await repository_id(github)
    made = await mutate(
        github,
        "createCheckRun",
        "checkRun { id databaseId status conclusion checkSuite { app { slug } } }",
        repositoryId=repository,
        headSha=pull["head"]["sha"],
        name="signalbox",
        status="IN_PROGRESS",
        externalId="plan/1",
        output={"title": "Waiting", "summary": "for W1"},
    )
    run = made["checkRun"]
    assert (run["status"], run["conclusion"], run["checkSuite"]["app"]["slug"]) == ("IN_PROGRESS", None, "signalbox")
    done = await mutate(
        github,
        "updateCheckRun",
        """
        checkRun { databaseId status conclusion title summary externalId annotations(first: 5) {
        nodes { path annotationLevel location { start { line } end { line } } } } }
        """,
        repositoryId=repository,
        checkRunId=run["id"],
        status="COMPLETED",
        conclusion="ACTION_REQUIRED",
        actions=[{"label": "Allow", "description": "Let it in", "identifier": "allow"}],
        output={
            "title": "Outside",
            "summary": "x.txt is not owned",
            "annotations": [
                {
                    "path": "x.txt",
                    "location": {"startLine": 2, "endLine": 3},
                    "annotationLevel": "FAILURE",
                    "message": "not owned",
                }
            ],
        },
    )
    assert done["checkRun"] == {
        "databaseId": run["databaseId"],
        "status": "COMPLETED",
        "conclusion": "ACTION_REQUIRED",
        "title": "Outside",
        "summary": "x.txt is not owned",
        "externalId": "plan/1",
        "annotations": {
            "nodes": [
                {
                    "path": "x.txt",
                    "annotationLevel": "FAILURE",
                    "location": {"start": {"line": 2}, "end": {"line": 3}},
                }
            ]
        },
    }
    shown = await github.rest("GET", f"/check-runs/{run['databaseId']}")
    assert shown["output"]["title"] == "Outside"


async def test_comments_and_reactions_come_and_go(github: StandIn) -> None:
    issue = await github.rest("POST", "/issues", {"title": "Plan"})
    made = await mutate(
        github,
        "addComment",
        "commentEdge { node { id body author { login } } } subject { id }",
        subjectId=issue["node_id"],
        body="Status",
    )
    assert made["subject"]["id"] == issue["node_id"]
    comment = made["commentEdge"]["node"]
    changed = await mutate(
        github, "updateIssueComment", "issueComment { body lastEditedAt }", id=comment["id"], body="New"
    )
    assert changed["issueComment"]["body"] == "New"
    assert changed["issueComment"]["lastEditedAt"]
    fields = "reaction { content user { login } } subject { id }"
    added = await mutate(github, "addReaction", fields, "ada", subjectId=comment["id"], content="ROCKET")
    assert added["reaction"] == {"content": "ROCKET", "user": {"login": "ada"}}
    await mutate(github, "removeReaction", fields, "ada", subjectId=comment["id"], content="ROCKET")
    folded = await mutate(
        github,
        "minimizeComment",
        "minimizedComment { isMinimized minimizedReason }",
        "ada",
        subjectId=comment["id"],
        classifier="OUTDATED",
    )
    assert folded["minimizedComment"] == {"isMinimized": True, "minimizedReason": "outdated"}
    await mutate(github, "deleteIssueComment", "clientMutationId", id=comment["id"])
    assert await github.rest("GET", f"/issues/{issue['number']}/comments") == []


async def test_labels_are_put_on_and_taken_off(github: StandIn) -> None:
    issue = await github.rest("POST", "/issues", {"title": "Plan", "labels": ["keep"]})
    repository = await repository_id(github)
    label = (await mutate(github, "createLabel", "label { id }", repositoryId=repository, name="a", color="ededed"))[
        "label"
    ]
    fields = "labelable { labels(first: 10) { nodes { name } } }"
    given = {"labelableId": issue["node_id"], "labelIds": [label["id"]]}
    added = await mutate(github, "addLabelsToLabelable", fields, **given)
    assert [one["name"] for one in added["labelable"]["labels"]["nodes"]] == ["keep", "a"]
    await mutate(github, "updateLabel", "label { name }", id=label["id"], name="b", description="d")
    removed = await mutate(github, "removeLabelsFromLabelable", fields, **given)
    assert [one["name"] for one in removed["labelable"]["labels"]["nodes"]] == ["keep"]
    await mutate(github, "deleteLabel", "clientMutationId", id=label["id"])
    assert {one["name"] for one in await github.rest("GET", "/labels")}.isdisjoint({"a", "b"})


async def test_issues_are_made_changed_closed_and_reopened(github: StandIn) -> None:
    fields = "issue { id title state stateReason }"
    repository = await repository_id(github)
    made = await mutate(github, "createIssue", fields, repositoryId=repository, title="One")
    issue_id = made["issue"]["id"]
    changed = await mutate(github, "updateIssue", fields, id=issue_id, title="Two", body="text")
    assert changed["issue"]["title"] == "Two"
    closed = await mutate(github, "closeIssue", fields, issueId=issue_id, stateReason="NOT_PLANNED")
    assert (closed["issue"]["state"], closed["issue"]["stateReason"]) == ("CLOSED", "NOT_PLANNED")
    reopened = await mutate(github, "reopenIssue", fields, issueId=issue_id)
    assert reopened["issue"]["state"] == "OPEN"


async def test_reviews_are_given_and_dismissed(github: StandIn) -> None:
    pull = await github.pull("feat")
    made = await mutate(
        github,
        "addPullRequestReview",
        "pullRequestReview { id state author { login } }",
        "mia",
        pullRequestId=pull["node_id"],
        event="APPROVE",
        body="Good",
    )
    assert made["pullRequestReview"]["state"] == "APPROVED"
    gone = await mutate(
        github,
        "dismissPullRequestReview",
        "pullRequestReview { state }",
        "ada",
        pullRequestReviewId=made["pullRequestReview"]["id"],
        message="Changed since",
    )
    assert gone["pullRequestReview"]["state"] == "DISMISSED"


async def test_a_missing_right_is_forbidden_and_an_unknown_id_not_found(github: StandIn) -> None:
    issue = await github.rest("POST", "/issues", {"title": "Plan"})
    error = await refused(github, "addComment", "ci", subjectId=issue["node_id"], body="hi")
    assert (error["type"], error["message"]) == ("FORBIDDEN", "Resource not accessible by integration")
    error = await refused(github, "addComment", subjectId="I_nothing", body="hi")
    assert error["type"] == "NOT_FOUND"
    error = await refused(github, "closePullRequest", pullRequestId=issue["node_id"])
    assert error["type"] == "NOT_FOUND"
