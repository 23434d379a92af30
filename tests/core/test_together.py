"""The search for the smallest set of workstreams that is red together."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Key
from bot.core.together import Search, smallest_red

KEYS = tuple(Key(f"W{number}") for number in range(1, 9))


def play_out(keys: tuple[Key, ...], culprits: list[frozenset[Key]]) -> tuple[tuple[Key, ...], int]:
    """Answer every question of the search by the truth; return what it found and how much was tested."""
    known: dict[tuple[Key, ...], bool] = {}
    for _ in range(50):
        found = smallest_red(keys, known.get)
        if not found.test:
            return found.found, len(known)
        assert found.test not in known, "it asks the same twice"
        assert len(found.test) >= 2
        known[found.test] = any(each <= set(found.test) for each in culprits)
    raise AssertionError("it does not end")


def test_what_is_green_together_is_tested_once() -> None:
    assert play_out(KEYS, []) == ((), 1)


@pytest.mark.parametrize("pair", list(combinations(KEYS, 2)))
def test_each_pair_that_breaks_is_found_by_a_few_tests(pair: tuple[Key, Key]) -> None:
    found, tests = play_out(KEYS, [frozenset(pair)])
    assert found == pair
    assert tests <= 8


def test_three_that_only_break_together_are_found_as_such() -> None:
    three = frozenset({KEYS[0], KEYS[2], KEYS[5]})
    found, _ = play_out(KEYS, [three])
    assert three <= set(found)


@given(st.lists(st.frozensets(st.sampled_from(KEYS), min_size=2, max_size=2), min_size=1, max_size=4))
def test_of_several_pairs_one_is_found(pairs: list[frozenset[Key]]) -> None:
    found, _ = play_out(KEYS, pairs)
    assert frozenset(found) in pairs


def test_nothing_is_asked_about_what_is_not_known_to_be_red() -> None:
    assert smallest_red(KEYS[:2], lambda keys: None) == Search(test=KEYS[:2])
