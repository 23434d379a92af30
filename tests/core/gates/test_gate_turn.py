"""The gate `turn`: every reason to wait for the base, and which of several is told."""

from itertools import pairwise
from typing import Any

import pytest

from bot.core.facts import Freeze, TrainFacts
from bot.core.gates import Case, Unproven
from bot.core.gates.turn import GATE
from bot.core.model import Branch, IssueNumber, PullNumber
from bot.core.verify import Finding, Verification
from bot.core.views import GateVerdict, RollbackView
from tests.build import URL, a_case, a_pull, an_intent, an_order, facts
from tests.build_base import a_rollback

PASS, WAIT = GateVerdict.PASS, GateVerdict.WAIT


def in_train(**more: Any) -> dict[str, Any]:
    return {"facts": facts(train=TrainFacts(**more))}


def unproven(finding: Finding | None, what: str = "W0", **more: Any) -> dict[str, Any]:
    found = None if finding is None else Verification(finding=finding, reason="1 check running: `unit`", **more)
    return {"unproven": Unproven(what=what, pull=PullNumber(11), found=found)}


def returning(pull: bool = True) -> dict[str, Any]:
    view = RollbackView(
        rollback=a_rollback(to="cp-1"), branch=Branch("signalbox/5/rollback-1"), pull=a_pull(21) if pull else None
    )
    return {"returning": view}


FROZEN = {"intent": an_intent(frozen=an_order("ada", "release day"))}
OTHER_FREEZE = in_train(frozen=(Freeze(issue=IssueNumber(9), words="release day", outside=True),))
HELD = in_train(holder=IssueNumber(9), doing="A1 (#7) is being verified")


@pytest.mark.parametrize(
    ("more", "reason", "actor"),
    [
        pytest.param(
            FROZEN, "`main` is frozen by `ada`: release day", "whoever says `/signalbox unfreeze`", id="frozen"
        ),
        pytest.param(
            {"intent": an_intent(frozen=an_order("ada", "  "))},
            "`main` is frozen by `ada`",
            "whoever says `/signalbox unfreeze`",
            id="frozen without a reason",
        ),
        pytest.param(OTHER_FREEZE, "`main` is frozen: release day", "plan #9", id="frozen by another plan"),
        pytest.param(returning(), "The base is being rolled back to `cp-1` in #21", "a maintainer", id="rolled back"),
        pytest.param(
            returning(pull=False), "The base is being rolled back to `cp-1`", "a maintainer", id="rolled back, no pull"
        ),
        pytest.param(
            unproven(None), "W0 (#11) was merged, and the base does not show it yet", "GitHub", id="not shown yet"
        ),
        pytest.param(
            unproven(Finding.WAIT, next_actor="CI"),
            "W0 (#11) is being verified: 1 check running: `unit`",
            "CI",
            id="verified",
        ),
        pytest.param(
            unproven(Finding.RED, next_actor="a maintainer"),
            "W0 (#11) broke the base: 1 check running: `unit`",
            "a maintainer",
            id="red",
        ),
        pytest.param(
            unproven(Finding.UNCLEAR, what="rollback 1", next_actor="whoever looks after CI"),
            "rollback 1 (#11) left the base unverified: 1 check running: `unit`",
            "whoever looks after CI",
            id="unclear",
        ),
        pytest.param(HELD, "Plan #9 has its turn on `main`: A1 (#7) is being verified", "plan #9", id="another's turn"),
        pytest.param(in_train(holder=IssueNumber(9)), "Plan #9 has its turn on `main`", "plan #9", id="no words"),
    ],
)
def test_what_it_waits_for(more: dict[str, Any], reason: str, actor: str) -> None:
    found = GATE.check(a_case(**more))
    assert (found.gate, found.verdict, found.reason, found.next_actor) == ("turn", WAIT, reason, actor)


@pytest.mark.parametrize(
    "more", [{}, in_train(holder=IssueNumber(5), doing="W1 is being merged")], ids=["free", "mine"]
)
def test_it_passes_while_the_base_is_free_or_the_plans_own(more: dict[str, Any]) -> None:
    found = GATE.check(a_case(**more))
    assert (found.verdict, found.reason) == (PASS, "The base is free")


def test_it_links_to_what_it_waits_for() -> None:
    assert GATE.check(a_case(**returning())).url == f"{URL}/pull/21"
    assert GATE.check(a_case(**unproven(Finding.RED, next_actor="CI", url="https://ci/1"))).url == "https://ci/1"


def both(one: dict[str, Any], other: dict[str, Any]) -> Case:
    """Two reasons at once."""
    given = {**other, **one}
    trains = [each["facts"].train for each in (one, other) if "facts" in each]
    if len(trains) == 2:
        fields = {
            name: getattr(one_, name)
            for one_ in trains
            for name in ("holder", "doing", "frozen")
            if getattr(one_, name)
        }
        given |= in_train(**fields)
    return a_case(**given)


ORDER = [FROZEN, OTHER_FREEZE, returning(), unproven(Finding.RED, next_actor="a maintainer"), HELD]


@pytest.mark.parametrize("at", range(len(ORDER) - 1), ids=["order", "freeze", "rollback", "verification"])
def test_of_several_reasons_the_one_that_stops_most_is_told(at: int) -> None:
    """Somebody's order, other plans' freezes, the plan's own rollback, its own verification, another plan's turn."""
    first, second = list(pairwise(ORDER))[at]
    assert GATE.check(both(first, second)).reason == GATE.check(a_case(**first)).reason
