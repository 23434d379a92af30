"""The order of a turn's writes: what the plan needs comes before answers to people who may not write."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.acknowledge import MOST_COURTESIES
from bot.core.actions import (
    Action,
    AddLabels,
    CreateRefs,
    EditComment,
    MergePull,
    OpenPull,
    PostComment,
    PutCheck,
    React,
    TickIssue,
)
from bot.core.decide import decide
from bot.core.facts import Answer, CommandFacts, Verdict
from bot.core.model import Login, NodeId, Role
from tests.build import a_command, a_repository
from tests.core.test_decide import DIAMOND, finish, plan_of, started
from tests.core.toy import Toy

NEEDED = (AddLabels, CreateRefs, EditComment, MergePull, OpenPull, PutCheck, TickIssue)


def by(author: str, *lines: str, first: int = 1, role: Role = Role.READ, **more: Any) -> list[CommandFacts]:
    """Comments of one line each."""
    return [
        a_command(
            line, id=number, author=Login(author), role=role, comment=NodeId(f"IC_{number}"), serial=number,
            source=f"comment:{number}:1", **more,
        )
        for number, line in enumerate(lines, first)
    ]  # fmt: skip


def places(actions: tuple[Action, ...], *comments: int) -> list[int]:
    """Where what answers these comments stands."""
    nodes, keys = {f"IC_{each}" for each in comments}, {f"reply:{each}:1" for each in comments}
    return [
        at
        for at, each in enumerate(actions)
        if (isinstance(each, React) and each.subject in nodes)
        or (isinstance(each, PostComment) and each.journal_key in keys)
    ]


def needed(actions: tuple[Action, ...]) -> list[int]:
    return [at for at, each in enumerate(actions) if isinstance(each, NEEDED)]


@pytest.mark.parametrize("line", ["nonsense", "status", "merge W1", "help"])
def test_a_merge_comes_before_answers_to_who_may_not_write(line: str) -> None:
    toy = started({"W1": (), "W2": ("W1",)})
    finish(toy, "W1")
    toy.commands = by("rita", *[line] * 3)
    actions = decide(toy.facts(), toy.memory).actions
    merge = next(at for at, each in enumerate(actions) if isinstance(each, MergePull))
    assert len(places(actions, 1, 2, 3)) == 9
    assert merge < min(places(actions, 1, 2, 3))
    assert max(needed(actions)) < min(places(actions, 1, 2, 3))


def test_who_may_write_is_answered_before_the_merge() -> None:
    toy = started({"W1": ()})
    finish(toy, "W1")
    toy.commands = [*by("rita", "status", role=Role.READ), *by("wim", "status", first=2, role=Role.WRITE)]
    actions = decide(toy.facts(), toy.memory).actions
    merge = next(at for at, each in enumerate(actions) if isinstance(each, MergePull))
    assert max(places(actions, 2)) < merge < min(places(actions, 1))


def test_all_that_a_start_lays_comes_before_them_too() -> None:
    toy = Toy(plan_of(DIAMOND))
    toy.commands = [*by("rita", "status", "why"), *by("mia", "start", first=3, role=Role.MAINTAIN)]
    actions = decide(toy.facts(), toy.memory).actions
    assert any(isinstance(each, CreateRefs) for each in actions)
    assert max(needed(actions)) < min(places(actions, 1, 2))


def test_one_that_was_answered_in_an_earlier_turn_keeps_its_place() -> None:
    toy = started({"W1": ()})
    finish(toy, "W1")
    courtesy = Answer(verdict=Verdict.DONE, reply="So it stands.", courtesy=True)
    toy.commands = [
        *by("rita", "status", role=Role.NONE, answer=courtesy),  # nobody's role is asked for again
        *by("wim", "status", first=2, role=Role.NONE, answer=replace(courtesy, courtesy=False)),
    ]
    actions = decide(toy.facts(), toy.memory).actions
    merge = next(at for at, each in enumerate(actions) if isinstance(each, MergePull))
    assert max(places(actions, 2)) < merge < min(places(actions, 1))


def test_a_turn_writes_few_of_them_and_the_next_ones_follow_at_once() -> None:
    toy = started({"W1": ()})
    toy.settle()
    toy.commands = [each for at in range(4) for each in by(f"reader-{at}", *["status"] * 2, first=10 * at + 1)]
    decision = decide(toy.facts(), toy.memory)
    shown = [call for call, ack in decision.acks.items() if set(ack) <= set(decision.actions)]
    assert sum(isinstance(each, React | PostComment) for each in decision.actions) == MOST_COURTESIES
    assert shown == [1, 2, 11, 12]
    assert decision.next_look == toy.facts().now
    assert len(decision.answers) == 8, "they are decided all the same"


def test_few_of_them_bring_no_other_turn() -> None:
    toy = started({"W1": ()})
    toy.settle()
    toy.commands = by("rita", "status", "why")
    decision = decide(toy.facts(), toy.memory)
    assert decision.next_look is not None
    assert decision.next_look > toy.facts().now


def test_an_archived_repository_is_not_looked_at_again_and_again_for_them() -> None:
    toy = started({"W1": ()})
    toy.settle()
    toy.repository = a_repository(labels=toy.repository.labels, archived=True)
    toy.commands = [each for at in range(4) for each in by(f"reader-{at}", *["status"] * 2, first=10 * at + 1)]
    decision = decide(toy.facts(), toy.memory)
    assert decision.actions == ()
    assert decision.next_look is not None
    assert decision.next_look > toy.facts().now
