"""Merging, reviews, faults and deliveries: the client against the sandbox."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.actions import (
    ClosePull,
    DeleteBranch,
    MarkReady,
    MergePull,
    PostComment,
    ReopenPull,
)
from bot.core.facts import PullFacts, PullState, ReviewState
from bot.core.marker import mark
from bot.core.model import Key, MergeMethod, Sha
from bot.errors import RateLimited, ReadFailed
from bot.github.port import FailedDelivery
from tests.github.story import DONE, MOVED, REFUSED, UNKNOWN, W1, W2, Story, check_on

# ---- merging ----


async def a_mergeable_pull(story: Story) -> PullFacts:
    await story.opened(W1)
    await story.push(W1, "a.txt", "YQ==")
    assert (await story.one(MarkReady(pull=(await story.pull()).node_id))).kind is DONE
    pull = await story.pull()
    assert not pull.draft
    return pull


def merge(pull: PullFacts, head: Sha | None = None) -> MergePull:
    return MergePull(
        key=Key("W1"),
        pull=pull.number,
        head_sha=head or pull.head_sha,
        method=MergeMethod.SQUASH,
        title=f"W1 (#{pull.number})",
        message="",
    )


async def test_a_pull_is_merged_with_the_head_that_was_judged(story: Story) -> None:
    pull = await a_mergeable_pull(story)
    stale = await story.client.merge_pull(story.repository, merge(pull, Sha("0" * 39 + "1")))
    assert stale.kind is MOVED
    merged = await story.client.merge_pull(story.repository, merge(pull))
    assert merged.kind is DONE
    reading = await story.read(W1)
    after = reading.workstreams[W1].pulls[0]
    assert (after.state, after.merge_sha, after.merged_by) == (PullState.MERGED, merged.result, "signalbox[bot]")
    assert reading.base.sha == merged.result
    assert (await story.client.merge_pull(story.repository, merge(pull))).kind is REFUSED


async def test_a_draft_is_not_merged(story: Story) -> None:
    await story.opened(W1)
    refused = await story.client.merge_pull(story.repository, merge(await story.pull()))
    assert refused.kind is REFUSED
    assert refused.detail


async def test_a_pull_is_closed_and_opened_again_and_twice_does_no_harm(story: Story) -> None:
    await story.opened(W1)
    node_id = (await story.pull()).node_id
    for _ in range(2):
        assert (await story.one(ClosePull(pull=node_id))).kind is DONE
        assert (await story.pull()).state is PullState.CLOSED
    assert (await story.one(ReopenPull(pull=node_id))).kind is DONE
    assert (await story.pull()).state is PullState.OPEN


async def test_reviews_count_for_the_head_they_were_given(story: Story) -> None:
    pull = await a_mergeable_pull(story)
    await story.call("POST", f"/repos/octo/demo/pulls/{pull.number}/reviews", {"event": "APPROVE"}, by="mia")
    (review,) = (await story.pull()).reviews
    assert (review.author, review.state, review.commit) == ("mia", ReviewState.APPROVED, pull.head_sha)


async def test_a_branch_is_deleted_only_at_the_expected_tip(story: Story) -> None:
    pull = await a_mergeable_pull(story)
    await story.client.merge_pull(story.repository, merge(pull))
    stale = await story.one(DeleteBranch(branch=W1, expected=Sha("0" * 39 + "1")))
    assert stale.kind is MOVED, stale
    assert (await story.one(DeleteBranch(branch=W1, expected=pull.head_sha))).kind is DONE
    reading = await story.read(W1)
    assert reading.workstreams[W1].branch is None
    assert reading.workstreams[W1].pulls[0].state is PullState.MERGED


async def test_open_pulls_are_listed_with_our_checks(story: Story) -> None:
    await story.opened(W1, W2)
    await story.one(check_on((await story.pull(W2)).head_sha))
    node_id, pulls = await story.client.open_pulls(story.repository, first_page_only=True)
    assert node_id == (await story.read()).repository.node_id
    assert {pull.head: len(pull.own_checks) for pull in pulls} == {W1: 0, W2: 1}


# ---- faults ----


def fault(match: str, **changes: Any) -> dict[str, Any]:
    return {"api": [{"match": match, "times": 1, **changes}]}


async def test_a_merge_whose_answer_is_lost_is_unknown_and_was_done(story: Story) -> None:
    pull = await a_mergeable_pull(story)
    await story.knob(fault("PUT /repos/*/pulls/*/merge", status=0, after=True))
    assert (await story.client.merge_pull(story.repository, merge(pull))).kind is UNKNOWN
    assert (await story.pull()).state is PullState.MERGED


async def test_a_mutation_whose_answer_is_lost_is_unknown(story: Story) -> None:
    await story.opened(W1)
    await story.knob(fault("POST /graphql*", status=502, after=True))
    comment = PostComment(
        journal_key="reply:1", number=story.issue, subject=story.issue_id, body=mark("Hello", "reply:1")
    )
    story = replace(story, repository=replace(story.repository, node_id=(await story.read()).repository.node_id))
    await story.knob(fault("POST /graphql*", status=502, after=True))
    assert (await story.one(comment)).kind is UNKNOWN
    since = datetime.now(UTC) - timedelta(minutes=1)
    assert await story.client.find_comment(story.repository, story.issue, "reply:1", since) is not None


async def test_a_read_outlasts_a_short_outage(story: Story) -> None:
    await story.knob(fault("POST /graphql*", status=502, times=2))
    assert (await story.read()).issue.title == "Plan"
    await story.knob(fault("POST /graphql*", status=502, times=9))
    with pytest.raises(ReadFailed):
        await story.read()


async def test_a_limit_is_respected(story: Story) -> None:
    await story.knob(fault("POST /graphql*", status=403, headers={"retry-after": "60"}, body={"message": "secondary"}))
    for _ in range(2):
        with pytest.raises(RateLimited):
            await story.read()


# ---- deliveries ----


async def test_deliveries_that_nobody_took_can_be_asked_for_again(story: Story) -> None:
    since = datetime.now(UTC) - timedelta(minutes=5)
    await story.call("PATCH", f"/repos/octo/demo/issues/{story.issue}", {"title": "Changed"})
    failed: list[FailedDelivery] = []
    while not failed:
        failed = await story.client.failed_deliveries(since)
    assert len({each.guid for each in failed}) == len(failed)
    assert (await story.client.redeliver(failed[0].id)).kind is DONE
    assert await story.client.failed_deliveries(datetime.now(UTC) + timedelta(minutes=1)) == []
