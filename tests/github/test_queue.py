"""Reading a merge queue: page by page, and what is not there or may not be seen."""

import pytest

from bot.core.model import Branch, NodeId
from bot.errors import NotFound, NotInstalled
from tests.github import answers
from tests.github.answers import nodes
from tests.github.fake import REPOSITORY, Stack, errors
from tests.github.test_client import W1, question

MAIN = Branch("main")


def entry(position: int) -> answers.Json:
    pull = {"number": position + 10, "url": "u", "headRefOid": answers.HEAD, "commits": {"nodes": []}}
    return {"position": position, "headCommit": None, "pullRequest": pull}


def page(*found: answers.Json, more: bool = False) -> answers.Json:
    info = {"hasNextPage": more, "endCursor": "c1"}
    return {"data": {"repository": {"mergeQueue": {"entries": {"nodes": list(found), "pageInfo": info}}}}}


async def test_a_queue_is_read_to_its_end(stack: Stack) -> None:
    gone = {**entry(2), "pullRequest": None}
    stack.fake.graphql(page(entry(1), gone, more=True), page(entry(3)))
    found = await stack.client.merge_queue(REPOSITORY, MAIN)
    assert [(each.position, each.pull, each.group, each.own) for each in found] == [
        (1, 11, None, None),
        (3, 13, None, None),
    ]
    assert [sent["variables"]["after"] for sent in stack.fake.sent] == [None, "c1"]


async def test_a_branch_without_a_queue_has_no_entries(stack: Stack) -> None:
    stack.fake.graphql({"data": {"repository": {"mergeQueue": None}}})
    assert await stack.client.merge_queue(REPOSITORY, MAIN) == ()
    stack.fake.graphql({"data": {"repository": None}})
    with pytest.raises(NotFound):
        await stack.client.merge_queue(REPOSITORY, MAIN)


async def test_a_queue_that_may_not_be_seen_is_no_empty_one(stack: Stack) -> None:
    refused = errors(("FORBIDDEN", ["repository", "mergeQueue"], "Resource not accessible by integration"))
    stack.fake.graphql({"data": {"repository": {"mergeQueue": None}}, "errors": refused})
    with pytest.raises(NotInstalled):
        await stack.client.merge_queue(REPOSITORY, MAIN)


async def test_a_plan_is_read_where_the_app_may_not_see_places_in_the_queue(stack: Stack) -> None:
    pull = {**answers.pull(), "mergeQueueEntry": None, "isMergeQueueEnabled": True, "id": NodeId("PR")}
    hidden = errors(("FORBIDDEN", ["repository", "p0", "nodes", 0, "mergeQueueEntry"], "Resource not accessible"))
    stack.fake.graphql({**answers.plan(b0=answers.tip(), p0=nodes(pull)), "errors": hidden})
    reading = await stack.client.read_plan(REPOSITORY, question(W1))
    (found,) = reading.workstreams[W1].pulls
    assert (found.queued, found.queue_required) == (None, True)
