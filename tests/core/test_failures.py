"""Which failures are told of, in which comment, and when they are over."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core import failures
from bot.core.actions import Action, EditComment, Outcome, OutcomeKind, PostComment
from bot.core.config import CheckName, Config
from bot.core.facts import CheckFacts, CheckState, Facts, FailureFacts, PullState
from bot.core.marker import read_marker
from bot.core.memory import Memory, Told
from bot.core.model import Key, NodeId, PlanState, PullNumber, Stage
from bot.core.verify import Finding, Verification
from bot.core.views import GateVerdict, PlanView, RollbackView
from tests.build import a_check, a_checkpoint, a_gate, a_memory, a_pull, a_stream_view, a_view, an_intent, facts, sha
from tests.build_base import a_landing, a_rollback

PULL = PullNumber(12)
RUN = NodeId("CR_1")
RED = a_check(state=CheckState.FAILED, node_id=RUN)
CANCELLED = a_check("lint", CheckState.FAILED, conclusion="cancelled", node_id=NodeId("CR_2"))
STATUS = a_check("cla", CheckState.FAILED, app_id=None, words="Not signed")
KNOWN = facts(failures={RUN: FailureFacts(title="2 tests failed"), NodeId("CR_2"): FailureFacts()})
DONE = Outcome(kind=OutcomeKind.DONE, result="IC_12")
LATER = Outcome(kind=OutcomeKind.LATER)
UNKNOWN = Outcome(kind=OutcomeKind.UNKNOWN)


def head(
    *checks: CheckFacts, at: str = "head", verdict: GateVerdict = GateVerdict.NEEDS_HUMAN, **more: Any
) -> PlanView:
    """A plan whose one pull has these checks on its head, and what its gate says of them."""
    pull = a_pull(checks=checks, head_sha=sha(at))
    gate = a_gate("checks", verdict, reason="`unit` by CI failed")
    stage = more.pop("stage", Stage.FAILED)
    return a_view(a_stream_view(pull=pull, gates=(gate,), stage=stage), **more)


def green(at: str = "head", **more: Any) -> PlanView:
    return head(a_check(), at=at, verdict=GateVerdict.PASS, stage=Stage.QUEUED, **more)


def running(at: str = "head") -> PlanView:
    pending = a_check(state=CheckState.PENDING)
    return head(pending, at=at, verdict=GateVerdict.WAIT, stage=Stage.RUNNING)


def base(finding: Finding = Finding.RED, *checks: CheckFacts, **landing: Any) -> PlanView:
    """A plan whose one pull is merged, and what was found on the base with it in."""
    merged = a_stream_view(pull=a_pull(state=PullState.MERGED), stage=Stage.FAILED)
    found = Verification(finding=finding, reason="`unit` by CI failed", failed=checks)
    one = a_landing(**landing)
    return a_view(
        merged, landings=(one,), verifications={PULL: found} if one.open else {}, checkpoints=(a_checkpoint(),)
    )


def tell(view: PlanView, memory: Memory, given: Facts = KNOWN, outcome: Outcome = DONE) -> tuple[Memory, list[Action]]:
    """One turn: what is written, and what is remembered once it was."""
    memory, actions = failures.telling(view, given, memory)
    return failures.learned(memory, dict.fromkeys(actions, outcome)), list(actions)


def told(view: PlanView, memory: Memory | None = None) -> Memory:
    """The memory once a failure was told of."""
    memory, actions = tell(view, memory or a_memory())
    assert len(actions) == 1
    assert memory.told[PULL].settled
    return memory


def text(actions: list[Action]) -> str:
    [action] = actions
    assert isinstance(action, PostComment | EditComment)
    return action.body


@pytest.mark.parametrize(
    ("view", "count"),
    [
        pytest.param(head(RED), 1, id="a head that failed"),
        pytest.param(head(STATUS), 1, id="a commit status that failed"),
        pytest.param(head(RED, CANCELLED), 1, id="failed and cancelled"),
        pytest.param(head(CANCELLED), 0, id="cancelled only"),
        pytest.param(head(RED, verdict=GateVerdict.WAIT), 0, id="no work yet"),
        pytest.param(head(a_check()), 0, id="a check is missing, none failed"),
        pytest.param(head(RED, stage=Stage.CANCELLED), 0, id="skipped"),
        pytest.param(head(RED, intent=an_intent(start=None)), 0, id="not started"),
        pytest.param(head(RED, state=PlanState.PAUSED), 1, id="paused"),
        pytest.param(head(RED, state=PlanState.CANCELLED), 0, id="cancelled plan"),
        pytest.param(head(RED, config=Config(failure_comments=False)), 0, id="not wanted"),
        pytest.param(head(RED, config=Config(checks=(CheckName(name="lint"),))), 0, id="it does not count"),
        pytest.param(head(RED, config=Config(checks=(CheckName(name="unit", app=1),))), 0, id="of another App"),
        pytest.param(head(RED, config=Config(checks=(CheckName(name="unit"),))), 1, id="it counts by name"),
        pytest.param(base(Finding.RED, RED), 1, id="the base is red"),
        pytest.param(base(Finding.RED), 1, id="the base timed out without a report"),
        pytest.param(base(Finding.RED, CANCELLED), 0, id="cancelled only on the base"),
        pytest.param(base(Finding.WAIT, RED), 0, id="the base is not judged yet"),
        pytest.param(base(Finding.RED, RED, undone=1), 0, id="taken back"),
        pytest.param(base(Finding.RED, RED, pull=PullNumber(99)), 0, id="no pull of the plan"),
    ],
)
def test_what_is_told_of(view: PlanView, count: int) -> None:
    assert len(failures.failing(view, {})) == count


def test_a_rollback_that_breaks_the_base_is_told_of_on_its_own_pull() -> None:
    landing = a_landing(None, 20, rollback=1)
    found = Verification(finding=Finding.RED, reason="`unit` by CI failed", failed=(RED,))
    back = RollbackView(rollback=a_rollback(), branch=landing.branch, pull=a_pull(20, state=PullState.MERGED))
    view = a_view(landings=(landing,), verifications={landing.pull: found}, rollback=back)
    _, [action] = tell(view, a_memory())
    assert isinstance(action, PostComment)
    assert (action.number, action.subject, action.journal_key) == (20, "PR_20", "failure:20")
    assert "**rollback 1**" in action.body


def test_nothing_is_written_before_the_runs_were_asked_what_they_say() -> None:
    view = head(RED, STATUS)
    assert failures.unexplained(view, {}) == (RUN,)
    assert failures.is_awaited(view, facts(), {})
    memory, actions = failures.telling(view, facts(), a_memory())
    assert (memory, actions) == (a_memory(), ())
    assert not failures.is_awaited(view, KNOWN, {})


def test_a_failure_is_asked_about_and_told_of_once() -> None:
    view = head(RED)
    memory, [action] = tell(view, a_memory())
    assert isinstance(action, PostComment)
    assert (action.number, action.subject, action.journal_key) == (PULL, "PR_12", "failure:12")
    assert memory.told[PULL].comment == "IC_12"
    assert failures.unexplained(view, memory.told) == ()
    assert tell(view, memory, facts()) == (memory, [])


@pytest.mark.parametrize(
    "view",
    [
        pytest.param(head(RED, at="next"), id="another head"),
        pytest.param(head(replace(RED, node_id=NodeId("CR_2"))), id="another attempt"),
        pytest.param(head(RED, CANCELLED), id="one more"),
        pytest.param(base(Finding.RED, RED), id="the base after its merge"),
    ],
)
def test_another_failure_edits_the_same_comment(view: PlanView) -> None:
    memory = told(head(RED))
    assert failures.unexplained(view, memory.told) != ()
    memory, [action] = tell(view, memory)
    assert isinstance(action, EditComment)
    assert action.comment == "IC_12"
    assert tell(view, memory, facts()) == (memory, [])


def test_what_changed_is_counted_from_the_last_green_head_of_the_pull() -> None:
    memory, actions = tell(green("good"), a_memory())
    assert actions == []
    assert memory.told[PULL] == Told(green=sha("good"))
    memory, actions = tell(head(RED, at="bad"), memory)
    assert f"/compare/{sha('good')}...{sha('bad')}" in text(actions)
    memory, actions = tell(head(RED, at="worse"), memory)
    assert f"/compare/{sha('good')}...{sha('worse')}" in text(actions)


def test_that_no_check_is_asked_for_is_no_green_head() -> None:
    view = green(config=Config(checks=()))
    assert tell(view, a_memory()) == (a_memory(), [])


@pytest.mark.parametrize(
    ("first", "then", "says"),
    [
        pytest.param(head(RED), green(), "**Mended:**", id="its checks ran again"),
        pytest.param(head(RED), green("next"), "**Mended:**", id="another head is green"),
        pytest.param(head(RED), running("next"), None, id="another head runs"),
        pytest.param(head(RED), running(), None, id="its checks run again"),
        pytest.param(head(RED), head(CANCELLED), None, id="its checks were cancelled"),
        pytest.param(head(RED), head(CANCELLED, at="next"), "**Over:** no check", id="another head, cancelled"),
        pytest.param(head(RED), base(Finding.WAIT), None, id="merged, not verified"),
        pytest.param(base(Finding.RED, RED), base(green=a_view().now, evidence=("Green",)), "**Mended:**", id="base"),
        pytest.param(base(Finding.RED, RED), base(undone=3), "by rollback 3", id="rolled back"),
        pytest.param(base(Finding.RED, RED), base(undone=0), "by hand", id="reverted by people"),
        pytest.param(head(RED), a_view(), None, id="no gate says anything"),
        pytest.param(head(RED), green(config=Config(failure_comments=False)), None, id="not wanted any more"),
        pytest.param(head(RED), green(state=PlanState.CANCELLED), None, id="plan cancelled"),
        pytest.param(
            base(Finding.RED, RED), replace(base(green=a_view().now), state=PlanState.COMPLETED), "**Mended:**",
            id="plan complete",
        ),
    ],
)  # fmt: skip
def test_when_a_failure_is_over(first: PlanView, then: PlanView, says: str | None) -> None:
    memory, actions = tell(then, told(first))
    if says is None:
        assert actions == []
        return
    assert says in text(actions)
    assert isinstance(actions[0], EditComment)
    assert len(text(actions).split("\n\n<!--", maxsplit=1)[0].splitlines()) == 2
    assert tell(then, memory) == (memory, [])
    assert bool(tell(green("later"), memory)[1]) == ("no check" in says)  # only that one may yet be mended


def test_a_failure_after_a_mended_one_is_told_in_the_same_comment() -> None:
    memory, _ = tell(green("next"), told(head(RED)))
    _, [action] = tell(head(RED, at="third"), memory)
    assert isinstance(action, EditComment)
    assert "Checks failed" in action.body


def test_what_was_never_told_of_is_not_mended() -> None:
    assert tell(green(), a_memory())[1] == []
    memory, _ = tell(head(RED), a_memory(), outcome=LATER)
    assert memory.told[PULL].comment is None
    assert tell(green(), memory)[1] == []


@pytest.mark.parametrize("outcome", [LATER, UNKNOWN, Outcome(kind=OutcomeKind.REFUSED)])
def test_a_write_that_did_not_come_about_is_asked_for_again(outcome: Outcome) -> None:
    view = head(RED)
    memory, [first] = tell(view, a_memory(), outcome=outcome)
    assert failures.unexplained(view, memory.told) == (RUN,)
    assert tell(view, memory)[1] == [first]
    memory = told(view)
    memory, [edit] = tell(head(RED, at="next"), memory, outcome=outcome)
    assert failures.unexplained(head(RED, at="next"), memory.told) == (RUN,)
    assert tell(head(RED, at="next"), memory)[1] == [edit]
    memory, [end] = tell(green("next"), memory, outcome=outcome)
    assert tell(green("next"), memory)[1] == [end]


def test_a_comment_that_may_have_been_written_is_found_by_its_key_and_says_that_it_is_over() -> None:
    memory, _ = tell(head(RED), a_memory(), outcome=UNKNOWN)
    found = Outcome(kind=OutcomeKind.ALREADY, result="IC_12")
    memory, [action] = tell(green("next"), memory, outcome=found)
    assert isinstance(action, PostComment)
    assert action.journal_key == "failure:12"
    assert "**Mended:**" in action.body
    memory, [edit] = tell(green("next"), memory)
    assert isinstance(edit, EditComment)
    assert tell(green("next"), memory)[1] == []


def test_a_comment_that_an_earlier_turn_wrote_is_brought_to_what_it_should_say() -> None:
    found = Outcome(kind=OutcomeKind.ALREADY, result="IC_12")
    memory, _ = tell(head(RED), a_memory(), outcome=found)
    assert (memory.told[PULL].comment, memory.told[PULL].shown) == ("IC_12", "")
    _, [action] = tell(head(RED), memory)
    assert isinstance(action, EditComment)


def test_a_comment_that_somebody_deleted_is_written_anew_for_a_failure_only() -> None:
    gone = Outcome(kind=OutcomeKind.MOVED)
    memory, _ = tell(green(), told(head(RED)), outcome=gone)
    assert tell(green(), memory)[1] == []
    memory, [action] = tell(head(RED, at="next"), memory)
    assert isinstance(action, PostComment)
    assert action.journal_key == "failure:12:1"
    marker = read_marker(action.body)
    assert marker is not None
    assert marker.key == "failure:12:1"
    assert memory.told[PULL].settled


def test_other_comments_teach_nothing() -> None:
    memory = told(head(RED))
    body = "x\n\n<!-- signalbox:status digest=0123456789ab -->"
    outcomes: dict[Action, Outcome] = {EditComment(comment=NodeId("IC"), body=body): DONE}
    outcomes[EditComment(comment=NodeId("IC"), body="x")] = DONE
    assert failures.learned(memory, outcomes) is memory


def test_the_checkpoint_before_is_the_newest_without_the_merge() -> None:
    named = a_checkpoint(1, landed=("W1",))
    view = replace(base(Finding.RED, RED), checkpoints=(a_checkpoint(), named))
    [failure] = failures.failing(view, {})
    assert failure.checkpoint == a_checkpoint()
    assert failure.key == Key("W1")
