"""The merge queue of a branch: its entries with their groups, and the mutations that put a pull in and take it out."""

from typing import Any

from sandbox.graphql.connection import Connection
from sandbox.graphql.context import Context, Info
from sandbox.graphql.nodes import CommitNode, MergeQueueNode
from sandbox.graphql.registry import TYPES, field
from sandbox.model import Pull, QueueEntry, Repository, User
from sandbox.operations import merge_queue, rules
from sandbox.pages import paths

from .mutation import Payload, mutation, the_pull

TYPES.update({MergeQueueNode: "MergeQueue", QueueEntry: "MergeQueueEntry"})


def _queue(info: Info, repo: Repository, branch: str) -> MergeQueueNode | None:
    enabled = rules.merge_queue(info.context.world, repo, branch) is not None
    return MergeQueueNode(repo, branch) if enabled else None


@field("Repository", "mergeQueue")
def queue_of_branch(source: Repository, info: Info, branch: str | None = None) -> MergeQueueNode | None:
    """Return the queue of a branch, the default one if none is named; None where no rule asks for it."""
    return _queue(info, source, branch or source.default_branch)


@field("PullRequest", "mergeQueue")
def queue_of_pull(source: Pull, info: Info) -> MergeQueueNode | None:
    return _queue(info, info.context.world.repository_of(source), source.base_ref)


@field("PullRequest", "isMergeQueueEnabled")
def is_enabled(source: Pull, info: Info) -> bool:
    return queue_of_pull(source, info) is not None


@field("PullRequest", "mergeQueueEntry")
def entry_of_pull(source: Pull, info: Info) -> QueueEntry | None:
    return info.context.world.queue_entry(source)


@field("PullRequest", "isInMergeQueue")
def is_in_queue(source: Pull, info: Info) -> bool:
    return entry_of_pull(source, info) is not None


@field("MergeQueue", "entries")
def entries(source: MergeQueueNode, info: Info, **page: Any) -> Connection:
    """List the entries, the one that merges next first."""
    return Connection(info.context.world.queue_of(source.repo, source.branch), **page)


@field("MergeQueue", "repository")
def repository_of_queue(source: MergeQueueNode, _info: Info) -> Repository:
    return source.repo


@field("MergeQueue", "url")
def queue_url(source: MergeQueueNode, info: Info) -> str:
    return f"{info.context.world.base_url}{paths.of_repository(info.context.world, source.repo)}/queue/{source.branch}"


def _commit(info: Info, source: QueueEntry, sha: str | None) -> CommitNode | None:
    return None if sha is None else CommitNode(info.context.world.state.repositories[source.repository_id], sha)


@field("MergeQueueEntry", "baseCommit")
def base_commit(source: QueueEntry, info: Info) -> CommitNode | None:
    """Return what the entry's group is built on, None before it is built."""
    return _commit(info, source, source.base_sha)


@field("MergeQueueEntry", "headCommit")
def head_commit(source: QueueEntry, info: Info) -> CommitNode | None:
    """Return the head of the entry's group, None before it is built."""
    return _commit(info, source, source.group_sha)


@field("MergeQueueEntry", "enqueuer")
def enqueuer(source: QueueEntry, info: Info) -> User:
    return info.context.world.state.users[source.enqueuer_id]


@field("MergeQueueEntry", "mergeQueue")
def queue_of_entry(source: QueueEntry, info: Info) -> MergeQueueNode:
    return MergeQueueNode(info.context.world.state.repositories[source.repository_id], source.base_ref)


@field("MergeQueueEntry", "position")
def position(source: QueueEntry, info: Info) -> int:
    """Return the place in the queue, 1 for the entry that merges next (and for one that was just taken out)."""
    world = info.context.world
    line = world.queue_of(world.state.repositories[source.repository_id], source.base_ref)
    return line.index(source) + 1 if source in line else 1


@field("MergeQueueEntry", "pullRequest")
def pull_of_entry(source: QueueEntry, info: Info) -> Pull:
    return info.context.world.state.pulls[source.pull_id]


@mutation("enqueuePullRequest")
async def enqueue_pull_request(context: Context, given: dict[str, Any]) -> Payload:
    repo, pull = await the_pull(context, given["pullRequestId"])
    entry = await merge_queue.enqueue(
        context.world,
        context.actor,
        repo,
        pull,
        expected_head=given.get("expectedHeadOid"),
        jump=given.get("jump", False),
    )
    return {"mergeQueueEntry": entry}


@mutation("dequeuePullRequest")
async def dequeue_pull_request(context: Context, given: dict[str, Any]) -> Payload:
    """Take a pull out; the input calls the pull's id just `id`."""
    repo, pull = await the_pull(context, given["id"])
    return {"mergeQueueEntry": await merge_queue.dequeue(context.world, context.actor, repo, pull)}
