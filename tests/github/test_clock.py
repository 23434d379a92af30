"""Our clock may be wrong by hours: what GitHub names goes by its own, and its answers tell how far that is off ours."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.errors import RateLimited
from bot.github.clock import TOLERANCE, Clocks
from tests.github.fake import INSTALLATION, Clock, Stack, reply

AHEAD = [timedelta(hours=2), timedelta(minutes=56), timedelta(minutes=-56), timedelta(hours=-2)]
IDS = ["GitHub is far ahead", "GitHub is ahead", "GitHub is behind", "GitHub is far behind"]


@pytest.mark.parametrize("ahead", AHEAD, ids=IDS)
async def test_a_quota_rests_until_it_is_full_whatever_our_clock_shows(stack: Stack, ahead: timedelta) -> None:
    stack.fake.ahead = ahead
    full = stack.fake.clock() + ahead + timedelta(minutes=30)
    quota = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(full.timestamp()))}
    stack.fake.answers(
        "GET /thing", reply({"message": "API rate limit exceeded"}, status=403, headers=quota), reply({})
    )
    for _ in range(2):
        with pytest.raises(RateLimited) as raised:
            await stack.transport.get(INSTALLATION, "/thing")
        assert raised.value.retry_at == stack.fake.clock() + timedelta(minutes=30)
    stack.fake.clock.forward(minutes=29, seconds=59)
    with pytest.raises(RateLimited):
        await stack.transport.get(INSTALLATION, "/thing")
    stack.fake.clock.forward(seconds=1)
    await stack.transport.get(INSTALLATION, "/thing")
    assert len(stack.fake.of("GET /thing")) == 2


@pytest.mark.parametrize("ahead", AHEAD, ids=IDS)
async def test_a_token_serves_its_hour_whatever_our_clock_shows(stack: Stack, ahead: timedelta) -> None:
    stack.fake.ahead = ahead
    stack.fake.answers("GET /thing", reply({}))
    for minutes in (0, 54):
        stack.fake.clock.forward(minutes=minutes)
        await stack.transport.get(INSTALLATION, "/thing")
    assert stack.fake.minted == 1
    stack.fake.clock.forward(minutes=1, seconds=1)
    await stack.transport.get(INSTALLATION, "/thing")
    assert stack.fake.minted == 2


@pytest.mark.parametrize("ahead", [timedelta(0), *AHEAD], ids=["they agree", *IDS])
async def test_githubs_clock_is_known_once_it_answered(stack: Stack, ahead: timedelta) -> None:
    assert stack.client.now() == stack.fake.clock()
    stack.fake.ahead = ahead
    stack.fake.answers("GET /thing", reply({}))
    await stack.transport.get(INSTALLATION, "/thing")
    assert stack.client.now() == stack.fake.clock() + ahead


@pytest.mark.parametrize(
    ("said", "ahead"),
    [
        pytest.param([TOLERANCE], timedelta(0), id="a whole second, and the way here"),
        pytest.param([-TOLERANCE], timedelta(0), id="behind as little"),
        pytest.param([timedelta(hours=2)], timedelta(hours=2), id="a wrong clock"),
        pytest.param([timedelta(hours=2), None], timedelta(hours=2), id="an answer without a date"),
        pytest.param([timedelta(hours=2), timedelta(hours=1)], timedelta(hours=1), id="it was moved"),
        pytest.param([timedelta(hours=2), timedelta(0)], timedelta(0), id="it was put right"),
    ],
)
def test_the_last_answer_counts(said: list[timedelta | None], ahead: timedelta) -> None:
    clock = Clock()
    clocks = Clocks(clock)
    for each in said:
        clocks.hear(clock() + each if each is not None else None)
    assert clocks.githubs() == clock() + ahead
    assert clocks.ours(clocks.githubs()) == clock()


def test_it_is_said_once_that_the_clock_is_wrong() -> None:
    clock = Clock()
    clocks = Clocks(clock)
    with capture_logs() as lines:
        for hours in (2, 2, 0, 0):
            clocks.hear(clock() + timedelta(hours=hours))
    assert [line["event"] for line in lines] == ["clock.differs_from_github", "clock.right_again"]
