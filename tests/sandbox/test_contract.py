"""The stand-in's answers and webhooks have GitHub's published shape: every value typed as there, no member invented.

The schema is GitHub's own description of its REST API and webhooks, carried by githubkit-schemas. Validation is strict,
and because the models accept unknown members, the members are compared as well.
"""

import functools
import json
import operator
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from githubkit.compat import GitHubModel
from githubkit.webhooks import parse
from githubkit_schemas.latest import models
from pydantic import BaseModel, TypeAdapter, ValidationError

from tests.sandbox.stand_in import StandIn, stand_in
from tests.sandbox.test_merge_queue import enqueue, require_queue

SHOWN = 12  # problems of one answer that a failure lists
#: Members of API version 2022-11-28, the default that is served here, which the models' version no longer has
#: (docs.github.com/rest/about-the-rest-api/breaking-changes).
OF_THE_DEFAULT_VERSION = {"assignee", "has_downloads", "merge_commit_sha", "rate"}
#: Members of a label that half of GitHub's schemas require and the other half do not know.
OF_SOME_LABELS = {"archived_at", "archived_by"}
DETAILED_RULE: Any = functools.reduce(
    operator.or_,
    [getattr(models, name) for name in dir(models) if name.startswith("RepositoryRuleDetailedOneof")],
)


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path) as one:
        yield one


# ---- comparing ----


def invented(value: Any, model: Any, path: str = "") -> Iterator[str]:
    """Yield the members of a JSON value that the model it was read into does not have."""
    if isinstance(model, list) and isinstance(value, list):
        for index, (one, other) in enumerate(zip(value, model, strict=True)):
            yield from invented(one, other, f"{path}[{index}]")
    if not isinstance(model, BaseModel) or not isinstance(value, dict):
        return
    fields = {found.alias or name: name for name, found in type(model).model_fields.items()}
    for key, inner in value.items():
        if key in fields:
            yield from invented(inner, getattr(model, fields[key]), f"{path}.{key}")
        elif key in OF_THE_DEFAULT_VERSION | OF_SOME_LABELS or type(model).__name__.endswith("Permissions"):
            continue  # an App's permissions are an open set: GitHub adds some every year
        elif model.model_config.get("extra") != "allow" and fields:
            yield f"{path}.{key} is not in {type(model).__name__}"


def problems_of(name: str, value: Any, kind: Any) -> list[str]:
    """Return what is wrong with an answer, one line for each place."""
    try:
        model = TypeAdapter(kind).validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        found = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        return [f"{name}: {line}" for line in found[:SHOWN]]
    return [f"{name}: {line}" for line in list(invented(value, model))[:SHOWN]]


class Book:
    """Collects the problems of a story's answers."""

    def __init__(self, github: StandIn) -> None:
        self.github = github
        self.problems: list[str] = []

    async def call(
        self,
        method: str,
        path: str,
        kind: Any,
        body: Any = None,
        *,
        status: int = 200,
        who: str = "ada",
        bearer: str | None = None,
    ) -> Any:
        """Call REST, expect the status, and check the answer against a model."""
        full = path if path.startswith("/-") else f"/repos/octo/demo{path}"
        got, answer, _ = await self.github.call(method, full.removeprefix("/-"), body, who=who, bearer=bearer)
        name = f"{method} {path.removeprefix('/-') or '/'}"
        if got != status:
            self.problems.append(f"{name}: status {got} instead of {status}: {answer}")
        elif kind is not None:
            self.problems += problems_of(name, answer, kind)
        return answer


async def test_apps_and_accounts_have_githubs_shape(github: StandIn) -> None:
    book = Book(github)
    jwt = github.app_jwt()
    number = github.info["installation_id"]
    await github.rest("POST", "/issues", {"title": "One"})
    await github.quiet()
    await book.call("GET", "/-/app", models.Integration, bearer=jwt)
    await book.call("GET", "/-/app/installations", list[models.Installation], bearer=jwt)
    await book.call("GET", "/installation", models.Installation, bearer=jwt)
    minted = {"permissions": {"contents": "read"}, "repositories": ["demo"]}
    path = f"/-/app/installations/{number}/access_tokens"
    await book.call("POST", path, models.InstallationToken, minted, status=201, bearer=jwt)
    await book.call("GET", "/-/installation/repositories", models.InstallationRepositoriesGetResponse200, who="app")
    await book.call("GET", "/-/app/hook/config", models.WebhookConfig, bearer=jwt)
    deliveries = await book.call("GET", "/-/app/hook/deliveries", list[models.HookDeliveryItem], bearer=jwt)
    newest = f"/-/app/hook/deliveries/{deliveries[0]['id']}"
    await book.call("GET", newest, models.HookDelivery, bearer=jwt)
    redelivered = models.AppHookDeliveriesDeliveryIdAttemptsPostResponse202
    await book.call("POST", newest + "/attempts", redelivered, status=202, bearer=jwt)
    await book.call("GET", "/-/rate_limit", models.RateLimitOverview, who="app")
    await book.call("GET", "/-/user", models.PrivateUser | models.PublicUser)
    await book.call("GET", "/-/users/mia", models.PrivateUser | models.PublicUser)
    await book.call("GET", "/collaborators/mia/permission", models.RepositoryCollaboratorPermission)
    assert not book.problems, "\n".join(book.problems)


async def test_repositories_and_git_have_githubs_shape(github: StandIn) -> None:
    book = Book(github)
    made = {"name": "second", "auto_init": True}
    await book.call("POST", "/-/user/repos", models.FullRepository, made, status=201)
    await book.call("GET", "", models.FullRepository)
    await book.call("PATCH", "", models.FullRepository, {"delete_branch_on_merge": True})
    await book.call("GET", "/branches", list[models.ShortBranch])
    await book.call("GET", "/branches/main", models.BranchWithProtection)
    ref = await book.call("GET", "/git/ref/heads/main", models.GitRef)
    sha = ref["object"]["sha"]
    made = {"ref": "refs/heads/feat", "sha": sha}
    await book.call("POST", "/git/refs", models.GitRef, made, status=201)
    await book.call("GET", "/git/matching-refs/heads/", list[models.GitRef])
    blob = await book.call("POST", "/git/blobs", models.ShortBlob, {"content": "x", "encoding": "utf-8"}, status=201)
    await book.call("GET", f"/git/blobs/{blob['sha']}", models.Blob)
    entry = {"path": "x.txt", "mode": "100644", "type": "blob", "sha": blob["sha"]}
    commit = await book.call("GET", f"/git/commits/{sha}", models.GitCommit)
    made = {"base_tree": commit["tree"]["sha"], "tree": [entry]}
    tree = await book.call("POST", "/git/trees", models.GitTree, made, status=201)
    await book.call("GET", f"/git/trees/{tree['sha']}?recursive=1", models.GitTree)
    made = {"message": "Add x", "tree": tree["sha"], "parents": [sha]}
    commit = await book.call("POST", "/git/commits", models.GitCommit, made, status=201)
    await book.call("PATCH", "/git/refs/heads/feat", models.GitRef, {"sha": commit["sha"]})
    made = {"tag": "v1", "message": "one", "object": sha, "type": "commit"}
    tag = await book.call("POST", "/git/tags", models.GitTag, made, status=201)
    await book.call("GET", f"/git/tags/{tag['sha']}", models.GitTag)
    await book.call("GET", "/commits", list[models.Commit])
    await book.call("GET", "/commits/feat", models.Commit)
    await book.call("GET", "/compare/main...feat", models.CommitComparison)
    made = {"message": "Write", "content": "eA==", "branch": "main"}
    await book.call("PUT", "/contents/y.txt", models.FileCommit, made, status=201)
    await book.call("GET", "/contents/y.txt", models.ContentFile)
    merge = {"base": "main", "head": "feat"}
    await book.call("POST", "/merges", models.Commit, merge, status=201)
    await book.call("DELETE", "/git/refs/heads/feat", None, status=204)
    assert not book.problems, "\n".join(book.problems)


async def test_rules_have_githubs_shape(github: StandIn) -> None:
    book = Book(github)
    app_id = github.info["app_id"]
    protection = {
        "required_status_checks": {"strict": True, "checks": [{"context": "signalbox", "app_id": app_id}]},
        "required_pull_request_reviews": {"required_approving_review_count": 1},
        "enforce_admins": True,
        "restrictions": None,
    }
    await book.call("PUT", "/branches/main/protection", models.ProtectedBranch, protection)
    await book.call("GET", "/branches/main/protection", models.BranchProtection)
    await book.call("GET", "/branches/main", models.BranchWithProtection)
    check = {"context": "test", "integration_id": app_id}
    parameters = {"strict_required_status_checks_policy": False, "required_status_checks": [check]}
    ruleset = {
        "name": "base",
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [{"type": "required_status_checks", "parameters": parameters}],
    }
    made = await book.call("POST", "/rulesets", models.RepositoryRuleset, ruleset, status=201)
    await book.call("GET", f"/rulesets/{made['id']}", models.RepositoryRuleset)
    await book.call("GET", "/rulesets", list[models.RepositoryRuleset])
    await book.call("GET", "/rules/branches/main", list[DETAILED_RULE])
    assert not book.problems, "\n".join(book.problems)


async def test_issues_have_githubs_shape(github: StandIn) -> None:
    book = Book(github)
    made = {"title": "One", "body": "text", "labels": ["plan"], "assignees": ["ada"]}
    issue = await book.call("POST", "/issues", models.Issue, made, status=201)
    await github.pull("feat")
    number = issue["number"]
    await book.call("GET", f"/issues/{number}", models.Issue)
    await book.call("GET", "/issues?state=all", list[models.Issue])
    comment = await book.call(
        "POST", f"/issues/{number}/comments", models.IssueComment, {"body": "hi"}, status=201, who="app"
    )
    path = f"/issues/comments/{comment['id']}"
    await book.call("GET", path, models.IssueComment)
    await book.call("GET", f"/issues/{number}/comments", list[models.IssueComment])
    await book.call("PATCH", path, models.IssueComment, {"body": "new"}, who="app")
    await book.call("POST", path + "/reactions", models.Reaction, {"content": "eyes"}, status=201)
    await book.call("GET", path + "/reactions", list[models.Reaction])
    await book.call("POST", f"/issues/{number}/reactions", models.Reaction, {"content": "+1"}, status=201)
    made = {"name": "signalbox:ready", "color": "0e8a16", "description": "d"}
    await book.call("POST", "/labels", models.Label, made, status=201)
    await book.call("PATCH", "/labels/signalbox:ready", models.Label, {"color": "ededed"})
    await book.call("GET", "/labels", list[models.Label])
    await book.call("POST", f"/issues/{number}/labels", list[models.Label], {"labels": ["signalbox:ready"]})
    await book.call("DELETE", f"/issues/{number}/labels/plan", list[models.Label])
    await book.call("PATCH", f"/issues/{number}", models.Issue, {"state": "closed", "state_reason": "completed"})
    assert not book.problems, "\n".join(book.problems)


async def test_pulls_have_githubs_shape(github: StandIn) -> None:
    book = Book(github)
    await github.branch_with("feat", "feat.txt", "feat\n")
    made = {"title": "Feat", "head": "feat", "base": "main", "draft": False}
    pull = await book.call("POST", "/pulls", models.PullRequest, made, status=201)
    path = f"/pulls/{pull['number']}"
    await book.call("PATCH", path, models.PullRequest, {"title": "Feature", "body": "text"})
    await book.call("GET", path, models.PullRequest)
    await book.call("GET", "/pulls", list[models.PullRequestSimple])
    await book.call("GET", path + "/files", list[models.DiffEntry])
    await book.call("GET", path + "/commits", list[models.Commit])
    asked = {"reviewers": ["wim"]}
    await book.call("POST", path + "/requested_reviewers", models.PullRequestSimple, asked, status=201)
    await book.call("GET", path + "/requested_reviewers", models.PullRequestReviewRequest)
    review = {"event": "APPROVE", "body": "fine"}
    await book.call("POST", path + "/reviews", models.PullRequestReview, review, who="mia")
    await book.call("GET", path + "/reviews", list[models.PullRequestReview])
    await github.write("main", "other.txt", "other")
    updated = models.ReposOwnerRepoPullsPullNumberUpdateBranchPutResponse202
    await book.call("PUT", path + "/update-branch", updated, {}, status=202)
    await book.call("PUT", path + "/merge", models.PullRequestMergeResult, {})
    await book.call("GET", path, models.PullRequest)
    assert not book.problems, "\n".join(book.problems)


async def test_checks_and_statuses_have_githubs_shape(github: StandIn) -> None:
    book = Book(github)
    pull = await github.pull("feat")
    sha = pull["head"]["sha"]
    note = {"path": "feat.txt", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "m"}
    output = {"title": "T", "summary": "S", "annotations": [note]}
    made = {"name": "signalbox", "head_sha": sha, "status": "in_progress", "output": output}
    run = await book.call("POST", "/check-runs", models.CheckRun, made, status=201, who="app")
    path = f"/check-runs/{run['id']}"
    button = {"label": "Allow", "description": "Let it in", "identifier": "allow"}
    done = {"status": "completed", "conclusion": "action_required", "actions": [button]}
    await book.call("PATCH", path, models.CheckRun, done, who="app")
    await book.call("GET", path, models.CheckRun, who="app")
    await book.call("GET", path + "/annotations", list[models.CheckAnnotation], who="app")
    runs = models.ReposOwnerRepoCommitsRefCheckRunsGetResponse200
    await book.call("GET", f"/commits/{sha}/check-runs", runs, who="app")
    suites = models.ReposOwnerRepoCommitsRefCheckSuitesGetResponse200
    found = await book.call("GET", f"/commits/{sha}/check-suites", suites, who="app")
    await book.call("GET", f"/check-suites/{found['check_suites'][0]['id']}", models.CheckSuite, who="app")
    made = {"state": "success", "context": "deploy", "description": "ok"}
    await book.call("POST", f"/statuses/{sha}", models.Status, made, status=201, who="ci")
    await book.call("GET", f"/commits/{sha}/statuses", list[models.Status])
    await book.call("GET", f"/commits/{sha}/status", models.CombinedCommitStatus)
    assert not book.problems, "\n".join(book.problems)


# ---- webhooks ----


async def everything_happens(github: StandIn) -> None:
    """Let each kind of event happen that the App hears of."""
    issue = await github.rest("POST", "/issues", {"title": "Plan", "body": "b", "labels": ["plan"]})
    number = issue["number"]
    await github.rest("PATCH", f"/issues/{number}", {"title": "The plan", "body": "c"})
    await github.rest("POST", f"/issues/{number}/labels", {"labels": ["x"]})
    await github.rest("DELETE", f"/issues/{number}/labels/x")
    comment = await github.rest("POST", f"/issues/{number}/comments", {"body": "hi"})
    await github.rest("PATCH", f"/issues/comments/{comment['id']}", {"body": "ho"})
    await github.rest("DELETE", f"/issues/comments/{comment['id']}")
    await github.rest("PATCH", f"/issues/{number}", {"state": "closed"})
    await github.rest("PATCH", f"/issues/{number}", {"state": "open"})
    pull = await github.pull("feat", draft=True)
    path = f"/pulls/{pull['number']}"
    await github.rest("PATCH", path, {"title": "Feature"})
    await github.rest("POST", f"/issues/{pull['number']}/labels", {"labels": ["x"]})
    await github.rest("POST", f"/issues/{pull['number']}/comments", {"body": "on the pull"}, who="app")
    ready = "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { clientMutationId } }"
    await github.graphql(ready, id=pull["node_id"])
    sha = await github.write("feat", "more.txt", "more")
    await github.rest("POST", path + "/requested_reviewers", {"reviewers": ["mia"]})
    await github.rest("POST", path + "/reviews", {"event": "APPROVE", "body": "ok"}, who="mia")
    done = {"name": "test", "head_sha": sha, "status": "completed", "conclusion": "success"}
    await github.rest("POST", "/check-runs", done, who="ci")
    run = await github.rest("POST", "/check-runs", done | {"name": "signalbox"}, who="app")
    await github.rest("POST", f"/check-runs/{run['id']}/rerequest", who="app")
    await github.rest("POST", f"/statuses/{sha}", {"state": "success", "context": "deploy"}, who="ci")
    await github.rest("PATCH", path, {"state": "closed"})
    await github.rest("PATCH", path, {"state": "open"})
    await github.rest("PUT", path + "/merge", {})
    await github.rest("DELETE", "/git/refs/heads/feat")
    await github.rest("POST", "/git/refs", {"ref": "refs/tags/cp-1", "sha": sha})
    await github.rest("POST", "/labels", {"name": "new", "color": "ededed"})
    await github.rest("DELETE", "/labels/new")
    protection = {
        "required_status_checks": {"strict": False, "contexts": ["signalbox"]},
        "enforce_admins": True,
        "required_pull_request_reviews": None,
        "restrictions": None,
    }
    await github.rest("PUT", "/branches/main/protection", protection)
    await github.rest("DELETE", "/branches/main/protection")
    rule = {"type": "deletion"}
    ruleset = {"name": "r", "target": "branch", "enforcement": "active", "rules": [rule], "conditions": None}
    await github.rest("POST", "/rulesets", {key: value for key, value in ruleset.items() if value is not None})
    await github.quiet()


EXPECTED_EVENTS = {
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "create",
    "delete",
    "issue_comment",
    "issues",
    "label",
    "pull_request",
    "pull_request_review",
    "push",
    "repository_ruleset",
    "status",
}


async def test_webhooks_are_signed_and_have_githubs_shape(github: StandIn) -> None:
    await everything_happens(github)
    problems: list[str] = []
    for one in github.received:
        assert github.signed(one)
        for header in ("X-GitHub-Delivery", "X-GitHub-Hook-ID", "X-GitHub-Hook-Installation-Target-ID"):
            assert one.headers[header]
        assert one.headers["X-GitHub-Hook-Installation-Target-Type"] == "integration"
        assert one.headers["User-Agent"].startswith("GitHub-Hookshot/")
        name = f"{one.event}.{one.payload.get('action', '')}"
        try:
            model = parse(one.event, one.raw)
        except ValidationError as error:
            problems += [f"{name}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:SHOWN]]
            continue
        assert isinstance(model, GitHubModel)
        problems += [f"{name}: {line}" for line in invented(one.payload, model)]
    assert not problems, "\n".join(sorted(set(problems)))
    assert {one.event for one in github.received} >= EXPECTED_EVENTS


async def test_a_merge_queue_tells_in_githubs_shape(github: StandIn) -> None:
    await require_queue(github, check=None)
    pull = await github.pull("one")
    stack = {"id": 1, "number": 1, "position": 1, "size": 2, "base": {"ref": "main", "sha": await github.head()}}
    await github.rest("PUT", f"//_sandbox/repos/octo/demo/pulls/{pull['number']}/stack", stack)
    book = Book(github)
    await book.call("GET", f"/pulls/{pull['number']}", models.PullRequest)
    await github.call("PUT", f"/_sandbox/repos/octo/demo/pulls/{pull['number']}/stack", None)
    await enqueue(github, pull)
    await github.quiet()
    told = [one for one in github.received if one.event in ("merge_group", "pull_request")]
    assert {one.payload["action"] for one in told} >= {"checks_requested", "destroyed", "enqueued", "dequeued"}
    for one in told:
        model = parse(one.event, one.raw)
        book.problems += [f"{one.event}: {line}" for line in invented(one.payload, model)]
    assert not book.problems
