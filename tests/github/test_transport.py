import asyncio
import logging
from datetime import timedelta

import aiohttp
import pytest

from bot.core.actions import Outcome, OutcomeKind
from bot.errors import GitHubError, NotFound, NotInstalled, RateLimited, ReadFailed
from bot.github import transport as transport_module
from bot.github.answers import Reply
from bot.github.governor import LONGEST_QUEUE
from bot.github.port import RepositoryRef
from tests.github.fake import INSTALLATION, Fake, Handler, Stack, build, hang_up, reply, silence, text

THING = "GET /repos/octo/demo/thing"
ROUTE = "/repos/{owner}/{name}/thing"
NAMES = {"owner": "octo", "name": "demo"}
QUERY = 'query Q { repository(owner: "o", name: "n") { id } }'
FINE = {"data": {"repository": {"id": "R"}}}


async def a_write(stack: Stack) -> Reply | Outcome:
    return await stack.transport.write(INSTALLATION, "PUT", ROUTE, NAMES, {"a": 1})


# ---- what every request carries ----


async def test_every_request_carries_version_agent_and_identity(stack: Stack) -> None:
    stack.fake.answers(THING, reply({}))
    stack.fake.graphql(FINE)
    await stack.transport.get(INSTALLATION, ROUTE, NAMES)
    await stack.transport.query(INSTALLATION, "Q", QUERY, {})
    for seen in stack.fake.requests:
        assert seen.headers["x-github-api-version"] == "2022-11-28"
        assert seen.headers["user-agent"] == "signalbox"
        assert seen.headers["authorization"]


async def test_requests_are_counted_by_route_and_never_by_name(stack: Stack) -> None:
    stack.fake.answers(THING, reply({}, headers={"etag": '"1"'}), reply(None, status=304))
    stack.fake.answers("PUT /repos/octo/demo/thing", hang_up)
    stack.fake.graphql(FINE)
    for _ in range(2):
        await stack.transport.get(INSTALLATION, ROUTE, NAMES, cached=True)
    await a_write(stack)
    await stack.transport.query(INSTALLATION, "Q", QUERY, {})
    assert stack.observed == [
        ("POST", "/app/installations/{installation_id}/access_tokens", 201, 1),
        ("GET", ROUTE, 200, 1),
        ("GET", ROUTE, 304, 0),
        ("PUT", ROUTE, 0, 5),
        ("POST", "graphql Q", 200, 1),
    ]


async def test_no_secret_reaches_errors_or_logs(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    leak = "bad ghs_71_eyJhbGciOi.eyJzdWIi and eyJhbGciOiJSUzI1NiJ9.x.y and -----BEGIN RSA PRIVATE KEY-----\nMIIE"
    stack.fake.answers(THING, reply({"message": leak}, status=422))
    with pytest.raises(ReadFailed) as raised:
        await stack.transport.get(INSTALLATION, ROUTE, NAMES)
    stack.fake.answers("PUT /repos/octo/demo/thing", reply({"message": leak}, status=422))
    said = await a_write(stack)
    sent = {seen.headers["authorization"].split()[1] for seen in stack.fake.requests}
    for shown in (f"{raised.value!r}", repr(said), caplog.text):
        assert "eyJ" not in shown
        assert "MIIE" not in shown
        assert not any(token in shown for token in sent)


# ---- reads are retried, writes are not ----


@pytest.mark.parametrize("trouble", [hang_up, silence, text("<html>", status=502), reply({}, status=503)])
async def test_a_read_survives_two_troubles(stack: Stack, quick: None, trouble: Handler) -> None:
    stack.fake.answers(THING, trouble, trouble, reply({"n": 1}))
    assert (await stack.transport.get(INSTALLATION, ROUTE, NAMES)).data == {"n": 1}
    assert len(stack.fake.of(THING)) == 3


@pytest.mark.parametrize("trouble", [hang_up, silence, text("<html>", status=502)])
async def test_a_read_fails_after_three_troubles(stack: Stack, quick: None, trouble: Handler) -> None:
    stack.fake.answers(THING, trouble)
    with pytest.raises(ReadFailed):
        await stack.transport.get(INSTALLATION, ROUTE, NAMES)
    assert len(stack.fake.of(THING)) == 3


async def test_a_read_gives_up_when_its_time_is_spent(
    stack: Stack, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "READ_BUDGET", 0.1)
    stack.fake.answers(THING, silence)
    with pytest.raises(ReadFailed, match="no answer"):
        await stack.transport.get(INSTALLATION, ROUTE, NAMES)
    assert len(stack.fake.of(THING)) == 1


@pytest.mark.parametrize("trouble", [hang_up, silence, reply({}, status=500), text("<html>", status=502)])
async def test_a_write_without_an_answer_is_sent_once_and_unknown(stack: Stack, quick: None, trouble: Handler) -> None:
    stack.fake.answers("PUT /repos/octo/demo/thing", trouble)
    said = await a_write(stack)
    assert isinstance(said, Outcome)
    assert said.kind is OutcomeKind.UNKNOWN
    assert len(stack.fake.of("PUT /repos/octo/demo/thing")) == 1


async def test_a_write_that_never_left_may_be_tried_later(stack: Stack, fake: Fake, unused_tcp_port: int) -> None:
    stack.fake.answers(THING, reply({}))
    await stack.transport.get(INSTALLATION, ROUTE, NAMES)  # a token is there
    stack.transport._api_url = f"http://127.0.0.1:{unused_tcp_port}"
    said = await a_write(stack)
    assert isinstance(said, Outcome)
    assert said.kind is OutcomeKind.LATER


@pytest.mark.parametrize(
    ("status", "error"), [(404, NotFound), (410, NotFound), (403, NotInstalled), (422, ReadFailed), (451, ReadFailed)]
)
async def test_a_refused_read_says_why_and_is_asked_once(stack: Stack, status: int, error: type[Exception]) -> None:
    stack.fake.answers(THING, reply({"message": "because"}, status=status))
    with pytest.raises(error, match="because"):
        await stack.transport.get(INSTALLATION, ROUTE, NAMES)
    assert len(stack.fake.of(THING)) == 1


@pytest.mark.parametrize("answer", [text("<html>not json</html>"), reply({"x": 1}, status=299)])
async def test_an_answer_that_is_not_githubs_is_a_failed_read(stack: Stack, answer: Handler) -> None:
    stack.fake.answers("POST /graphql", answer)
    with pytest.raises(ReadFailed):
        await stack.transport.query(INSTALLATION, "Q", QUERY, {})


# ---- tokens that GitHub refuses ----


async def test_a_refused_token_is_replaced_once_for_a_read(stack: Stack) -> None:
    stack.fake.answers(THING, reply({"message": "Bad credentials"}, status=401), reply({"n": 1}))
    assert (await stack.transport.get(INSTALLATION, ROUTE, NAMES)).data == {"n": 1}
    tokens = [seen.headers["authorization"] for seen in stack.fake.of(THING)]
    assert stack.fake.minted == 2
    assert len(set(tokens)) == 2


async def test_a_token_refused_twice_fails_the_read(stack: Stack) -> None:
    stack.fake.answers(THING, reply({"message": "Bad credentials"}, status=401))
    with pytest.raises(ReadFailed, match="Bad credentials"):
        await stack.transport.get(INSTALLATION, ROUTE, NAMES)
    assert len(stack.fake.of(THING)) == 2


async def test_a_write_with_a_refused_token_comes_later_with_a_new_one(stack: Stack) -> None:
    stack.fake.answers("PUT /repos/octo/demo/thing", reply({"message": "Bad credentials"}, status=401), reply({}))
    said = await a_write(stack)
    assert isinstance(said, Outcome)
    assert said.kind is OutcomeKind.LATER
    assert isinstance(await a_write(stack), Reply)
    assert stack.fake.minted == 2


# ---- limits ----


def limits(stack: Stack) -> dict[str, tuple[Handler, timedelta]]:
    reset = str(int((stack.fake.clock() + timedelta(minutes=10)).timestamp()))
    quota = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    return {
        "retry-after": (reply({"message": "wait"}, status=429, headers={"retry-after": "7"}), timedelta(seconds=7)),
        "403 with retry-after": (
            reply({"message": "w"}, status=403, headers={"retry-after": "9"}),
            timedelta(seconds=9),
        ),
        "quota": (reply({"message": "API rate limit exceeded"}, status=403, headers=quota), timedelta(minutes=10)),
        "quota by 429": (reply({"message": "too many"}, status=429, headers=quota), timedelta(minutes=10)),
        "secondary, no time": (
            reply({"message": "You have exceeded a secondary rate limit."}, status=403),
            timedelta(seconds=60),
        ),
    }


@pytest.mark.parametrize("kind", ["retry-after", "403 with retry-after", "quota", "quota by 429", "secondary, no time"])
async def test_a_limit_is_met_once_and_then_respected(stack: Stack, kind: str) -> None:
    answer, wait = limits(stack)[kind]
    stack.fake.answers(THING, answer, reply({"n": 1}))
    until = stack.fake.clock() + wait
    for _ in range(2):
        with pytest.raises(RateLimited) as raised:
            await stack.transport.get(INSTALLATION, ROUTE, NAMES)
        assert raised.value.retry_at == until
    assert len(stack.fake.of(THING)) == 1
    said = await a_write(stack)
    assert isinstance(said, Outcome)
    assert (said.kind, said.retry_after) == (OutcomeKind.LATER, wait)
    assert not stack.fake.of("PUT /repos/octo/demo/thing")
    stack.fake.clock.forward(seconds=wait.total_seconds())
    assert (await stack.transport.get(INSTALLATION, ROUTE, NAMES)).data == {"n": 1}


async def test_a_limited_write_comes_later(stack: Stack) -> None:
    stack.fake.answers(
        "PUT /repos/octo/demo/thing", reply({"message": "slow"}, status=429, headers={"retry-after": "5"})
    )
    for _ in range(2):
        said = await a_write(stack)
        assert isinstance(said, Outcome)
        assert (said.kind, said.retry_after) == (OutcomeKind.LATER, timedelta(seconds=5))
    assert len(stack.fake.of("PUT /repos/octo/demo/thing")) == 1


async def test_limits_without_a_time_grow_until_something_works(stack: Stack) -> None:
    secondary = reply({"message": "secondary rate limit"}, status=403)
    stack.fake.answers(THING, secondary, secondary, reply({}), secondary)
    waits = []
    for _ in range(4):
        try:
            await stack.transport.get(INSTALLATION, ROUTE, NAMES)
        except RateLimited as error:
            waits.append((error.retry_at - stack.fake.clock()).total_seconds())
        stack.fake.clock.forward(minutes=5)
    assert waits == [60, 120, 60]


async def test_a_limit_of_one_installation_is_not_anothers(stack: Stack) -> None:
    stack.fake.answers(THING, reply({"message": "wait"}, status=429, headers={"retry-after": "60"}), reply({"n": 1}))
    with pytest.raises(RateLimited):
        await stack.transport.get(1, ROUTE, NAMES)
    assert (await stack.transport.get(2, ROUTE, NAMES)).data == {"n": 1}


async def test_an_emptied_rest_quota_leaves_graphql_open(stack: Stack) -> None:
    reset = str(int((stack.fake.clock() + timedelta(minutes=10)).timestamp()))
    stack.fake.answers(THING, reply({}, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}))
    stack.fake.graphql(FINE)
    await stack.transport.get(INSTALLATION, ROUTE, NAMES)
    with pytest.raises(RateLimited):
        await stack.transport.get(INSTALLATION, ROUTE, NAMES)
    assert await stack.transport.query(INSTALLATION, "Q", QUERY, {}) == FINE["data"]


async def test_writes_of_an_installation_keep_their_distance(
    fake: Fake, session: aiohttp.ClientSession, private_key: str
) -> None:
    stack = build(fake, session, private_key, write_gap=0.05)
    fake.answers("PUT /repos/octo/demo/thing", reply({}))
    await a_write(stack)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await asyncio.gather(*(a_write(stack) for _ in range(3)))
    assert loop.time() - started >= 0.1


async def test_a_write_that_would_queue_for_long_comes_later(
    fake: Fake, session: aiohttp.ClientSession, private_key: str
) -> None:
    """Its worker has others to serve, and what it was decided from grows old."""
    stack = build(fake, session, private_key, write_gap=LONGEST_QUEUE + 5)
    fake.answers("PUT /repos/octo/demo/thing", reply({}))
    await a_write(stack)
    async with asyncio.timeout(10):
        outcomes = [await a_write(stack) for _ in range(3)]
    for outcome in outcomes:
        assert isinstance(outcome, Outcome)
        assert (outcome.kind, "not sent" in outcome.detail) == (OutcomeKind.LATER, True)
        assert outcome.retry_after is not None
        assert timedelta(seconds=LONGEST_QUEUE - 5) < outcome.retry_after <= timedelta(seconds=LONGEST_QUEUE + 5)
    assert len(fake.of("PUT /repos/octo/demo/thing")) == 1


async def test_a_write_queues_with_its_token_in_hand(
    fake: Fake, session: aiohttp.ClientSession, private_key: str
) -> None:
    """Minting may take most of a minute: none of it comes between the write's turn and the write."""
    stack = build(fake, session, private_key, write_gap=LONGEST_QUEUE + 5)
    fake.answers("PUT /repos/octo/demo/thing", reply({}))
    fake.answers(f"POST /app/installations/{INSTALLATION}/access_tokens", reply({}, status=404))
    refused = await a_write(stack)
    assert isinstance(refused, Outcome)
    assert refused.kind is OutcomeKind.LATER
    del fake.script[f"POST /app/installations/{INSTALLATION}/access_tokens"]
    async with asyncio.timeout(10):
        assert isinstance(await a_write(stack), Reply), "what had no token took no place in the queue"


async def test_one_installations_writes_do_not_hold_up_anothers(
    fake: Fake, session: aiohttp.ClientSession, private_key: str
) -> None:
    stack = build(fake, session, private_key, write_gap=3600)
    fake.answers("PUT /repos/octo/demo/thing", reply({}))
    async with asyncio.timeout(20):
        await a_write(stack)
        await stack.transport.write(INSTALLATION + 1, "PUT", ROUTE, NAMES)
    assert len(fake.of("PUT /repos/octo/demo/thing")) == 2


# ---- ETags ----


async def test_an_unchanged_page_comes_from_the_cache_after_asking(stack: Stack) -> None:
    stack.fake.answers(THING, reply({"n": [1]}, headers={"etag": '"1"'}), reply(None, status=304))
    first = await stack.transport.get(INSTALLATION, ROUTE, NAMES, cached=True)
    first.data["n"].append("spoilt")
    second = await stack.transport.get(INSTALLATION, ROUTE, NAMES, cached=True)
    assert second.data == {"n": [1]}
    assert [seen.headers.get("if-none-match") for seen in stack.fake.of(THING)] == [None, '"1"']


async def test_one_installation_never_sees_what_another_cached(stack: Stack) -> None:
    stack.fake.answers(THING, reply({"of": 1}, headers={"etag": '"1"'}), reply({"of": 2}, headers={"etag": '"1"'}))
    await stack.transport.get(1, ROUTE, NAMES, cached=True)
    assert (await stack.transport.get(2, ROUTE, NAMES, cached=True)).data == {"of": 2}
    assert "if-none-match" not in stack.fake.of(THING)[1].headers


async def test_what_may_not_be_cached_is_always_asked_for_anew(stack: Stack) -> None:
    stack.fake.answers(THING, reply({"n": 1}, headers={"etag": '"1"'}))
    for _ in range(2):
        await stack.transport.get(INSTALLATION, ROUTE, NAMES)
    assert all("if-none-match" not in seen.headers for seen in stack.fake.of(THING))


async def test_a_next_page_that_is_elsewhere_gets_no_token(stack: Stack) -> None:
    elsewhere = f"{stack.fake.url.replace('127.0.0.1', 'localhost')}/repos/octo/demo/thing?page=2"
    stack.fake.answers(THING, reply([1], headers={"link": f'<{elsewhere}>; rel="next"'}))
    with pytest.raises(ReadFailed, match="not GitHub's"):
        [item async for item in stack.transport.get_all(INSTALLATION, ROUTE, NAMES)]
    assert len(stack.fake.of(THING)) == 1


async def test_pages_are_followed(stack: Stack) -> None:
    link = {"link": f'<{stack.fake.url}/repos/octo/demo/thing?page=2>; rel="next"', "etag": '"1"'}
    stack.fake.answers(THING, reply({"items": [1, 2]}, headers=link), reply({"items": [3]}))
    pages = stack.transport.get_all(INSTALLATION, ROUTE, NAMES, items="items", cached=True)
    assert [item async for item in pages] == [1, 2, 3]


async def test_a_write_without_a_token_comes_later(stack: Stack) -> None:
    """The App may be installed again; that it is not, the next read tells."""
    route = f"POST /app/installations/{INSTALLATION}/access_tokens"
    stack.fake.answers(route, reply({"message": "Not Found"}, status=404))
    said = await a_write(stack)
    assert isinstance(said, Outcome)
    assert said.kind is OutcomeKind.LATER


async def test_two_who_notice_at_once_that_less_is_granted_both_go_on(stack: Stack) -> None:
    first, *both = (RepositoryRef(installation_id=5, full_name=f"octo/r{n}", repository_id=n) for n in (1, 2, 3))
    route = "/repos/{owner}/{name}/x"
    for n in (1, 2, 3):
        stack.fake.answers(f"GET /repos/octo/r{n}/x", reply({}))
    await stack.transport.get(first, route, {"owner": "octo", "name": "r1"})  # what is granted is remembered
    refusal = reply({"message": "The permissions requested are not granted to this installation."}, status=422)
    stack.fake.answers("POST /app/installations/5/access_tokens", refusal)
    asked = (stack.transport.get(each, route, {"owner": "octo", "name": f"r{each.repository_id}"}) for each in both)
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(each, GitHubError) for each in found), found


async def test_a_page_that_is_the_same_may_have_another_behind_it(stack: Stack) -> None:
    """The tag is that of its content: https://github.com/app-sre/github-mirror/issues/113."""
    link = {"link": f'<{stack.fake.url}/repos/octo/demo/more>; rel="next"', "etag": '"1"'}
    stack.fake.answers(THING, reply([1], headers={"etag": '"1"'}), reply(None, status=304, headers=link))
    stack.fake.answers("GET /repos/octo/demo/more", reply([2]))
    seen = [[each async for each in stack.transport.get_all(INSTALLATION, ROUTE, NAMES, cached=True)] for _ in range(2)]
    assert seen == [[1], [1, 2]]
