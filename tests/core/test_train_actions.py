"""What the train does next: prove, tag, roll back, merge, update."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core import train_actions
from bot.core.actions import (
    BuildBranch,
    Change,
    ClosePull,
    CreateRefs,
    MergePull,
    OpenPull,
    TryMerge,
    UpdateBranch,
)
from bot.core.facts import CheckState, Facts, Mergeable, PullState
from bot.core.judge import judge
from bot.core.ledger import Judged
from bot.core.memory import Memory
from bot.core.model import Branch, Key, Login, MergeMethod, PlanState
from tests.build import (
    NOW,
    a_check,
    a_checkpoint,
    a_repository,
    an_intent,
    an_order,
    sha,
    tree_of,
)
from tests.build_base import a_commit, a_rollback
from tests.core.ground import W1, W2, a_way_back, a_world, actions, memory_of, merge_of, pull_of, taken_in

RED = a_check(state=CheckState.FAILED, conclusion="failure")
M1, GOOD = merge_of("W1", "m1"), merge_of("W1", "m1", green=True)
BAD = merge_of("W2", "m2", "m1")
BROKEN = a_world(GOOD, BAD, on_base=(a_commit("m2", RED, after="m1"),))
MANUAL = "mode: manual\n"
CANCELLED = an_intent(cancelled=an_order())
PAUSED = an_intent(paused=an_order())


def acts(step: Any, given: Facts, memory: Memory) -> list[Any]:
    view = judge(given, memory)
    return list(step(view, memory) if step in {train_actions.merging, train_actions.rolling_back} else step(view))


# ---- proving ----

UNPROVEN = memory_of(replace(M1.landing, expected=None))


def test_what_is_not_known_of_a_landing_is_tried_by_gits_own_merge() -> None:
    [trial] = acts(train_actions.proving, a_world(M1), UNPROVEN)
    assert trial == TryMerge(onto=sha("base"), head=sha("W1"), trial=Branch("signalbox/5/trial"), want_tree=True)


@pytest.mark.parametrize(
    "memory",
    [
        pytest.param(memory_of(M1.landing), id="it is known"),
        pytest.param(memory_of(replace(GOOD.landing, expected=None)), id="it was found good"),
        pytest.param(memory_of(replace(M1.landing, expected=None, undone=1)), id="it was taken back"),
        pytest.param(replace(UNPROVEN, intent=CANCELLED), id="the plan is cancelled"),
    ],
)
def test_nothing_is_tried_where_nothing_is_to_be_learned(memory: Memory) -> None:
    assert acts(train_actions.proving, a_world(M1), memory) == []


# ---- tagging ----


def tags(memory: Memory, **there: str) -> list[str]:
    given = a_world(GOOD, tags={f"signalbox/5/{name.replace('_', '-')}": sha(at) for name, at in there.items()})
    return [name for each in acts(train_actions.tagging, given, memory) for name, _ in each.refs]


def test_each_checkpoint_is_tagged_once() -> None:
    fresh = (a_checkpoint(tagged=False), a_checkpoint(1, at="m1", tagged=False))
    memory = memory_of(GOOD.landing, checkpoints=fresh)
    assert tags(memory) == ["refs/tags/signalbox/5/cp-0", "refs/tags/signalbox/5/cp-1"]
    assert tags(memory, cp_0="base") == ["refs/tags/signalbox/5/cp-1"]
    [first, _] = acts(train_actions.tagging, a_world(GOOD, tags={}), memory)
    assert first == CreateRefs(refs=(("refs/tags/signalbox/5/cp-0", sha("base")),))


def test_a_tag_that_somebody_deleted_or_moved_stays_so() -> None:
    assert tags(memory_of(GOOD.landing)) == []
    moved = memory_of(GOOD.landing, checkpoints=(a_checkpoint(tagged=False),))
    assert tags(moved, cp_0="elsewhere") == []


def test_a_cancelled_plan_tags_nothing() -> None:
    assert tags(memory_of(checkpoints=(a_checkpoint(tagged=False),), intent=CANCELLED)) == []


# ---- rolling back ----


def rolling(given: Facts = BROKEN, *, pull: Any = None, **more: Any) -> list[Any]:
    intent = more.pop("intent", an_intent())
    back = a_rollback(BAD.landing, **{"to": "cp-1", **more})
    memory = replace(memory_of(GOOD.landing, BAD.landing, intent=intent), rollbacks=(back,))
    given = given if pull is None else replace(given, rollback=a_world(back=pull).rollback)
    return acts(train_actions.rolling_back, given, memory)


def test_first_its_branch_is_built_with_the_tree_of_the_checkpoint() -> None:
    [build] = rolling()
    assert isinstance(build, BuildBranch)
    assert (build.what, build.branch, build.trial) == ("rollback 1", "signalbox/5/rollback-1", "signalbox/5/trial")
    assert (build.onto, build.tree, build.changes) == (sha("m2"), tree_of("m1"), ())


def test_where_others_moved_the_base_too_just_the_landings_are_carried_back() -> None:
    [build] = rolling(exact=False)
    assert (build.tree, build.changes) == (None, (Change(start=sha("m2"), tree=tree_of("m1")),))


def test_then_its_pull_is_opened_and_not_as_a_draft() -> None:
    [opening] = rolling(built=sha("back"))
    assert isinstance(opening, OpenPull)
    assert (opening.key, opening.head, opening.base) == ("rollback 1", "signalbox/5/rollback-1", "main")
    assert not opening.draft


@pytest.mark.parametrize(
    ("more", "kinds"),
    [
        pytest.param({"built": sha("back"), "pull": a_way_back()}, [], id="its pull is open"),
        pytest.param({"unclean": ("a.py",)}, [], id="it cannot be clean"),
        pytest.param({"merged": True}, [], id="it is merged"),
        pytest.param({"intent": CANCELLED}, [], id="the plan is cancelled"),
        pytest.param({"intent": PAUSED}, [BuildBranch], id="a pause does not stop it"),
        pytest.param({"dropped": True}, [], id="dropped before it had a pull"),
        pytest.param({"dropped": True, "pull": a_way_back()}, [ClosePull], id="dropped"),
        pytest.param({"dropped": True, "pull": a_way_back(state=PullState.CLOSED)}, [], id="dropped and closed"),
    ],
)
def test_how_far_it_is(more: dict[str, Any], kinds: list[type]) -> None:
    assert [type(each) for each in rolling(**more)] == kinds


def test_one_that_is_not_needed_is_closed_also_when_the_plan_is_complete_by_that() -> None:
    third = merge_of("W3", "m3", "m2")
    good = (GOOD, replace(BAD, landing=replace(BAD.landing, green=NOW)), third)
    memory = memory_of(*(each.landing for each in good))
    memory = replace(memory, rollbacks=(a_rollback(third.landing, built=sha("back")),))
    given = replace(a_world(*good), rollback=a_world(back=a_way_back()).rollback)
    memory = taken_in(given, memory)
    assert judge(given, memory).state is PlanState.COMPLETED
    assert [type(each) for each in acts(train_actions.rolling_back, given, memory)] == [ClosePull]


# ---- merging ----


def merges(given: Facts, memory: Memory | None = None) -> list[str]:
    return [each.key for each in acts(train_actions.merging, given, memory or memory_of())]


def test_one_merge_a_turn_with_the_head_that_was_judged() -> None:
    [merge] = acts(train_actions.merging, a_world(), memory_of())
    assert isinstance(merge, MergePull)
    assert (merge.key, merge.pull, merge.head_sha, merge.method) == ("W1", 11, sha("W1"), MergeMethod.MERGE)


def test_after_one_that_github_refused_the_next_is_tried_too() -> None:
    assert merges(a_world(), memory_of(refusals={"merge W1": "No"})) == ["W1", "W2"]
    assert merges(a_world(), memory_of(refusals={"merge W1": "No", "merge W2": "No"})) == ["W1", "W2", "W3"]


@pytest.mark.parametrize(
    ("given", "memory", "merged"),
    [
        pytest.param(a_world(config_source=MANUAL), memory_of(), [], id="manual"),
        pytest.param(
            a_world(config_source=MANUAL),
            memory_of(intent=an_intent(merges={W2: an_order()})),
            ["W2"],
            id="manual, and somebody says merge",
        ),
        pytest.param(a_world(), memory_of(intent=PAUSED), [], id="paused"),
        pytest.param(a_world(), memory_of(intent=CANCELLED), [], id="cancelled"),
        pytest.param(a_world(), memory_of(intent=an_intent(frozen=an_order())), [], id="frozen"),
        pytest.param(a_world(M1, commits={}), memory_of(M1.landing), [], id="one is being verified"),
        pytest.param(BROKEN, memory_of(GOOD.landing, BAD.landing), [], id="one broke the base"),
        pytest.param(
            a_world(pulls={"W1": pull_of("W1", mergeable=Mergeable.UNKNOWN)}), memory_of(), ["W2"], id="thinking"
        ),
    ],
)
def test_what_merges(given: Facts, memory: Memory, merged: list[str]) -> None:
    assert merges(given, memory) == merged


@pytest.mark.parametrize(
    ("config", "allowed", "method"),
    [
        (None, set(MergeMethod), MergeMethod.MERGE),
        (None, {MergeMethod.REBASE, MergeMethod.SQUASH}, MergeMethod.SQUASH),
        ("merge_method: rebase\n", set(MergeMethod), MergeMethod.REBASE),
        ("merge_method: rebase\n", {MergeMethod.SQUASH}, MergeMethod.SQUASH),
        (None, set(), MergeMethod.MERGE),
    ],
)
def test_it_merges_as_the_config_says_if_the_repository_allows(
    config: str | None, allowed: set[MergeMethod], method: MergeMethod
) -> None:
    given = a_world(config_source=config, repository=a_repository(merge_methods=frozenset(allowed)))
    [merge] = acts(train_actions.merging, given, memory_of())
    assert merge.method is method


@pytest.mark.parametrize(
    ("config", "pull", "merged"),
    [
        ("on_red: rollback\n", a_way_back(head_message="Back"), ["rollback 1"]),
        ("on_red: rollback\n", a_way_back(head_message="Back", checks=(RED,)), []),
        ("on_red: rollback\n", a_way_back(head_message="Back", head_sha=sha("pushed")), []),
        ("on_red: rollback_pull\n", a_way_back(head_message="Back"), []),
    ],
    ids=["green", "red", "pushed to", "by people"],
)
def test_a_rollback_merges_by_itself_only_where_the_config_says_so(config: str, pull: Any, merged: list[str]) -> None:
    memory = memory_of(GOOD.landing, BAD.landing)
    memory = replace(memory, rollbacks=(a_rollback(BAD.landing, to="cp-1", built=sha("back")),))
    given = replace(BROKEN, rollback=a_world(back=pull).rollback, config_source=config)
    assert merges(given, memory) == merged


@pytest.mark.parametrize(("by", "merged"), [(None, []), (Login("mia"), ["rollback 1"])])
def test_one_by_the_policy_waits_while_what_was_red_runs_again(by: Login | None, merged: list[str]) -> None:
    again = a_check(state=CheckState.PENDING, conclusion="in_progress")
    given = a_world(GOOD, BAD, on_base=(a_commit("m2", again, after="m1"),), back=a_way_back(head_message="Back"))
    back = a_rollback(BAD.landing, to="cp-1", built=sha("back"), by=by)
    memory = replace(memory_of(GOOD.landing, BAD.landing), rollbacks=(back,))
    assert merges(replace(given, config_source="on_red: rollback\nretries: 0\n"), memory) == merged


def test_a_rollback_that_is_not_needed_any_more_is_closed_and_not_merged_in_the_same_turn() -> None:
    memory = memory_of(GOOD.landing, BAD.landing)
    memory = replace(memory, rollbacks=(a_rollback(BAD.landing, to="cp-1", built=sha("back")),))
    given = replace(a_world(GOOD, BAD), rollback=a_world(back=a_way_back(head_message="Back")).rollback)
    given = replace(given, config_source="on_red: rollback\n")
    decided = actions(given, memory, ClosePull, MergePull)
    assert [type(each) for each in decided] == [ClosePull, MergePull]
    assert isinstance(decided[1], MergePull)
    assert decided[1].key == "W3"


# ---- what is noted before a merge ----


def noted(**pull: Any) -> dict[Key, Judged]:
    given = a_world(pulls={"W1": pull_of("W1", **pull)})
    view, memory = judge(given, memory_of()), memory_of()
    return dict(train_actions.noted(view, memory, tuple(train_actions.merging(view, memory))).judged)


def test_a_fitting_trial_merge_says_what_is_to_land() -> None:
    trial = {"trial_tree": tree_of("m1"), "trial_parents": (sha("base"), sha("W1"))}
    assert noted(**trial) == {W1: Judged(head=sha("W1"), base=sha("base"), tree=tree_of("m1"), at=NOW)}


@pytest.mark.parametrize(
    "parents", [(), (sha("older"), sha("W1")), (sha("base"), sha("older")), (sha("W1"), sha("base"))]
)
def test_one_of_another_base_or_head_says_nothing(parents: tuple[Any, ...]) -> None:
    [found] = noted(trial_tree=tree_of("m1"), trial_parents=parents).values()
    assert (found.head, found.base, found.tree) == (sha("W1"), sha("base"), None)


def test_what_is_not_merged_is_not_noted() -> None:
    view = judge(a_world(), memory_of())
    assert train_actions.noted(view, memory_of(), ()) == memory_of()


# ---- updating ----


def updates(given: Facts, **intent: Any) -> list[UpdateBranch]:
    return acts(train_actions.updating, given, memory_of(intent=an_intent(**intent)))


def behind(*keys: str, update: str = "always_current", **more: Any) -> Facts:
    given = a_world(config_source=f"update: {update}\n", **more)
    streams = dict(given.workstreams)
    for key in keys:
        found = streams[Key(key)]
        assert found.branch is not None
        streams[Key(key)] = replace(found, branch=replace(found.branch, behind=2))
    return replace(given, workstreams=streams)


def test_a_branch_is_brought_up_to_the_base_when_somebody_asked_for_that_head() -> None:
    [update] = updates(a_world(), updates={W1: sha("W1"), W2: sha("older")})
    assert update == UpdateBranch(key=W1, pull=pull_of("W1").node_id, expected=sha("W1"))


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        pytest.param(behind("W1", "W2"), ["W1", "W2"], id="always"),
        pytest.param(behind("W1", update="before_merge"), ["W1"], id="before a merge"),
        pytest.param(behind("W1", update="never"), [], id="never"),
        pytest.param(behind(), [], id="not behind"),
        pytest.param(
            behind("W1", update="before_merge", pulls={"W1": pull_of("W1", checks=(RED,))}), [], id="not its turn yet"
        ),
        pytest.param(behind("W1", pulls={"W1": pull_of("W1", checks=(RED,))}), ["W1"], id="red, but always current"),
        pytest.param(behind("W1", pulls={"W1": pull_of("W1", mergeable=Mergeable.NO)}), [], id="in conflict"),
    ],
)
def test_the_config_says_whether_branches_follow_the_base(given: Facts, keys: list[str]) -> None:
    assert [each.key for each in updates(given)] == keys


def test_nothing_is_updated_while_a_merge_may_yet_be_taken_back_or_the_plan_rests() -> None:
    given = replace(behind("W3"), base=BROKEN.base, commits=BROKEN.commits)
    memory = memory_of(GOOD.landing, BAD.landing)
    assert acts(train_actions.updating, given, memory) == []
    assert updates(behind("W1"), paused=an_order()) == []
    assert updates(behind("W1"), held={W1: an_order(by=Login("ada"))}) == []
