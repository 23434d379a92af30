"""GraphQL through the transport: any error is no read, and its limits come with status 200."""

from datetime import timedelta

import pytest

from bot.core.actions import Outcome, OutcomeKind
from bot.errors import NotFound, NotInstalled, RateLimited, ReadFailed
from bot.github.answers import GraphQLAnswer
from tests.github.fake import INSTALLATION, Handler, Stack, errors, reply, text

QUERY = 'query Q { repository(owner: "o", name: "n") { id } }'


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"data": {"repository": {"id": "R"}}, "errors": errors(("", ["repository", "x"], "boom"))}, ReadFailed),
        ({"data": None, "errors": [{"message": "Something went wrong"}]}, ReadFailed),
        ({"data": {"repository": None}, "errors": errors(("NOT_FOUND", ["repository"], "no repository"))}, NotFound),
        ({"data": {}, "errors": errors(("FORBIDDEN", ["repository"], "Resource not accessible"))}, NotInstalled),
        ({"data": {}, "errors": errors(("NOT_FOUND", ["a"], "x"), ("NOT_FOUND", ["b"], "y"))}, ReadFailed),
        ({}, ReadFailed),
        ([], ReadFailed),
    ],
    ids=["partial data", "no data", "not found", "forbidden", "several", "empty", "a list"],
)
async def test_a_graphql_read_with_any_error_is_no_read(stack: Stack, answer: object, error: type[Exception]) -> None:
    stack.fake.answers("POST /graphql", reply(answer))
    with pytest.raises(error):
        await stack.transport.query(INSTALLATION, "Q", QUERY, {})


async def test_a_forgiven_error_leaves_the_data(stack: Stack) -> None:
    stack.fake.graphql({"data": {"a": 1, "b": None}, "errors": errors(("NOT_FOUND", ["b"], "gone"))})
    data = await stack.transport.query(INSTALLATION, "Q", QUERY, {}, forgive=lambda error: error.path == ("b",))
    assert data == {"a": 1, "b": None}


def limited(stack: Stack, *, kind: str = "", message: str, **headers: str) -> Handler:
    """What GitHub answers when a limit is met; the status is 200."""
    return reply({"errors": [{"type": kind, "message": message}]}, headers=headers)


def limits(stack: Stack) -> dict[str, tuple[Handler, timedelta]]:
    reset = str(int((stack.fake.clock() + timedelta(minutes=10)).timestamp()))
    quota = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    some = {"x-ratelimit-remaining": "7", "x-ratelimit-reset": reset}
    exceeded, already = "API rate limit exceeded", "API rate limit already exceeded for installation ID 5."
    secondary = "You have exceeded a secondary rate limit."
    minutes, minute = timedelta(minutes=10), timedelta(seconds=60)
    return {
        "old name": (limited(stack, kind="RATE_LIMITED", message=exceeded, **quota), minutes),
        "new name": (limited(stack, kind="RATE_LIMIT", message=already, **quota), minutes),
        "something is left": (limited(stack, kind="RATE_LIMIT", message=already, **some), minutes),
        "by its words": (limited(stack, message=already, **quota), minutes),
        "no time": (limited(stack, kind="RATE_LIMITED", message=exceeded), minute),
        "secondary": (limited(stack, message=secondary, **some), minute),
        "secondary with a time": (
            limited(stack, message=secondary, **some, **{"retry-after": "120"}),
            timedelta(minutes=2),
        ),
    }


LIMITS = ["old name", "new name", "something is left", "by its words", "no time", "secondary", "secondary with a time"]


@pytest.mark.parametrize("kind", LIMITS)
async def test_a_graphql_limit_is_met_once_and_then_respected(stack: Stack, kind: str) -> None:
    answer, wait = limits(stack)[kind]
    stack.fake.answers("POST /graphql", answer, reply({"data": {"ok": True}}))
    for _ in range(2):
        with pytest.raises(RateLimited) as raised:
            await stack.transport.query(INSTALLATION, "Q", QUERY, {})
        assert raised.value.retry_at == stack.fake.clock() + wait
    said = await stack.transport.mutation(INSTALLATION, "M", "mutation", {}, weight=1)
    assert isinstance(said, Outcome)
    assert (said.kind, said.retry_after) == (OutcomeKind.LATER, wait)
    assert len(stack.fake.sent) == 1
    stack.fake.clock.forward(seconds=wait.total_seconds())
    assert await stack.transport.query(INSTALLATION, "Q", QUERY, {}) == {"ok": True}


@pytest.mark.parametrize("kind", LIMITS)
async def test_a_mutation_that_meets_the_limit_comes_later(stack: Stack, kind: str) -> None:
    answer, wait = limits(stack)[kind]
    stack.fake.answers("POST /graphql", answer)
    for _ in range(2):
        said = await stack.transport.mutation(INSTALLATION, "M", "mutation", {}, weight=1)
        assert isinstance(said, Outcome)
        assert (said.kind, said.retry_after) == (OutcomeKind.LATER, wait)
    assert len(stack.fake.sent) == 1


async def test_what_a_mutation_did_before_the_limit_is_known(stack: Stack) -> None:
    half = {
        "data": {"a0": {"ok": True}, "a1": None},
        "errors": errors(("RATE_LIMIT", ["a1"], "API rate limit exceeded")),
    }
    stack.fake.graphql(half)
    said = await stack.transport.mutation(INSTALLATION, "M", "mutation", {}, weight=1)
    assert isinstance(said, GraphQLAnswer)
    assert said.data == {"a0": {"ok": True}, "a1": None}
    with pytest.raises(RateLimited):
        await stack.transport.query(INSTALLATION, "Q", QUERY, {})


async def test_a_name_with_the_words_of_a_limit_is_none(stack: Stack) -> None:
    stack.fake.graphql({"data": {"a0": None}, "errors": errors(("", ["a0"], "A label `rate limit exceeded` is there"))})
    said = await stack.transport.mutation(INSTALLATION, "M", "mutation", {}, weight=1)
    assert isinstance(said, GraphQLAnswer)
    assert await stack.transport.mutation(INSTALLATION, "M", "mutation", {}, weight=1) == said


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        pytest.param(403, "This installation has been suspended", OutcomeKind.LATER, id="suspended"),
        pytest.param(403, "Forbidden", OutcomeKind.LATER, id="for no reason that is named"),
        pytest.param(403, "Resource not accessible by integration", OutcomeKind.REFUSED, id="a permission is missing"),
        pytest.param(400, "Problems parsing JSON", OutcomeKind.REFUSED, id="a request that cannot be read"),
    ],
)
async def test_a_mutation_that_is_refused_as_a_whole(
    stack: Stack, status: int, message: str, kind: OutcomeKind
) -> None:
    """What only an installation's state keeps from being written is written once that is another."""
    stack.fake.answers("POST /graphql", reply({"message": message}, status=status))
    said = await stack.transport.mutation(INSTALLATION, "M", "mutation", {}, weight=1)
    assert isinstance(said, Outcome)
    assert (said.kind, said.detail) == (kind, message)


async def test_a_mutation_keeps_data_and_errors_side_by_side(stack: Stack) -> None:
    stack.fake.graphql({"data": {"a0": {}, "a1": None}, "errors": errors(("X", ["a1"], "no"))})
    said = await stack.transport.mutation(INSTALLATION, "M", "mutation", {"v": 1}, weight=1)
    assert isinstance(said, GraphQLAnswer)
    assert said.data == {"a0": {}, "a1": None}
    assert [error.path for error in said.errors] == [("a1",)]
    assert stack.fake.sent == [{"query": "mutation", "variables": {"v": 1}}]


async def test_an_unreadable_answer_to_a_mutation_is_unknown(stack: Stack) -> None:
    stack.fake.answers("POST /graphql", text("<html>"))
    said = await stack.transport.mutation(INSTALLATION, "M", "mutation", {}, weight=1)
    assert isinstance(said, Outcome)
    assert said.kind is OutcomeKind.UNKNOWN


async def test_limits_in_a_row_that_name_no_time_are_waited_for_ever_longer(stack: Stack) -> None:
    """GitHub says 200 all the while."""
    secondary = limited(stack, message="You have exceeded a secondary rate limit.", **{"x-ratelimit-remaining": "9"})
    fine = reply({"data": {"a": 1}})
    stack.fake.answers("POST /graphql", secondary, secondary, secondary, fine, secondary)
    waits = []
    for _ in range(5):
        try:
            await stack.transport.query(INSTALLATION, "Q", QUERY, {})
        except RateLimited as error:
            waits.append(error.retry_at - stack.fake.clock())
            stack.fake.clock.forward(seconds=waits[-1].total_seconds() + 1)
    minute = timedelta(minutes=1)
    assert waits == [minute, 2 * minute, 4 * minute, minute]
