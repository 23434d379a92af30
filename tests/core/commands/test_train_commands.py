"""The commands of the merge train: rollback, checkpoint, freeze, unfreeze, allow, merge, update, and retry after a rollback."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core import registry
from bot.core.commands import Target
from bot.core.commands.fold import fold
from bot.core.facts import CheckState, Facts, Freeze, Mergeable, PullState, TrainFacts, Verdict
from bot.core.judge import judge
from bot.core.memory import Memory
from bot.core.model import Acceptance, Again, Branch, IssueNumber, Login, Order, Role
from tests.build import a_base, a_check, a_checkpoint, a_command, ago, an_intent, an_order, sha, tree_of
from tests.build_base import a_commit, a_landing, a_rollback
from tests.core.ground import W1, W2, a_way_back, a_world, memory_of, merge_of, pull_of

RED = a_check(state=CheckState.FAILED, conclusion="failure")
GOOD, BAD = merge_of("W1", "m1", green=True), merge_of("W2", "m2", "m1")
NICE = replace(BAD, landing=replace(BAD.landing, green=ago(1)))
BROKEN, FINE = memory_of(GOOD.landing, BAD.landing), memory_of(GOOD.landing, NICE.landing)
AT_M2 = a_world(GOOD, BAD, on_base=(a_commit("m2", RED, after="m1"),))
BY_MIA = Order(by=Login("mia"), at=ago(1))


def say(line: str, memory: Memory, given: Facts = AT_M2, **call: Any) -> tuple[Memory, Verdict, str]:
    """Fold one command in; what is left of the memory, and the answer."""
    given = replace(given, commands=(a_command(line, **call),))
    after, answers, _ = fold(given, memory, judge)
    return after, answers[1].verdict, answers[1].reply


def done(line: str, memory: Memory, given: Facts = AT_M2, **call: Any) -> tuple[Memory, str]:
    after, verdict, reply = say(line, memory, given, **call)
    assert verdict is Verdict.DONE, reply
    return after, reply


def refusal(line: str, memory: Memory, given: Facts = AT_M2, **call: Any) -> str:
    after, verdict, reply = say(line, memory, given, **call)
    assert verdict is Verdict.REFUSED
    assert after == memory
    return reply


@pytest.mark.parametrize(
    ("name", "role", "target"),
    [
        ("rollback", Role.MAINTAIN, Target.PLAN),
        ("checkpoint", Role.WRITE, Target.PLAN),
        ("freeze", Role.MAINTAIN, Target.PLAN),
        ("unfreeze", Role.MAINTAIN, Target.PLAN),
        ("allow", Role.MAINTAIN, Target.EITHER),
        ("merge", Role.MAINTAIN, Target.WORKSTREAM),
        ("update", Role.WRITE, Target.WORKSTREAM),
        ("retry", Role.WRITE, Target.WORKSTREAM),
    ],
)
def test_who_may_say_it_and_about_what(name: str, role: Role, target: Target) -> None:
    command = registry.load_commands()[name]
    assert (command.role, command.target) == (role, target)
    below = Role(role.value - 1)
    assert refusal(f"{name} W1" if target is Target.WORKSTREAM else name, BROKEN, role=below)


# ---- rollback ----


def test_rollback_without_a_word_takes_back_what_the_base_is_not_good_with() -> None:
    after, reply = done("rollback", BROKEN)
    [back] = after.rollbacks
    assert (back.to, back.keys, back.by, back.exact) == ("cp-1", (W2,), "mia", True)
    assert back.reason == "`mia` asked for it with `/signalbox rollback`"
    assert "takes back W2, newest first, and goes back to `cp-1`" in reply


@pytest.mark.parametrize(
    ("line", "to", "keys"),
    [
        ("rollback W1", "cp-0", ["W2", "W1"]),
        ("rollback w2", "cp-1", ["W2"]),
        ("rollback cp-0", "cp-0", ["W2", "W1"]),
        ("rollback `CP-1`", "cp-1", ["W2"]),
        ("rollback #12", "cp-1", ["W2"]),
    ],
)
def test_rollback_goes_back_to_a_checkpoint_or_before_a_workstream(line: str, to: str, keys: list[str]) -> None:
    [back] = done(line, FINE)[0].rollbacks
    assert (back.to, list(back.keys)) == (to, keys)


@pytest.mark.parametrize(
    ("line", "memory", "given", "says"),
    [
        pytest.param("rollback", memory_of(), a_world(), "Nothing of this plan has landed", id="nothing landed"),
        pytest.param("rollback", FINE, AT_M2, "The base is good with everything in. Say where to", id="nothing broken"),
        pytest.param("rollback cp-2", FINE, AT_M2, "Nothing of this plan has landed since `cp-2`", id="it is there"),
        pytest.param("rollback W3", FINE, AT_M2, "W3 has not landed", id="not landed"),
        pytest.param("rollback W2 please", FINE, AT_M2, "no workstream `W2 please`", id="more words"),
        pytest.param("rollback @ada", FINE, AT_M2, "no workstream `@ada`", id="neither"),
        pytest.param(
            "rollback W2", FINE, replace(AT_M2, base=a_base(sha=None)), "The base `main` does not exist", id="no base"
        ),
    ],
)
def test_rollback_is_refused_with_what_can_be_said_instead(line: str, memory: Memory, given: Facts, says: str) -> None:
    assert says in refusal(line, memory, given)


def test_rollback_without_a_word_does_not_call_a_base_good_whose_last_rollback_is_not_verified() -> None:
    back = replace(a_landing(None, 21, at="b1", after="m2"), rollback=1)
    undone = replace(BAD.landing, undone=1)
    memory = replace(BROKEN, landings=(GOOD.landing, undone, back), tip=sha("b1"))
    given = replace(AT_M2, base=a_base(sha=sha("b1"), tree=tree_of("m1")))
    says = refusal("rollback", memory, given)
    assert says.startswith("What the base is not verified with yet is rollback 1 (#21) itself. Say where to: ")


@pytest.mark.parametrize(
    ("more", "busy"),
    [
        pytest.param({}, True, id="under way"),
        pytest.param({"dropped": True}, True, id="its pull is still open"),
        pytest.param({"merged": True}, False, id="merged"),
        pytest.param({"dropped": True, "closed": True}, False, id="closed"),
        pytest.param({"unclean": ("a.py",)}, False, id="it cannot be clean"),
    ],
)
def test_one_rollback_at_a_time(more: dict[str, Any], busy: bool) -> None:
    memory = replace(BROKEN, rollbacks=(a_rollback(BAD.landing, **more),))
    given = replace(AT_M2, rollback=a_world(back=a_way_back()).rollback)
    if busy:
        assert "Rollback 1 (#21) is under way" in refusal("rollback", memory, given)
    else:
        assert len(done("rollback", memory, given)[0].rollbacks) == 2


# ---- checkpoint ----


def test_checkpoint_keeps_the_base_as_it_is() -> None:
    after, reply = done("checkpoint before-release", FINE)
    kept = after.checkpoints[-1]
    assert (kept.name, kept.sha, kept.tree, kept.landed) == ("before-release", sha("m2"), tree_of("m2"), ("W1", "W2"))
    assert (kept.by, kept.evidence[0], kept.tagged) == ("mia", "Kept by `mia`", False)
    assert reply == f"`main` at `{sha('m2')[:7]}` is the checkpoint `before-release`."


def test_checkpoint_without_a_name_gets_the_next_free_one() -> None:
    kept = a_checkpoint(name="kept-1", by=Login("mia"))
    after, _ = done("checkpoint", replace(FINE, checkpoints=(*FINE.checkpoints, kept)))
    assert after.checkpoints[-1].name == "kept-2"


@pytest.mark.parametrize("name", ["cp-7", "CP-7", "a..b", "a.", "a.lock", "-a", "a/b", "two words", "x" * 51, "@ada"])
def test_checkpoint_takes_no_name_that_is_no_ref_or_its_own(name: str) -> None:
    assert "cannot be a checkpoint's name" in refusal(f"checkpoint {name}", FINE)


def test_checkpoint_of_a_taken_name() -> None:
    here = replace(FINE, checkpoints=(a_checkpoint(name="Mine", sha=sha("m2")),))
    assert "is a checkpoint already" in done("checkpoint mine", here)[1]
    elsewhere = replace(FINE, checkpoints=(a_checkpoint(name="mine", sha=sha("m1")),))
    assert refusal("checkpoint mine", elsewhere).endswith("Take another name.")


def test_checkpoint_waits_until_the_base_is_good() -> None:
    assert "not verified with W2 (#12) in yet" in refusal("checkpoint", BROKEN)
    way = a_landing(None, 21, at="b1", after="m2", rollback=1)
    assert "with rollback 1 (#21)" in refusal("checkpoint", memory_of(GOOD.landing, way))
    assert "cannot be read" in refusal("checkpoint", FINE, replace(AT_M2, base=a_base(tree=None)))


@pytest.mark.parametrize("line", ["checkpoint", "rollback W1"])
def test_it_has_to_be_known_what_moved_the_base(line: str) -> None:
    """A merge may be on it before its pull reads as merged: it would be kept unnamed, or left out of what goes back."""
    assert "has just moved" in refusal(line, replace(FINE, tip=sha("m1")))


# ---- freeze and unfreeze ----


def test_freeze_and_unfreeze() -> None:
    after, _ = done("freeze for the release", FINE)
    assert after.intent.frozen == replace(BY_MIA, reason="for the release")
    long, _ = done(f"freeze {'because ' * 5000}", FINE)
    assert long.intent.frozen is not None
    assert len(long.intent.frozen.reason) == 500
    again, reply = done("freeze", replace(after, latest={}), author=Login("ada"))
    assert again.intent == after.intent
    assert "frozen by `mia`" in reply
    assert done("unfreeze", replace(after, latest={}))[0].intent.frozen is None


def test_unfreeze_says_who_else_froze_the_base() -> None:
    assert done("unfreeze", FINE)[1] == "`main` is not frozen."
    train = TrainFacts(frozen=(Freeze(issue=IssueNumber(9), words="no", outside=True),))
    assert "frozen by plan #9" in done("unfreeze", FINE, replace(AT_M2, train=train))[1]


def test_of_freeze_and_unfreeze_the_one_written_last_wins() -> None:
    lifted, _ = done("unfreeze", FINE, at=ago(1))
    late, reply = done("freeze", lifted, at=ago(2))
    assert late.intent.frozen is None
    assert "arrived late" in reply


# ---- allow ----


def test_allow_takes_the_base_as_good_with_what_is_not_verified() -> None:
    after, reply = done("allow W2 it is flaky", BROKEN)
    assert after.intent.allowed == {sha("m2"): replace(BY_MIA, reason="it is flaky")}
    assert "taken as good with W2 in" in reply
    assert done("allow", BROKEN)[0].intent.allowed == {sha("m2"): BY_MIA}


def test_allow_also_covers_a_rollback() -> None:
    way = a_landing(None, 21, at="b1", after="m2", rollback=1)
    after, reply = done("allow", memory_of(GOOD.landing, way))
    assert list(after.intent.allowed) == [sha("b1")]
    assert "rollback 1" in reply


def test_allow_is_refused_where_nothing_waits() -> None:
    assert refusal("allow", FINE).startswith("Nothing waits for a verification of the base")
    assert refusal("allow W1", BROKEN).startswith("W1 waits for no verification")


# ---- merge and update ----


def test_merge_counts_until_it_is_merged() -> None:
    ready = a_world()
    after, reply = done("merge W1", memory_of(), ready)
    assert (after.intent.merges, reply) == ({W1: BY_MIA}, "")
    draft = a_world(pulls={"W1": pull_of("W1", draft=True)})
    after, reply = done("merge W1", memory_of(), draft)
    assert after.intent.merges == {W1: BY_MIA}
    assert reply.startswith("W1 (#11) is merged as soon as every gate passes. Now it waits for")


def test_update_counts_for_the_head_that_is_there() -> None:
    after, reply = done("update W1", memory_of(), a_world())
    assert (after.intent.updates, reply) == ({W1: sha("W1")}, "")


def test_update_of_a_branch_that_holds_all_of_the_base() -> None:
    given = a_world(config_source="update: before_merge")
    found = given.workstreams[W1]
    assert found.branch is not None
    for behind, words in ((0, "`part/w1` holds everything of `main` already."), (1, "")):
        there = replace(
            given, workstreams={**given.workstreams, W1: replace(found, branch=replace(found.branch, behind=behind))}
        )
        after, reply = done("update W1", memory_of(), there)
        assert (bool(after.intent.updates), reply) == (bool(behind), words)


def test_update_leaves_conflicts_to_people() -> None:
    given = a_world(pulls={"W1": pull_of("W1", mergeable=Mergeable.NO)})
    assert refusal("update W1", memory_of(), given) == (
        "W1 (#11) conflicts with `main`: merge `main` into `part/w1` by hand and push."
    )


@pytest.mark.parametrize("verb", ["merge", "update"])
def test_merge_and_update_need_an_open_pull_that_has_not_landed(verb: str) -> None:
    closed = a_world(pulls={"W1": pull_of("W1", state=PullState.CLOSED)})
    assert "has no open pull request" in refusal(f"{verb} W1", memory_of(), closed)
    assert "has landed already" in refusal(f"{verb} W1", FINE)
    assert "`/signalbox rollback W2` takes it back" in refusal(f"{verb} W2", BROKEN)


# ---- retry after a rollback ----

UNDONE = memory_of(GOOD.landing, replace(BAD.landing, undone=1))
BACK = replace(UNDONE, rollbacks=(a_rollback(BAD.landing, merged=True, reason="The base broke with `W2`"),))


def test_retry_brings_a_change_anew_on_a_branch_of_its_own() -> None:
    after, reply = done("retry W2", replace(BACK, intent=an_intent(held={W2: an_order()})))
    intent = after.intent
    assert intent.again[W2] == Again(
        by=Login("mia"), at=ago(1), attempt=2, onto=sha("m2"), before=sha("m1"), landed=sha("m2"), tree=tree_of("m2"),
        failure="The base broke with `W2`",
    )  # fmt: skip
    assert intent.pinned[W2] == Branch("part/w2-try-2")
    assert intent.joined[W2] == Acceptance(by=Login("mia"), at=ago(1), base_sha=sha("m2"))
    assert intent.held == {}
    assert "`part/w2-try-2`" in reply


def test_retry_forgets_what_was_said_of_the_change_that_was_taken_back() -> None:
    """Else it would merge again unasked where the repository has no drafts."""
    said = {W1: an_order(), W2: an_order()}
    intent = done("retry W2", replace(BACK, drafts=False, intent=an_intent(handed_in=said, merges=said)))[0].intent
    assert (set(intent.handed_in), set(intent.merges)) == ({W1}, {W1})


def test_retry_of_what_people_took_back() -> None:
    by_hand = memory_of(GOOD.landing, replace(BAD.landing, undone=0))
    assert done("retry W2", by_hand)[0].intent.again[W2].failure == "People took it back by hand"


def test_a_third_try_counts_on() -> None:
    first = done("retry W2", BACK)[0]
    third = merge_of("W2", "m3", "m2", head=Branch("part/w2-try-2"), number=14, created_at=ago(0.5))
    memory = replace(first, landings=(*first.landings, replace(third.landing, pull=third.pull.number, undone=2)))
    given = a_world(GOOD, third)
    found = given.workstreams[W2]
    assert found.branch is not None
    given = replace(given, workstreams={**given.workstreams, W2: replace(found, pulls=(third.pull,))})
    after, _ = done("retry W2", memory, given)
    assert (after.intent.again[W2].attempt, after.intent.pinned[W2]) == (3, "part/w2-try-3")


def test_retry_waits_for_the_rollback() -> None:
    rolling = replace(UNDONE, rollbacks=(a_rollback(BAD.landing),))
    assert "still being rolled back" in refusal("retry W2", rolling)
    assert "does not exist" in refusal("retry W2", BACK, replace(AT_M2, base=a_base(sha=None)))


def test_retry_does_not_wait_for_a_rollback_that_gave_way_to_another() -> None:
    unclean = a_rollback(BAD.landing, unclean=("a.py",))
    before = replace(BACK, rollbacks=(unclean, a_rollback(BAD.landing, number=2, merged=True)))
    after, _ = done("retry W2", before)
    assert (after.intent.again[W2].attempt, after.intent.pinned[W2]) == (2, "part/w2-try-2")


def test_retry_of_what_broke_the_base_says_how_it_is_taken_back() -> None:
    assert "`/signalbox rollback W2` takes it back" in refusal("retry W2", BROKEN)


# ---- when ----


@pytest.mark.parametrize("verb", ["rollback", "checkpoint", "freeze", "unfreeze", "allow"])
def test_before_the_start_none_of_them_makes_sense(verb: str) -> None:
    assert "has not been started" in refusal(verb, Memory(), a_world())


def test_of_a_complete_plan_one_can_still_roll_back_and_lift_a_freeze() -> None:
    third = merge_of("W3", "m3", "m2", green=True)
    memory = memory_of(GOOD.landing, NICE.landing, third.landing)
    given = a_world(GOOD, NICE, third)
    assert done("rollback W3", memory, given)[0].rollbacks
    assert done("unfreeze", memory, given)
    assert "is complete" in refusal("freeze", memory, given)
