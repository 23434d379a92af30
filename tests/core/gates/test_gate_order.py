import pytest

from bot.core.gates.order import GATE
from bot.core.model import Key, Stage
from bot.core.views import GateVerdict, Need
from tests.build import URL, a_case, a_need


@pytest.mark.parametrize(
    ("needs", "verdict", "reason"),
    [
        pytest.param((), GateVerdict.PASS, "Needs nothing", id="no needs"),
        pytest.param((a_need(met=True),), GateVerdict.PASS, "Everything it needs has landed: W0", id="all met"),
        pytest.param(
            tuple(a_need(f"W{each}", met=True) for each in range(9)),
            GateVerdict.PASS,
            "Everything it needs has landed: W0, W1, W2 and 6 more",
            id="many met",
        ),
        pytest.param(
            (a_need(waits_for="2 checks running: `a`, `b`"),),
            GateVerdict.WAIT,
            "Waiting for W0 (#11): 2 checks running: `a`, `b`",
            id="one not met",
        ),
        pytest.param((a_need(),), GateVerdict.WAIT, "Waiting for W0 (#11): still a draft", id="its reason goes on"),
        pytest.param(
            (a_need(waits_for="CI is asleep"),),
            GateVerdict.WAIT,
            "Waiting for W0 (#11): CI is asleep",
            id="begins with a name",
        ),
        pytest.param(
            (a_need("a", met=True), a_need("b"), a_need("c"), a_need("d")),
            GateVerdict.WAIT,
            "Waiting for b (#11): still a draft, and for 2 more",
            id="the first that is not met",
        ),
        pytest.param((a_need(pull=None),), GateVerdict.WAIT, "Waiting for W0: still a draft", id="no pull yet"),
        pytest.param((a_need(waits_for=""),), GateVerdict.WAIT, "Waiting for W0 (#11): running", id="no reason"),
        pytest.param(
            (a_need("W9", waits_for="Waiting for W8 (#8): waiting for W7 (#7): still a draft, and for 2 more"),),
            GateVerdict.WAIT,
            "Waiting for W9 (#11): waiting for W8 (#8)",
            id="a chain names the next one only",
        ),
        pytest.param(
            (a_need("W9", waits_for="Waiting for `a: b` (#8): still a draft"),),
            GateVerdict.WAIT,
            "Waiting for W9 (#11): waiting for its own needs",
            id="a chain never cuts a code span",
        ),
        pytest.param(
            (a_need("fix_it @ada"),),
            GateVerdict.WAIT,
            "Waiting for `fix_it @ada` (#11): still a draft",
            id="hostile key",
        ),
    ],
)
def test_order(needs: tuple[Need, ...], verdict: GateVerdict, reason: str) -> None:
    result = GATE.check(a_case(needs=needs))
    assert (result.gate, result.verdict, result.reason) == ("order", verdict, reason)


def test_order_says_where_to_look_and_who_moves() -> None:
    result = GATE.check(a_case(needs=(a_need("W0", pull=11),)))
    assert (result.url, result.next_actor) == (f"{URL}/pull/11", "W0")
    assert GATE.check(a_case(needs=(a_need("W0", pull=None),))).url is None


def test_a_need_that_was_reverted_is_waited_for_again() -> None:
    need = Need(key=Key("W0"), stage=Stage.ROLLED_BACK, met=False, pull=None, waits_for="")
    assert GATE.check(a_case(needs=(need,))).reason == "Waiting for W0: rolled back"
