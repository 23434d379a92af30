"""What the demo finds at its end: it must see what is not as it should be."""

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from demo.history import Step, is_valid, order
from demo.looks import Looks
from demo.people import Person
from demo.story import WayBack
from demo.summary import checkpoints, way_back

START = Step(sha="s0", tree="t0")
GOOD = [
    START,
    Step(sha="s1", tree="t1", pull=2, key="W1"),
    Step(sha="s2", tree="t2", pull=3, key="W2"),
    Step(sha="s3", tree="t3", pull=4, key="W3"),
    Step(sha="s4", tree="t2", pull=7),
    Step(sha="s5", tree="t5", pull=8, key="W3"),
    Step(sha="s6", tree="t6", pull=5, key="W4"),
    Step(sha="s7", tree="t7", pull=6, key="W5"),
]
BACK = WayBack(key="W3", head="h3", merge="s3", words="", pull=7, to="cp-2", seconds=0.4, equal=True)
TAGS = {"cp-0": "s0", "cp-1": "s1", "cp-2": "s2", "cp-3": "s5", "cp-4": "s6", "cp-5": "s7"}


@dataclass(slots=True)
class Seen(Looks):
    """What GitHub shows: tags, and the commits on which the tests failed."""

    tags: dict[str, str] = field(default_factory=dict)
    red: tuple[str, ...] = ("s3",)

    async def checkpoints(self, issue: int) -> dict[str, str]:
        return self.tags

    async def checked(self, sha: str, check: str, conclusion: str | None = None) -> bool:
        return (sha in self.red) == (conclusion == "failure")


def seen(tags: dict[str, str] = TAGS, red: tuple[str, ...] = ("s3",)) -> Seen:
    return Seen(person=cast("Person", None), tags=tags, red=red)


def test_the_order_with_a_rollback_in_it_is_valid() -> None:
    assert is_valid(GOOD)
    assert order(GOOD) == "W1 -> W2 -> W3 -> rollback (#7) -> W3 (try 2) -> W4 -> W5"


@pytest.mark.parametrize(
    ("what", "steps"),
    [
        ("nothing landed", [START]),
        ("one is missing", GOOD[:-1]),
        ("before what it needs", [START, *GOOD[2:4], GOOD[1], *GOOD[6:]]),
        ("on what was taken back", [*GOOD[:5], *GOOD[6:]]),
        ("twice, and never taken back", [*GOOD[:4], *GOOD[5:]]),
        ("back to no state that main had", [*GOOD[:4], replace(GOOD[4], tree="t9"), *GOOD[5:]]),
        ("a commit that no pull brought", [*GOOD[:4], replace(GOOD[4], pull=None), *GOOD[5:]]),
    ],
)
def test_an_order_that_is_not_valid(what: str, steps: list[Step]) -> None:
    assert not is_valid(steps), what


async def test_checkpoints_are_where_main_was_good() -> None:
    assert (await checkpoints(seen(), 1, GOOD, BACK))[2]
    assert not (await checkpoints(seen({**TAGS, "cp-3": "s3"}), 1, GOOD, BACK))[2]
    assert not (await checkpoints(seen({**TAGS, "cp-6": "s4"}), 1, GOOD, BACK))[2]
    assert not (await checkpoints(seen({}), 1, GOOD, BACK))[2]
    assert not (await checkpoints(seen(red=("s3", "s6")), 1, GOOD, BACK))[2]


@pytest.mark.parametrize(
    ("red", "change", "good"),
    [
        (("s3",), {}, True),
        (("s3", "h3"), {}, False),  # its own tests had failed
        ((), {}, False),  # main was green with it
        (("s3",), {"equal": False}, False),
        (("s3",), {"pull": 9}, False),  # it is not on main
    ],
)
async def test_what_broke_main_was_taken_back(red: tuple[str, ...], change: dict[str, Any], good: bool) -> None:
    lines = await way_back(seen(red=red), GOOD, replace(BACK, **change))
    assert all(fine for *_, fine in lines) is good


async def test_a_main_that_never_broke_is_not_the_story() -> None:
    assert not any(fine for *_, fine in await way_back(seen(), GOOD, None))
