"""What failed check runs say for themselves, as GitHub shows it, and where it does not."""

from typing import Any

import pytest

from bot.core.facts import AnnotationFacts, FailureFacts
from bot.core.model import NodeId
from bot.errors import ReadFailed
from tests.github.fake import REPOSITORY, Stack, errors

HEAVY = {"data": {}, "errors": errors(("RESOURCE_LIMITS_EXCEEDED", ["x"], "Resource limits for this query exceeded."))}


def run(**changes: Any) -> dict[str, Any]:
    note = {
        "path": "a.py", "annotationLevel": "FAILURE", "title": None, "message": "token ghs_abc.defghi",
        "location": {"start": {"line": 7}},
    }  # fmt: skip
    annotations = {"totalCount": 12, "nodes": [note]}
    said = {"title": "1 failed", "summary": None, "text": "a\nghp_secret1234\nb", "detailsUrl": "https://ci.example/1"}
    return {**said, "annotations": annotations, **changes}


def runs(count: int) -> list[NodeId]:
    return [NodeId(f"CR_{number}") for number in range(count)]


async def test_what_a_run_says_comes_without_secrets(stack: Stack) -> None:
    stack.fake.graphql({"data": {"nodes": [run()]}})
    assert await stack.client.failures(REPOSITORY, runs(1)) == {
        NodeId("CR_0"): FailureFacts(
            title="1 failed", text="a\n[removed]\nb", annotation_count=12, details_url="https://ci.example/1",
            annotations=(AnnotationFacts(path="a.py", line=7, level="failure", message="token [removed]"),),
        )
    }  # fmt: skip


async def test_an_address_with_a_secret_in_it_is_not_told(stack: Stack) -> None:
    stack.fake.graphql({"data": {"nodes": [run(detailsUrl="https://ci.example/1?key=ghp_secret1234")]}})
    assert (await stack.client.failures(REPOSITORY, runs(1)))[NodeId("CR_0")].details_url == ""


async def test_one_that_says_nothing_has_nothing(stack: Stack) -> None:
    silent = run(title=None, text=None, detailsUrl=None, annotations=None)
    stack.fake.graphql({"data": {"nodes": [silent]}})
    assert await stack.client.failures(REPOSITORY, runs(1)) == {NodeId("CR_0"): FailureFacts()}


async def test_one_that_is_gone_says_nothing(stack: Stack) -> None:
    gone = errors(("NOT_FOUND", ["nodes", 0], "Could not resolve to a node"))
    stack.fake.graphql({"data": {"nodes": [None, run()]}, "errors": gone})
    found = await stack.client.failures(REPOSITORY, runs(2))
    assert found[NodeId("CR_0")] == FailureFacts()
    assert found[NodeId("CR_1")].title == "1 failed"


async def test_ten_are_asked_at_once_and_none_ask_nothing(stack: Stack) -> None:
    stack.fake.graphql({"data": {"nodes": [run()] * 10}}, {"data": {"nodes": [run()] * 2}})
    assert list(await stack.client.failures(REPOSITORY, runs(12))) == runs(12)
    assert [each["variables"]["runs"] for each in stack.fake.sent] == [runs(12)[:10], runs(12)[10:]]
    assert await stack.client.failures(REPOSITORY, []) == {}
    assert len(stack.fake.sent) == 2


async def test_what_is_too_heavy_together_is_asked_alone_and_then_left_out(stack: Stack) -> None:
    stack.fake.graphql(HEAVY, HEAVY, {"data": {"nodes": [run()]}})
    found = await stack.client.failures(REPOSITORY, runs(2))
    assert found[NodeId("CR_0")] == FailureFacts()
    assert found[NodeId("CR_1")].title == "1 failed"


@pytest.mark.parametrize("answer", [{"data": {"nodes": []}}, {"data": {"nodes": [{"title": 1}]}}])
async def test_another_shape_is_a_failed_read(stack: Stack, answer: dict[str, Any]) -> None:
    stack.fake.graphql(answer)
    with pytest.raises(ReadFailed):
        await stack.client.failures(REPOSITORY, runs(1))
