"""What trial merges and built branches teach, and what they do not."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.actions import BuildBranch, Outcome, OutcomeKind, TryMerge
from bot.core.memory import Memory
from bot.core.model import Again, Branch, Key, Login, Sha
from bot.core.trials import CONFLICT, learned, pair
from tests.build import NOW, an_intent, sha, tree_of
from tests.build_base import a_landing, a_ledger, a_rollback

TRIAL = Branch("signalbox/5/trial")
UNKNOWN = a_ledger(a_landing(expected=None))
SILENT = [OutcomeKind.ALREADY, OutcomeKind.MOVED, OutcomeKind.REFUSED, OutcomeKind.LATER, OutcomeKind.UNKNOWN]


def tried(memory: Memory, kind: OutcomeKind = OutcomeKind.DONE, *, onto: str = "base", **more: Any) -> Memory:
    outcome = Outcome(kind=kind, **{"tree": tree_of("m1"), **more})
    return learned(memory, {TryMerge(onto=sha(onto), head=sha("head"), trial=TRIAL): outcome})


def test_the_tree_of_a_merge_is_what_the_landing_should_have_given() -> None:
    assert tried(UNKNOWN).landings[0].expected == tree_of("m1")


def test_where_git_alone_cannot_merge_no_tree_is_the_expected_one() -> None:
    assert tried(UNKNOWN, OutcomeKind.CONFLICT, tree=None, paths=("a.py",)).landings[0].expected == CONFLICT


@pytest.mark.parametrize("kind", SILENT)
def test_an_outcome_that_says_nothing_for_certain_teaches_nothing(kind: OutcomeKind) -> None:
    assert tried(UNKNOWN, kind) == UNKNOWN


def test_what_is_known_stays_and_another_merge_says_nothing() -> None:
    known = a_ledger(a_landing(expected=tree_of("known")))
    assert tried(known) == known
    assert tried(UNKNOWN, onto="older") == UNKNOWN


def heads(kind: OutcomeKind, paths: tuple[str, ...] = ()) -> Memory:
    action = TryMerge(onto=sha("a"), head=sha("b"), trial=TRIAL, want_tree=False)
    return learned(UNKNOWN, {action: Outcome(kind=kind, paths=paths)})


def test_of_two_heads_it_is_noted_where_they_clash_whichever_comes_first() -> None:
    assert heads(OutcomeKind.CONFLICT, ("a.py",)).trials == {pair(sha("b"), sha("a")): ("a.py",)}
    assert heads(OutcomeKind.CONFLICT).trials == {pair(sha("a"), sha("b")): ("?",)}
    assert heads(OutcomeKind.DONE).trials == {pair(sha("a"), sha("b")): ()}
    assert heads(OutcomeKind.DONE).landings == UNKNOWN.landings


# ---- a rollback's branch ----

ROLLING = replace(UNKNOWN, rollbacks=(a_rollback(),))


def built(memory: Memory, kind: OutcomeKind = OutcomeKind.DONE, *, what: str = "rollback 1", **more: Any) -> Memory:
    action = BuildBranch(
        what=what, branch=Branch("b"), onto=sha("m1"), tree=tree_of("base"), changes=(), trial=TRIAL, message="Back"
    )
    outcome = Outcome(kind=kind, **{"result": sha("back"), "tree": tree_of("base"), **more})
    return learned(memory, {action: outcome})


def test_a_built_branch_is_noted_with_its_commit_and_tree() -> None:
    [back] = built(ROLLING).rollbacks
    assert (back.built, back.built_tree, back.unclean) == (sha("back"), tree_of("base"), ())


def test_one_that_cannot_be_built_is_noted_with_the_paths() -> None:
    [back] = built(ROLLING, OutcomeKind.CONFLICT, result=None, paths=("a.py", "b.py")).rollbacks
    assert (back.built, back.unclean) == (None, ("a.py", "b.py"))
    [back] = built(ROLLING, OutcomeKind.CONFLICT, result=None).rollbacks
    assert back.unclean == ("?",)


@pytest.mark.parametrize("kind", SILENT)
def test_one_that_may_or_may_not_be_there_is_not_noted(kind: OutcomeKind) -> None:
    assert built(ROLLING, kind) == ROLLING


@pytest.mark.parametrize(
    "memory",
    [
        pytest.param(UNKNOWN, id="there is none"),
        pytest.param(replace(UNKNOWN, rollbacks=(a_rollback(dropped=True),)), id="it is not wanted any more"),
        pytest.param(replace(UNKNOWN, rollbacks=(a_rollback(), a_rollback(number=2))), id="it is an older one"),
    ],
)
def test_a_branch_that_is_not_the_current_rollbacks_is_not_noted(memory: Memory) -> None:
    assert built(memory) == memory


def test_a_rollback_that_was_not_built_for_want_of_a_commit_is_not_noted() -> None:
    assert built(ROLLING, result=None) == ROLLING


# ---- a change that is brought anew ----


def anew(onto: Sha) -> Memory:
    again = Again(
        by=Login("mia"), at=NOW, attempt=2, onto=onto, before=sha("base"), landed=sha("m1"), tree=tree_of("m1"),
        failure="It broke",
    )  # fmt: skip
    return replace(UNKNOWN, intent=an_intent(again={Key("W1"): again}))


def test_a_change_that_cannot_be_brought_anew_is_noted_with_the_paths() -> None:
    memory = built(anew(sha("m1")), OutcomeKind.CONFLICT, what="the new branch of W1", paths=("a.py",))
    assert memory.intent.again[Key("W1")].unclean == ("a.py",)
    memory = built(anew(sha("m1")), OutcomeKind.CONFLICT, what="the new branch of W1", paths=())
    assert memory.intent.again[Key("W1")].unclean == ("?",)


@pytest.mark.parametrize(
    ("memory", "kind", "what"),
    [
        (anew(sha("m1")), OutcomeKind.DONE, "the new branch of W1"),
        (anew(sha("m2")), OutcomeKind.CONFLICT, "the new branch of W1"),
        (anew(sha("m1")), OutcomeKind.CONFLICT, "the new branch of W2"),
    ],
    ids=["it was brought", "another attempt", "another workstream"],
)
def test_otherwise_nothing_is_noted_of_it(memory: Memory, kind: OutcomeKind, what: str) -> None:
    assert built(memory, kind, what=what) == memory
