"""What a plan wants of the turn on its base, and what it forbids others meanwhile."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.facts import CheckState, Facts, Freeze, Mergeable, TrainFacts
from bot.core.judge import judge
from bot.core.memory import Memory
from bot.core.model import IssueNumber, Login
from bot.core.train_actions import wish
from bot.core.train_wish import Wish, WishKind
from tests.build import NOW, a_check, an_intent, an_order, sha
from tests.build_base import a_commit, a_landing, a_rollback
from tests.core.ground import W1, W2, a_way_back, a_world, memory_of, merge_of, merged_back, pull_of

RED = a_check(state=CheckState.FAILED, conclusion="failure")
RUNNING = a_check(state=CheckState.PENDING, conclusion="in_progress")
GOOD, BAD = merge_of("W1", "m1", green=True), merge_of("W2", "m2", "m1")
LANDED = memory_of(GOOD.landing, BAD.landing)
ROLLING = replace(LANDED, rollbacks=(a_rollback(BAD.landing, to="cp-1", built=sha("back")),))
OPEN = {key: pull_of(key, draft=True) for key in ("W1", "W2", "W3")}
KEEP, TAKE, WAIT, NONE = WishKind.KEEP, WishKind.TAKE, WishKind.WAIT, WishKind.NONE


def base(*checks: Any, **more: Any) -> Facts:
    """W2 landed last, with these checks."""
    return a_world(GOOD, BAD, on_base=(a_commit("m2", *checks, after="m1"),), **more)


def wanted(given: Facts, memory: Memory | None = None) -> Wish:
    return wish(judge(given, memory or memory_of()))


def of_other(**more: Any) -> TrainFacts:
    return TrainFacts(holder=IssueNumber(9), doing="A1 (#7) is being verified", **more)


@pytest.mark.parametrize(
    ("given", "memory", "kind", "doing"),
    [
        pytest.param(base(RUNNING), LANDED, KEEP, "W2 (#12) is being verified", id="a merge is verified"),
        pytest.param(base(RED), LANDED, KEEP, "W2 (#12) broke the base", id="a merge broke the base"),
        pytest.param(
            a_world(pulls={"W1": merge_of("W1", "m1").pull}),
            None,
            KEEP,
            "its last merge is being looked at",
            id="merged just now",
        ),
        pytest.param(base(RED), ROLLING, KEEP, "it is rolled back", id="a rollback without a pull"),
        pytest.param(base(RED, back=a_way_back()), ROLLING, KEEP, "it is rolled back in #21", id="a rollback"),
        pytest.param(a_world(), None, TAKE, "W1 is being merged", id="one may merge"),
        pytest.param(a_world(train=of_other()), None, WAIT, "W1 is being merged", id="another plan has the turn"),
        pytest.param(
            a_world(train=TrainFacts(frozen=(Freeze(issue=IssueNumber(9), words="no", outside=True),))),
            None,
            WAIT,
            "W1 is being merged",
            id="another plan froze the base",
        ),
        pytest.param(a_world(config_source="mode: manual\n"), None, NONE, "", id="people merge"),
        pytest.param(
            a_world(config_source="mode: manual\n"),
            memory_of(intent=an_intent(merges={W2: an_order()})),
            TAKE,
            "W2 is being merged",
            id="somebody said merge",
        ),
        pytest.param(a_world(pulls=OPEN), None, NONE, "", id="nothing is ready"),
        pytest.param(
            a_world(pulls={key: replace(pull, draft=False, mergeable=Mergeable.NO) for key, pull in OPEN.items()}),
            None,
            NONE,
            "",
            id="all in conflict",
        ),
        pytest.param(a_world(), memory_of(intent=an_intent(paused=an_order())), NONE, "", id="paused"),
        pytest.param(
            base(RUNNING),
            replace(LANDED, intent=an_intent(paused=an_order())),
            KEEP,
            "W2 (#12) is being verified",
            id="paused while a merge is verified",
        ),
        pytest.param(
            base(RUNNING),
            replace(LANDED, intent=an_intent(cancelled=an_order())),
            NONE,
            "",
            id="cancelled while a merge is verified",
        ),
        pytest.param(a_world(), Memory(), NONE, "", id="not started"),
    ],
)
def test_what_it_wants(given: Facts, memory: Memory | None, kind: WishKind, doing: str) -> None:
    found = wanted(given, memory)
    assert (found.kind, found.doing) == (kind, doing)


def test_it_keeps_the_turn_while_its_own_rollback_is_verified() -> None:
    way = a_landing(None, 21, at="b1", after="m2", rollback=1)
    memory = replace(
        memory_of(GOOD.landing, replace(BAD.landing, undone=1), way), rollbacks=(a_rollback(BAD.landing, merged=True),)
    )
    given = a_world(GOOD, BAD, on_base=(a_commit("b1", RUNNING, after="m2"),), back=merged_back())
    found = wanted(given, memory)
    assert (found.kind, found.doing) == (KEEP, "rollback 1 (#21) is being verified")


def test_who_waits_names_the_first_that_could_merge_and_since_when() -> None:
    found = wanted(a_world(train=of_other()))
    assert (found.key, found.since) == (W1, NOW)
    second = wanted(a_world(train=of_other(), pulls={"W1": OPEN["W1"]}))
    assert second.key == W2


def test_one_that_waits_for_anything_else_too_is_not_waiting_for_the_turn() -> None:
    red = {key: pull_of(key, checks=(RED,)) for key in ("W1", "W2", "W3")}
    assert wanted(a_world(train=of_other(), pulls=red)).kind is NONE


# ---- freezes ----


@pytest.mark.parametrize(
    ("given", "memory", "frozen", "outside"),
    [
        pytest.param(a_world(), None, None, False, id="free"),
        pytest.param(base(RUNNING), LANDED, None, False, id="not by default"),
        pytest.param(
            base(RUNNING, config_source="freeze_base: true\n"),
            LANDED,
            "W2 (#12) is being verified",
            True,
            id="by the config while a merge is verified",
        ),
        pytest.param(
            a_world(config_source="freeze_base: true\n"), None, None, False, id="by the config, but all is good"
        ),
        pytest.param(
            base(RUNNING, config_source="freeze_base: true\n"),
            replace(LANDED, intent=an_intent(cancelled=an_order())),
            None,
            False,
            id="not of a cancelled plan",
        ),
    ],
)
def test_what_it_forbids_others(given: Facts, memory: Memory | None, frozen: str | None, outside: bool) -> None:
    found = wanted(given, memory)
    assert (found.frozen, found.outside) == (frozen, outside)


def test_somebodys_order_freezes_the_base_for_all_and_names_who() -> None:
    found = wanted(a_world(), memory_of(intent=an_intent(frozen=an_order("ada", "release day, see #9"))))
    assert found.outside
    assert found.frozen is not None
    assert "`ada`" in found.frozen
    assert "release day" in found.frozen
    assert "#9" not in found.frozen


def test_who_froze_the_base_still_says_where_it_would_go_on() -> None:
    found = wanted(a_world(), memory_of(intent=an_intent(frozen=an_order())))
    assert (found.kind, found.key) == (WAIT, W1)


def test_an_order_stands_over_the_config() -> None:
    memory = replace(LANDED, intent=an_intent(frozen=an_order(Login("ada"))))
    assert "`ada`" in (wanted(base(RUNNING, config_source="freeze_base: true\n"), memory).frozen or "")
