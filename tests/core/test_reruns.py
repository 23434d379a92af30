"""Failed checks on the base that run again before they count, and the workflow that is started there."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core import base_ci
from bot.core.actions import Action, Outcome, OutcomeKind, RerunJob, StartWorkflow, name_of
from bot.core.config import Config
from bot.core.facts import CheckFacts, CheckState
from bot.core.ledger import Landing, Rerun
from bot.core.memory import Memory
from bot.core.model import Branch, NodeId, PlanState, PullNumber, RunId
from bot.core.reruns import ACTIONS
from bot.core.verify import Finding, Verification, verify
from bot.core.views import PlanView
from tests.build import NOW, a_check, a_view, ago, minutes, sha
from tests.build_base import a_commit, a_landing, a_ledger
from tests.core.test_verify import look_at

GREEN, WAIT, RED = Finding.GREEN, Finding.WAIT, Finding.RED
M1 = sha("m1")[:7]
FIRST, SECOND, THIRD = RunId(1), RunId(2), RunId(3)


def a_job(name: str = "tests", state: CheckState = CheckState.FAILED, run: RunId = FIRST, **more: Any) -> CheckFacts:
    fields = {
        "app_slug": ACTIONS, "app_name": "GitHub Actions", "run": run, "suite": NodeId("CS_1"), "completed_at": ago(2),
    }  # fmt: skip
    return a_check(name, state, **{**fields, **more})


PASSED, PENDING = CheckState.PASSED, CheckState.PENDING


def a_rerun(run: RunId = FIRST, name: str = "tests", **more: Any) -> Rerun:
    return Rerun(**{"name": name, "run": run, "at": ago(2), "taken": True, **more})


def found(*checks: CheckFacts, noted: tuple[Rerun, ...] = (), at: datetime | None = None, **more: Any) -> Verification:
    """The verdict on m1 with these checks, after these runs were wished again."""
    before = more.pop("before", ())
    given = (a_commit("m1", *checks), a_commit("base", *before, after="root"))
    return verify(replace(a_landing(), reruns=noted, at=at or ago(3)), look_at(*given, **more))


@pytest.mark.parametrize(
    ("verdict", "finding", "reason", "again"),
    [
        pytest.param(found(a_job()), WAIT, "`tests` failed once and runs again", [1], id="failed"),
        pytest.param(
            found(a_job(conclusion="timed_out")), WAIT, "`tests` failed once and runs again", [1], id="took too long"
        ),
        pytest.param(
            found(a_job(), a_job("lint", run=SECOND)), WAIT, "`tests`, `lint` failed and run again", [1, 2], id="two"
        ),
        pytest.param(
            found(a_job(), a_job("lint", PENDING, SECOND)),
            WAIT,
            "`tests` failed once and runs again when the rest of its workflow has run",
            [],
            id="GitHub would refuse now",
        ),
        pytest.param(
            found(a_job(), a_job("lint", PENDING, SECOND, suite=NodeId("CS_2"))),
            WAIT,
            "`tests` failed once and runs again",
            [1],
            id="another workflow runs",
        ),
        pytest.param(
            found(a_job(), noted=(a_rerun(taken=False),)), WAIT, "`tests` failed once and runs again", [1], id="wished"
        ),
        pytest.param(
            found(a_job(), noted=(a_rerun(),)), WAIT, "`tests` failed once and runs again", [], id="not shown yet"
        ),
        pytest.param(
            found(a_job(state=PENDING, run=SECOND), noted=(a_rerun(),)),
            WAIT,
            "`tests` failed once and runs again",
            [],
            id="runs again",
        ),
        pytest.param(
            found(a_job(state=PENDING, run=SECOND), noted=(a_rerun(taken=False),)),
            WAIT,
            "`tests` failed once and runs again",
            [],
            id="runs again though the answer was lost",
        ),
        pytest.param(
            found(a_job(run=SECOND), noted=(a_rerun(),)), RED, "`tests` by GitHub Actions failed twice", [], id="twice"
        ),
        pytest.param(
            found(a_job(run=SECOND), noted=(a_rerun(),), config=Config(retries=2)),
            WAIT,
            "`tests` failed twice and runs again",
            [2],
            id="one more is allowed",
        ),
        pytest.param(
            found(a_job(run=THIRD), noted=(a_rerun(), a_rerun(SECOND)), config=Config(retries=2)),
            RED,
            "`tests` by GitHub Actions failed 3 times",
            [],
            id="three times",
        ),
        pytest.param(
            found(a_job(run=SECOND, conclusion="cancelled"), noted=(a_rerun(),)),
            RED,
            "`tests` by GitHub Actions was cancelled after it had failed once",
            [],
            id="the second was cancelled",
        ),
        pytest.param(
            found(a_job(), noted=(a_rerun(taken=False, refused="it is too old"),)),
            RED,
            "`tests` by GitHub Actions failed and could not be run again: it is too old",
            [],
            id="refused",
        ),
        pytest.param(
            found(a_job(run=SECOND), noted=(a_rerun(taken=False, refused="not now"),)),
            WAIT,
            "`tests` failed once and runs again",
            [2],
            id="refused, then somebody else ran it",
        ),
        pytest.param(
            found(a_job(), noted=(a_rerun(at=ago(11)),), at=ago(20)),
            RED,
            "`tests` by GitHub Actions failed and did not run again in time",
            [],
            id="never shown",
        ),
    ],
)
def test_a_failed_job_runs_again_before_it_counts(
    verdict: Verification, finding: Finding, reason: str, again: list[int]
) -> None:
    assert (verdict.finding, verdict.reason) == (finding, reason)
    assert [each.run for each in verdict.again] == again
    assert bool(verdict.failed) == (finding is RED)


@pytest.mark.parametrize(
    "verdict",
    [
        pytest.param(found(a_job(), config=Config(retries=0)), id="the config says so"),
        pytest.param(found(a_check("tests", CheckState.FAILED)), id="of another App"),
        pytest.param(found(a_check("tests", CheckState.FAILED, app_id=None)), id="a commit status"),
        pytest.param(found(a_job(conclusion="cancelled")), id="cancelled"),
        pytest.param(found(a_job(conclusion="startup_failure")), id="it could not start"),
        pytest.param(found(a_job(), a_check("lint", CheckState.FAILED)), id="beside one that counts"),
        pytest.param(
            found(a_job(), before=(a_job(),), config=Config(already_red=True)), id="red before the merge as well"
        ),
        pytest.param(found(a_job(), at=ago(70)), id="it came too late"),
        pytest.param(found(a_job(completed_at=ago(61)), at=ago(90)), id="nobody could ask for an hour"),
    ],
)
def test_what_does_not_run_again_counts_at_once(verdict: Verification) -> None:
    assert (verdict.finding, verdict.again) == (RED, ())


def test_one_that_was_red_before_is_neither_blamed_nor_run_again() -> None:
    assert found(a_job(), before=(a_job(),)).finding is GREEN


def test_green_says_what_failed_first() -> None:
    verdict = found(a_job(state=PASSED, run=SECOND), a_check("lint"), noted=(a_rerun(),))
    assert verdict.finding is GREEN
    assert verdict.evidence == (
        f"`tests` failed once on `{M1}` and passed when it ran again",
        f"Green on `{M1}`: `tests`, `lint`",
    )


def test_with_a_new_run_the_time_limit_begins_anew() -> None:
    running = a_job(state=PENDING, run=SECOND)
    assert found(running, noted=(a_rerun(at=ago(20)),), at=ago(70)).until == ago(20) + timedelta(hours=1)
    late = found(running, noted=(a_rerun(at=ago(61)),), at=ago(90))
    assert (late.finding, late.reason) == (RED, "Timed out with 1 check running: `tests`")


def test_a_later_commit_is_not_run_again() -> None:
    given = (a_commit("m1"), a_commit("m2", a_job(), after="m1"), a_commit("base", after="root"))
    assert verify(a_landing(), look_at(*given, tip="m2")).again == ()


def test_a_later_commit_that_is_green_is_enough() -> None:
    given = (a_commit("m1", a_job()), a_commit("m2", a_check("tests"), after="m1"), a_commit("base", after="root"))
    assert verify(a_landing(), look_at(*given, tip="m2")).finding is GREEN


# ---- what is asked of GitHub ----


def a_plan(verdict: Verification, landing: Landing | None = None, **more: Any) -> PlanView:
    landing = landing or a_landing()
    return replace(a_view(), landings=(landing,), verifications={landing.pull: verdict}, **more)


CI_YML = Config(verify_workflow="ci.yml")
ASKED = RerunJob(job=FIRST, check="tests", sha=sha("m1"))
STARTED = StartWorkflow(workflow="ci.yml", ref=Branch("main"), pull=PullNumber(12))


@pytest.mark.parametrize(
    ("view", "actions"),
    [
        pytest.param(a_plan(found(a_job())), [ASKED], id="a failed job"),
        pytest.param(a_plan(found(a_job()), state=PlanState.PAUSED), [ASKED], id="in a plan that pauses"),
        pytest.param(a_plan(found(a_job()), state=PlanState.CANCELLED), [], id="not in a cancelled one"),
        pytest.param(a_plan(found(a_job(), config=Config(retries=0))), [], id="not what is red"),
        pytest.param(a_plan(found(), config=CI_YML), [STARTED], id="the workflow"),
        pytest.param(a_plan(found(at=ago(30)), config=CI_YML), [STARTED], id="the workflow, where CI keeps silent"),
        pytest.param(a_plan(found(a_job()), config=CI_YML), [STARTED, ASKED], id="both"),
        pytest.param(a_plan(found(), a_landing(started="ci.yml"), config=CI_YML), [], id="the workflow once"),
        pytest.param(a_plan(found()), [], id="nothing"),
    ],
)
def test_what_github_is_asked_for(view: PlanView, actions: list[Action]) -> None:
    assert list(base_ci.asking(view)) == actions


def test_a_wish_is_noted_before_github_is_asked_and_once() -> None:
    view = a_plan(found(a_job()))
    memory = base_ci.noted(view, a_ledger(a_landing()), [ASKED, STARTED])
    assert memory.landings[0].reruns == (a_rerun(taken=False, at=NOW),)
    assert base_ci.noted(view, memory, [ASKED]) == memory
    assert base_ci.noted(view, memory, []) is memory


def after(outcome: Outcome) -> tuple[Rerun, ...]:
    """The wishes for two jobs after GitHub's answer to that for the first."""
    memory = a_ledger(a_landing(reruns=(a_rerun(taken=False), a_rerun(SECOND, "lint", taken=False))))
    return base_ci.learned(memory, {ASKED: outcome}).landings[0].reruns


@pytest.mark.parametrize(
    ("outcome", "note"),
    [
        (Outcome(kind=OutcomeKind.DONE), a_rerun()),
        (Outcome(kind=OutcomeKind.LATER), a_rerun(taken=False)),
        (Outcome(kind=OutcomeKind.UNKNOWN), a_rerun(taken=False)),
        (Outcome(kind=OutcomeKind.REFUSED, detail="it is <old>"), a_rerun(taken=False, refused="it is &lt;old&gt;")),
        (Outcome(kind=OutcomeKind.REFUSED), a_rerun(taken=False, refused="GitHub refused it")),
    ],
)
def test_what_became_of_a_wish_is_learned(outcome: Outcome, note: Rerun) -> None:
    assert after(outcome) == (note, a_rerun(SECOND, "lint", taken=False))


def started(outcome: Outcome) -> Memory:
    return base_ci.learned(a_ledger(a_landing(), a_landing("W2", 13, at="m2", after="m1")), {STARTED: outcome})


def test_a_workflow_that_started_is_noted_with_its_landing() -> None:
    assert [each.started for each in started(Outcome(kind=OutcomeKind.DONE)).landings] == ["ci.yml", ""]
    assert [each.started for each in started(Outcome(kind=OutcomeKind.REFUSED)).landings] == ["", ""]


def test_a_refusal_has_a_name() -> None:
    assert [name_of(ASKED), name_of(STARTED)] == ["run tests again", "start the workflow ci.yml"]


def test_a_job_that_is_wished_for_again_is_asked_for_within_the_time_limit() -> None:
    """GitHub refuses while the rest of the workflow runs: the wish stays, with the time of the last attempt."""
    memory = base_ci.noted(a_plan(found(a_job())), a_ledger(a_landing(reruns=(a_rerun(taken=False),))), [ASKED])
    assert memory.landings[0].reruns == (a_rerun(taken=False, at=NOW),)
    assert found(a_job(completed_at=ago(59)), noted=memory.landings[0].reruns, at=ago(80)).until == NOW + minutes(1)
