"""What the train takes in of rollbacks: how one begins by the policy, how it ends, and what it leaves."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.actions import BuildBranch, ClosePull, MergePull, OpenPull
from bot.core.decide import decide
from bot.core.facts import CheckState, Facts, PullFacts, PullState
from bot.core.memory import Memory
from bot.core.model import Login, PlanState
from tests.build import NOW, a_check, a_command, ago, an_intent, an_order, sha, tree_of
from tests.build_base import a_commit, a_landing, a_rollback
from tests.core.ground import (
    W1,
    W2,
    a_way_back,
    a_world,
    actions,
    back_step,
    memory_of,
    merge_of,
    merged_back,
    once,
    seen,
    stages,
    taken_in,
)

RED = a_check(state=CheckState.FAILED, conclusion="failure")
GOOD, BAD, NEXT = merge_of("W1", "m1", green=True), merge_of("W2", "m2", "m1"), merge_of("W3", "m3", "m2")
BROKEN = a_world(GOOD, BAD, on_base=(a_commit("m2", RED, after="m1"),))
MENDED = a_world(GOOD, BAD)
AFTER_BAD = memory_of(GOOD.landing, BAD.landing)


def with_pull(pull: PullFacts, given: Facts = BROKEN) -> Facts:
    return replace(given, rollback=a_world(back=pull).rollback)


def rolling(**more: Any) -> Memory:
    """A rollback of W2 is under way."""
    return replace(AFTER_BAD, rollbacks=(a_rollback(BAD.landing, **{"to": "cp-1", **more}),))


# ---- by the policy ----


def test_a_broken_base_begins_a_rollback_to_where_it_was_good() -> None:
    [back] = once(BROKEN, AFTER_BAD).rollbacks
    assert (back.number, back.to, back.sha, back.tree) == (1, "cp-1", sha("m1"), tree_of("m1"))
    assert (back.keys, back.pulls, back.by) == ((W2,), (12,), None)
    assert (back.onto, back.exact) == (sha("m2"), True)
    assert back.reason == "The base broke with `W2`: `unit` by CI failed"


def test_what_landed_after_it_goes_too_newest_first() -> None:
    given = a_world(GOOD, BAD, NEXT, on_base=(a_commit("m2", RED), a_commit("m3", RED)))
    [back] = once(given, memory_of(GOOD.landing, BAD.landing, NEXT.landing)).rollbacks
    assert back.keys == ("W3", "W2")
    assert back.changes == ((sha("m3"), tree_of("m2")), (sha("m2"), tree_of("m1")))


def test_policy_hold_waits_for_people() -> None:
    held = replace(BROKEN, config_source="on_red: hold\n")
    assert taken_in(held, AFTER_BAD).rollbacks == ()
    assert stages(seen(held, AFTER_BAD)) == ["done", "failed", "queued"]


@pytest.mark.parametrize(
    "check", [a_check(state=CheckState.PENDING, conclusion="queued"), None], ids=["running", "nothing"]
)
def test_what_is_not_red_begins_none(check: Any) -> None:
    given = a_world(GOOD, BAD, on_base=(a_commit("m2", *([check] if check is not None else []), after="m1"),))
    assert taken_in(given, AFTER_BAD).rollbacks == ()


def test_one_that_is_under_way_is_enough() -> None:
    assert taken_in(BROKEN, rolling()).rollbacks == rolling().rollbacks


def test_one_that_gave_way_to_another_is_under_way_no_more() -> None:
    unclean = a_rollback(GOOD.landing, unclean=("a.py",))
    given = replace(rolling(), rollbacks=(unclean, a_rollback(GOOD.landing, number=2, merged=True)))
    assert [each.pulls for each in taken_in(BROKEN, given).rollbacks[2:]] == [(12,)]


def test_a_rollback_that_broke_the_base_is_not_rolled_back() -> None:
    way = a_landing(None, 21, at="b1", after="m2", rollback=1, tree=tree_of("m1"), expected=tree_of("m1"))
    memory = replace(
        memory_of(GOOD.landing, replace(BAD.landing, undone=1), way),
        rollbacks=(a_rollback(BAD.landing, merged=True),),
    )
    given = a_world(GOOD, BAD, course=(), on_base=(a_commit("b1", RED, after="m2"),))
    assert len(taken_in(given, memory).rollbacks) == 1


# ---- its merge ----


def back_in(**more: Any) -> tuple[Facts, Memory]:
    """The turn that sees the rollback's pull merged."""
    step = back_step("m2", "m1")
    checks = (a_commit("b1", *more.pop("checks", (a_check(),)), after="m2", tree=tree_of("m1")),)
    given = a_world(GOOD, BAD, course=(step,), on_base=(a_commit("m2", RED, after="m1"), *checks), back=merged_back())
    return given, rolling(**{"built": sha("back"), "built_tree": tree_of("m1"), "exact": False, **more})


def test_its_merge_undoes_what_it_took_back() -> None:
    given, memory = back_in()
    after = taken_in(given, memory)
    assert [(each.key, each.undone) for each in after.landings] == [("W1", None), ("W2", 1), (None, None)]
    way = after.landings[-1]
    assert (way.rollback, way.by, way.expected, way.green) == (1, "mia", tree_of("m1"), NOW)
    [back] = after.rollbacks
    assert (back.merged, back.active) == (True, False)
    assert stages(seen(given, memory)) == ["done", "rolled-back", "mergeable"]


def test_its_merge_counts_too_if_github_named_no_pull_when_the_base_showed_it() -> None:
    given, memory = back_in()
    unnamed = tuple(replace(step, pulls=()) for step in given.course or ())
    early = taken_in(with_pull(a_way_back(), replace(given, course=unnamed)), memory)
    assert ([each.sha for each in early.strays], early.rollbacks[0].merged) == ([sha("b1")], False)
    after = taken_in(replace(given, course=()), early)
    assert (after.strays, after.rollbacks[0].merged, after.rollbacks[0].dropped) == ((), True, False)
    assert after.landings[-1].rollback == 1
    assert stages(seen(replace(given, course=()), after))[1] == "rolled-back"


def test_it_leaves_no_checkpoint_of_its_own_and_none_with_what_it_took_back() -> None:
    given, memory = back_in()
    after = taken_in(given, memory)
    assert [each.name for each in after.checkpoints] == ["cp-0", "cp-1"]


def test_what_it_took_back_is_not_proven_by_the_green_base_after_it() -> None:
    given, memory = back_in()
    assert taken_in(given, memory).landings[1].green is None


def test_the_tree_of_a_checkpoint_is_good_without_another_run_of_ci() -> None:
    given, memory = back_in(checks=(RED,), exact=True)
    way = taken_in(given, memory).landings[-1]
    assert (way.green, way.evidence) == (NOW, ("Its tree equals that of `cp-1`",))


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"exact": False}, id="others moved the base between"),
        pytest.param({"exact": True, "to": "before W2"}, id="it goes back to no checkpoint"),
        pytest.param({"exact": True, "tree": tree_of("other")}, id="something else landed"),
    ],
)
def test_nothing_merges_before_the_base_is_good_with_it(more: dict[str, Any]) -> None:
    given, memory = back_in(checks=(a_check(state=CheckState.PENDING, conclusion="queued"),), **more)
    assert stages(seen(given, memory)) == ["done", "rolled-back", "queued"]
    assert actions(given, memory, MergePull) == []


def test_a_rollback_that_somebody_merged_though_it_was_dropped_counts() -> None:
    given, memory = back_in(dropped=True)
    after = taken_in(given, memory)
    assert after.landings[1].undone == 1
    assert (after.rollbacks[0].merged, after.rollbacks[0].dropped) == (True, False)


# ---- its end without a merge ----


def test_people_who_close_its_pull_drop_it_and_the_policy_begins_no_second_one() -> None:
    given = with_pull(a_way_back(state=PullState.CLOSED))
    after = taken_in(given, rolling(built=sha("back")))
    assert [(each.dropped, each.closed) for each in after.rollbacks] == [(True, True)]
    assert stages(seen(given, rolling(built=sha("back")))) == ["done", "failed", "queued"]
    assert actions(given, after, BuildBranch, OpenPull, MergePull) == []


def test_after_that_somebody_may_ask_for_another_one_even_at_once() -> None:
    given = replace(with_pull(a_way_back(state=PullState.CLOSED)), commands=(a_command("rollback"),))
    decision = decide(given, rolling(built=sha("back")))
    first, second = decision.memory.rollbacks
    assert (first.closed, second.active, second.by) == (True, True, "mia")
    [build] = [each for each in decision.actions if isinstance(each, BuildBranch)]
    assert build.branch == "signalbox/5/rollback-2"


def test_a_base_that_turns_green_after_all_drops_it_and_closes_its_pull() -> None:
    given = with_pull(a_way_back(), MENDED)
    after = taken_in(given, rolling(built=sha("back")))
    assert [(each.dropped, each.closed) for each in after.rollbacks] == [(True, False)]
    assert [each.pull for each in actions(given, after, ClosePull)] == ["PR_21"]  # type: ignore[union-attr]
    assert stages(seen(given, after))[:2] == ["done", "done"]
    closed = taken_in(with_pull(a_way_back(state=PullState.CLOSED), MENDED), after)
    assert closed.rollbacks[0].closed
    assert actions(MENDED, closed, ClosePull) == []


def test_before_it_has_a_pull_there_is_nothing_to_close() -> None:
    after = taken_in(MENDED, rolling())
    assert [(each.dropped, each.closed) for each in after.rollbacks] == [(True, True)]


def test_one_that_somebody_asked_for_goes_on_though_the_base_is_green() -> None:
    memory = rolling(by=Login("mia"))
    [back] = taken_in(MENDED, memory).rollbacks
    assert back.active
    assert stages(seen(MENDED, memory)) == ["done", "done", "queued"]


def test_one_that_cannot_be_clean_is_dropped_once_people_mended_the_base() -> None:
    memory = rolling(by=Login("mia"), unclean=("a.txt",))
    [broken] = taken_in(BROKEN, memory).rollbacks
    assert broken.active
    [mended] = taken_in(MENDED, memory).rollbacks
    assert (mended.dropped, mended.closed) == (True, True)


def test_one_of_a_good_base_that_cannot_be_clean_is_left_to_people() -> None:
    good = memory_of(GOOD.landing, replace(BAD.landing, green=ago(30)))
    memory = replace(good, rollbacks=(a_rollback(BAD.landing, to="cp-1", by=Login("mia"), unclean=("a.txt",)),))
    [back] = taken_in(MENDED, memory).rollbacks
    assert back.active


def test_one_of_what_people_took_back_by_hand_is_not_needed() -> None:
    given = a_world(GOOD, BAD, course=(back_step("m2", "m1", number=99),))
    [back] = taken_in(given, rolling(by=Login("mia"))).rollbacks
    assert back.dropped


def test_somebodys_word_that_the_base_is_good_drops_it() -> None:
    intent = an_intent(allowed={sha("m2"): an_order("mia", "flaky")})
    after = taken_in(BROKEN, replace(rolling(), intent=intent))
    assert (after.rollbacks[0].dropped, after.landings[1].evidence) == (True, ("Taken as good by `mia`: flaky",))


# ---- the plan meanwhile ----


def test_a_plan_is_not_complete_while_something_is_taken_back() -> None:
    third = merge_of("W3", "m3", "m2", green=True)
    all_good = (GOOD, replace(BAD, landing=replace(BAD.landing, green=ago(1))), third)
    memory = memory_of(*(each.landing for each in all_good))
    assert seen(a_world(*all_good), memory).state is PlanState.COMPLETED
    asked = replace(memory, rollbacks=(a_rollback(third.landing, by=Login("mia")),))
    assert seen(a_world(*all_good), asked).state is PlanState.RUNNING


def test_a_rollback_reopens_a_complete_plan_by_what_it_took_back() -> None:
    third = merge_of("W3", "m3", "m2", green=True)
    bad = replace(BAD, landing=replace(BAD.landing, green=ago(1)))
    memory = replace(
        memory_of(GOOD.landing, bad.landing, third.landing),
        rollbacks=(a_rollback(third.landing, by=Login("mia"), built=sha("back"), built_tree=tree_of("m2")),),
    )
    given = a_world(GOOD, bad, third, course=(back_step("m3", "m2"),), back=merged_back())
    view = seen(replace(given, commits={**given.commits, sha("b1"): a_commit("b1", a_check(), after="m3")}), memory)
    assert (view.state, stages(view)) == (PlanState.RUNNING, ["done", "done", "rolled-back"])
    assert W1 in view.checkpoints[-1].landed
