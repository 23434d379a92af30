"""GraphQL through the transport: any error is no read, and its limits come with status 200."""

from datetime import timedelta

import pytest

from bot.core.actions import Outcome, OutcomeKind
from bot.errors import NotFound, NotInstalled, RateLimited, ReadFailed
from bot.github.answers import GraphQLAnswer
from tests.github.fake import INSTALLATION, Stack, errors, reply, text

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


async def test_a_graphql_limit_comes_with_status_200(stack: Stack) -> None:
    reset = str(int((stack.fake.clock() + timedelta(minutes=10)).timestamp()))
    limited = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
    stack.fake.answers(
        "POST /graphql", reply(limited, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset})
    )
    for _ in range(2):
        with pytest.raises(RateLimited) as raised:
            await stack.transport.query(INSTALLATION, "Q", QUERY, {})
        assert raised.value.retry_at == stack.fake.clock() + timedelta(minutes=10)
    said = await stack.transport.mutation(INSTALLATION, "M", "mutation", {}, weight=1)
    assert isinstance(said, Outcome)
    assert (said.kind, said.retry_after) == (OutcomeKind.LATER, timedelta(minutes=10))
    assert len(stack.fake.sent) == 1


async def test_a_mutation_that_meets_the_limit_comes_later(stack: Stack) -> None:
    limited = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
    stack.fake.graphql(limited)
    said = await stack.transport.mutation(INSTALLATION, "M", "mutation", {}, weight=1)
    assert isinstance(said, Outcome)
    assert (said.kind, said.retry_after) == (OutcomeKind.LATER, timedelta(seconds=60))


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
