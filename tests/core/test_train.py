"""What the train takes in: landings, strays, verdicts, checkpoints. Taking in the same facts twice changes nothing."""

from dataclasses import replace
from itertools import pairwise

import pytest

from bot.core.config import Config
from bot.core.facts import CheckFacts, CheckState, Facts, PullState
from bot.core.ledger import Judged, Landing
from bot.core.memory import Memory
from bot.core.model import Login, Order, PullNumber
from bot.core.train import OURSELVES, STRAYS_KEPT
from tests.build import (
    NOW,
    a_base,
    a_check,
    a_checkpoint,
    ago,
    an_intent,
    an_order,
    sha,
    tree_of,
)
from tests.build_base import a_commit, a_step
from tests.core.ground import W1, W2, a_world, memory_of, merge_of, once, pull_of, seen, stages, taken_in

RED = a_check(state=CheckState.FAILED, conclusion="failure")
RUNNING = a_check(state=CheckState.PENDING, conclusion="in_progress")
M1, M2 = merge_of("W1", "m1"), merge_of("W2", "m2", "m1")


def judged(key: str = "W1", base: str = "base", **more: object) -> Judged:
    fields = {"head": sha(key), "base": sha(base), "tree": tree_of("m1"), "at": ago(4), **more}
    return Judged(**fields)  # type: ignore[arg-type]


# ---- the first checkpoint ----


def test_the_base_of_the_start_is_the_first_checkpoint() -> None:
    [first] = once(a_world(), memory_of(checkpoints=())).checkpoints
    assert first == replace(a_checkpoint(), at=ago(60))


def test_it_is_found_too_when_the_base_has_moved_since() -> None:
    given = a_world(course=(a_step("x", "base"), a_step("y", "x")))
    [first] = once(given, memory_of(checkpoints=())).checkpoints
    assert (first.sha, first.tree) == (sha("base"), tree_of("base"))


def test_without_its_tree_it_waits() -> None:
    given = a_world(base=a_base(tree=None))
    assert once(given, memory_of(checkpoints=())).checkpoints == ()


@pytest.mark.parametrize(
    "given", [a_world(base=a_base(sha=None)), a_world(course=(a_step(),))], ids=["no base", "no start"]
)
def test_nothing_is_taken_in_without_a_base_or_a_start(given: Facts) -> None:
    memory = Memory() if given.base.sha is not None else memory_of()
    assert once(given, memory) == memory


# ---- landings ----


def landing(memory: Memory, key: str = "W1") -> Landing:
    return next(each for each in memory.landings if each.key == key)


def test_a_merge_becomes_a_landing_with_the_base_before_and_after() -> None:
    given = a_world(M1, course=(M1.step,), commits={})
    after = once(given, memory_of(judged={W1: judged()}))
    assert after.landings == (M1.landing,)
    assert (after.tip, after.judged, after.strays) == (sha("m1"), {}, ())


def test_of_a_rebase_the_base_before_is_that_before_the_first_commit() -> None:
    ours = (PullNumber(11),)
    course = (
        a_step("x", "base", pulls=()), a_step("r1", "x", pulls=ours), a_step("r2", "r1", pulls=ours),
        a_step("r3", "r2", pulls=ours),
    )  # fmt: skip
    given = a_world(pulls={"W1": merge_of("W1", "r3").pull}, course=course)
    after = once(given, memory_of())
    [found] = after.landings
    assert (found.before, found.tree_before) == (sha("x"), tree_of("x"))
    assert (found.sha, found.tree) == (sha("r3"), tree_of("r3"))
    assert [each.sha for each in after.strays] == [sha("x")]


def test_a_merge_by_a_person_is_a_landing_too_and_nothing_is_known_of_what_was_to_land() -> None:
    by_ada = merge_of("W1", "m1", merged_by=Login("ada"))
    [found] = once(a_world(by_ada, course=(by_ada.step,), commits={}), memory_of()).landings
    assert (found.by, found.decided, found.expected) == ("ada", False, None)


@pytest.mark.parametrize(
    "noted",
    [
        pytest.param(judged(head=sha("old")), id="another head was judged"),
        pytest.param(judged(base="older"), id="the base moved meanwhile"),
        pytest.param(judged(tree=None), id="GitHub had no trial merge"),
        pytest.param(None, id="nothing was judged"),
    ],
)
def test_what_was_to_land_is_known_only_of_just_that_head_on_just_that_base(noted: Judged | None) -> None:
    given = a_world(M1, course=(M1.step,), commits={})
    [found] = once(given, memory_of(judged={} if noted is None else {W1: noted})).landings
    assert found.expected is None


def test_a_merge_that_the_base_does_not_show_yet_is_no_landing_but_is_waited_for() -> None:
    given = a_world(base=a_base(), pulls={"W1": M1.pull})
    assert once(given, memory_of()).landings == ()
    view = seen(given, memory_of())
    assert stages(view) == ["verifying", "queued", "queued"]
    assert "does not show it yet" in view.streams[0].note


def test_a_commit_of_a_pull_that_still_looks_open_is_left_for_the_next_turn() -> None:
    late = a_step("m2", "m1", pulls=(PullNumber(12),))
    given = a_world(M1, course=(M1.step, late, a_step("x", "m2")), commits={})
    after = once(given, memory_of())
    assert ([each.key for each in after.landings], after.tip, after.strays) == (["W1"], sha("m1"), ())


def test_a_pull_that_was_merged_elsewhere_is_no_landing() -> None:
    elsewhere = merge_of("W1", "m1", base="feature")
    after = once(a_world(elsewhere, course=(elsewhere.step,)), memory_of())
    assert after.landings == ()


def test_what_was_judged_is_kept_until_it_landed() -> None:
    memory = memory_of(judged={W1: judged(), W2: judged("W2")})
    after = once(a_world(M1, course=(M1.step,), commits={}), memory)
    assert list(after.judged) == [W2]


# ---- commits by others ----


def test_a_commit_that_is_not_the_plans_is_named() -> None:
    course = (a_step("x", "base", author="otto", headline="Hot fix"), a_step("y", "x", pulls=(PullNumber(77),)))
    after = taken_in(a_world(course=course), memory_of())
    assert [(each.sha, each.author, each.pull) for each in after.strays] == [
        (sha("x"), "otto", None),
        (sha("y"), "signalbox[bot]", 77),
    ]
    assert after.landings == ()


def test_only_the_newest_strays_are_kept() -> None:
    names = ["base", *(f"c{number}" for number in range(STRAYS_KEPT + 5))]
    course = tuple(a_step(new, old) for old, new in pairwise(names))
    after = once(a_world(course=course), memory_of())
    assert [each.sha for each in after.strays] == [each.sha for each in course[-STRAYS_KEPT:]]


def test_people_who_put_back_what_was_there_before_undid_it_and_what_came_after() -> None:
    memory = memory_of(M1.landing, M2.landing)
    revert = a_step("x", "m2", tree=tree_of("base"), author="ada")
    after = taken_in(a_world(M1, M2, course=(revert,)), memory)
    assert [each.undone for each in after.landings] == [0, 0]
    assert stages(seen(a_world(M1, M2, course=(revert,)), memory))[:2] == ["rolled-back", "rolled-back"]


def test_people_who_put_back_the_last_one_undid_only_that() -> None:
    good = merge_of("W1", "m1", green=True)
    revert = a_step("x", "m2", tree=tree_of("m1"), author="ada")
    after = taken_in(a_world(good, M2, course=(revert,)), memory_of(good.landing, M2.landing))
    assert [each.undone for each in after.landings] == [None, 0]


def test_a_base_that_was_rewritten_is_frozen_until_somebody_looked() -> None:
    given = a_world(course=None, base=a_base(sha=sha("new"), tree=tree_of("new")))
    after = taken_in(replace(given, course=None), memory_of())
    frozen = after.intent.frozen
    lost = f"`{sha('base')[:7]}` is no longer in its history"
    assert frozen == Order(by=OURSELVES, at=NOW, reason=f"main was rewritten: {lost}")
    assert after.tip == sha("new")


def test_a_freeze_that_somebody_ordered_before_stays_theirs() -> None:
    memory = memory_of(intent=an_intent(frozen=an_order("ada")))
    assert once(a_world(course=None), memory).intent.frozen == an_order("ada")


# ---- verdicts and checkpoints ----


def test_a_green_base_makes_it_done_and_a_checkpoint() -> None:
    given = a_world(M1, course=(M1.step,))
    after = taken_in(given, memory_of(judged={W1: judged()}))
    assert (landing(after).green, landing(after).evidence) == (NOW, (f"Green on `{sha('m1')[:7]}`: `unit`",))
    new = after.checkpoints[-1]
    assert (new.name, new.sha, new.tree, new.landed) == ("cp-1", sha("m1"), tree_of("m1"), ("W1",))
    assert new.evidence == landing(after).evidence
    assert stages(seen(given, memory_of(judged={W1: judged()}))) == ["done", "mergeable", "mergeable"]


@pytest.mark.parametrize(
    ("checks", "stage"), [((RUNNING,), "verifying"), ((RED,), "failed"), ((), "verifying")], ids=["runs", "red", "none"]
)
def test_until_then_it_is_not_done_and_nothing_else_merges(checks: tuple[CheckFacts, ...], stage: str) -> None:
    given = a_world(M1, on_base=(a_commit("m1", *checks),))
    assert stages(seen(given, memory_of(M1.landing))) == [stage, "queued", "queued"]
    assert len(taken_in(given, memory_of(M1.landing)).checkpoints) == 1


def test_two_that_are_found_good_at_once_leave_one_checkpoint_where_they_were_seen() -> None:
    given = a_world(M1, M2, on_base=(a_commit("m1"), a_commit("m2", a_check(), after="m1")))
    after = taken_in(given, memory_of(M1.landing, M2.landing))
    assert [each.green for each in after.landings] == [NOW, NOW]
    [_, new] = after.checkpoints
    assert (new.sha, new.landed) == (sha("m2"), ("W1", "W2"))


def test_one_that_is_good_while_an_earlier_one_is_not_leaves_no_checkpoint() -> None:
    earlier = replace(M1.landing, expected=tree_of("other"))  # at the same second
    given = a_world(M1, M2, on_base=(a_commit("m1", RED), a_commit("m2", a_check(), after="m1")))
    after = taken_in(given, memory_of(earlier, M2.landing))
    assert [each.green for each in after.landings] == [None, NOW]
    assert len(after.checkpoints) == 1


def test_a_checkpoint_holds_only_what_had_landed_by_then() -> None:
    given = a_world(M1, M2, on_base=(a_commit("m2", RUNNING, after="m1"),))
    after = taken_in(given, memory_of(M1.landing, M2.landing))
    assert [each.green for each in after.landings] == [NOW, None]
    assert (after.checkpoints[-1].sha, after.checkpoints[-1].landed) == (sha("m1"), ("W1",))


def test_somebodys_word_makes_it_done_and_its_evidence() -> None:
    intent = an_intent(allowed={sha("m1"): an_order("mia", "flaky")})
    after = taken_in(a_world(M1, on_base=(a_commit("m1", RED),)), memory_of(M1.landing, intent=intent))
    assert after.checkpoints[-1].evidence == ("Taken as good by `mia`: flaky",)


def test_named_checkpoints_do_not_take_a_number() -> None:
    kept = a_checkpoint(name="kept-1", by=Login("mia"))
    after = taken_in(a_world(M1), memory_of(M1.landing, checkpoints=(a_checkpoint(), kept)))
    assert [each.name for each in after.checkpoints] == ["cp-0", "kept-1", "cp-1"]


def test_a_checkpoint_whose_tag_was_seen_is_noted_as_tagged_and_never_forgotten() -> None:
    memory = memory_of(M1.landing, checkpoints=(a_checkpoint(tagged=False),))
    elsewhere = {"signalbox/5/cp-0": sha("elsewhere")}
    assert not once(a_world(M1, tags={}), memory).checkpoints[0].tagged
    assert not once(a_world(M1, tags=elsewhere), memory).checkpoints[0].tagged
    tagged = once(a_world(M1), memory)
    assert tagged.checkpoints[0].tagged
    assert once(a_world(M1, tags={}), tagged).checkpoints[0].tagged


def test_without_verification_a_merge_is_done_as_soon_as_it_is_proven() -> None:
    given = a_world(M1, config_source="verify: []\n", commits={}, course=(M1.step,))
    assert taken_in(given, memory_of()).landings[0].green is None
    after = taken_in(given, memory_of(judged={W1: judged()}))
    assert after.checkpoints[-1].evidence == ("No checks are asked for on the base",)
    assert Config().verify is None


def test_a_pull_that_is_only_closed_is_no_landing() -> None:
    given = a_world(pulls={"W1": pull_of("W1", state=PullState.CLOSED)}, course=(a_step("x"),))
    assert once(given, memory_of()).landings == ()
