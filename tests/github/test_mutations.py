from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.actions import (
    AddLabels,
    CheckAction,
    ClosePull,
    CreateLabel,
    CreateRefs,
    DeleteBranch,
    EditComment,
    EmptyCommit,
    MarkReady,
    Mutation,
    OpenPull,
    Outcome,
    OutcomeKind,
    PostComment,
    PutCheck,
    React,
    RemoveLabels,
    ReopenPull,
    UpdateBranch,
)
from bot.core.model import Branch, Key, NodeId, Sha
from bot.github import mutations
from bot.github.answers import GraphQLAnswer, GraphQLError
from bot.github.outcomes import outcomes

SHA = Sha("a" * 40)
DONE, ALREADY, MOVED = OutcomeKind.DONE, OutcomeKind.ALREADY, OutcomeKind.MOVED
REFUSED, LATER, UNKNOWN = OutcomeKind.REFUSED, OutcomeKind.LATER, OutcomeKind.UNKNOWN


def open_pull(number: int = 1, **changes: Any) -> OpenPull:
    values: dict[str, Any] = {
        "key": Key(f"W{number}"),
        "head": Branch(f"signalbox/w{number}"),
        "base": Branch("main"),
        "title": 'Say "hi" $x {}',
        "body": "text",
        "draft": True,
    }
    return OpenPull(**{**values, **changes})


def put_check(**changes: Any) -> PutCheck:
    values: dict[str, Any] = {
        "head_sha": SHA,
        "run": None,
        "status": "in_progress",
        "conclusion": None,
        "title": "Waiting",
        "summary": "for W1",
        "external_id": "plan/1/x/y/z",
        "details_url": "https://example.org/1",
    }
    return PutCheck(**{**values, **changes})


LABEL = CreateLabel(name="signalbox:ready", color="00ff00", description="d")
REFS = CreateRefs(refs=(("refs/heads/x", SHA), ("refs/tags/signalbox/1/cp-0", SHA)))
COMMIT = EmptyCommit(branch=Branch("x"), expected=SHA, headline="Open", body="[skip ci]")
DELETE = DeleteBranch(branch=Branch("x"), expected=SHA)
COMMENT = PostComment(journal_key="status", number=1, subject=NodeId("I"), body="b")
ADD = AddLabels(subject=NodeId("P"), labels=(NodeId("L"),))
UPDATE = UpdateBranch(key=Key("W1"), pull=NodeId("P"), expected=SHA)
REACT = React(subject=NodeId("C"), content="EYES")


def batch(*actions: Mutation) -> mutations.Batch:
    return mutations.batch(actions, NodeId("R"), "octo/demo")


def inputs(*actions: Mutation) -> list[Any]:
    return list(batch(*actions).variables.values())


@pytest.mark.parametrize(
    ("actions", "sizes"),
    [
        ([], []),
        ([open_pull(number) for number in range(12)], [5, 5, 2]),
        ([put_check() for _ in range(21)], [10, 10, 1]),
        ([ADD] * 11, [10, 1]),
        ([REACT] * 41, [20, 20, 1]),
        ([open_pull(), put_check(), COMMENT] * 3, [8, 1]),
    ],
    ids=["none", "pulls", "checks", "labels", "reactions", "mixed"],
)
def test_requests_hold_what_github_carries_and_keep_the_order(actions: list[Mutation], sizes: list[int]) -> None:
    groups = mutations.batches(actions)
    assert [len(group) for group in groups] == sizes
    assert [action for group in groups for action in group] == actions


def test_nothing_that_people_wrote_stands_in_the_document() -> None:
    document = batch(open_pull(), COMMENT, put_check()).document
    assert document == (
        "mutation Apply($i0: CreatePullRequestInput!, $i1: AddCommentInput!, $i2: CreateCheckRunInput!) {\n"
        "  a0: createPullRequest(input: $i0) { pullRequest { id } }\n"
        "  a1: addComment(input: $i1) { commentEdge { node { id } } }\n"
        "  a2: createCheckRun(input: $i2) { checkRun { id } }\n"
        "}"
    )


def test_refs_are_created_all_or_none_where_none_was() -> None:
    assert inputs(REFS) == [
        {
            "repositoryId": "R",
            "refUpdates": [
                {"name": "refs/heads/x", "beforeOid": "0" * 40, "afterOid": SHA},
                {"name": "refs/tags/signalbox/1/cp-0", "beforeOid": "0" * 40, "afterOid": SHA},
            ],
        }
    ]


def test_a_branch_is_deleted_only_where_it_was_seen() -> None:
    update = {"name": "refs/heads/x", "beforeOid": SHA, "afterOid": "0" * 40}
    assert inputs(DELETE) == [{"repositoryId": "R", "refUpdates": [update]}]


def test_an_empty_commit_names_the_tip_it_expects() -> None:
    assert inputs(COMMIT) == [
        {
            "branch": {"repositoryNameWithOwner": "octo/demo", "branchName": "x"},
            "expectedHeadOid": SHA,
            "message": {"headline": "Open", "body": "[skip ci]"},
            "fileChanges": {},
        }
    ]


def test_a_branch_is_brought_up_to_date_from_the_head_it_has() -> None:
    merge = {"pullRequestId": "P", "expectedHeadOid": SHA, "updateMethod": "MERGE"}
    assert inputs(UPDATE, replace(UPDATE, rebase=True)) == [merge, {**merge, "updateMethod": "REBASE"}]
    assert "a0: updatePullRequestBranch(input: $i0) { clientMutationId }" in batch(UPDATE).document


def test_a_check_is_created_once_and_then_changed() -> None:
    button = CheckAction(label="Retry", description="Run again", identifier="retry")
    created, changed = inputs(
        put_check(), put_check(run=NodeId("C"), status="completed", conclusion="action_required", buttons=(button,))
    )
    assert created["headSha"] == SHA
    assert created["status"] == "IN_PROGRESS"
    assert "conclusion" not in created
    assert created["output"] == {"title": "Waiting", "summary": "for W1"}
    assert changed["checkRunId"] == "C"
    assert "headSha" not in changed
    assert changed["conclusion"] == "ACTION_REQUIRED"
    assert changed["actions"] == [{"label": "Retry", "description": "Run again", "identifier": "retry"}]


def test_pulls_and_comments_take_a_place_in_the_pacing_each() -> None:
    assert batch(open_pull(1), open_pull(2), COMMENT, ADD).weight == 3
    assert batch(ADD, REACT).weight == 1


def one(action: Mutation, kind: str, message: str) -> Outcome:
    error = GraphQLError(kind=kind, message=message, path=("a0",))
    return outcomes(batch(action), GraphQLAnswer(data={"a0": None}, errors=(error,)))[0]


@pytest.mark.parametrize(
    ("action", "kind", "message", "expected"),
    [
        (COMMIT, "STALE_DATA", 'Expected branch to point to "aaa" but it did not.  Pull and try again.', MOVED),
        (COMMIT, "NOT_FOUND", "Could not resolve to a Branch", MOVED),
        (ADD, "NOT_FOUND", "Could not resolve to a node with the global id of 'x'", MOVED),
        (DELETE, "UNPROCESSABLE", "refs/heads/x is at abc but expected def", MOVED),
        (REFS, "UNPROCESSABLE", "Reference cannot be updated", MOVED),
        (DELETE, "UNPROCESSABLE", "Reference does not exist", MOVED),
        (UPDATE, "UNPROCESSABLE", "expected head sha didn’t match current head ref.", MOVED),
        (UPDATE, "UNPROCESSABLE", "expected_head_oid: Expected head oid does not match", MOVED),
        (UPDATE, "UNPROCESSABLE", "There are no new commits on the base branch.", ALREADY),
        (UPDATE, "UNPROCESSABLE", "rebase not prepared", LATER),
        (UPDATE, "UNPROCESSABLE", "merge conflict between base and head", REFUSED),
        (REFS, "UNPROCESSABLE", "Cannot create ref due to creations being restricted.", REFUSED),
        (REFS, "UNPROCESSABLE", "Reference already exists", ALREADY),
        (open_pull(), "UNPROCESSABLE", "A pull request already exists for octo:signalbox/w1.", ALREADY),
        (LABEL, "UNPROCESSABLE", "Name has already been taken", ALREADY),
        (open_pull(), "UNPROCESSABLE", "Draft pull requests are not supported in this repository.", REFUSED),
        (open_pull(), "UNPROCESSABLE", "No commits between main and signalbox/w1", REFUSED),
        (open_pull(), "UNPROCESSABLE", "was submitted too quickly", LATER),
        (open_pull(), "RATE_LIMITED", "API rate limit exceeded", LATER),
        (put_check(), "RESOURCE_LIMITS_EXCEEDED", "Resource limits for this query exceeded.", LATER),
        (open_pull(), "", "Something went wrong while executing your query.", UNKNOWN),
        (put_check(), "UNPROCESSABLE", "Some news that nobody foresaw", REFUSED),
    ],
)
def test_each_refusal_is_told_apart(action: Mutation, kind: str, message: str, expected: OutcomeKind) -> None:
    outcome = one(action, kind, message)
    assert outcome.kind is expected
    assert outcome.detail == message
    assert (outcome.retry_after is not None) == (expected is LATER)


@pytest.mark.parametrize(
    ("action", "permission"),
    [
        (LABEL, "Issues and Pull requests"),
        (REFS, "Contents"),
        (DELETE, "Contents"),
        (COMMIT, "Contents"),
        (open_pull(), "Pull requests"),
        (ReopenPull(pull=NodeId("P")), "Pull requests"),
        (ClosePull(pull=NodeId("P")), "Pull requests"),
        (MarkReady(pull=NodeId("P")), "Pull requests"),
        (UPDATE, "Pull requests: read and write, and Contents"),
        (ADD, "Issues and Pull requests"),
        (RemoveLabels(subject=NodeId("P"), labels=(NodeId("L"),)), "Issues and Pull requests"),
        (put_check(), "Checks"),
        (COMMENT, "Issues and Pull requests"),
        (EditComment(comment=NodeId("C"), body="b"), "Issues and Pull requests"),
        (REACT, "Issues and Pull requests"),
    ],
)
def test_a_missing_permission_is_named(action: Mutation, permission: str) -> None:
    outcome = one(action, "FORBIDDEN", "Resource not accessible by integration")
    assert outcome.kind is REFUSED
    assert outcome.detail.startswith(
        "Resource not accessible by integration. The App needs the permission " + permission
    )


def test_one_refused_action_leaves_the_others() -> None:
    error = GraphQLError(kind="STALE_DATA", message="moved", path=("a1",))
    data = {
        "a0": {"label": {"id": "L"}},
        "a1": None,
        "a2": {"pullRequest": {"id": "P"}},
        "a3": {"commentEdge": {"node": {"id": "C"}}},
        "a4": {"clientMutationId": None},
        "a5": {"commit": {"oid": "b" * 40}},
    }
    answer = GraphQLAnswer(data=data, errors=(error,))
    found = outcomes(batch(LABEL, COMMIT, open_pull(), COMMENT, ADD, COMMIT), answer)
    assert [(each.kind, each.result) for each in found] == [
        (DONE, "L"),
        (MOVED, None),
        (DONE, "P"),
        (DONE, "C"),
        (DONE, None),
        (DONE, "b" * 40),
    ]


def test_an_error_of_the_request_counts_for_all_that_have_no_answer() -> None:
    error = GraphQLError(kind="", message="Something went wrong while executing your query", path=())
    answer = GraphQLAnswer(data={"a0": {"label": {"id": "L"}}}, errors=(error,))
    assert [each.kind for each in outcomes(batch(LABEL, COMMENT), answer)] == [DONE, UNKNOWN]


def test_an_action_without_a_word_about_it_is_unknown() -> None:
    assert outcomes(batch(LABEL), GraphQLAnswer(data={"a0": None}, errors=()))[0].kind is UNKNOWN


def test_too_quick_waits_a_minute() -> None:
    assert one(COMMENT, "UNPROCESSABLE", "was submitted too quickly").retry_after == timedelta(seconds=60)
