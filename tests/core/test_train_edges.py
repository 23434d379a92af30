"""Where ways back cross: a checkpoint that holds what was taken back, a rollback that people revert, a frozen base."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from bot.core.actions import MergePull
from bot.core.config import Config
from bot.core.decide import SHOWING, SLOW_CLOCK, decide
from bot.core.facts import CheckState, Mergeable
from bot.core.ledger import Landing, last_proven
from bot.core.model import Key, Login, PullNumber
from bot.core.rollback import back_before, back_to, rollback_of
from bot.core.train import bases_of
from bot.core.verify import Finding
from tests.build import NOW, a_base, a_check, an_order, sha, tree_of
from tests.build_base import a_commit, a_landing, a_rollback, a_step
from tests.core.commands.test_train_commands import FINE, refusal
from tests.core.ground import a_way_back, a_world, actions, memory_of, merge_of, seen, stages, taken_in

GOOD, BAD = merge_of("W1", "m1", green=True), merge_of("W2", "m2", "m1")
BROKEN = a_world(GOOD, BAD, on_base=(a_commit("m2", a_check(state=CheckState.FAILED), after="m1"),))


# ---- the first turn after a rebase of two commits ----

STEPS = tuple(a_step(at, after, pulls=(PullNumber(11),)) for at, after in (("r1", "base"), ("r2", "r1")))
REBASED = {"W1": merge_of("W1", "r2", merged_by=Login("mia")).pull}
RED = a_check(state=CheckState.FAILED)


def test_what_was_red_before_the_first_commit_is_not_held_against_it() -> None:
    quiet = "retries: 0\nforecast: false\n"
    given = a_world(pulls=REBASED, course=STEPS, on_base=(a_commit("r2", RED, after="r1"),), config_source=quiet)
    early = replace(given, commits={at: each for at, each in given.commits.items() if at != sha("base")})
    decision = decide(early, memory_of())
    assert (decision.memory.rollbacks, stages(decision.view)[0]) == ((), "verifying")
    assert decision.next_look == NOW + SHOWING
    later = replace(early, course=(), commits={**early.commits, sha("base"): a_commit("base", RED, after="root")})
    decision = decide(later, replace(decision.memory, landings=tuple(map(as_judged, decision.memory.landings))))
    assert (decision.memory.rollbacks, stages(decision.view)[0]) == ((), "done")


def as_judged(landing: Landing) -> Landing:
    return replace(landing, expected=landing.tree)


def test_the_base_before_each_new_merge_is_read() -> None:
    course = (*STEPS, a_step("m2", "r2", pulls=(PullNumber(12),)), a_step("x", "m2"), a_step("m3", "x"))
    merged = {PullNumber(11): sha("r2"), PullNumber(12): sha("m2"), PullNumber(13): sha("m3")}
    assert bases_of(course, merged) == [sha("base"), sha("r2"), sha("x")]
    assert bases_of(course, {}) == []


# ---- when a rollback's pull is looked at again ----


@pytest.mark.parametrize(
    ("pull", "wait"),
    [
        pytest.param({"mergeable": Mergeable.UNKNOWN}, timedelta(seconds=1), id="GitHub is thinking"),
        pytest.param({"checks": ()}, Config().checks_grace, id="no check has reported yet"),
        pytest.param({}, SLOW_CLOCK, id="it waits for people"),
    ],
)
def test_a_rollbacks_pull_is_looked_at_again_as_soon_as_any_other(pull: dict[str, Any], wait: timedelta) -> None:
    back = a_rollback(BAD.landing, to="cp-1", built=sha("back"))
    memory = memory_of(GOOD.landing, BAD.landing, rollbacks=(back,))
    given = replace(BROKEN, rollback=a_world(back=a_way_back(**pull)).rollback)
    quiet = replace(given, config_source="retries: 0\nforecast: false\n")
    assert decide(quiet, memory).next_look == NOW + wait


# ---- a base of which it is not known yet what moved it ----


def test_the_policy_waits_until_it_is_known_what_else_came_upon_a_broken_base() -> None:
    """W3 is on the base, and its pull does not read as merged yet: it has to go back with what broke the base below it."""
    memory = memory_of(GOOD.landing, BAD.landing)
    step = a_step("m3", "m2", pulls=(PullNumber(13),))
    red = (a_commit("m2", RED, after="m1"), a_commit("m3", RED, after="m2"))
    at_m3: dict[str, Any] = {"course": (step,), "on_base": red, "config_source": "retries: 0\nforecast: false\n"}
    early = replace(a_world(GOOD, BAD, **at_m3), base=a_base(sha=sha("m3"), tree=tree_of("m3")))
    decision = decide(early, memory)
    assert (decision.memory.tip, decision.memory.rollbacks) == (sha("m2"), ())
    assert decision.next_look == NOW + SHOWING
    [back] = decide(a_world(GOOD, BAD, merge_of("W3", "m3", "m2"), **at_m3), decision.memory).memory.rollbacks
    assert back.pulls == (13, 12)


# ---- a rewritten base ----

LANDED = merge_of("W1", "m1")
#: Pushed back to where it was before W1, which is green.
REWOUND = a_world(LANDED, course=None, base=a_base(), on_base=(a_commit("base", a_check(), after="root"),))


def test_what_a_rewritten_base_may_have_lost_is_not_proven_by_its_tip_nor_by_its_own_checks() -> None:
    after = taken_in(REWOUND, memory_of(LANDED.landing))
    assert ([each.green for each in after.landings], [each.name for each in after.checkpoints]) == ([None], ["cp-0"])
    view = seen(REWOUND, memory_of(LANDED.landing))
    found = view.verifications[LANDED.pull.number]
    assert (found.finding, found.next_actor) == (Finding.UNCLEAR, "a maintainer")
    assert found.reason.startswith(f"The base was rewritten and may not hold `{sha('m1')[:7]}` any more")
    assert stages(view) == ["verifying", "queued", "queued"]


def test_somebodys_word_takes_the_rewritten_base_as_good_as_it_is_now() -> None:
    lost = taken_in(REWOUND, memory_of(LANDED.landing))
    allowed = replace(lost, intent=replace(lost.intent, allowed={sha("m1"): an_order()}))
    after = taken_in(replace(REWOUND, course=()), allowed)
    assert (after.landings[0].green, after.checkpoints[-1].sha) == (NOW, sha("base"))


def test_what_the_base_shows_again_is_judged_as_ever() -> None:
    lost = taken_in(REWOUND, memory_of(LANDED.landing))
    after = taken_in(a_world(LANDED, course=(LANDED.step,)), lost)
    assert (after.landings[0].lost, after.landings[0].green, after.checkpoints[-1].sha) == (False, NOW, sha("m1"))


def test_what_was_verified_before_stays_so_and_a_landing_of_an_older_memory_is_not_lost() -> None:
    assert not taken_in(REWOUND, memory_of(merge_of("W1", "m1", green=True).landing)).landings[0].lost
    kind = TypeAdapter(Landing)
    stored = kind.dump_python(LANDED.landing, mode="json")
    del stored["lost"]
    assert kind.validate_python(stored) == LANDED.landing


# ---- ways back ----


def test_one_does_not_go_back_to_what_was_taken_back() -> None:
    first, second = FINE.landings
    memory = replace(FINE, landings=(first, replace(second, undone=1)))
    assert refusal("rollback cp-2", memory) == "`cp-2` holds W2, taken back since: go back to an earlier checkpoint."


def test_a_second_landing_of_a_workstream_came_after_a_checkpoint_with_the_first() -> None:
    first, second = FINE.landings
    later = a_landing("W2", 31, at="m4", after="m3")
    memory = replace(FINE, landings=(first, replace(second, undone=1), later))
    assert back_to(memory, FINE.checkpoints[1]).undone == (later,)


def test_what_a_reverted_rollback_had_taken_back_is_verified_anew() -> None:
    undone = replace(BAD.landing, undone=1, green=None)
    back = a_landing(None, 21, at="b1", after="m2", rollback=1, tree=tree_of("m1"), tree_before=tree_of("m2"))
    memory = memory_of(GOOD.landing, undone, back)
    by_hand = a_step("x1", "b1", tree=tree_of("m2"), tree_before=tree_of("m1"))
    after = taken_in(replace(a_world(GOOD, BAD, on_base=(a_commit("m2"),)), course=(by_hand,)), memory)
    again = next(each for each in after.landings if each.key == Key("W2"))
    assert again.stands
    assert again.open
    assert after.landings[-1].undone == 0


def test_no_rollback_merges_by_itself_into_a_frozen_base() -> None:
    memory = replace(
        memory_of(GOOD.landing, BAD.landing),
        rollbacks=(a_rollback(BAD.landing, to="cp-1", built=sha("back")),),
    )
    given = replace(BROKEN, rollback=a_world(back=a_way_back(head_message="Back")).rollback)
    given = replace(given, config_source="on_red: rollback\n")
    assert actions(given, memory, MergePull)
    frozen = replace(memory, intent=replace(memory.intent, frozen=an_order()))
    assert actions(given, frozen, MergePull) == []


def test_a_state_that_holds_what_was_taken_back_later_is_not_put_back_as_it_was() -> None:
    bad = replace(BAD.landing, undone=1)
    later = a_landing("W3", 14, at="m3", after="m2")
    back = a_landing(None, 21, at="b1", after="m3", rollback=1)
    memory = memory_of(GOOD.landing, bad, later, back, tip=sha("b1"))
    given = replace(BROKEN, base=replace(BROKEN.base, sha=sha("b1")))
    again = rollback_of(given, memory, back_before(memory, later), reason="Because", by=None)
    assert again.exact is False
    assert again.changes == ((sha("m3"), tree_of("m2")),)


def test_what_an_unproven_merge_broke_excuses_nothing_that_came_after_it() -> None:
    bad = replace(BAD.landing, undone=1)
    later = a_landing("W3", 14, at="m3", after="m2")
    assert last_proven((GOOD.landing, bad, later)) == sha("m1")
    assert last_proven((GOOD.landing,)) is None
