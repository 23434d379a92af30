"""GitHub's merge queue: the client against the sandbox."""

from typing import Any

import pytest

from bot.core.actions import EnqueuePull, MarkReady, MergePull
from bot.core.facts import PullFacts
from bot.core.model import Branch, Key, MergeMethod, Sha
from bot.github import outcomes
from tests.github.story import ALREADY, DONE, MOVED, REFUSED, W1, W2, Story, check_on

MAIN = Branch("main")
GREEN: dict[str, Any] = {"status": "completed", "conclusion": "success"}


async def require_queue(story: Story) -> None:
    """Have main require the queue and our check."""
    wanted = {
        "strict_required_status_checks_policy": False,
        "required_status_checks": [{"context": "signalbox", "integration_id": story.info["app_id"]}],
    }
    await story.call("POST", f"/repos/{story.repository.full_name}/rulesets", {
        "name": "queue", "target": "branch", "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [{"type": "merge_queue"}, {"type": "required_status_checks", "parameters": wanted}],
    })  # fmt: skip


async def ready(story: Story, branch: Branch = W1) -> PullFacts:
    await story.push(branch, f"{branch}.txt", "YQ==")
    assert (await story.one(MarkReady(pull=(await story.pull(branch)).node_id))).kind is DONE
    return await story.pull(branch)


def enqueue(pull: PullFacts, head: Sha | None = None) -> EnqueuePull:
    return EnqueuePull(key="W1", pull=pull.node_id, expected=head or pull.head_sha)


async def test_a_base_and_its_pulls_say_whether_the_queue_is_required(story: Story) -> None:
    before = await story.opened(W1)
    assert (before.base.merge_queue, before.workstreams[W1].pulls[0].queue_required) == (False, False)
    assert await story.client.merge_queue(story.repository, MAIN) == ()
    await require_queue(story)
    after = await story.read(W1)
    assert (after.base.merge_queue, after.workstreams[W1].pulls[0].queue_required) == (True, True)
    assert after.workstreams[W1].pulls[0].queued is None
    assert await story.client.merge_queue(story.repository, MAIN) == ()


async def test_every_end_of_enqueuing_is_told_apart(story: Story) -> None:
    await story.opened(W1)
    await require_queue(story)
    pull = await ready(story)
    refused = await story.one(enqueue(pull))
    assert (refused.kind, "signalbox" in refused.detail) == (REFUSED, True)
    assert (await story.one(check_on(pull.head_sha, **GREEN))).kind is DONE
    assert (await story.one(enqueue(pull, Sha("0" * 39 + "1")))).kind is MOVED
    assert (await story.one(enqueue(pull))).kind is DONE
    assert (await story.one(enqueue(pull))).kind is ALREADY
    assert (await story.pull()).queued == 1


async def test_the_queue_is_read_with_our_checks_on_pulls_and_groups(story: Story) -> None:
    await story.opened(W1, W2)
    await require_queue(story)
    pulls = [await ready(story, branch) for branch in (W1, W2)]
    for pull in pulls:
        await story.do(check_on(pull.head_sha, title="May merge", **GREEN), enqueue(pull))
    first, second = await story.client.merge_queue(story.repository, MAIN)
    assert [(each.position, each.pull, each.head) for each in (first, second)] == [
        (number, pull.number, pull.head_sha) for number, pull in enumerate(pulls, 1)
    ]
    assert first.own is not None
    assert (first.own.conclusion, first.own.title, first.shown) == ("success", "May merge", None)
    _, open_pulls = await story.client.open_pulls(story.repository, first_page_only=True)
    assert all(each.queued for each in open_pulls)
    assert first.group is not None
    assert second.group is not None
    await story.one(check_on(second.group, title="Wait"))
    _, second = await story.client.merge_queue(story.repository, MAIN)
    assert second.group is not None
    assert second.shown is not None
    assert (second.shown.status, second.shown.title) == ("in_progress", "Wait")
    await story.do(check_on(first.group, **GREEN), check_on(second.group, second.shown.node_id, **GREEN))
    assert (await story.pull(W2)).merge_sha == second.group
    assert (await story.pull(W2)).merged_by == "github-merge-queue[bot]"


@pytest.mark.parametrize("queue", [True, False])
async def test_a_pull_in_a_stack_is_refused_with_the_way_on(story: Story, queue: bool) -> None:
    await story.opened(W1)
    pull = await ready(story)
    name = story.repository.full_name
    await story.call("PUT", f"/_sandbox/repos/{name}/pulls/{pull.number}/stack", {"number": 1, "size": 2})
    merge = MergePull(
        key=Key("W1"), pull=pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE, title="", message=""
    )
    outcome = await (story.one(enqueue(pull)) if queue else story.client.merge_pull(story.repository, merge))
    assert (outcome.kind, outcome.detail) == (REFUSED, outcomes.STACKED)
