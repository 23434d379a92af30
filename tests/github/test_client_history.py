"""How commits and the course of a branch are asked for, request by request."""

import pytest

from bot.core.model import Sha
from bot.errors import NotFound, ReadFailed
from tests.github import answers
from tests.github.answers import nodes
from tests.github.fake import REPOSITORY, Stack
from tests.github.test_client import question


def shas(count: int) -> list[Sha]:
    return [Sha(f"{number:040x}") for number in range(count)]


async def test_commits_are_read_with_the_plan_and_the_unknown_left_out(stack: Stack) -> None:
    known, unknown, blob = shas(3)
    stack.fake.graphql(answers.plan(c0=answers.judged(known, checks=(answers.run(),)), c1=None, c2={}))
    reading = await stack.client.read_plan(REPOSITORY, question(commits=(known, unknown, blob)))
    assert list(reading.commits) == [known]
    assert [check.name for check in reading.commits[known].checks] == ["tests"]
    assert len(stack.fake.sent) == 1
    assert stack.fake.sent[0]["variables"]["c1"] == unknown


def some_commits(asked: list[Sha]) -> answers.Json:
    return {"data": {"repository": {f"c{number}": answers.judged(sha) for number, sha in enumerate(asked)}}}


async def test_commits_are_read_ten_at_a_time(stack: Stack) -> None:
    asked = shas(23)
    stack.fake.graphql(*(some_commits(asked[start : start + 10]) for start in (0, 10, 20)))
    assert list(await stack.client.commits(REPOSITORY, asked)) == asked
    assert len(stack.fake.sent) == 3
    assert await stack.client.commits(REPOSITORY, []) == {}
    assert len(stack.fake.sent) == 3


async def test_commits_beyond_the_tenth_do_not_burden_the_plan_read(stack: Stack) -> None:
    asked = shas(12)
    first = some_commits(asked[:10])["data"]["repository"]
    stack.fake.graphql(answers.plan(**first), some_commits(asked[10:]))
    reading = await stack.client.read_plan(REPOSITORY, question(commits=tuple(asked)))
    assert list(reading.commits) == asked


async def test_commits_of_a_repository_that_is_gone(stack: Stack) -> None:
    stack.fake.graphql({"data": {"repository": None}})
    with pytest.raises(NotFound):
        await stack.client.commits(REPOSITORY, shas(1))


def history_page(*commits: tuple[Sha, Sha], more: bool = False) -> answers.Json:
    """One page of a history without merges, from pairs of a commit and its parent."""
    page = nodes(*(answers.moved(sha, parent) for sha, parent in commits), more=more, cursor=commits[-1][0])
    return {"data": {"repository": {"tip": {"history": page}}}}


async def test_a_course_is_read_page_by_page_until_it_is_whole(stack: Stack) -> None:
    root, one, two, three = shas(4)
    stack.fake.graphql(history_page((three, two), (two, one), more=True), history_page((one, root), more=True))
    steps = await stack.client.course(REPOSITORY, three, root)
    assert steps is not None
    assert [step.sha for step in steps] == [one, two, three]
    assert [body["variables"]["after"] for body in stack.fake.sent] == [None, two]
    assert await stack.client.course(REPOSITORY, three, three) == ()
    assert len(stack.fake.sent) == 2


async def test_nobody_looks_back_further_than_ten_pages(stack: Stack) -> None:
    chain = shas(30)
    pairs = list(zip(reversed(chain), reversed(chain[:-1]), strict=False))
    stack.fake.graphql(*(history_page(pair, more=True) for pair in pairs))
    assert await stack.client.course(REPOSITORY, chain[-1], chain[0]) is None
    assert len(stack.fake.sent) == 10


async def test_a_course_from_an_unknown_tip_is_no_reading(stack: Stack) -> None:
    stack.fake.graphql({"data": {"repository": {"tip": None}}})
    with pytest.raises(ReadFailed):
        await stack.client.course(REPOSITORY, *shas(2))
