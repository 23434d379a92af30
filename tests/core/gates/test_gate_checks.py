from datetime import timedelta
from typing import Any

import pytest

from bot.core.config import CheckName, Config
from bot.core.facts import CheckFacts, CheckState, RequiredCheck
from bot.core.gates import Case
from bot.core.gates.checks import GATE, failed_checks
from bot.core.views import GateVerdict
from tests.build import APP, CI_APP, a_base, a_case, a_check, a_pull, ago, facts

PASS, WAIT, HUMAN = GateVerdict.PASS, GateVerdict.WAIT, GateVerdict.NEEDS_HUMAN
FAILED, PENDING = CheckState.FAILED, CheckState.PENDING
NEW, OLD = ago(9), ago(10)  # heads inside and at the end of the grace time
UNIT = Config(checks=(CheckName(name="unit"),))
UNIT_BY_CI = Config(checks=(CheckName(name="unit", app=CI_APP),))
LATE = ": make CI report it, or remove it from `.github/signalbox.yml`"
SILENT = "No check has reported on this head"
SO_FAR = f"{SILENT} yet; without CI, write `checks: []` into `.github/signalbox.yml`"


def case(*checks: CheckFacts, required: tuple[RequiredCheck, ...] = (), complete: bool = True, **more: Any) -> Case:
    pull = a_pull(checks=checks, checks_complete=complete)
    return a_case(pull=pull, facts=facts(pulls={"W1": pull}, base=a_base(required_checks=required)), **more)


@pytest.mark.parametrize(
    ("given", "verdict", "reason"),
    [
        pytest.param(case(config=Config(checks=())), PASS, "No checks asked for", id="none asked for"),
        pytest.param(
            case(a_check(state=FAILED), has_work=False), WAIT, "Nothing to check before somebody pushes", id="no work"
        ),
        pytest.param(case(a_check()), PASS, "Green: `unit`", id="green"),
        pytest.param(case(a_check(state=FAILED)), HUMAN, "`unit` by CI failed", id="failed"),
        pytest.param(
            case(a_check(state=FAILED, conclusion="timed_out")), HUMAN, "`unit` by CI timed out", id="timed out"
        ),
        pytest.param(
            case(a_check(), a_check("a", FAILED), a_check("b", FAILED), a_check("c", PENDING)),
            HUMAN,
            "`a` by CI failed, and 1 more",
            id="failed wins over running",
        ),
        pytest.param(
            case(a_check(), a_check("lint", PENDING)), WAIT, "1 check running: `lint`", id="one running"
        ),
        pytest.param(
            case(*(a_check(name, PENDING) for name in "abcde")),
            WAIT,
            "5 checks running: `a`, `b`, `c` and 2 more",
            id="many running",
        ),
        pytest.param(case(head_since=NEW), WAIT, SO_FAR, id="none at all, new head"),
        pytest.param(
            case(head_since=OLD),
            HUMAN,
            f"{SILENT}: set up CI, or write `checks: []` into `.github/signalbox.yml`",
            id="none at all, old head",
        ),
        pytest.param(
            case(head_since=OLD, config=Config(checks_grace=timedelta(hours=1))), WAIT, SO_FAR, id="longer grace"
        ),
    ],
)  # fmt: skip
def test_every_check(given: Case, verdict: GateVerdict, reason: str) -> None:
    result = GATE.check(given)
    assert (result.gate, result.verdict, result.reason) == ("checks", verdict, reason)


@pytest.mark.parametrize(
    ("given", "verdict", "reason"),
    [
        pytest.param(case(a_check(), a_check("x", FAILED), config=UNIT), PASS, "Green: `unit`", id="others do not count"),
        pytest.param(case(a_check(), config=UNIT_BY_CI), PASS, "Green: `unit`", id="by the right App"),
        pytest.param(
            case(a_check("x"), config=UNIT, head_since=NEW), WAIT, "`unit` has not reported on this head yet", id="missing"
        ),
        pytest.param(
            case(a_check("x"), config=UNIT, head_since=OLD), HUMAN, f"`unit` has not reported on this head{LATE}", id="late"
        ),
        pytest.param(
            case(head_since=OLD, config=Config(checks=tuple(CheckName(name=name) for name in "abc"))),
            HUMAN,
            f"`a` (and 2 more) has not reported on this head{LATE}",
            id="several late",
        ),
        pytest.param(
            case(a_check(app_id=9, app_name="Mallory"), config=UNIT_BY_CI, head_since=NEW),
            WAIT,
            "`unit` has not reported on this head; the one by Mallory does not count, it must come from App 2002",
            id="by another App",
        ),
        pytest.param(
            case(a_check(app_id=None, app_name="mallory"), config=UNIT_BY_CI, head_since=OLD),
            HUMAN,
            "`unit` has not reported on this head; the one by mallory does not count, it must come from App 2002" + LATE,
            id="a status instead of a check run",
        ),
        pytest.param(
            case(a_check(), a_check(app_id=None, state=FAILED), config=UNIT), HUMAN, "`unit` by CI failed", id="two of a name"
        ),
    ],
)  # fmt: skip
def test_named_checks(given: Case, verdict: GateVerdict, reason: str) -> None:
    result = GATE.check(given)
    assert (result.verdict, result.reason) == (verdict, reason)


@pytest.mark.parametrize(
    ("required", "verdict"),
    [
        pytest.param(RequiredCheck(name="unit", app_id=CI_APP), PASS, id="there"),
        pytest.param(RequiredCheck(name="unit", app_id=None), PASS, id="there, any App"),
        pytest.param(RequiredCheck(name="deploy", app_id=None), HUMAN, id="missing"),
        pytest.param(RequiredCheck(name="unit", app_id=9), HUMAN, id="by another App"),
        pytest.param(RequiredCheck(name="signalbox", app_id=APP), PASS, id="our own"),
        pytest.param(RequiredCheck(name="signalbox", app_id=None), PASS, id="our own, any App"),
        pytest.param(RequiredCheck(name="signalbox", app_id=9), HUMAN, id="our name, another App"),
    ],
)
def test_checks_that_the_base_requires(required: RequiredCheck, verdict: GateVerdict) -> None:
    result = GATE.check(case(a_check(), required=(required,)))
    assert result.verdict is verdict
    assert verdict is PASS or result.reason.endswith("remove it from the branch rules of `main`")


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        pytest.param(case(a_check(), complete=False), HUMAN, id="every check counts"),
        pytest.param(case(a_check(), complete=False, config=UNIT), HUMAN, id="another App may report that name"),
        pytest.param(case(a_check(), complete=False, config=UNIT_BY_CI), PASS, id="all that count were read"),
        pytest.param(case(complete=False, config=UNIT_BY_CI), HUMAN, id="the one that counts was not read"),
        pytest.param(case(a_check(state=PENDING), complete=False), WAIT, id="running anyway"),
    ],
)
def test_unknown_is_not_yes(given: Case, verdict: GateVerdict) -> None:
    assert GATE.check(given).verdict is verdict


def test_where_to_look_and_who_moves() -> None:
    failed = GATE.check(case(a_check("lint", FAILED)))
    running = GATE.check(case(a_check("lint", PENDING)))
    assert failed.url == running.url == a_check("lint").url
    assert (failed.next_actor, running.next_actor) == ("its owner", "CI")


def test_failed_checks_are_those_that_count() -> None:
    checks = (a_check("a", FAILED), a_check("a", FAILED, app_id=None), a_check("b"), a_check("c", FAILED))
    assert failed_checks(case(*checks)) == ("a", "c")
    assert failed_checks(case(*checks, config=Config(checks=(CheckName(name="c"),)))) == ("c",)
    assert failed_checks(case(*checks, config=Config(checks=()))) == ()


def test_names_are_safe() -> None:
    result = GATE.check(case(a_check("`@ada` <b>", FAILED, app_name="@mia #1")))
    assert result.reason == "`'@ada' <b>` by @\u200dmia \\#\u200d1 failed"
