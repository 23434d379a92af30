"""Which order of the open heads would be better: found where there are few, and never at length."""

import time
from itertools import combinations

import pytest

from bot.core.forecast import better_order, clashes
from bot.core.model import Key
from bot.core.trials import pair
from bot.core.views import PlanView
from tests.build import a_pull, a_stream_view, a_view, sha


def clashing(streams: int, *, only_with: int | None = None) -> PlanView:
    """A plan whose workstreams all change one file, or clash with one of them only."""
    numbers = range(1, streams + 1)
    views = [a_stream_view(f"W{n}", pull=a_pull(100 + n, head_sha=sha(f"head {n}"), changed_files=1)) for n in numbers]
    pairs = [each for each in combinations(numbers, 2) if only_with is None or only_with in each]
    trials = {pair(sha(f"head {one}"), sha(f"head {two}")): ("CHANGELOG.md",) for one, two in pairs}
    return a_view(*views, trials=trials)


def test_the_one_that_clashes_with_all_others_had_better_come_last() -> None:
    order = better_order(clashing(4, only_with=1))
    assert order is not None
    assert order[-1] == Key("W1")


@pytest.mark.parametrize("streams", [8, 80])
def test_where_too_many_clash_no_order_is_looked_for(streams: int) -> None:
    view = clashing(streams)
    assert len(clashes(view)) == streams * (streams - 1) / 2
    began = time.thread_time()
    assert better_order(view) is None
    assert time.thread_time() - began < 0.5
