"""Anybody can open pulls from a fork whose branch has a workstream's name: they neither hide ours nor stop the read."""

from typing import Any
from urllib.parse import parse_qs

import pytest

from bot.errors import ReadFailed
from bot.github import queries
from tests.github import answers
from tests.github.answers import Json, nodes
from tests.github.fake import REPOSITORY, Stack, reply
from tests.github.story import W1, W2, Story
from tests.github.test_client import question

CROWD = 110  # pulls from a fork
PULLS = "GET /repos/octo/demo/pulls"


def crowded(**changes: Any) -> Json:
    forks = nodes(*(answers.pull(90 + number, isCrossRepository=True) for number in range(3)), more=True, cursor="c1")
    return answers.plan(b0=answers.tip(), p0=forks, **changes)


def listed(number: int, *, head: int | None = 42) -> Json:
    repo = None if head is None else {"id": head}
    return {"number": number, "head": {"ref": W1, "repo": repo}, "base": {"repo": {"id": 42}}}


async def test_ours_are_asked_for_by_their_owner_under_its_newest_name(stack: Stack) -> None:
    """A fork of the owner's own, or one that is gone, is no branch of the repository's either."""
    ours = {"data": {"repository": {"p0": answers.pull(8), "p1": answers.pull(3)}}}
    stack.fake.graphql(crowded(nameWithOwner="octopus/demo"), ours)
    stack.fake.answers(PULLS, reply([listed(9, head=43), listed(8), listed(5, head=None), listed(3)]))
    reading = await stack.client.read_plan(REPOSITORY, question(W1))
    assert [pull.number for pull in reading.workstreams[W1].pulls] == [8, 3]
    (asked,) = stack.fake.of(PULLS)
    assert asked.query == "head=octopus:signalbox/w1&state=all&per_page=100"


async def test_only_the_newest_three_of_ours_are_read(stack: Stack) -> None:
    found = {f"p{place}": answers.pull(number) for place, number in enumerate((9, 8, 7))}
    stack.fake.graphql(crowded(), {"data": {"repository": found}})
    stack.fake.answers(PULLS, reply([listed(number) for number in (9, 8, 7, 6)]))
    reading = await stack.client.read_plan(REPOSITORY, question(W1))
    assert [pull.number for pull in reading.workstreams[W1].pulls] == [9, 8, 7]
    variables = stack.fake.sent[1]["variables"]
    assert [variables.get(f"n{place}") for place in range(4)] == [9, 8, 7, None]


async def test_what_of_ours_is_among_the_crowd_is_not_read_twice(stack: Stack) -> None:
    seen = nodes(answers.pull(9), answers.pull(90, isCrossRepository=True), more=True, cursor="c1")
    stack.fake.graphql(answers.plan(b0=answers.tip(), p0=seen))
    stack.fake.answers(PULLS, reply([listed(9)]))
    reading = await stack.client.read_plan(REPOSITORY, question(W1))
    assert [pull.number for pull in reading.workstreams[W1].pulls] == [9]
    assert len(stack.fake.sent) == 1


async def test_no_letter_of_a_branch_changes_the_question(stack: Stack) -> None:
    stack.fake.graphql(crowded())
    stack.fake.answers(PULLS, reply([]))
    reading = await stack.client.read_plan(REPOSITORY, question("a&state=open#+%b"))
    assert reading.workstreams.popitem()[1].pulls == ()
    assert parse_qs(stack.fake.of(PULLS)[0].query)["head"] == ["octo:a&state=open#+%b"]


async def test_where_ours_may_be_out_of_sight_they_are_not_taken_for_missing(stack: Stack) -> None:
    stack.fake.graphql(crowded())
    link = {"link": f'<{stack.fake.url}/repos/octo/demo/pulls?page=2>; rel="next"'}
    stack.fake.answers(PULLS, reply([listed(9, head=43)], headers=link))
    with pytest.raises(ReadFailed, match="crowd those of the branch"):
        await stack.client.read_plan(REPOSITORY, question(W1))


async def test_a_crowd_of_pulls_from_a_fork_keeps_no_plan_from_being_read(story: Story) -> None:
    ours = (await story.opened(W1)).workstreams[W1].pulls[0].number
    await story.call("POST", "/repos/octo/demo/forks", {}, by="otto")
    base = (await story.read()).base.sha
    await story.call("POST", "/repos/otto/demo/git/refs", {"ref": f"refs/heads/{W2}", "sha": base}, by="otto")
    for branch, crowd in ((W1, CROWD), (W2, queries.PULLS_PER_BRANCH + 1)):
        body = {"message": "Mine", "content": "bWluZQ==", "branch": branch}
        await story.call("PUT", "/repos/otto/demo/contents/mine.txt", body, by="otto")
        opened = {"title": "W1", "head": f"otto:{branch}", "base": "main"}
        for _ in range(crowd):
            number = (await story.call("POST", "/repos/octo/demo/pulls", opened, by="otto"))["number"]
            await story.call("PATCH", f"/repos/octo/demo/pulls/{number}", {"state": "closed"}, by="otto")
    found = (await story.read()).workstreams
    assert [pull.number for pull in found[W1].pulls] == [ours]
    assert found[W2].pulls == ()
