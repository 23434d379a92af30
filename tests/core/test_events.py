"""What each webhook wakes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.events import (
    BaseWake,
    BranchWake,
    IssueSeen,
    OutsideWake,
    PlanIssue,
    PullWake,
    RepositoryWake,
    Wake,
    read_event,
)
from bot.core.model import Branch, IssueNumber, PullNumber
from bot.errors import PayloadError
from tests.build import APP, sha
from tests.core.payloads import COMMENT, FORK, ISSUE, ORPHAN, PULL, REPO, RUN, SUITE, about_the_app, payload

BRANCH, PULL_WAKE = (
    BranchWake(name=Branch("signalbox/w1")),
    PullWake(number=PullNumber(12), head=Branch("signalbox/w1")),
)
OF_BRANCH = (BRANCH, BaseWake(name=Branch("signalbox/w1")))  # for all that an event says a plan may merge into it
OF_PULL = (PULL_WAKE, BaseWake(name=Branch("signalbox/w1")))
ON_MAIN = {"head_branch": "main", "pull_requests": []}
MAIN = (BranchWake(name=Branch("main")), BaseWake(name=Branch("main")))
GROUP = f"gh-readonly-queue/release/1/pr-12-{sha('base')}"


@pytest.mark.parametrize(
    ("name", "body", "wakes"),
    [
        pytest.param("issues", payload("labeled", issue=ISSUE), (PlanIssue(number=IssueNumber(5)),), id="issue labeled"),
        pytest.param("issues", payload("deleted", issue=ISSUE), (PlanIssue(number=IssueNumber(5)),), id="issue deleted"),
        pytest.param("pull_request", payload("synchronize", pull_request=PULL), (PULL_WAKE,), id="pull pushed"),
        pytest.param(
            "pull_request", payload("opened", pull_request=FORK), (PullWake(number=PullNumber(12), head=None),), id="from a fork"
        ),
        pytest.param(
            "pull_request", payload("closed", pull_request=ORPHAN), (PullWake(number=PullNumber(12), head=None),), id="fork gone"
        ),
        pytest.param("pull_request_review", payload("submitted", pull_request=PULL), (PULL_WAKE,), id="review"),
        pytest.param("push", payload(ref="refs/heads/main"), MAIN, id="push"),
        pytest.param("push", payload(ref="refs/tags/v1"), (), id="tag pushed"),
        pytest.param("create", payload(ref="main", ref_type="branch"), MAIN, id="branch created"),
        pytest.param("delete", payload(ref="main", ref_type="branch"), MAIN, id="branch deleted"),
        pytest.param("delete", payload(ref="v1", ref_type="tag"), (), id="tag deleted"),
        pytest.param("check_run", payload("completed", check_run=RUN), OF_PULL, id="check"),
        pytest.param(
            "check_run", payload("completed", check_run={**RUN, "pull_requests": []}), OF_BRANCH, id="check without pulls"
        ),
        pytest.param(
            "check_run",
            payload("completed", check_run={"name": "unit", "check_suite": {"head_branch": "main"}}),
            MAIN,
            id="check on a base branch",
        ),
        pytest.param("check_suite", payload("completed", check_suite=ON_MAIN), MAIN, id="suite on a base branch"),
        pytest.param(
            "check_run",
            payload("completed", check_run={"name": "unit", "check_suite": {"head_branch": None}}),
            (),
            id="check on a fork",
        ),
        pytest.param("check_run", payload("created", check_run={"name": "unit"}), (), id="check without a suite"),
        pytest.param("check_run", payload("rerequested", check_run=RUN), OF_PULL, id="check asked for again"),
        pytest.param("check_suite", payload("completed", check_suite=SUITE), OF_PULL, id="suite"),
        pytest.param("check_suite", payload("requested", check_suite={}), (), id="suite of nothing"),
        pytest.param(
            "status",
            payload(branches=[{"name": "a"}, {"name": "b"}]),
            (
                BranchWake(name=Branch("a")), BaseWake(name=Branch("a")),
                BranchWake(name=Branch("b")), BaseWake(name=Branch("b")),
            ),
            id="status",
        ),
        pytest.param("status", payload(branches=[]), (), id="status on an old commit"),
        pytest.param(
            "check_run",
            payload("completed", check_run={**RUN, "pull_requests": [], "check_suite": {"head_branch": GROUP}}),
            (BranchWake(name=Branch(GROUP)), BaseWake(name=Branch(GROUP)), BaseWake(name=Branch("release/1"))),
            id="check of a merge group",
        ),
        pytest.param(
            "merge_group",
            payload("checks_requested", merge_group={"base_ref": "refs/heads/main"}),
            (BaseWake(name=Branch("main")), OutsideWake()),
            id="merge group",
        ),
        pytest.param("label", payload("deleted"), (RepositoryWake(),), id="label"),
        pytest.param("repository", payload("renamed"), (RepositoryWake(),), id="repository renamed"),
        pytest.param("repository_ruleset", payload("edited"), (RepositoryWake(),), id="rules"),
        pytest.param("branch_protection_rule", payload("edited"), (RepositoryWake(),), id="older rules"),
        pytest.param("issue_comment", payload("created", issue=ISSUE, comment=COMMENT), (), id="comment"),
        pytest.param("star", payload("created"), (), id="unknown"),
    ],
)  # fmt: skip
def test_what_an_event_wakes(name: str, body: dict[str, Any], wakes: tuple[Wake, ...]) -> None:
    assert read_event(name, body).wakes == wakes


def test_every_event_says_where_it_happened() -> None:
    event = read_event("issues", payload("labeled", issue=ISSUE))
    assert (event.name, event.action, event.installation_id, event.sender) == ("issues", "labeled", 3, "mia")
    assert (event.repository_id, event.full_name) == (77, "octo/demo")
    push = read_event("push", {"ref": "refs/heads/x", "repository": REPO})
    assert (push.action, push.installation_id, push.sender) == ("", None, None)


@pytest.mark.parametrize(
    ("name", "more"), [("repository_ruleset", {}), ("merge_group", {"merge_group": {"base_ref": "refs/heads/main"}})]
)
def test_what_names_no_repository_is_read_and_wakes_nothing(name: str, more: dict[str, Any]) -> None:
    """GitHub's schema lets these come without one: the rules of an organization are of no repository."""
    body = payload("edited", organization={"login": "octo"}, **more)
    del body["repository"]
    event = read_event(name, body)
    assert (event.wakes, event.commands, event.removed, event.repository_id) == ((), (), (), None)


def test_an_issue_event_tells_a_plan_from_another_issue() -> None:
    for labels, labelled in ((ISSUE["labels"], True), ([], False), (None, False), ([{"name": None}], True)):
        event = read_event("issues", payload("closed", issue={**ISSUE, "labels": labels}))
        assert event.issue == IssueSeen(number=IssueNumber(5), labelled=labelled)


@pytest.mark.parametrize("sender", [None, {}, {"login": "\ud800"}, {"login": "x" * 101}, "ada"])
def test_who_cannot_be_read_is_nobody(sender: object) -> None:
    event = read_event("push", payload(ref="refs/heads/main", sender=sender))
    assert (event.sender, event.wakes) == (None, MAIN)


def test_a_check_event_tells_who_reports() -> None:
    assert read_event("check_run", payload("completed", check_run=RUN)).app_id == APP
    assert read_event("check_suite", payload("completed", check_suite=SUITE)).app_id == 9


# installations

OTHER = {"id": 78, "node_id": "R_78", "full_name": "octo/other"}


@pytest.mark.parametrize(
    ("name", "body", "installed", "removed", "gone"),
    [
        pytest.param("installation", about_the_app("created", repositories=[REPO]), [77], [], False, id="installed"),
        pytest.param("installation", about_the_app("unsuspend", repositories=[REPO]), [77], [], False, id="back again"),
        pytest.param("installation", about_the_app("new_permissions_accepted"), [], [], False, id="more permissions"),
        pytest.param("installation", about_the_app("deleted", repositories=[REPO]), [], [77], True, id="uninstalled"),
        pytest.param("installation", about_the_app("suspend", repositories=[REPO]), [], [77], True, id="suspended"),
        pytest.param(
            "installation_repositories",
            about_the_app("added", repositories_added=[OTHER], repositories_removed=[]),
            [78],
            [],
            False,
            id="repository added",
        ),
        pytest.param(
            "installation_repositories",
            about_the_app("removed", repositories_added=[], repositories_removed=[OTHER]),
            [],
            [78],
            False,
            id="repository removed",
        ),
        pytest.param("repository", payload("deleted"), [], [77], False, id="repository deleted"),
    ],
)
def test_where_the_app_may_act(
    name: str, body: dict[str, Any], installed: list[int], removed: list[int], gone: bool
) -> None:
    event = read_event(name, body)
    assert ([each[0] for each in event.installed], [each[0] for each in event.removed]) == (installed, removed)
    assert event.uninstalled is gone
    assert all("/" in name for _, name in (*event.installed, *event.removed))


@pytest.mark.parametrize(
    ("body", "name", "where"),
    [
        pytest.param(payload("deleted", issue=ISSUE), "installation", "repository", id="issue as uninstalled"),
        pytest.param({**payload("deleted"), "repository": None}, "installation", "account", id="team as uninstalled"),
        pytest.param(
            about_the_app("removed", repositories_added=[], repositories_removed=[OTHER]),
            "installation",
            "repositories_added",
            id="taken out as uninstalled",
        ),
        pytest.param(
            about_the_app("deleted", repositories=[REPO]),
            "installation_repositories",
            "repositories_added",
            id="uninstalled as taken out",
        ),
        pytest.param(payload("deleted", label={}), "repository", "label", id="label as repository"),
        pytest.param(payload("deleted", issue=ISSUE, comment=COMMENT), "repository", "issue", id="comment as repository"),
        pytest.param(payload("deleted", release={}), "repository", "release", id="release as repository"),
        pytest.param(payload("deleted", starred_at=None), "repository", "starred_at", id="star as repository"),
        pytest.param(payload("created", comment=COMMENT), "issue_comment", "issue", id="note on a commit as comment"),
    ],
)  # fmt: skip
def test_a_body_is_not_taken_for_that_of_another_event(body: dict[str, Any], name: str, where: str) -> None:
    """The name of an event is not signed: whoever has an old body may send it under any."""
    with pytest.raises(PayloadError, match=where):
        read_event(name, body)


# malformed


@pytest.mark.parametrize(
    ("name", "body", "where"),
    [
        pytest.param("issues", {}, "repository", id="nothing"),
        pytest.param("issues", payload("opened"), "issue", id="no issue"),
        pytest.param("issues", payload("opened", issue={**ISSUE, "number": "x"}), "issue.number", id="no number"),
        pytest.param("issues", payload("opened", issue={**ISSUE, "number": -1}), "issue.number", id="negative number"),
        pytest.param("issues", payload("opened", issue=[]), "issue", id="a list"),
        pytest.param("push", payload(ref=None), "ref", id="no ref"),
        pytest.param(
            "push", {"ref": "refs/heads/x", "repository": {**REPO, "id": 2**63}}, "repository.id", id="huge id"
        ),
        pytest.param(
            "push", {"ref": "refs/heads/x", "repository": {**REPO, "full_name": "../x/y"}}, "full_name", id="no name"
        ),
        pytest.param(
            "pull_request",
            payload("opened", pull_request={**PULL, "head": {"ref": "a\nb"}}),
            "pull_request.head.ref",
            id="no branch",
        ),
        pytest.param(
            "issue_comment",
            payload("created", issue=ISSUE, comment={**COMMENT, "body": "/sb pause \ud83d"}),
            "comment.body",
            id="half a character",
        ),
        pytest.param(
            "check_suite",
            payload("completed", check_suite={**SUITE, "head_branch": "a\ud83d"}),
            "check_suite.head_branch",
            id="half a character in a branch",
        ),
        pytest.param(
            "check_suite",
            payload("completed", check_suite={**SUITE, "head_branch": "a\0"}),
            "check_suite.head_branch",
            id="a zero in a branch",
        ),
        pytest.param("label", payload("edited\udc00"), "action", id="half a character in the action"),
        pytest.param(
            "check_run",
            payload("requested_action", check_run=RUN, requested_action={"identifier": "why"}, sender={"login": ""}),
            "sender.login",
            id="a press of nobody",
        ),
        pytest.param(
            "issue_comment",
            payload("created", issue=ISSUE, comment={**COMMENT, "created_at": "2026-11-20T19:05:00"}),
            "comment.created_at",
            id="no time zone",
        ),
        pytest.param(
            "check_run",
            payload("requested_action", check_run=RUN, requested_action={"identifier": "x" * 21}),
            "identifier",
            id="long identifier",
        ),
    ],
)
def test_a_malformed_payload_is_refused_by_name(name: str, body: dict[str, Any], where: str) -> None:
    with pytest.raises(PayloadError, match=where):
        read_event(name, body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
FIELDS = ("action", "repository", "installation", "sender", "issue", "comment", "pull_request", "check_run", "ref")
EVENTS = ("issues", "issue_comment", "pull_request", "push", "check_run", "installation", "unknown")


@given(st.sampled_from(EVENTS), st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4))
def test_any_body_is_read_or_refused(name: str, more: dict[str, Any]) -> None:
    whole = payload("created", issue=ISSUE, comment=COMMENT, pull_request=PULL, check_run=RUN, ref="refs/heads/main")
    try:
        event = read_event(name, {**whole, **more})
    except PayloadError:
        return
    assert event.name == name
