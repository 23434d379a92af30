from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from bot.core.actions import MergePull, OutcomeKind
from bot.core.marker import digest_of, mark
from bot.core.model import Branch, IssueNumber, Key, Login, MergeMethod, NodeId, PullNumber, Role, Sha
from bot.errors import NotFound, ReadFailed
from bot.github.port import GitHub, PlanQuestion, RepositoryRef
from tests.github import answers
from tests.github.answers import nodes
from tests.github.fake import APP_ID, INSTALLATION, REPOSITORY, Handler, Stack, errors, hang_up, reply, silence
from tests.github.test_mutations import ADD, COMMENT, LABEL, open_pull, put_check

W1 = Branch("signalbox/w1")
ISSUE = IssueNumber(7)
SINCE = datetime(2026, 5, 1, tzinfo=UTC)
KNOWN = RepositoryRef(installation_id=INSTALLATION, full_name="octo/demo", node_id=NodeId("R1"))


def question(*branches: str, **changes: Any) -> PlanQuestion:
    values: dict[str, Any] = {"issue": ISSUE, "base": None, "comment": None, "compare_branches": False}
    return PlanQuestion(**{**values, "branches": tuple(map(Branch, branches)), **changes})


def with_branches(count: int, **changes: Any) -> answers.Json:
    aliases = {f"b{number}": answers.tip() for number in range(count)}
    aliases |= {f"p{number}": nodes(answers.pull(number + 1)) for number in range(count)}
    return answers.plan(**{**aliases, **changes})


def test_the_client_is_the_port(stack: Stack) -> None:
    port: GitHub = stack.client
    assert port is stack.client


# ---- the plan read ----


async def test_a_plan_is_read_in_one_request(stack: Stack) -> None:
    body = mark("Status", "status")
    stack.fake.graphql(
        with_branches(
            1,
            comment={"id": "C1", "url": "u", "body": body},
            config={"text": "mode: manual", "isBinary": False, "isTruncated": False},
            tags=nodes(answers.tag("signalbox/7/cp-0", answers.BASE)),
        )
    )
    reading = await stack.client.read_plan(REPOSITORY, question(W1, comment=NodeId("C1")))
    assert len(stack.fake.sent) == 1
    assert reading.repository.full_name == "octo/demo"
    assert reading.issue.labels == ("plan",)
    assert (reading.base.name, reading.base.sha) == ("main", answers.BASE)
    assert reading.config_source == "mode: manual"
    assert reading.tags == {"signalbox/7/cp-0": answers.BASE}
    assert reading.comment is not None
    assert reading.comment.digest == digest_of("Status")
    stream = reading.workstreams[W1]
    assert stream.branch is not None
    assert (stream.branch.sha, stream.branch.ahead) == (answers.HEAD, None)
    assert [pull.number for pull in stream.pulls] == [1]
    variables = stack.fake.sent[0]["variables"]
    assert (variables["owner"], variables["name"], variables["app"]) == ("octo", "demo", APP_ID)


async def test_what_does_not_exist_is_nothing(stack: Stack) -> None:
    stack.fake.graphql(answers.plan(b0=None, p0=nodes(), base=None))
    reading = await stack.client.read_plan(REPOSITORY, question(W1, base=Branch("release")))
    assert (reading.base.name, reading.base.sha) == ("release", None)
    assert reading.workstreams[W1].branch is None
    assert reading.workstreams[W1].pulls == ()
    assert (reading.comment, reading.config_source, reading.tags) == (None, None, {})


async def test_fifty_workstreams_take_three_requests(stack: Stack) -> None:
    page = with_branches(20)
    stack.fake.graphql(page, page, with_branches(10))
    names = [f"signalbox/w{number}" for number in range(50)]
    reading = await stack.client.read_plan(REPOSITORY, question(*names))
    assert list(reading.workstreams) == names
    assert len(stack.fake.sent) == 3
    assert stack.fake.sent[2]["variables"]["h9"] == "signalbox/w49"


async def test_a_request_too_heavy_for_github_is_made_smaller(stack: Stack) -> None:
    heavy = {
        "data": {},
        "errors": errors(("RESOURCE_LIMITS_EXCEEDED", ["x"], "Resource limits for this query exceeded.")),
    }
    stack.fake.graphql(heavy, with_branches(10), with_branches(10))
    reading = await stack.client.read_plan(REPOSITORY, question(*(f"w{number}" for number in range(20))))
    assert len(reading.workstreams) == 20
    stack.fake.graphql(heavy)
    with pytest.raises(ReadFailed):
        await stack.client.read_plan(REPOSITORY, question(*(f"w{number}" for number in range(20))))
    assert len(stack.fake.sent) == 3 + len((20, 10, 5, 2, 1))


async def test_commits_beyond_the_base_are_counted_where_a_branch_exists(stack: Stack) -> None:
    compared = {"data": {"repository": {"base": {"c0": {"aheadBy": 2, "behindBy": 0}}}}}
    stack.fake.graphql(answers.plan(b0=None, p0=nodes(), b1=answers.tip(), p1=nodes()), compared)
    reading = await stack.client.read_plan(REPOSITORY, question("free", "taken", compare_branches=True))
    taken = reading.workstreams[Branch("taken")].branch
    assert taken is not None
    assert taken.ahead == 2
    assert stack.fake.sent[1]["variables"]["h0"] == "refs/heads/taken"
    assert "h1" not in stack.fake.sent[1]["variables"]


async def test_nothing_is_compared_where_no_branch_exists(stack: Stack) -> None:
    stack.fake.graphql(answers.plan(b0=None, p0=nodes()))
    await stack.client.read_plan(REPOSITORY, question("free", compare_branches=True))
    assert len(stack.fake.sent) == 1


async def test_older_pulls_of_our_own_are_not_searched_for(stack: Stack) -> None:
    ours = nodes(*(answers.pull(number) for number in (9, 8, 7)), more=True, cursor="c1")
    stack.fake.graphql(answers.plan(b0=answers.tip(), p0=ours))
    reading = await stack.client.read_plan(REPOSITORY, question(W1))
    assert [pull.number for pull in reading.workstreams[W1].pulls] == [9, 8, 7]
    assert len(stack.fake.sent) == 1


async def test_a_deleted_status_comment_is_no_failed_read(stack: Stack) -> None:
    gone = errors(("NOT_FOUND", ["comment"], "Could not resolve to a node with the global id of 'C1'"))
    stack.fake.graphql({**answers.plan(), "errors": gone})
    assert (await stack.client.read_plan(REPOSITORY, question(comment=NodeId("C1")))).comment is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (answers.plan(issue=None), NotFound),
        ({"data": {"repository": None, "comment": None}}, NotFound),
        ({**answers.plan(), "errors": errors(("NOT_FOUND", ["repository", "issue"], "no issue"))}, NotFound),
        ({**answers.plan(), "errors": errors(("", ["repository", "base"], "boom"))}, ReadFailed),
        (answers.plan(databaseId=None, labels=None), ReadFailed),
        (answers.plan(tags={}), ReadFailed),
    ],
)
async def test_half_a_plan_is_no_plan(stack: Stack, answer: answers.Json, error: type[Exception]) -> None:
    stack.fake.graphql(answer)
    with pytest.raises(error):
        await stack.client.read_plan(REPOSITORY, question())


async def test_open_pulls_are_read_page_by_page_or_only_the_first(stack: Stack) -> None:
    def page(number: int, *, more: bool) -> answers.Json:
        pulls = nodes(
            answers.pull(number, head_commit=answers.commit(own=(answers.own_run(),))), more=more, cursor="c1"
        )
        return {"data": {"repository": {"id": "R1", "pullRequests": pulls}}}

    stack.fake.graphql(page(1, more=True), page(2, more=False))
    node_id, pulls = await stack.client.open_pulls(REPOSITORY, first_page_only=False)
    assert (node_id, [pull.number for pull in pulls]) == ("R1", [1, 2])
    assert pulls[0].own_checks[0].node_id == "CR1"
    stack.fake.graphql(page(1, more=True))
    assert len((await stack.client.open_pulls(REPOSITORY, first_page_only=True))[1]) == 1


PERMISSION = "GET /repos/octo/demo/collaborators/wim/permission"


@pytest.mark.parametrize(
    ("answer", "role"),
    [
        (reply({"permission": "admin", "role_name": "admin"}), Role.ADMIN),
        (reply({"permission": "write", "role_name": "maintain"}), Role.MAINTAIN),
        (reply({"permission": "write", "role_name": "write"}), Role.WRITE),
        (reply({"permission": "read", "role_name": "triage"}), Role.TRIAGE),
        (reply({"permission": "read", "role_name": "read"}), Role.READ),
        (reply({"permission": "none", "role_name": "none"}), Role.NONE),
        (reply({"permission": "write", "role_name": "release captain"}), Role.WRITE),
        (reply({"permission": "unheard of", "role_name": "x"}), Role.NONE),
        (reply({"permission": "none"}), Role.NONE),
        (reply({"message": "Not Found"}, status=404), Role.NONE),
    ],
)
async def test_a_role_is_read_by_its_name(stack: Stack, answer: Handler, role: Role) -> None:
    stack.fake.answers(PERMISSION, answer)
    assert await stack.client.role(REPOSITORY, Login("wim")) is role


async def test_a_role_that_cannot_be_read_is_no_role(stack: Stack) -> None:
    for answer in (reply({}), reply([]), reply({"message": "no"}, status=422)):
        stack.fake.answers(PERMISSION, answer)
        with pytest.raises(ReadFailed):
            await stack.client.role(REPOSITORY, Login("wim"))


async def test_a_comment_of_ours_is_found_by_its_marker(stack: Stack) -> None:
    def comment(node_id: str, key: str, app: int | None) -> answers.Json:
        author = None if app is None else {"id": app}
        return {"node_id": node_id, "body": mark("x", key), "performed_via_github_app": author}

    stack.fake.answers(
        "GET /repos/octo/demo/issues/7/comments",
        reply(
            [
                comment("forged", "reply:1", None),
                comment("foreign", "reply:1", 666),
                comment("other", "reply:2", APP_ID),
                {"node_id": "empty", "body": None},
                comment("ours", "reply:1", APP_ID),
            ]
        ),
    )
    assert await stack.client.find_comment(REPOSITORY, 7, "reply:1", SINCE) == "ours"
    assert await stack.client.find_comment(REPOSITORY, 7, "reply:9", SINCE) is None
    assert unquote(stack.fake.requests[-1].query) == "since=2026-05-01T00:00:00Z&per_page=100"


async def test_the_newest_body_of_an_issue_is_read(stack: Stack) -> None:
    stack.fake.graphql({"data": {"repository": {"issue": {"body": "text"}}}}, {"data": {"repository": {"issue": None}}})
    assert await stack.client.issue_body(REPOSITORY, ISSUE) == "text"
    with pytest.raises(NotFound):
        await stack.client.issue_body(REPOSITORY, ISSUE)


# ---- writes ----


async def test_actions_of_all_kinds_travel_together(stack: Stack) -> None:
    data = {"a0": {"label": {"id": "L"}}, "a1": None, "a2": {"commentEdge": {"node": {"id": "C"}}}}
    stack.fake.graphql(
        {"data": data, "errors": errors(("FORBIDDEN", ["a1"], "Resource not accessible by integration"))}
    )
    found = await stack.client.mutate(KNOWN, [LABEL, put_check(), COMMENT])
    assert [each.kind for each in found] == [OutcomeKind.DONE, OutcomeKind.REFUSED, OutcomeKind.DONE]
    assert [each.result for each in found] == ["L", None, "C"]
    assert "Checks" in found[1].detail
    assert len(stack.fake.sent) == 1


async def test_after_a_request_without_an_answer_the_rest_is_not_tried(stack: Stack, quick: None) -> None:
    fine = reply({"data": {f"a{number}": {"pullRequest": {"id": f"P{number}"}} for number in range(5)}})
    stack.fake.answers("POST /graphql", fine, silence)
    found = await stack.client.mutate(KNOWN, [open_pull(number) for number in range(12)])
    kinds = [each.kind for each in found]
    assert kinds == [OutcomeKind.DONE] * 5 + [OutcomeKind.UNKNOWN] * 5 + [OutcomeKind.LATER] * 2
    assert len(stack.fake.sent) == 2


async def test_a_limit_in_the_middle_puts_off_the_rest(stack: Stack) -> None:
    fine = reply({"data": {f"a{number}": {"pullRequest": {"id": f"P{number}"}} for number in range(5)}})
    limited = reply({"message": "secondary rate limit"}, status=403, headers={"retry-after": "30"})
    stack.fake.answers("POST /graphql", fine, limited)
    found = await stack.client.mutate(KNOWN, [open_pull(number) for number in range(12)])
    assert [each.kind for each in found] == [OutcomeKind.DONE] * 5 + [OutcomeKind.LATER] * 7
    assert {each.retry_after for each in found[5:]} == {timedelta(seconds=30)}


async def test_the_repositorys_id_is_asked_for_once_if_nobody_knows_it(stack: Stack) -> None:
    stack.fake.graphql({"data": {"repository": {"id": "R1"}}}, {"data": {"a0": {"label": {"id": "L"}}}})
    await stack.client.mutate(REPOSITORY, [LABEL])
    await stack.client.mutate(REPOSITORY, [LABEL])
    assert len(stack.fake.sent) == 3
    assert stack.fake.sent[2]["variables"]["i0"]["repositoryId"] == "R1"


async def test_without_the_repositorys_id_nothing_is_written(stack: Stack, quick: None) -> None:
    stack.fake.answers("POST /graphql", reply({}, status=502))
    found = await stack.client.mutate(REPOSITORY, [LABEL, ADD])
    assert [each.kind for each in found] == [OutcomeKind.LATER] * 2
    assert all("query RepositoryId" in body["query"] for body in stack.fake.sent)


async def test_nothing_to_do_asks_nothing(stack: Stack) -> None:
    assert await stack.client.mutate(KNOWN, []) == []
    assert stack.fake.requests == []


MERGE = "PUT /repos/octo/demo/pulls/3/merge"


def merge(method: MergeMethod = MergeMethod.SQUASH) -> MergePull:
    return MergePull(
        key=Key("W1"), pull=PullNumber(3), head_sha=Sha(answers.HEAD), method=method, title="W1 (#3)", message="m"
    )


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply({"sha": answers.BASE, "merged": True}), OutcomeKind.DONE),
        (
            reply({"message": "Head branch was modified. Review and try the merge again."}, status=409),
            OutcomeKind.MOVED,
        ),
        (reply({"message": "Not Found"}, status=404), OutcomeKind.MOVED),
        (
            reply({"message": "Base branch was modified. Review and try the merge again."}, status=405),
            OutcomeKind.LATER,
        ),
        (reply({"message": "Pull Request is not mergeable"}, status=405), OutcomeKind.REFUSED),
        (reply({"message": 'Required status check "x" is expected.'}, status=405), OutcomeKind.REFUSED),
        (reply({"message": "Resource not accessible by integration"}, status=403), OutcomeKind.REFUSED),
        (reply({"message": "Validation Failed", "errors": [{"message": "bad"}]}, status=422), OutcomeKind.REFUSED),
        (reply({"message": "slow down"}, status=429, headers={"retry-after": "1"}), OutcomeKind.LATER),
        (reply({}, status=502), OutcomeKind.UNKNOWN),
        (hang_up, OutcomeKind.UNKNOWN),
        (silence, OutcomeKind.UNKNOWN),
    ],
)
async def test_every_end_of_a_merge_is_told_apart(
    stack: Stack, quick: None, answer: Handler, kind: OutcomeKind
) -> None:
    stack.fake.answers(MERGE, answer)
    outcome = await stack.client.merge_pull(REPOSITORY, merge())
    assert outcome.kind is kind
    assert outcome.result == (answers.BASE if kind is OutcomeKind.DONE else None)
    assert bool(outcome.detail) == (kind is not OutcomeKind.DONE)
    (seen,) = stack.fake.of(MERGE)
    assert seen.body == {
        "sha": answers.HEAD,
        "merge_method": "squash",
        "commit_title": "W1 (#3)",
        "commit_message": "m",
    }


async def test_a_rebase_keeps_its_commits_messages(stack: Stack) -> None:
    stack.fake.answers(MERGE, reply({"sha": answers.BASE}))
    await stack.client.merge_pull(REPOSITORY, merge(MergeMethod.REBASE))
    assert stack.fake.of(MERGE)[0].body == {"sha": answers.HEAD, "merge_method": "rebase"}


async def test_an_issues_body_is_replaced(stack: Stack) -> None:
    route = "PATCH /repos/octo/demo/issues/7"
    stack.fake.answers(
        route,
        reply({}),
        reply({"message": "Resource not accessible by integration"}, status=403),
        reply({}, status=410),
    )
    kinds = []
    for _ in range(3):
        outcome = await stack.client.edit_issue_body(REPOSITORY, ISSUE, "new")
        kinds.append(outcome.kind)
    assert kinds == [OutcomeKind.DONE, OutcomeKind.REFUSED, OutcomeKind.MOVED]
    assert stack.fake.of(route)[0].body == {"body": "new"}
