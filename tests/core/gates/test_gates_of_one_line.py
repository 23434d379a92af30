"""The gates that look at one thing each: acceptance, draft, mergeable, hold, paused."""

from typing import Any

import pytest

from bot.core.config import Config
from bot.core.facts import Mergeable
from bot.core.gates import Case, acceptance, draft, hold, mergeable, paused
from bot.core.model import Key
from bot.core.views import GateVerdict
from tests.build import a_case, a_pull, an_intent, an_issue, an_order, facts

PASS, WAIT, HUMAN, BLOCK = GateVerdict.PASS, GateVerdict.WAIT, GateVerdict.NEEDS_HUMAN, GateVerdict.BLOCK
W1, W2 = Key("W1"), Key("W2")


def pull(**more: Any) -> Case:
    return a_case(pull=a_pull(**more))


@pytest.mark.parametrize(
    ("given", "verdict", "reason"),
    [
        pytest.param(a_case(config=Config(acceptance=False)), PASS, "Not asked for", id="off"),
        pytest.param(pull(body="Words"), PASS, "No acceptance items", id="no list"),
        pytest.param(pull(body="- [x] one"), PASS, "The acceptance item is ticked", id="one ticked"),
        pytest.param(pull(body="- [x] a\n- [x] b"), PASS, "All 2 acceptance items are ticked", id="all ticked"),
        pytest.param(
            pull(body="- [x] a\n- [ ] ask @ada\n- [ ] c"),
            HUMAN,
            "2 of 3 acceptance items are open, the first: ask @\u200dada",
            id="open",
        ),
        pytest.param(
            pull(body="- [ ] <!-- x -->"),
            HUMAN,
            "1 of 1 acceptance items is open: one without words",
            id="empty",
        ),
    ],
)
def test_acceptance(given: Case, verdict: GateVerdict, reason: str) -> None:
    result = acceptance.GATE.check(given)
    assert (result.gate, result.verdict, result.reason) == ("acceptance", verdict, reason)


@pytest.mark.parametrize(
    ("given", "verdict", "reason"),
    [
        pytest.param(a_case(), PASS, "Handed in", id="handed in"),
        pytest.param(a_case(has_work=False), WAIT, "Nobody has pushed yet", id="no work"),
        pytest.param(pull(draft=True), WAIT, "Still a draft", id="draft"),
        pytest.param(
            a_case(drafts=False),
            WAIT,
            "Not handed in yet: comment `/signalbox ready` on the pull request when it is done",
            id="no drafts to be had",
        ),
        pytest.param(
            a_case(drafts=False, intent=an_intent(handed_in={W1: an_order()})),
            PASS,
            "Handed in",
            id="handed in by command",
        ),
        pytest.param(
            a_case(drafts=False, pull=a_pull(draft=True), intent=an_intent(handed_in={W1: an_order()})),
            WAIT,
            "Still a draft",
            id="a draft all the same",
        ),
    ],
)
def test_draft(given: Case, verdict: GateVerdict, reason: str) -> None:
    result = draft.GATE.check(given)
    assert (result.gate, result.verdict, result.reason) == ("draft", verdict, reason)


@pytest.mark.parametrize(
    ("given", "verdict", "reason"),
    [
        pytest.param(pull(), PASS, "No conflicts with `main`", id="yes"),
        pytest.param(
            pull(mergeable=Mergeable.NO, head="topic"),
            HUMAN,
            "Conflicts with `main`: merge `main` into `topic` and push",
            id="conflict",
        ),
        pytest.param(
            pull(mergeable=Mergeable.UNKNOWN), WAIT, "GitHub is still working out whether it can merge", id="unknown"
        ),
        pytest.param(
            pull(base="next"),
            BLOCK,
            "Aims at `next` and not at `main`: change the base of the pull request",
            id="retargeted",
        ),
    ],
)
def test_mergeable(given: Case, verdict: GateVerdict, reason: str) -> None:
    result = mergeable.GATE.check(given)
    assert (result.gate, result.verdict, result.reason) == ("mergeable", verdict, reason)


@pytest.mark.parametrize(
    ("given", "verdict", "reason"),
    [
        pytest.param(a_case(), PASS, "Not held", id="free"),
        pytest.param(a_case(intent=an_intent(held={W2: an_order()})), PASS, "Not held", id="another one is held"),
        pytest.param(a_case(intent=an_intent(held={W1: an_order()})), HUMAN, "Held by `ada`", id="held"),
        pytest.param(
            a_case(intent=an_intent(held={W1: an_order(reason="wait for @mia")})),
            HUMAN,
            "Held by `ada`: wait for @\u200dmia",
            id="held with a reason",
        ),
        pytest.param(
            a_case(intent=an_intent(held={W1: an_order()}, skipped={W1: an_order("mia", "not needed")})),
            HUMAN,
            "Skipped by `mia`: not needed",
            id="skipped",
        ),
    ],
)
def test_hold(given: Case, verdict: GateVerdict, reason: str) -> None:
    result = hold.GATE.check(given)
    assert (result.gate, result.verdict, result.reason) == ("hold", verdict, reason)


@pytest.mark.parametrize(
    ("given", "verdict", "reason"),
    [
        pytest.param(a_case(), PASS, "The plan is running", id="running"),
        pytest.param(a_case(intent=an_intent(paused=an_order())), WAIT, "The plan was paused by `ada`", id="paused"),
        pytest.param(
            a_case(intent=an_intent(paused=an_order(reason="release day"))),
            WAIT,
            "The plan was paused by `ada`: release day",
            id="paused with a reason",
        ),
        pytest.param(
            a_case(facts=facts(issue=an_issue(open=False)), intent=an_intent(paused=an_order())),
            HUMAN,
            "The plan's issue #5 is closed: reopen it to go on",
            id="closed",
        ),
        pytest.param(
            a_case(intent=an_intent(cancelled=an_order(), paused=an_order())),
            BLOCK,
            "The plan was cancelled by `ada`",
            id="cancelled",
        ),
    ],
)
def test_paused(given: Case, verdict: GateVerdict, reason: str) -> None:
    result = paused.GATE.check(given)
    assert (result.gate, result.verdict, result.reason) == ("paused", verdict, reason)
