"""GitHub's merge queue from a plan's side: enqueued instead of merged, once, and not again for nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.core.actions import EnqueuePull, MergePull
from bot.core.decide import Decision, decide
from bot.core.facts import BranchFacts, Facts, Mergeable, PullFacts, PullState, Step, WorkstreamFacts
from bot.core.memory import Memory, Queued
from bot.core.merge_queue import QUEUE_BOT
from bot.core.model import Branch, Key, Login, Stage
from bot.core.render.check import check_output
from bot.core.render.status import status_comment
from bot.core.train_wish import WishKind
from tests.build import a_base, a_memory, a_pull, ago, an_intent, an_issue, an_order, facts, sha, tree_of
from tests.core.test_decide import plan_of

KEYS = ("W1", "W2")
BODY = plan_of({"W1": (), "W2": ()})


def seen(*pulls: PullFacts, queue: bool = True, **more: Any) -> Facts:
    """A running plan of two workstreams that need nothing, with these pulls."""
    streams = {}
    for key, pull in zip(KEYS, pulls, strict=False):
        name = Branch(f"part/{key.lower()}")
        branch = BranchFacts(name=name, sha=pull.head_sha, message="Work")
        streams[Key(key)] = WorkstreamFacts(branch=branch, pulls=(replace(pull, head=name),))
    return facts(issue=an_issue(body=BODY), workstreams=streams, base=a_base(merge_queue=queue), **more)


def remembering(**more: Any) -> Memory:
    return a_memory(approved_body=BODY, **{"intent": an_intent(), **more})


def merges(decision: Decision) -> Sequence[Any]:
    return [each for each in decision.actions if isinstance(each, MergePull | EnqueuePull)]


ONE = a_pull(12, head_sha=sha("one"))
TWO = a_pull(13, head_sha=sha("two"))
QUEUED = replace(ONE, queued=2)
TAKEN_OUT = remembering(queued={"W1": Queued(head=ONE.head_sha, base=a_base().sha)})


@pytest.mark.parametrize(
    ("pull", "queue", "kind"),
    [
        pytest.param(ONE, False, MergePull, id="no queue"),
        pytest.param(ONE, True, EnqueuePull, id="a ruleset asks for it"),
        pytest.param(replace(ONE, queue_required=True), False, EnqueuePull, id="classic protection asks for it"),
    ],
)
def test_it_enqueues_where_the_base_requires_it(pull: PullFacts, queue: bool, kind: type) -> None:
    (merge,) = merges(decide(seen(pull, queue=queue), remembering()))
    assert type(merge) is kind
    if isinstance(merge, EnqueuePull):
        assert (merge.key, merge.pull, merge.expected) == ("W1", ONE.node_id, ONE.head_sha)


def test_what_is_in_the_queue_is_not_put_in_twice_and_nothing_beside_it() -> None:
    decision = decide(seen(QUEUED, TWO), remembering())
    assert merges(decision) == []
    assert decision.wish.kind is WishKind.KEEP
    assert decision.wish.doing == "W1 (#12) is in GitHub's merge queue"
    assert decision.wish.frozen is None
    assert decision.view.stream(Key("W1")).stage is Stage.MERGEABLE


def test_its_place_in_the_queue_is_shown() -> None:
    view = decide(seen(QUEUED, TWO), remembering()).view
    check = check_output(view, view.stream(Key("W1")))
    assert (check.conclusion, check.title) == ("success", "In GitHub's merge queue at position 2")
    assert "in GitHub's merge queue at position 2" in status_comment(view, {})


def test_what_the_queue_took_out_does_not_go_in_again_by_itself() -> None:
    known = decide(seen(QUEUED), remembering()).memory
    out = decide(seen(ONE), known)
    assert merges(out) == []
    assert out.wish.kind is WishKind.NONE
    assert out.view.stream(Key("W1")).ejected
    assert "took it out again" in check_output(out.view, out.view.streams[0]).title
    assert "/signalbox merge W1" in status_comment(out.view, {})
    assert merges(decide(seen(ONE), out.memory)) == []


def test_another_one_goes_in_meanwhile() -> None:
    assert [each.key for each in merges(decide(seen(ONE, TWO), TAKEN_OUT))] == ["W2"]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param((seen(replace(ONE, head_sha=sha("new"))), TAKEN_OUT), id="another head"),
        pytest.param((replace(seen(ONE), base=a_base(merge_queue=True, sha=sha("later"))), TAKEN_OUT), id="another base"),
        pytest.param(
            (seen(ONE), replace(TAKEN_OUT, intent=an_intent(merges={Key("W1"): an_order(at=ago(1))}))), id="an order"
        ),
    ],
)  # fmt: skip
def test_it_goes_in_again_when_something_changed(given: tuple[Facts, Memory]) -> None:
    (merge,) = merges(decide(replace(given[0], course=()), given[1]))
    assert isinstance(merge, EnqueuePull)


def test_an_order_that_brought_it_in_does_not_bring_it_in_again() -> None:
    ordered = remembering(intent=an_intent(merges={Key("W1"): an_order(at=ago(1))}))
    known = decide(seen(QUEUED), ordered).memory
    assert merges(decide(seen(ONE), known)) == []


def test_what_left_the_queue_because_of_a_hold_goes_in_again_after_it() -> None:
    known = decide(seen(QUEUED), remembering()).memory
    held = decide(seen(ONE), replace(known, intent=an_intent(held={Key("W1"): an_order()}))).memory
    assert held.queued == {}
    (merge,) = merges(decide(seen(ONE), replace(held, intent=an_intent())))
    assert isinstance(merge, EnqueuePull)


def test_while_github_thinks_it_is_not_forgotten_that_it_was_taken_out() -> None:
    known = decide(seen(replace(ONE, mergeable=Mergeable.UNKNOWN)), TAKEN_OUT).memory
    assert merges(decide(seen(ONE), known)) == []


@pytest.mark.parametrize(("by", "ours"), [(QUEUE_BOT, True), (Login("ada"), False)])
def test_a_landing_through_the_queue_is_our_decision_if_we_put_it_in(by: Login, ours: bool) -> None:
    tried = decide(seen(ONE, TWO), remembering()).memory
    assert tried.judged[Key("W1")].head == ONE.head_sha
    base = a_base().sha
    assert base is not None
    landed = replace(ONE, state=PullState.MERGED, merge_sha=sha("m1"), merged_at=ago(1), merged_by=by)
    step = Step(
        sha=sha("m1"), tree=tree_of("m1"), before=base, tree_before=tree_of("base"), headline="Merge", author="x",
        at=ago(1), pulls=(ONE.number,),
    )  # fmt: skip
    given = replace(seen(landed, TWO, course=(step,)), base=a_base(sha=sha("m1"), tree=tree_of("m1"), merge_queue=True))
    (landing,) = decide(given, tried).memory.landings
    assert landing.decided is ours
    assert landing.before == base
