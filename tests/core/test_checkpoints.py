"""Checkpoints by the clock: kept while others move a good base, one by one, and not without end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.actions import CreateRefs
from bot.core.checkpoints import CLOCK_KEPT, by_clock
from bot.core.facts import CheckState
from tests.build import sha
from tests.build_base import a_rollback
from tests.core.ground import seen
from tests.core.test_decide import finish, started
from tests.core.toy import Toy

EVERY = timedelta(minutes=30)
CONFIG = "checkpoint_every: 30m\n"


def moved(toy: Toy, times: int = 1) -> list[str]:
    """Have others move the base so often, half an hour apart; return the names of the checkpoints."""
    for _ in range(times):
        toy.base.move(toy.base.files[toy.base.tip] | {f"other {toy.now}"}, "by others", "ola", toy.now)
        toy.settle()
        toy.now += EVERY
        toy.settle()
    return [each.name for each in toy.memory.checkpoints]


def test_a_base_that_others_move_is_kept_every_so_often() -> None:
    toy = started({"W1": ()}, config=CONFIG)
    toy.now += EVERY
    assert moved(toy, 2) == ["cp-0", "cp-1", "cp-2"]
    toy.now += EVERY
    toy.settle()
    assert len(toy.memory.checkpoints) == 3, "it did not move"
    assert toy.tags["signalbox/5/cp-2"] == toy.memory.checkpoints[-1].sha == toy.base.tip


@pytest.mark.parametrize("state", [CheckState.FAILED, CheckState.PENDING, None])
def test_a_base_that_is_not_known_to_be_good_is_not_kept(state: CheckState | None) -> None:
    toy = started({"W1": ()}, config=CONFIG)
    toy.base.ci = lambda held: state
    assert moved(toy) == ["cp-0"]
    toy.base.ci = lambda held: CheckState.PASSED
    toy.base.report(toy.base.tip)
    toy.settle()
    assert len(toy.memory.checkpoints) == 2


def test_a_base_on_which_no_check_counts_is_kept() -> None:
    toy = started({"W1": ()}, config=f"{CONFIG}verify: []\n")
    toy.base.ci = lambda held: None
    assert moved(toy) == ["cp-0", "cp-1"]
    assert toy.memory.checkpoints[-1].evidence == ("No checks are asked for on the base",)


def test_nothing_is_kept_while_it_is_unknown_with_what_the_base_has_moved() -> None:
    toy = started({"W1": ()}, config=CONFIG)
    moved(toy)
    toy.base.move(toy.base.files[toy.base.tip] | {"more"}, "by others", "ola", toy.now)
    toy.now += EVERY
    memory, given = toy.memory, toy.facts()
    known = replace(memory, tip=toy.base.tip)
    assert by_clock(given, memory, seen(given, memory)) == memory
    assert len(by_clock(given, known, seen(given, known)).checkpoints) == len(memory.checkpoints) + 1


def test_of_many_by_the_clock_the_newest_are_remembered_and_each_after_a_merge() -> None:
    toy = started({"W1": (), "W2": ("W1",)}, config=CONFIG)
    early = moved(toy, 2)
    finish(toy, "W1")
    toy.settle()
    merged = toy.memory.checkpoints[-1]
    assert merged.landed == ("W1",)
    names = moved(toy, CLOCK_KEPT)
    assert names == [early[0], merged.name, *(f"cp-{number}" for number in range(4, CLOCK_KEPT + 4))]
    assert len([tag for tag in toy.tags if tag.startswith("signalbox/5/cp-")]) == CLOCK_KEPT + 4, "tags stay"
    assert not any(isinstance(action, CreateRefs) for action in toy.turn())


def test_what_a_rollback_went_to_is_remembered() -> None:
    toy = started({"W1": ()}, config=CONFIG)
    moved(toy, 2)
    toy.memory = replace(toy.memory, rollbacks=(a_rollback(to="cp-1", number=1, merged=True, sha=sha("old")),))
    names = moved(toy, CLOCK_KEPT)
    assert names[:3] == ["cp-0", "cp-1", "cp-3"]
    assert len(names) == CLOCK_KEPT + 2
