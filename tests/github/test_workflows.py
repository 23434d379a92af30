"""What GitHub may answer to the wish for a re-run or the start of a workflow, and the suites that no roll-up shows."""

from typing import Any

import pytest

from bot.core.actions import Outcome, OutcomeKind, RerunJob, StartWorkflow
from bot.core.facts import CheckState, CommitFacts
from bot.core.model import Branch, NodeId, PullNumber, RunId, Sha
from bot.errors import ReadFailed
from tests.build import a_check
from tests.github import answers
from tests.github.answers import Json, nodes
from tests.github.fake import REPOSITORY, Handler, Stack, reply

DONE, LATER, REFUSED, UNKNOWN = OutcomeKind.DONE, OutcomeKind.LATER, OutcomeKind.REFUSED, OutcomeKind.UNKNOWN
RERUN = "POST /repos/octo/demo/actions/jobs/77/rerun"
START = "POST /repos/octo/demo/actions/workflows/ci.yml/dispatches"
SHA = Sha("a" * 40)
NO_PERMISSION = reply({"message": "Resource not accessible by integration"}, status=403)


def says(message: str, status: int) -> Handler:
    return reply({"message": message}, status=status)


async def rerun(stack: Stack) -> Outcome:
    return await stack.client.rerun_job(REPOSITORY, RerunJob(job=RunId(77), check="tests", sha=SHA))


async def start(stack: Stack) -> Outcome:
    action = StartWorkflow(workflow="ci.yml", ref=Branch("main"), pull=PullNumber(12))
    return await stack.client.start_workflow(REPOSITORY, action)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply({}, status=201), DONE, ""),
        (says("This workflow is already running", 403), LATER, "already running"),
        (NO_PERMISSION, REFUSED, "the App lacks the permission Actions: read and write"),
        (says("Unable to retry this workflow run because it was created over a month ago", 403), REFUSED, "a month"),
        (says("This workflow run cannot be retried", 403), REFUSED, "cannot be retried"),
        (says("Not Found", 404), REFUSED, "it is no job of GitHub Actions"),
        (says("slow down", 429), LATER, ""),
        (reply({}, status=502), UNKNOWN, ""),
    ],
)
async def test_every_end_of_a_rerun_is_told_apart(
    stack: Stack, quick: None, answer: Handler, kind: OutcomeKind, words: str
) -> None:
    stack.fake.answers(RERUN, answer)
    outcome = await rerun(stack)
    assert outcome.kind is kind
    assert words in outcome.detail
    assert (outcome.retry_after is not None) == (kind is LATER)
    assert len(stack.fake.of(RERUN)) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply(None, status=204), DONE, ""),
        (reply({"workflow_run_id": 5}, status=200), DONE, ""),
        (says("Not Found", 404), REFUSED, "GitHub knows no workflow ci.yml"),
        (says("Workflow does not have 'workflow_dispatch' trigger", 422), REFUSED, "'workflow_dispatch' trigger"),
        (NO_PERMISSION, REFUSED, "Actions: read and write"),
        (reply({}, status=502), UNKNOWN, ""),
    ],
)
async def test_every_end_of_a_start_is_told_apart(
    stack: Stack, quick: None, answer: Handler, kind: OutcomeKind, words: str
) -> None:
    stack.fake.answers(START, answer)
    outcome = await start(stack)
    assert outcome.kind is kind
    assert words in outcome.detail
    (sent,) = stack.fake.of(START)
    assert sent.body == {"ref": "main"}


# ---- suites ----


def a_run(name: str = "tests", number: int = 1, **changes: Any) -> Json:
    return {key: value for key, value in answers.run(name, databaseId=number, **changes).items() if key != "checkSuite"}


def suites(*runs: Json, more_suites: bool = False, more_runs: bool = False) -> Json:
    """A commit with one suite of GitHub Actions."""
    app = {"databaseId": 15368, "name": "GitHub Actions", "slug": "github-actions"}
    suite = {"id": "CS_9", "app": app, "checkRuns": nodes(*runs, more=more_runs)}
    return {"checkSuites": nodes(suite, more=more_suites)}


async def joined(stack: Stack, data: Json | None, *checks: Any) -> CommitFacts:
    stack.fake.graphql({"data": {"repository": {"c0": data}}})
    commit = CommitFacts(sha=SHA, tree=Sha("c" * 40), parents=(), checks=checks)
    return (await stack.client.every_suite(REPOSITORY, {SHA: commit}))[SHA]


async def test_the_runs_of_all_suites_are_joined_with_what_is_known(stack: Stack) -> None:
    known = (a_check("lint"), a_check("tests", CheckState.PENDING, app_id=15368))
    commit = await joined(stack, suites(a_run(), a_run("e2e", 2)), *known)
    assert [(each.name, each.state) for each in commit.checks] == [
        ("lint", CheckState.PASSED),
        ("tests", CheckState.PASSED),
        ("e2e", CheckState.PASSED),
    ]
    assert (commit.checks[2].run, commit.checks[2].app_slug, commit.checks[2].suite) == (
        RunId(2),
        "github-actions",
        NodeId("CS_9"),
    )
    assert commit.checks_complete
    assert stack.fake.sent[0]["variables"] == {"c0": SHA, "owner": "octo", "name": "demo"}


async def test_of_two_runs_of_a_name_the_newest_counts(stack: Stack) -> None:
    commit = await joined(stack, suites(a_run(conclusion="FAILURE"), a_run(number=2)))
    assert [(each.run, each.state) for each in commit.checks] == [(RunId(2), CheckState.PASSED)]


@pytest.mark.parametrize("more", [{"more_suites": True}, {"more_runs": True}])
async def test_more_than_was_read_is_not_complete(stack: Stack, more: dict[str, bool]) -> None:
    assert not (await joined(stack, suites(a_run(), **more))).checks_complete


async def test_a_commit_without_suites_stays_as_it_is(stack: Stack) -> None:
    assert (await joined(stack, None, a_check())).checks == (a_check(),)
    assert (await joined(stack, {"checkSuites": None}, a_check())).checks == (a_check(),)


async def test_another_shape_is_a_failed_read(stack: Stack) -> None:
    with pytest.raises(ReadFailed):
        await joined(stack, {"checkSuites": {"nodes": [{}]}})


async def test_nothing_is_asked_for_no_commit(stack: Stack) -> None:
    assert await stack.client.every_suite(REPOSITORY, {}) == {}
    assert stack.fake.sent == []
