"""A merge that the base does not show: looked for ever more seldom, recognised among others' commits, given up by people."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.actions import MergePull
from bot.core.decide import SHOWING, SLOW_CLOCK, decide
from bot.core.facts import Facts, PullState, Seen
from bot.core.foresight import simulate
from bot.core.judge import judge
from bot.core.keepsake import Part, pack, unpack
from bot.core.ledger import Judged, Stray
from bot.core.liveness import STUCK
from bot.core.memory import Memory
from bot.core.model import MergeMethod, PullNumber
from bot.core.render.replies import why_reply
from bot.core.render.status import status_comment
from tests.build import NOW, a_base, a_command, a_pull, a_repository, ago, an_intent, an_order, sha, tree_of
from tests.build_base import a_commit, a_step, commits
from tests.core.ground import W1, W2, a_world, memory_of, merge_of, once, seen, stages, taken_in

M1 = merge_of("W1", "m1")
QUIET = "forecast: false\n"  # nothing else brings another look
#: GitHub says it was merged, and the base is as it was.
LOST = a_world(base=a_base(), pulls={"W1": M1.pull}, config_source=QUIET)
HOUR = timedelta(hours=1)


def waited(time: timedelta, **more: Any) -> Memory:
    """The memory of a plan that has seen for so long that W1 is merged."""
    return memory_of(seen={"stage/W1": Seen(value="verifying", since=NOW - time)}, **more)


# ---- how often it is looked for ----


@pytest.mark.parametrize(
    ("time", "wait"),
    [
        pytest.param(timedelta(0), SHOWING, id="just merged"),
        pytest.param(timedelta(seconds=1), SHOWING, id="a second ago"),
        pytest.param(timedelta(seconds=10), timedelta(seconds=10), id="some seconds"),
        pytest.param(HOUR, HOUR, id="an hour"),
        pytest.param(timedelta(days=3), SLOW_CLOCK, id="days"),
    ],
)
def test_the_wait_for_a_merge_that_the_base_does_not_show_grows(time: timedelta, wait: timedelta) -> None:
    assert decide(LOST, waited(time)).next_look == NOW + wait


def test_a_day_without_news_takes_few_looks() -> None:
    given, memory, looks = LOST, memory_of(), 0
    while given.now < NOW + timedelta(days=1):
        decision = decide(given, memory)
        assert decision.next_look is not None
        given, memory, looks = replace(given, now=decision.next_look), decision.memory, looks + 1
    assert looks < 20


# ---- one that was taken for somebody else's ----

UNNAMED = replace(M1.step, pulls=())  # GitHub does not name the pull of the commit yet


def after(*steps: Any, **more: Any) -> Memory:
    """The memory once these moves of the base were seen while every pull still looked open."""
    memory = taken_in(a_world(course=steps, **more), memory_of(judged={W1: judged()}))
    assert memory.landings == ()
    assert len(memory.strays) == len(steps)
    return memory


def judged(base: str = "base", **more: Any) -> Judged:
    return Judged(**{"head": sha("W1"), "base": sha(base), "tree": tree_of("m1"), "at": ago(4), **more})


def shown(at: str = "m1", **more: Any) -> Facts:
    """The same base; now the pull reads as merged."""
    merged = merge_of("W1", at)
    return a_world(pulls={"W1": merged.pull}, base=a_base(sha=sha(at), tree=tree_of(at)), **more)


def test_a_commit_that_is_the_merge_of_a_pull_becomes_its_landing() -> None:
    memory = taken_in(shown(), after(UNNAMED))
    assert memory.landings == (M1.landing,)
    assert (memory.strays, memory.judged, memory.tip) == ((), {}, sha("m1"))
    assert stages(judge(shown(), memory))[0] == "verifying"


def test_its_checks_are_read_at_once_and_then_the_plan_goes_on() -> None:
    decision = decide(shown(), after(UNNAMED))
    assert decision.next_look == NOW + SHOWING
    read = shown(commits=commits(a_commit("base", after="root"), replace(M1.commit, checks=a_pull().checks)))
    decision = decide(read, decision.memory)
    assert stages(decision.view)[0] == "done"
    assert [each.key for each in decision.actions if isinstance(each, MergePull)] == ["W2"]


def test_others_commits_stay_what_they_are() -> None:
    memory = taken_in(shown("m1"), after(UNNAMED, a_step("x", "m1")))
    assert [each.sha for each in memory.strays] == [sha("x")]
    assert [each.sha for each in memory.landings] == [sha("m1")]


@pytest.mark.parametrize(
    ("method", "noted", "before"),
    [
        pytest.param(MergeMethod.REBASE, judged(), "base", id="a rebase of ours"),
        pytest.param(MergeMethod.REBASE, judged("x"), "r2", id="judged on a base that is not known"),
        pytest.param(MergeMethod.REBASE, judged(head=sha("old")), "r2", id="another head was judged"),
        pytest.param(MergeMethod.REBASE, None, "r2", id="merged by somebody else"),
        pytest.param(MergeMethod.SQUASH, judged(), "r2", id="no rebase: the others are somebody else's"),
    ],
)
def test_of_a_rebase_of_ours_all_commits_are_the_landings(
    method: MergeMethod, noted: Judged | None, before: str
) -> None:
    steps = (a_step("r1", "base"), a_step("r2", "r1"), a_step("r3", "r2"))
    repository = a_repository(merge_methods=frozenset({method}))
    memory = replace(after(*steps, repository=repository), judged={} if noted is None else {W1: noted})
    memory = taken_in(shown("r3", repository=repository), memory)
    [found] = memory.landings
    assert (found.sha, found.before, found.tree_before) == (sha("r3"), sha(before), tree_of(before))
    assert [each.sha for each in memory.strays] == ([] if before == "base" else [sha("r1"), sha("r2")])


def test_landings_stay_in_the_order_of_landing() -> None:
    second = merge_of("W2", "m2", "m1", merged_at=ago(2))
    given = a_world(second, course=(UNNAMED, second.step), commits={})
    memory = taken_in(given, memory_of())
    assert [each.key for each in memory.landings] == [W2]
    late = a_world(merge_of("W1", "m1"), second, base=a_base(sha=sha("m2"), tree=tree_of("m2")), commits={})
    assert [each.key for each in taken_in(late, memory).landings] == [W1, W2]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(a_world(pulls={"W1": replace(M1.pull, state=PullState.CLOSED)}), id="closed, not merged"),
        pytest.param(shown("m9"), id="merged by another commit"),
    ],
)
def test_what_is_not_its_merge_is_left_alone(given: Facts) -> None:
    memory = after(UNNAMED)
    assert (once(given, memory).landings, once(given, memory).strays) == ((), memory.strays)


def test_one_of_which_too_little_is_known_is_left_alone() -> None:
    old = Stray(sha=sha("m1"), headline="Merge", author="ada", pull=None, at=ago(3))
    memory = memory_of(tip=sha("m1"), strays=(old,))
    assert once(shown(), memory).landings == ()


def test_a_stray_costs_the_status_comment_no_room() -> None:
    kept = unpack(pack(after(UNNAMED), Part.EVERYTHING, 60_000))
    assert kept is not None
    [stray] = kept.memory.strays
    assert (stray.sha, stray.tree, stray.before, stray.tree_before) == (sha("m1"), None, None, None)


def test_a_stray_of_a_pull_is_known_by_it() -> None:
    named = replace(UNNAMED, pulls=(PullNumber(77),))
    memory = taken_in(shown(), after(named))
    assert [each.sha for each in memory.landings] == [sha("m1")]


# ---- when it never comes ----


def test_at_first_it_is_only_waited_for() -> None:
    view = decide(LOST, waited(STUCK - timedelta(seconds=1))).view
    assert view.stream(W1).note == "Merged; `main` does not show it yet"
    assert "not-shown" not in {each.code for each in view.symptoms}


def test_after_long_it_is_said_what_to_do() -> None:
    view = decide(LOST, waited(STUCK)).view
    assert "not-shown" in {each.code for each in view.symptoms}
    for text in (status_comment(view), why_reply(view, W1)):
        assert "`/signalbox skip W1`" in text
        assert "back" in text
    assert W1 in {each.stream.workstream.key for each in simulate(view).blocked}


def test_without_the_commit_it_is_said_as_well() -> None:
    given = a_world(base=a_base(), pulls={"W1": replace(M1.pull, merge_sha=None)})
    assert decide(given, waited(STUCK)).view.stream(W1).note.startswith("Merged, but `main` does not hold it")


@pytest.mark.parametrize(("time", "merged"), [(STUCK, ["W2"]), (STUCK - timedelta(seconds=1), [])])
def test_then_somebody_may_skip_it_and_the_plan_goes_on(time: timedelta, merged: list[str]) -> None:
    given = replace(LOST, commands=(a_command("skip W1", at=NOW),))
    decision = decide(given, waited(time))
    assert (W1 in decision.memory.intent.skipped) == bool(merged)
    assert [each.key for each in decision.actions if isinstance(each, MergePull)] == merged


def test_what_was_skipped_before_it_was_merged_is_waited_for_all_the_same() -> None:
    memory = memory_of(intent=an_intent(skipped={W1: an_order(at=ago(9))}))
    assert [each for each in decide(LOST, memory).actions if isinstance(each, MergePull)] == []


def test_one_that_comes_back_after_all_is_verified() -> None:
    given = a_world(M1, course=(M1.step,), commits={})
    memory = memory_of(intent=an_intent(skipped={W1: an_order(at=NOW)}))
    assert stages(seen(given, memory))[:2] == ["cancelled", "queued"]
    assert [each.sha for each in taken_in(given, memory).landings] == [sha("m1")]
