"""What several announced limits come to: the longest counts, in whatever order they come."""

from datetime import timedelta

import pytest

from bot.github.clock import Clocks
from bot.github.governor import Governor
from tests.github.fake import Clock

Headers = dict[str, str]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SECONDARY = {"retry-after": "3600"}  # for both resources


def quota(clock: Clock, wait: timedelta) -> Headers:
    """The headers of an answer that used up the quota."""
    return {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int((clock() + wait).timestamp()))}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def governor(clock: Clock) -> Governor:
    return Governor(clocks=Clocks(clock), write_gap=0)


@pytest.mark.parametrize("status", [200, 403], ids=["the last answer that was allowed", "a refused one"])
def test_a_quota_that_is_full_again_sooner_does_not_cut_a_longer_limit(
    governor: Governor, clock: Clock, status: int
) -> None:
    until = clock() + HOUR
    governor.note("core", 429, SECONDARY, "secondary rate limit")
    governor.note("core", status, quota(clock, MINUTE), "API rate limit exceeded" if status == 403 else "")
    assert governor.retry_at("core") == governor.retry_at("graphql") == until
    clock.forward(minutes=59)
    assert governor.retry_at("core") == until
    clock.forward(minutes=1)
    assert governor.retry_at("core") is None


@pytest.mark.parametrize("status", [200, 403], ids=["the last answer that was allowed", "a refused one"])
def test_a_quota_that_is_full_again_later_makes_a_limit_longer(governor: Governor, clock: Clock, status: int) -> None:
    start = clock()
    governor.note("core", 429, {"retry-after": "60"}, "secondary rate limit")
    governor.note("core", status, quota(clock, HOUR), "API rate limit exceeded" if status == 403 else "")
    assert governor.retry_at("core") == start + HOUR
    assert governor.retry_at("graphql") == start + MINUTE  # a quota is one resource's own


def test_a_short_secondary_limit_does_not_cut_a_quota(governor: Governor, clock: Clock) -> None:
    start = clock()
    governor.note("graphql", 403, quota(clock, HOUR), "API rate limit exceeded")
    governor.note("core", 429, {"retry-after": "60"}, "secondary rate limit")
    assert governor.retry_at("graphql") == start + HOUR
    assert governor.retry_at("core") == start + MINUTE
