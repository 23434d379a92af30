"""Reading by GraphQL: what REST made is shown under GitHub's GraphQL names, page by page, and refusals have a type."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLNonNull, GraphQLObjectType, get_named_type, is_leaf_type, is_object_type

from sandbox.graphql.schema import load_schema
from tests.sandbox.stand_in import StandIn, stand_in


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path) as one:
        yield one


async def test_a_repository_shows_its_settings_and_branch(github: StandIn) -> None:
    data = await github.graphql(
        """
        { repository(owner: "octo", name: "demo") { nameWithOwner isArchived isEmpty
        mergeCommitAllowed viewerPermission url owner { login __typename } defaultBranchRef { name
        prefix target { oid ... on Commit { messageHeadline history(first: 1) { totalCount } } } } }
        }
        """
    )
    repository = data["repository"]
    assert repository["nameWithOwner"] == "octo/demo"
    assert repository["isEmpty"] is False
    assert repository["viewerPermission"] == "ADMIN"
    assert repository["owner"]["login"] == "octo"
    branch = repository["defaultBranchRef"]
    assert (branch["name"], branch["prefix"]) == ("main", "refs/heads/")
    assert branch["target"]["oid"] == await github.head()
    assert branch["target"]["history"]["totalCount"] == 1


async def test_an_issue_shows_labels_comments_and_reactions(github: StandIn) -> None:
    issue = await github.rest("POST", "/issues", {"title": "Plan", "body": "# Do it", "labels": ["plan"]})
    comment = await github.rest("POST", f"/issues/{issue['number']}/comments", {"body": "/signalbox start"})
    await github.rest("POST", f"/issues/comments/{comment['id']}/reactions", {"content": "eyes"}, who="mia")
    data = await github.graphql(
        """
        query($n: Int!) { repository(owner: "octo", name: "demo") { issue(number: $n) { id
        databaseId title state stateReason bodyHTML viewerDidAuthor author { __typename login }
        labels(first: 5) { nodes { name color } } comments(last: 10) { totalCount nodes { id
        fullDatabaseId body url viewerDidAuthor reactionGroups { content users(first: 1) {
        totalCount nodes { login } } } } } } } }
        """,
        n=issue["number"],
    )
    found = data["repository"]["issue"]
    assert found["id"] == issue["node_id"]
    assert (found["state"], found["stateReason"], found["viewerDidAuthor"]) == ("OPEN", None, True)
    assert found["author"] == {"__typename": "User", "login": "ada"}
    assert "<h1>Do it</h1>" in found["bodyHTML"]
    assert [label["name"] for label in found["labels"]["nodes"]] == ["plan"]
    (node,) = found["comments"]["nodes"]
    assert node["id"] == comment["node_id"]
    assert node["fullDatabaseId"] == str(comment["id"])
    assert node["url"] == comment["html_url"]
    eyes = next(group for group in node["reactionGroups"] if group["content"] == "EYES")
    assert eyes["users"] == {"totalCount": 1, "nodes": [{"login": "mia"}]}


async def test_a_bot_has_its_slug_as_login(github: StandIn) -> None:
    issue = await github.rest("POST", "/issues", {"title": "By the App"}, who="app")
    assert issue["user"]["login"] == "signalbox[bot]"
    data = await github.graphql(
        "query($id: ID!) { node(id: $id) { ... on Issue { author { __typename login } } } }", id=issue["node_id"]
    )
    assert data["node"]["author"] == {"__typename": "Bot", "login": "signalbox"}
    assert (await github.graphql("{ viewer { login } }", "app"))["viewer"]["login"] == "signalbox[bot]"


async def test_a_pull_shows_its_branches_commits_files_and_checks(github: StandIn) -> None:
    pull = await github.pull("feat", body="Closes #1", draft=True)
    sha = pull["head"]["sha"]
    await github.rest(
        "POST",
        "/check-runs",
        {"name": "test", "head_sha": sha, "status": "completed", "conclusion": "success"},
        who="ci",
    )
    await github.rest("POST", f"/statuses/{sha}", {"state": "pending", "context": "deploy"}, who="ci")
    data = await github.graphql(
        """
        query($n: Int!) { repository(owner: "octo", name: "demo") { pullRequest(number: $n) { number
        isDraft state merged mergeable mergeStateStatus headRefName headRefOid baseRefName
        baseRefOid baseRef { name } headRef { target { oid } } changedFiles files(first: 5) { nodes
        { path changeType additions } } commits(last: 1) { totalCount nodes { commit { oid } } }
        reviewDecision isInMergeQueue mergeQueueEntry { id } autoMergeRequest { mergeMethod }
        statusCheckRollup { state contexts(first: 10) { totalCount checkRunCount nodes { __typename
        ... on CheckRun { name status conclusion databaseId isRequired(pullRequestNumber: $n)
        checkSuite { app { slug databaseId } } } ... on StatusContext { context state creator {
        login } isRequired(pullRequestNumber: $n) } } } } } } }
        """,
        n=pull["number"],
    )
    found = data["repository"]["pullRequest"]
    assert (found["isDraft"], found["state"], found["merged"]) == (True, "OPEN", False)
    assert found["mergeable"] == "MERGEABLE"
    assert found["headRefOid"] == found["headRef"]["target"]["oid"] == sha
    assert found["baseRefOid"] == pull["base"]["sha"]
    assert found["files"]["nodes"] == [{"path": "feat.txt", "changeType": "ADDED", "additions": 1}]
    assert found["commits"] == {"totalCount": 1, "nodes": [{"commit": {"oid": sha}}]}
    rollup = found["statusCheckRollup"]
    assert rollup["state"] == "PENDING"
    assert (rollup["contexts"]["totalCount"], rollup["contexts"]["checkRunCount"]) == (2, 1)
    run, status = rollup["contexts"]["nodes"]
    assert (run["__typename"], run["status"], run["conclusion"]) == ("CheckRun", "COMPLETED", "SUCCESS")
    assert run["checkSuite"]["app"]["slug"] == "ci"
    assert (status["__typename"], status["state"]) == ("StatusContext", "PENDING")
    assert run["isRequired"] is status["isRequired"] is False


async def test_required_checks_are_shown_with_the_app_that_they_are_pinned_to(github: StandIn) -> None:
    app_id = github.info["app_id"]
    await github.rest(
        "PUT",
        "/branches/main/protection",
        {
            "required_status_checks": {"strict": True, "checks": [{"context": "signalbox", "app_id": app_id}]},
            "required_pull_request_reviews": {"required_approving_review_count": 2},
            "enforce_admins": True,
            "restrictions": None,
        },
    )
    await github.rest(
        "POST",
        "/rulesets",
        {
            "name": "base",
            "target": "branch",
            "enforcement": "active",
            "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
            "rules": [
                {
                    "type": "required_status_checks",
                    "parameters": {
                        "strict_required_status_checks_policy": False,
                        "required_status_checks": [{"context": "test"}],
                    },
                }
            ],
        },
    )
    data = await github.graphql(
        """
        { repository(owner: "octo", name: "demo") { ref(qualifiedName: "refs/heads/main") {
        refUpdateRule { requiredStatusCheckContexts requiredApprovingReviewCount }
        branchProtectionRule { requiresStrictStatusChecks requiredApprovingReviewCount
        requiredStatusChecks { context app { databaseId } } } rules(first: 10) { nodes { type
        parameters { __typename ... on RequiredStatusChecksParameters {
        strictRequiredStatusChecksPolicy requiredStatusChecks { context integrationId } } } } } } }
        }
        """
    )
    ref = data["repository"]["ref"]
    assert sorted(ref["refUpdateRule"]["requiredStatusCheckContexts"]) == ["signalbox", "test"]
    assert ref["refUpdateRule"]["requiredApprovingReviewCount"] == 2
    assert ref["branchProtectionRule"] == {
        "requiresStrictStatusChecks": True,
        "requiredApprovingReviewCount": 2,
        "requiredStatusChecks": [{"context": "signalbox", "app": {"databaseId": app_id}}],
    }
    (rule,) = ref["rules"]["nodes"]
    assert rule["type"] == "REQUIRED_STATUS_CHECKS"
    assert rule["parameters"]["requiredStatusChecks"] == [{"context": "test", "integrationId": None}]


async def test_objects_are_found_by_sha_revision_and_path(github: StandIn) -> None:
    await github.write("main", "docs/plan.md", "# Plan\n")
    sha = await github.head()
    data = await github.graphql(
        """
        query($oid: GitObjectID!) { repository(owner: "octo", name: "demo") { byOid: object(oid:
        $oid) { __typename oid } head: object(expression: "HEAD") { oid } file: object(expression:
        "main:docs/plan.md") { ... on Blob { text byteSize isTruncated isBinary oid } } folder:
        object(expression: "main:") { ... on Tree { entries { name type } } } missing:
        object(expression: "main:no/such") { oid } gone: object(expression: "no-such-branch") { oid
        } } }
        """,
        oid=sha,
    )
    found = data["repository"]
    assert found["byOid"] == {"__typename": "Commit", "oid": sha}
    assert found["head"]["oid"] == sha
    assert (found["file"]["text"], found["file"]["byteSize"], found["file"]["isBinary"]) == ("# Plan\n", 7, False)
    assert {"name": "docs", "type": "tree"} in found["folder"]["entries"]
    assert found["missing"] is None
    assert found["gone"] is None


async def test_refs_are_listed_below_a_prefix_and_compared(github: StandIn) -> None:
    await github.branch_with("signalbox/a", "a.txt", "a")
    await github.branch_with("signalbox/b", "b.txt", "b")
    data = await github.graphql(
        """
        { repository(owner: "octo", name: "demo") { refs(refPrefix: "refs/heads/signalbox/", first:
        10) { totalCount nodes { name } } ref(qualifiedName: "main") { compare(headRef:
        "signalbox/a") { status aheadBy behindBy } } none: ref(qualifiedName: "x") { id } } }
        """
    )
    assert data["repository"]["refs"]["totalCount"] == 2
    assert data["repository"]["ref"]["compare"] == {"status": "AHEAD", "aheadBy": 1, "behindBy": 0}
    assert data["repository"]["none"] is None


async def test_a_list_is_read_page_by_page(github: StandIn) -> None:
    for number in range(5):
        await github.rest("POST", "/issues", {"title": f"Issue {number}"})
    query = """
        query($after: String) { repository(owner: "octo", name: "demo") { issues(first: 2, after:
        $after) { totalCount nodes { title } pageInfo { hasNextPage endCursor } edges { cursor } } }
        }
        """
    titles: list[str] = []
    cursor = None
    while True:
        page = (await github.graphql(query, after=cursor))["repository"]["issues"]
        assert page["totalCount"] == 5
        titles += [node["title"] for node in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"]
        assert page["edges"][-1]["cursor"] == cursor
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert titles == [f"Issue {number}" for number in range(5)]


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ('{ repository(owner: "octo", name: "demo") { issues { totalCount } } }', "MISSING_PAGINATION_BOUNDARIES"),
        ('{ repository(owner: "octo", name: "demo") { issues(first: 101) { totalCount } } }', "EXCESSIVE_PAGINATION"),
        ('{ repository(owner: "octo", name: "demo") { issue(number: 99) { title } } }', "NOT_FOUND"),
        ('{ repository(owner: "octo", name: "nothing") { id } }', "NOT_FOUND"),
        ('{ node(id: "PR_abc") { id } }', "NOT_FOUND"),
        (
            '{ repository(owner: "octo", name: "demo") { issues(first: 1, after: "bad") { totalCount } } }',
            "INVALID_CURSOR_ARGUMENTS",
        ),
        (
            """
        { repository(owner: "octo", name: "demo") { pullRequests(first: 100) { nodes {
        commits(first: 100) { nodes { commit { history(first: 100) { nodes { oid } } } } } } } } }
        """,
            "MAX_NODE_LIMIT_EXCEEDED",
        ),
    ],
)
async def test_a_refusal_has_a_type_and_status_200(github: StandIn, query: str, kind: str) -> None:
    status, answer, _ = await github.graphql_answer(query)
    assert status == 200
    assert [error["type"] for error in answer["errors"]] == [kind]


@pytest.mark.parametrize(
    "query", ["{ nothing }", "{ viewer { login", "query A { viewer { login } } query B { viewer { id } }"]
)
async def test_a_query_that_cannot_run_has_errors_and_no_data(github: StandIn, query: str) -> None:
    status, answer, _ = await github.graphql_answer(query)
    assert status == 200
    assert answer["errors"]
    assert answer.get("data") is None


async def test_nobody_may_ask(github: StandIn) -> None:
    status, answer, _ = await github.graphql_answer("{ viewer { login } }", "nobody")
    assert status == 401
    assert "data" not in answer


async def test_a_private_repository_does_not_exist_for_strangers(github: StandIn) -> None:
    await github.rest("PATCH", "", {"private": True})
    _, answer, _ = await github.graphql_answer('{ repository(owner: "octo", name: "demo") { id } }', "otto")
    assert answer["data"] == {"repository": None}
    assert answer["errors"][0]["type"] == "NOT_FOUND"


async def test_one_wrong_id_of_many_is_null_and_named(github: StandIn) -> None:
    issue = await github.rest("POST", "/issues", {"title": "One"})
    _, answer, _ = await github.graphql_answer(
        "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[issue["node_id"], "I_xxx"]
    )
    assert answer["data"]["nodes"] == [{"id": issue["node_id"]}, None]
    assert answer["errors"][0]["path"] == ["nodes", 1]


async def test_the_cost_is_counted_before_the_query_runs(github: StandIn) -> None:
    query = """
        { rateLimit { cost nodeCount limit remaining resetAt used } repository(owner: "octo", name:
        "demo") { pullRequests(first: 100) { nodes { labels(first: 10) { nodes { name } }
        comments(first: 20) { nodes { id } } } } } }
        """
    _, answer, headers = await github.graphql_answer(query)
    limit = answer["data"]["rateLimit"]
    assert limit["cost"] == 2  # 1 + 100 + 100 requests of connections
    assert limit["nodeCount"] == 100 + 1000 + 2000
    assert headers["X-RateLimit-Resource"] == "graphql"
    assert int(headers["X-RateLimit-Remaining"]) == limit["remaining"]


def _every_field(declared: GraphQLObjectType, depth: int) -> str:
    """Return a selection of every field that needs no argument, lists with a page of ten."""
    parts = ["__typename"]
    for name, found in declared.fields.items():
        if any(isinstance(one.type, GraphQLNonNull) for one in found.args.values()) or name == "isRequired":
            continue
        inner = get_named_type(found.type)
        arguments = "(first: 10)" if "first" in found.args else ""
        alias = f"{declared.name}_{name}: {name}"
        if is_leaf_type(inner):
            parts.append(f"{alias}{arguments}")
        elif depth and is_object_type(inner):
            parts.append(f"{alias}{arguments} {{ {_every_field(inner, depth - 1)} }}")
        elif depth:
            parts.append(f"{alias}{arguments} {{ __typename }}")
    return " ".join(parts)


async def test_every_field_of_every_kind_of_thing_can_be_read(github: StandIn) -> None:
    """No field is declared without an answer: all of them are asked, two levels deep, of one thing of each kind."""
    pull = await github.pull("feat", body="Closes #1")
    ids: dict[str, str] = {"PullRequest": pull["node_id"]}
    issue = await github.rest("POST", "/issues", {"title": "One", "labels": ["plan"], "assignees": ["ada"]})
    comment = await github.rest("POST", f"/issues/{pull['number']}/comments", {"body": "hi"})
    reaction = await github.rest("POST", f"/issues/comments/{comment['id']}/reactions", {"content": "rocket"})
    review = await github.rest(
        "POST", f"/pulls/{pull['number']}/reviews", {"event": "APPROVE", "body": "fine"}, who="mia"
    )
    run = await github.rest(
        "POST",
        "/check-runs",
        {
            "name": "signalbox",
            "head_sha": pull["head"]["sha"],
            "status": "completed",
            "conclusion": "action_required",
            "output": {
                "title": "Title",
                "summary": "Summary",
                "annotations": [
                    {
                        "path": "feat.txt",
                        "start_line": 1,
                        "end_line": 1,
                        "annotation_level": "warning",
                        "message": "m",
                    }
                ],
            },
        },
        who="app",
    )
    await github.rest("POST", f"/statuses/{pull['head']['sha']}", {"state": "success", "context": "x"}, who="ci")
    ids |= {"Issue": issue["node_id"], "IssueComment": comment["node_id"], "Reaction": reaction["node_id"]}
    ids |= {"PullRequestReview": review["node_id"], "CheckRun": run["node_id"], "Label": issue["labels"][0]["node_id"]}
    data = await github.graphql(
        """
        query($n: Int!) { viewer { id } repository(owner: "octo", name: "demo") { id owner { id }
        defaultBranchRef { id target { id ... on Commit { tree { id entries { object { id } } } } } }
        pullRequest(number: $n) { statusCheckRollup { id contexts(first: 5) { nodes { ... on StatusContext { id } } } }
        commits(last: 1) { nodes { commit { status { id } } } } } } }
        """,
        n=pull["number"],
    )
    repository = data["repository"]
    commit = repository["defaultBranchRef"]["target"]
    rollup = repository["pullRequest"]["statusCheckRollup"]
    ids |= {"Repository": repository["id"], "Ref": repository["defaultBranchRef"]["id"], "Commit": commit["id"]}
    ids |= {"Tree": commit["tree"]["id"], "Blob": commit["tree"]["entries"][0]["object"]["id"]}
    ids |= {"User": data["viewer"]["id"], "Organization": repository["owner"]["id"], "StatusCheckRollup": rollup["id"]}
    ids |= {"StatusContext": next(node["id"] for node in rollup["contexts"]["nodes"] if "id" in node)}
    ids |= {"Status": repository["pullRequest"]["commits"]["nodes"][0]["commit"]["status"]["id"]}
    schema = load_schema()
    for kind, node_id in ids.items():
        declared = schema.type_map[kind]
        assert isinstance(declared, GraphQLObjectType)
        query = f"query($id: ID!) {{ node(id: $id) {{ __typename ... on {kind} {{ {_every_field(declared, 2)} }} }} }}"
        _status, answer, _ = await github.graphql_answer(query, id=node_id)
        assert "errors" not in answer, (kind, answer["errors"][:3])
        found: dict[str, Any] = answer["data"]["node"]
        assert found["__typename"] == kind
