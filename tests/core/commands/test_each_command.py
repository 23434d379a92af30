"""What each command does to the intent, and when it does not."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core import registry
from bot.core.commands import CommandCase, Result
from bot.core.facts import CheckState, Facts, PullFacts, PullState, Seen, Verdict
from bot.core.memory import Memory
from bot.core.model import Approval, Intent, Key, Login, Order, Problem, Retry, Severity, Stage
from bot.core.plan.revision import revision_of
from bot.core.render.brief import opening_commit
from tests.build import (
    BODY,
    a_base,
    a_check,
    a_command,
    a_memory,
    a_plan,
    a_pull,
    a_start,
    a_stream_view,
    a_view,
    ago,
    an_intent,
    an_issue,
    an_order,
    facts,
    sha,
)

DONE, REFUSED = Verdict.DONE, Verdict.REFUSED
W1 = Key("W1")
BY_MIA = Order(by=Login("mia"), at=ago(1))


def run(
    line: str,
    *,
    memory: Memory | None = None,
    pull: PullFacts | None = a_pull(),  # noqa: B008 - frozen
    stage: Stage = Stage.RUNNING,
    given: Facts | None = None,
    call: dict[str, Any] | None = None,
    **view: Any,
) -> Result:
    """Run a command on W1, or on the plan, past rights and targets."""
    memory = memory or a_memory()
    given = given or facts(pulls={"W1": pull})
    verb, *words = line.split()
    command = registry.load_commands()[verb]
    return command.run(
        CommandCase(
            call=a_command(line, **(call or {})),
            key=W1,
            words=tuple(words),
            facts=given,
            memory=memory,
            view=a_view(a_stream_view("W1", stage, pull=pull), intent=memory.intent, issue=given.issue, **view),
        )
    )


def intent_after(line: str, **more: Any) -> Intent:
    result = run(line, **more)
    assert result.answer.verdict is DONE
    return result.memory.intent


def refusal(line: str, **more: Any) -> str:
    result = run(line, **more)
    assert result.answer.verdict is REFUSED
    assert result.memory == (more.get("memory") or a_memory())
    return result.answer.reply


def unchanged(line: str, **more: Any) -> str:
    """It is so already: done, said so, nothing changed."""
    result = run(line, **more)
    assert result.answer.verdict is DONE
    assert result.memory == (more.get("memory") or a_memory())
    return result.answer.reply


# start

PREVIEW = Memory()


def test_start_puts_the_text_and_the_base_into_force() -> None:
    result = run("start", memory=PREVIEW)
    start = result.memory.intent.start
    assert result.answer.verdict is DONE
    assert start == a_start(at=ago(1), revision=revision_of(BODY))
    assert result.memory.approved_body == BODY


def problem(severity: Severity, line: int = 3) -> Problem:
    return Problem(line=line, severity=severity, code="x", message="Two workstreams are named W1", hint="Rename one")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        pytest.param({"problems": (problem(Severity.ERROR),)}, "Two workstreams are named W1", id="problem"),
        pytest.param({"given": facts(base=a_base(sha=None))}, "Not started", id="no base"),
        pytest.param({"given": facts(issue=an_issue(open=False))}, "closed", id="closed issue"),
        pytest.param({"given": facts(issue=an_issue(edited_at=ago(0.5)))}, "edited after", id="edited meanwhile"),
        pytest.param({"given": facts(issue=an_issue(edited_at=ago(1)))}, "edited after", id="edited in that second"),
        pytest.param({"config_problems": (problem(Severity.ERROR, 7),)}, "Line 7", id="config never good"),
        pytest.param(
            {"config_problems": tuple(problem(Severity.ERROR, line) for line in range(1, 16))}, "and 5 more", id="many"
        ),
    ],
)
def test_start_is_refused_with_the_reason(more: dict[str, Any], says: str) -> None:
    assert says in refusal("start", memory=PREVIEW, **more)


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"problems": (problem(Severity.WARNING),)}, id="warning"),
        pytest.param({"given": facts(issue=an_issue(edited_at=ago(9)))}, id="edited before"),
    ],
)
def test_start_goes_on_all_the_same(more: dict[str, Any]) -> None:
    assert intent_after("start", memory=PREVIEW, **more).start is not None


def test_start_takes_the_last_good_config() -> None:
    memory = Memory(good_config="approvals: 2")
    assert intent_after("start", memory=memory, config_problems=(problem(Severity.ERROR),)).start is not None


def test_start_takes_no_words() -> None:
    assert "leave `W1` out" in refusal("start W1", memory=PREVIEW)


def test_a_second_start_says_who_started() -> None:
    assert "started by `mia` on 2026-11-20 18:05 UTC already" in unchanged("start")
    assert "`/signalbox accept`" in unchanged("start", pending=a_plan())


# pause, resume, cancel


def test_pause_and_resume() -> None:
    assert intent_after("pause for the release").paused == replace(BY_MIA, reason="for the release")
    paused = a_memory(intent=an_intent(paused=an_order()))
    assert "paused by `ada`" in unchanged("pause", memory=paused)
    assert intent_after("resume", memory=paused) == an_intent()
    assert "not paused" in unchanged("resume")


def test_cancel() -> None:
    assert intent_after("cancel not needed").cancelled == replace(BY_MIA, reason="not needed")


# status, why, help


def test_reading_changes_nothing() -> None:
    assert "plan" in unchanged("status").lower()
    assert "W1" in unchanged("why")
    assert "/signalbox hold" in unchanged("help")


# hold, release, skip

HELD = a_memory(intent=an_intent(held={W1: an_order(reason="wait"), Key("W2"): an_order()}))
SKIPPED = a_memory(intent=an_intent(skipped={W1: an_order()}))


def test_hold() -> None:
    assert intent_after("hold for a week").held == {W1: replace(BY_MIA, reason="for a week")}
    assert "held by `ada` since" in unchanged("hold", memory=HELD)
    assert "held by `ada` since" in unchanged("hold wait", memory=HELD)
    assert intent_after("hold longer", memory=HELD).held[W1] == replace(BY_MIA, reason="longer")
    assert "skipped by `ada`" in refusal("hold", memory=SKIPPED)


def test_release_lifts_hold_and_skip() -> None:
    assert list(intent_after("release", memory=HELD).held) == ["W2"]
    assert intent_after("release", memory=SKIPPED).skipped == {}
    assert "neither held nor skipped" in unchanged("release")


def test_skip() -> None:
    assert intent_after("skip not needed").skipped == {W1: replace(BY_MIA, reason="not needed")}
    assert "skipped by `ada`" in unchanged("skip", memory=SKIPPED)


@pytest.mark.parametrize("line", ["hold", "skip", "ready", "approve", "retry"])
def test_what_has_landed_cannot_be_changed(line: str) -> None:
    assert refusal(line, stage=Stage.DONE).startswith("W1 (#12) has landed already")


# ready


def test_ready_hands_in() -> None:
    assert intent_after("ready", pull=a_pull(draft=True)).handed_in == {W1: BY_MIA}
    assert "handed in already" in unchanged("ready", pull=a_pull(draft=False))


def test_ready_without_drafts() -> None:
    memory = a_memory(drafts=False)
    assert intent_after("ready", memory=memory).handed_in == {W1: BY_MIA}
    memory = a_memory(drafts=False, intent=an_intent(handed_in={W1: an_order()}))
    assert "handed in already" in unchanged("ready", memory=memory)


def test_ready_needs_an_open_pull() -> None:
    assert "no open pull request" in refusal("ready", pull=None)
    assert "no open pull request" in refusal("ready", pull=a_pull(state=PullState.CLOSED))


def test_ready_before_the_first_push_counts_and_says_so() -> None:
    opening = a_pull(draft=True, changed_files=0, head_message="\n\n".join(opening_commit(a_view(), a_stream_view())))
    assert W1 in intent_after("ready", pull=opening).handed_in


# approve


def seen(head: str, minutes: float) -> dict[str, Seen]:
    """`head` was first shown by a read that ended so long ago, and began much earlier."""
    return {"head/W1": Seen(value=sha(head), since=ago(9)), "shown/W1": Seen(value=sha(head), since=ago(minutes))}


def test_approve_counts_for_the_head_that_was_there() -> None:
    memory = a_memory(seen=seen("head", 5))
    approval = Approval(by=Login("mia"), at=ago(1), head=sha("head"))
    assert intent_after("approve", memory=memory).approvals == {W1: (approval,)}


@pytest.mark.parametrize(
    ("memory", "why"),
    [
        pytest.param(a_memory(), "first look", id="never seen"),
        pytest.param(a_memory(seen=seen("old", 5)), "another head", id="moved just now"),
        pytest.param(a_memory(seen=seen("head", 0.5)), "seen later", id="moved after the comment"),
        pytest.param(a_memory(seen=seen("head", 1)), "not known which came first", id="moved in that second"),
    ],
)
def test_approve_never_counts_for_a_head_that_came_later(memory: Memory, why: str) -> None:
    assert f"moved to `{sha('head')[:7]}`" in refusal("approve", memory=memory), why


def test_approvals_add_up_and_forget_earlier_heads() -> None:
    earlier = Approval(by=Login("ada"), at=ago(9), head=sha("old"))
    other = Approval(by=Login("wim"), at=ago(3), head=sha("head"))
    memory = a_memory(seen=seen("head", 5), intent=an_intent(approvals={W1: (earlier, other)}))
    assert [each.by for each in intent_after("approve", memory=memory).approvals[W1]] == ["wim", "mia"]
    assert "approved W1 (#12)" in unchanged("approve", memory=memory, call={"author": Login("Wim")})


def test_approve_is_refused_without_a_pull_and_for_its_author() -> None:
    assert "no open pull request" in refusal("approve", pull=None)
    assert "their own" in refusal("approve", pull=a_pull(author=Login("Mia")))


# retry

FAILED = a_pull(checks=(a_check(state=CheckState.FAILED),))
CLOSED = a_pull(state=PullState.CLOSED)


@pytest.mark.parametrize(
    ("pull", "reopen"), [pytest.param(FAILED, False, id="checks failed"), pytest.param(CLOSED, True, id="closed")]
)
def test_retry_leaves_the_failed_head_behind(pull: PullFacts, reopen: bool) -> None:
    wish = Retry(head=sha("head"), reopen=reopen)
    assert intent_after("retry", pull=pull).retries == {W1: wish}
    memory = a_memory(intent=an_intent(retries={W1: wish}))
    assert "being tried again" in unchanged("retry", pull=pull, memory=memory)


@pytest.mark.parametrize(
    ("pull", "says"),
    [
        pytest.param(a_pull(), "has not failed", id="green"),
        pytest.param(None, "no pull request", id="no pull"),
        pytest.param(a_pull(state=PullState.MERGED), "no pull request", id="merged elsewhere"),
    ],
)
def test_retry_needs_a_failure(pull: PullFacts | None, says: str) -> None:
    assert says in refusal("retry", pull=pull)
