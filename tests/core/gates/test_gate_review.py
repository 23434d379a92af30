from typing import Any

import pytest

from bot.core.config import Config
from bot.core.facts import ReviewFacts, ReviewState
from bot.core.gates import Case
from bot.core.gates.review import GATE
from bot.core.model import Approval, Key, Login
from bot.core.views import GateVerdict
from tests.build import a_case, a_pull, a_review, ago, an_intent, sha

PASS, HUMAN = GateVerdict.PASS, GateVerdict.NEEDS_HUMAN
CHANGES, DISMISSED = ReviewState.CHANGES_REQUESTED, ReviewState.DISMISSED
TWO = Config(approvals=2)
FRESH = Config(fresh_approvals=True)


def approval(by: str, head: str = "head", minutes: float = 1) -> Approval:
    return Approval(by=Login(by), at=ago(minutes), head=sha(head))


def case(*reviews: ReviewFacts, said: tuple[Approval, ...] = (), **more: Any) -> Case:
    intent = an_intent(approvals={Key("W1"): said})
    return a_case(pull=a_pull(reviews=reviews), intent=intent, **more)


@pytest.mark.parametrize(
    ("given", "verdict", "reason"),
    [
        pytest.param(case(a_review()), PASS, "Approved by `wim`", id="approved"),
        pytest.param(case(), HUMAN, "Needs 1 approval", id="nobody"),
        pytest.param(case(config=Config(approvals=0)), PASS, "No approval asked for", id="none asked for"),
        pytest.param(
            case(a_review(state=DISMISSED)),
            HUMAN,
            "Needs 1 approval; the review of `wim` was dismissed, as GitHub does when the head moves",
            id="dismissed",
        ),
        pytest.param(case(a_review(), config=TWO), HUMAN, "Needs 2 approvals, has `wim`", id="one of two"),
        pytest.param(case(a_review(), a_review("mia"), config=TWO), PASS, "Approved by `wim` and `mia`", id="two of two"),
        pytest.param(
            case(*(a_review(who) for who in "abcde")), PASS, "Approved by `a`, `b`, `c` and 2 more", id="many"
        ),
        pytest.param(case(a_review("signalbox[bot]")), HUMAN, "Needs 1 approval", id="its author"),
        pytest.param(case(said=(approval("wim"),)), PASS, "Approved by `wim`", id="by command"),
        pytest.param(case(said=(approval("wim", "old"),)), HUMAN, "Needs 1 approval", id="by command, earlier head"),
        pytest.param(
            case(a_review("wim"), said=(approval("Wim"),), config=TWO), HUMAN, "Needs 2 approvals, has `Wim`", id="one person"
        ),
        pytest.param(
            case(a_review("wim"), said=(approval("mia"),), config=TWO), PASS, "Approved by `wim` and `mia`", id="both ways"
        ),
        pytest.param(case(a_review(commit=sha("old"))), PASS, "Approved by `wim`", id="earlier head"),
        pytest.param(
            case(a_review(commit=sha("old")), config=FRESH),
            HUMAN,
            "Needs 1 approval; approvals of an earlier head do not count",
            id="earlier head, fresh ones asked for",
        ),
        pytest.param(case(a_review(), config=FRESH), PASS, "Approved by `wim`", id="this head, fresh ones asked for"),
        pytest.param(case(config=FRESH), HUMAN, "Needs 1 approval", id="nobody, fresh ones asked for"),
        pytest.param(
            case(a_review(), a_review("mia", CHANGES)), HUMAN, "`mia` asked for changes", id="one asks for changes"
        ),
        pytest.param(
            case(a_review(state=CHANGES), config=Config(approvals=0)), HUMAN, "`wim` asked for changes", id="always counts"
        ),
        pytest.param(
            case(a_review(state=CHANGES), said=(approval("wim"),)), PASS, "Approved by `wim`", id="changed their mind"
        ),
        pytest.param(
            case(a_review(state=CHANGES), said=(approval("wim", minutes=9),)), HUMAN, "`wim` asked for changes", id="and back"
        ),
        pytest.param(
            case(a_review(state=CHANGES), said=(approval("mia"),)), HUMAN, "`wim` asked for changes", id="another's mind"
        ),
        pytest.param(
            case(a_review(state=CHANGES, at=None), said=(approval("wim"),)), HUMAN, "`wim` asked for changes", id="unknown when"
        ),
    ],
)  # fmt: skip
def test_review(given: Case, verdict: GateVerdict, reason: str) -> None:
    result = GATE.check(given)
    assert (result.gate, result.verdict, result.reason) == ("review", verdict, reason)


def test_who_moves() -> None:
    assert GATE.check(case()).next_actor == "a reviewer"
    asked = GATE.check(case(a_review(state=CHANGES)))
    assert (asked.next_actor, asked.url) == ("its owner", a_review().url)
