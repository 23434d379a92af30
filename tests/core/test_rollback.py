"""One way back: to which state, over what, and what its pull has to fulfil."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.facts import CheckState, Facts, Mergeable, PullFacts, PullState
from bot.core.gates import Case
from bot.core.judge import judge
from bot.core.ledger import current_rollback, is_chain, standing, unverified, watched
from bot.core.memory import Memory
from bot.core.model import Branch, Login
from bot.core.rollback import back_before, back_to, gates_of, pull_of, rollback_of, stand_in
from bot.core.views import GateVerdict
from tests.build import NOW, a_base, a_case, a_check, a_checkpoint, sha, tree_of
from tests.build_base import a_landing, a_rollback
from tests.core.ground import a_way_back, a_world, memory_of, merge_of, merged_back

ONE, TWO, THREE = (
    merge_of("W1", "m1", green=True),
    merge_of("W2", "m2", "m1", green=True),
    merge_of("W3", "m3", "m2", green=True),
)
LANDED = memory_of(ONE.landing, TWO.landing, THREE.landing)
AT_M3 = a_world(ONE, TWO, THREE)
PASS, WAIT, HUMAN, BLOCK = GateVerdict.PASS, GateVerdict.WAIT, GateVerdict.NEEDS_HUMAN, GateVerdict.BLOCK


# ---- where to ----


def test_before_a_landing_means_without_it_and_all_that_came_after() -> None:
    goal = back_before(LANDED, TWO.landing)
    assert (goal.name, goal.sha, goal.tree) == ("cp-1", sha("m1"), tree_of("m1"))
    assert goal.undone == (TWO.landing, THREE.landing)


def test_where_there_is_no_checkpoint_it_is_named_by_what_goes() -> None:
    goal = back_before(replace(LANDED, checkpoints=(a_checkpoint(),)), TWO.landing)
    assert (goal.name, goal.sha) == ("before W2", sha("m1"))


def test_of_two_checkpoints_at_one_commit_the_newer_names_it() -> None:
    kept = a_checkpoint(name="release", sha=sha("m1"), tree=tree_of("m1"), by=Login("mia"))
    memory = replace(LANDED, checkpoints=(*LANDED.checkpoints, kept))
    assert back_before(memory, TWO.landing).name == "release"


def test_what_was_taken_back_already_is_not_taken_back_again() -> None:
    memory = memory_of(ONE.landing, replace(TWO.landing, undone=1), THREE.landing)
    assert back_before(memory, ONE.landing).undone == (ONE.landing, THREE.landing)


@pytest.mark.parametrize(("number", "undone"), [(0, ["W1", "W2", "W3"]), (1, ["W2", "W3"]), (2, ["W3"]), (3, [])])
def test_back_to_a_checkpoint_takes_what_landed_since(number: int, undone: list[str]) -> None:
    goal = back_to(LANDED, LANDED.checkpoints[number])
    assert (goal.name, [each.key for each in goal.undone]) == (f"cp-{number}", undone)
    assert goal.sha == LANDED.checkpoints[number].sha


# ---- over what ----


def test_a_rollback_takes_the_newest_first_from_the_base_as_it_is() -> None:
    goal = back_before(LANDED, TWO.landing)
    back = rollback_of(AT_M3, LANDED, goal, reason="Because", by=Login("mia"))
    assert (back.number, back.to, back.at, back.onto) == (1, "cp-1", NOW, sha("m3"))
    assert (back.keys, back.pulls) == (("W3", "W2"), (13, 12))
    assert back.changes == ((sha("m3"), tree_of("m2")), (sha("m2"), tree_of("m1")))
    assert back.branch(AT_M3.issue.number) == "signalbox/5/rollback-1"
    second = rollback_of(AT_M3, replace(LANDED, rollbacks=(back,)), goal, reason="Because", by=None)
    assert second.number == 2


@pytest.mark.parametrize(
    ("before", "exact"),
    [
        pytest.param(LANDED, True, id="nothing else"),
        pytest.param(
            memory_of(ONE.landing, TWO.landing, merge_of("W3", "m3", "x").landing), False, id="a stray between"
        ),
    ],
)
def test_it_is_exact_if_nothing_but_landings_lies_between(before: Memory, exact: bool) -> None:
    goal = back_before(before, before.landings[1])
    assert rollback_of(AT_M3, before, goal, reason="", by=None).exact is exact


def test_a_stray_on_top_makes_it_inexact_and_one_below_does_not() -> None:
    goal = back_before(LANDED, THREE.landing)
    moved = replace(AT_M3, base=a_base(sha=sha("x"), tree=tree_of("x")))
    assert not rollback_of(moved, LANDED, goal, reason="", by=None).exact
    first = memory_of(merge_of("W1", "m1", "x", green=True).landing, TWO.landing)
    at_m2 = a_world(ONE, TWO)
    assert rollback_of(at_m2, first, back_before(first, first.landings[0]), reason="", by=None).exact


def test_a_chain_leads_over_every_landing_those_of_rollbacks_too() -> None:
    way = a_landing(None, 21, at="b1", after="m2", rollback=1)
    chain = (ONE.landing, TWO.landing, way)
    assert is_chain(chain, sha("base"), sha("b1"))
    assert is_chain(chain, sha("m2"), sha("b1"))
    assert is_chain((), sha("m1"), sha("m1"))
    assert not is_chain(chain[1:], sha("base"), sha("b1"))
    assert not is_chain(chain, sha("base"), sha("x"))


# ---- the ledger ----


def test_what_stands_and_what_is_not_verified() -> None:
    way = a_landing(None, 21, at="b1", after="m2", rollback=1)
    undone = replace(TWO.landing, green=None, undone=1)
    assert standing((ONE.landing, undone, way)) == (ONE.landing,)
    assert unverified((ONE.landing, undone, way)) == (way,)


def test_the_checks_of_unverified_landings_of_the_base_before_each_and_of_the_tip_are_watched() -> None:
    first, second = a_landing(), a_landing("W2", 13, at="m2", after="m1")
    assert watched((first, second), sha("m2")) == (sha("m1"), sha("base"), sha("m2"))
    assert watched((first,), sha("x")) == (sha("m1"), sha("base"), sha("x"))
    assert watched((first,), None) == (sha("m1"), sha("base"))
    assert watched((ONE.landing,), sha("m1")) == ()


@pytest.mark.parametrize(
    ("rollback", "current"),
    [
        pytest.param({}, True, id="under way"),
        pytest.param({"dropped": True}, True, id="its pull is to be closed"),
        pytest.param({"dropped": True, "closed": True}, False, id="closed"),
        pytest.param({"merged": True}, False, id="merged and verified"),
    ],
)
def test_a_rollback_is_looked_after_until_it_has_ended(rollback: dict[str, Any], current: bool) -> None:
    back = a_rollback(**rollback)
    assert (current_rollback((back,), ()) is back) is current


def test_a_merged_one_is_looked_after_until_the_base_is_good_with_it() -> None:
    back, way = a_rollback(merged=True), a_landing(None, 21, at="b1", after="m1", rollback=1)
    assert current_rollback((back,), (way,)) is back
    assert current_rollback((back,), (replace(way, green=NOW),)) is None
    assert current_rollback((), ()) is None


# ---- its pull ----


def with_pulls(*pulls: PullFacts) -> Facts:
    first = a_world(back=a_way_back())
    assert first.rollback is not None
    return replace(first, rollback=replace(first.rollback, pulls=pulls))


def test_of_its_pulls_a_merged_one_counts_before_an_open_one_before_a_closed_one() -> None:
    closed, open_, merged = a_way_back(31, state=PullState.CLOSED), a_way_back(32), merged_back(33)
    back = a_rollback()
    assert pull_of(with_pulls(closed, open_, merged), back) == merged
    assert pull_of(with_pulls(closed, open_), back) == open_
    assert pull_of(with_pulls(closed), back) == closed
    assert pull_of(with_pulls(), back) is None
    assert pull_of(a_world(), back) is None


def test_a_pull_elsewhere_or_of_another_rollback_is_not_its_own() -> None:
    assert pull_of(with_pulls(a_way_back(base=Branch("other"))), a_rollback()) is None
    assert pull_of(with_pulls(a_way_back(at=2)), a_rollback()) is None


def gates(pull: PullFacts, **rollback: Any) -> dict[str, tuple[GateVerdict, str]]:
    back = a_rollback(TWO.landing, **{"to": "cp-1", "built": sha("back"), **rollback})
    case: Case = a_case(pull=pull, stream=stand_in(back), facts=a_world(back=pull))
    return {each.gate: (each.verdict, each.reason) for each in gates_of(back, case)}


@pytest.mark.parametrize(
    ("pull", "rollback", "gate", "verdict", "reason"),
    [
        pytest.param(a_way_back(), {}, "tree", PASS, "Its tree is that of `cp-1`", id="exact"),
        pytest.param(
            a_way_back(), {"exact": False}, "tree", PASS, "It takes back just what the plan did", id="inexact"
        ),
        pytest.param(
            a_way_back(head_sha=sha("pushed")),
            {},
            "tree",
            BLOCK,
            f"Its head is not `{sha('back')[:7]}`, which Signalbox built: close it, and say `/signalbox rollback` again",
            id="somebody pushed",
        ),
        pytest.param(a_way_back(), {"built": None}, "tree", BLOCK, "Its head is not", id="not built by us"),
        pytest.param(a_way_back(), {}, "checks", PASS, "Green: `unit`", id="checks green"),
        pytest.param(a_way_back(checks=()), {}, "checks", HUMAN, "No check has reported", id="no checks"),
        pytest.param(
            a_way_back(checks=(a_check(state=CheckState.FAILED),)), {}, "checks", HUMAN, "`unit` by CI failed", id="red"
        ),
        pytest.param(a_way_back(), {}, "mergeable", PASS, "No conflicts with `main`", id="mergeable"),
        pytest.param(
            a_way_back(mergeable=Mergeable.NO),
            {},
            "mergeable",
            HUMAN,
            "Conflicts with `main`: close it, and say `/signalbox rollback` for a new one",
            id="conflict",
        ),
        pytest.param(a_way_back(mergeable=Mergeable.UNKNOWN), {}, "mergeable", WAIT, "GitHub is still", id="thinking"),
    ],
)
def test_what_its_pull_has_to_fulfil(
    pull: PullFacts, rollback: dict[str, Any], gate: str, verdict: GateVerdict, reason: str
) -> None:
    found = gates(replace(pull, head_message="work"), **rollback)
    assert list(found) == ["tree", "checks", "mergeable"]
    assert (found[gate][0], found[gate][1][: len(reason)]) == (verdict, reason)


def test_the_picture_shows_its_open_pull_with_gates_and_since_when() -> None:
    memory = replace(LANDED, rollbacks=(a_rollback(THREE.landing, built=sha("back"), by=Login("mia")),))
    view = judge(replace(AT_M3, rollback=with_pulls(a_way_back()).rollback), memory).rollback
    assert view is not None
    assert view.ready
    assert all(each.since == NOW for each in view.gates)
    closed = with_pulls(a_way_back(state=PullState.CLOSED)).rollback
    gone = judge(replace(AT_M3, rollback=closed), memory).rollback
    assert gone is not None
    assert (gone.gates, gone.ready) == ((), False)


def test_the_streams_wait_for_it_and_say_so() -> None:
    memory = replace(memory_of(ONE.landing, TWO.landing), rollbacks=(a_rollback(TWO.landing, to="cp-1"),))
    given = replace(a_world(ONE, TWO), rollback=with_pulls(a_way_back()).rollback)
    [turn] = [each for each in judge(given, memory).streams[2].gates if each.gate == "turn"]
    assert (turn.verdict, turn.reason) == (WAIT, "The base is being rolled back to `cp-1` in #21")
