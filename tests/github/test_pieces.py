"""Reads of many things at once that GitHub finds too much: asked again in smaller pieces, and nothing else is."""

import pytest

from bot.core.model import NodeId, Sha
from bot.errors import NotFound, ReadFailed
from tests.github import answers
from tests.github.fake import REPOSITORY, Handler, Stack, reply, silence
from tests.github.test_client import question, with_branches


@pytest.mark.parametrize("trouble", [silence, reply({}, status=502), reply({}, status=504)])
async def test_a_plan_too_slow_for_github_is_read_in_smaller_pieces(
    stack: Stack, quick: None, trouble: Handler
) -> None:
    """GitHub ends a query after 10 seconds: the same one would fail for ever, and each time counts."""
    names = [f"w{number}" for number in range(20)]
    fine = reply(with_branches(5))
    stack.fake.answers("POST /graphql", trouble, trouble, fine, trouble, *[reply(with_branches(2))] * 8)
    reading = await stack.client.read_plan(REPOSITORY, question(*names))
    assert list(reading.workstreams) == names
    sizes = [sum(name.startswith("h") for name in body["variables"]) for body in stack.fake.sent]
    assert sizes == [20, 10, 5, 5, *[2] * 7, 1]


@pytest.mark.parametrize(("status", "requests"), [(502, len((20, 10, 5, 2)) + 3), (500, 3), (404, 1)])
async def test_a_plan_that_cannot_be_read_in_any_size_is_a_failed_read(
    stack: Stack, quick: None, status: int, requests: int
) -> None:
    """Only what is too slow is asked for in other sizes; the smallest is tried as often as any read."""
    stack.fake.answers("POST /graphql", reply({"message": "no"}, status=status))
    with pytest.raises((ReadFailed, NotFound)):
        await stack.client.read_plan(REPOSITORY, question(*(f"w{number}" for number in range(20))))
    assert len(stack.fake.sent) == requests


async def test_what_follows_the_first_request_is_made_smaller_too(stack: Stack, quick: None) -> None:
    """Commits beyond the first ten, and the comparison with the base."""
    shas = tuple(Sha(f"{number:040x}") for number in range(12))
    none = {f"c{number}": None for number in range(10)}
    slow, one = reply({}, status=504), {"aheadBy": 2, "behindBy": 0}
    compared = reply({"data": {"repository": {"base": {"c0": one}}}})
    commits = reply({"data": {"repository": {"c0": None}}})
    stack.fake.answers(
        "POST /graphql", reply(with_branches(2, **none)), slow, compared, compared, slow, commits, commits
    )
    reading = await stack.client.read_plan(REPOSITORY, question("a", "b", compare_branches=True, commits=shas))
    assert [each.branch and each.branch.ahead for each in reading.workstreams.values()] == [2, 2]
    assert [len(body["variables"]) for body in stack.fake.sent[-3:]] == [4, 3, 3]


async def test_what_failed_checks_say_is_read_alone_where_all_at_once_are_too_slow(stack: Stack, quick: None) -> None:
    gone = reply({"data": {"nodes": [None]}})
    stack.fake.answers("POST /graphql", reply({}, status=504), gone)
    found = await stack.client.failures(REPOSITORY, [NodeId("C1"), NodeId("C2")])
    assert list(found) == ["C1", "C2"]
    assert len(stack.fake.sent) == 3


async def test_suites_too_slow_for_github_are_read_for_fewer_commits(stack: Stack, quick: None) -> None:
    shas = [Sha(f"{number:040x}") for number in range(4)]
    judged = reply({"data": {"repository": {f"c{number}": answers.judged(sha) for number, sha in enumerate(shas)}}})
    stack.fake.answers("POST /graphql", judged)
    commits = await stack.client.commits(REPOSITORY, shas)
    pair = reply({"data": {"repository": {"c0": None, "c1": None}}})
    stack.fake.answers("POST /graphql", reply({}, status=502), pair)
    assert await stack.client.every_suite(REPOSITORY, commits) == commits
    assert len(stack.fake.sent) == 1 + 3


async def test_conversations_too_slow_for_github_are_read_for_fewer_threads(stack: Stack, quick: None) -> None:
    stack.fake.answers("POST /graphql", silence, reply({"data": {"repository": {"t0": None, "t1": None}}}))
    assert await stack.client.conversations(REPOSITORY, [1, 2, 3, 4]) == {}
    assert len(stack.fake.sent) == 3
