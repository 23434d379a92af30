"""Mutations on pull requests and reviews."""

from collections.abc import Awaitable, Callable
from typing import Any

from sandbox.actor import Actor
from sandbox.graphql.connection import Connection
from sandbox.graphql.context import Context
from sandbox.graphql.errors import QueryError
from sandbox.graphql.lookup import expect
from sandbox.model import Pull, Repository, Review
from sandbox.operations import issues, merging, pulls, reviews
from sandbox.world import World

from .mutation import Payload, label_names, logins, mutation, the_pull, the_repository

Change = Callable[[World, Actor, Repository, Pull], Awaitable[Pull]]


@mutation("createPullRequest")
async def create_pull_request(context: Context, given: dict[str, Any]) -> Payload:
    repo = await the_repository(context, given["repositoryId"])
    pull = await pulls.create_pull(
        context.world,
        context.actor,
        repo,
        title=given["title"],
        head=given["headRefName"].removeprefix("refs/heads/"),
        base=given["baseRefName"].removeprefix("refs/heads/"),
        body=given.get("body"),
        draft=given.get("draft", False),
        maintainer_can_modify=given.get("maintainerCanModify", True),
    )
    return {"pullRequest": pull}


@mutation("updatePullRequest")
async def update_pull_request(context: Context, given: dict[str, Any]) -> Payload:
    """Change a pull; its labels and people are those of the issue behind it."""
    repo, pull = await the_pull(context, given["pullRequestId"])
    changes: dict[str, Any] = {key: given[key] for key in ("title", "body") if key in given}
    if "baseRefName" in given:
        changes["base"] = given["baseRefName"].removeprefix("refs/heads/")
    if "state" in given:
        changes["state"] = given["state"].lower()
    if "maintainerCanModify" in given:
        changes["maintainer_can_modify"] = given["maintainerCanModify"]
    if changes:
        pull = await pulls.update_pull(context.world, context.actor, repo, pull, changes)
    of_issue: dict[str, Any] = {}
    if "labelIds" in given:
        of_issue["labels"] = await label_names(context, given["labelIds"])
    if "assigneeIds" in given:
        of_issue["assignees"] = await logins(context, given["assigneeIds"])
    if of_issue:
        await issues.update_issue(context.world, context.actor, repo, pull, of_issue)
    return {"pullRequest": pull, "actor": context.actor.user}


def _simple(name: str, change: Change) -> None:
    """Register a mutation that takes nothing but the pull's id."""

    @mutation(name)
    async def perform(context: Context, given: dict[str, Any]) -> Payload:
        repo, pull = await the_pull(context, given["pullRequestId"])
        return {"pullRequest": await change(context.world, context.actor, repo, pull)}


_simple("closePullRequest", pulls.close_pull)
_simple("reopenPullRequest", pulls.reopen_pull)
_simple("markPullRequestReadyForReview", pulls.mark_ready)
_simple("convertPullRequestToDraft", pulls.convert_to_draft)


@mutation("mergePullRequest")
async def merge_pull_request(context: Context, given: dict[str, Any]) -> Payload:
    repo, pull = await the_pull(context, given["pullRequestId"])
    await merging.merge_pull(
        context.world,
        context.actor,
        repo,
        pull,
        sha=given.get("expectedHeadOid"),
        method=given.get("mergeMethod", "MERGE").lower(),
        title=given.get("commitHeadline"),
        message=given.get("commitBody"),
    )
    return {"pullRequest": pull, "actor": context.actor.user}


@mutation("updatePullRequestBranch")
async def update_pull_request_branch(context: Context, given: dict[str, Any]) -> Payload:
    repo, pull = await the_pull(context, given["pullRequestId"])
    await pulls.update_branch(
        context.world,
        context.actor,
        repo,
        pull,
        expected_head=given.get("expectedHeadOid"),
        method=given.get("updateMethod", "MERGE").lower(),
    )
    return {"pullRequest": pull}


@mutation("revertPullRequest")
async def revert_pull_request(context: Context, given: dict[str, Any]) -> Payload:
    repo, pull = await the_pull(context, given["pullRequestId"])
    revert = await pulls.revert_pull(
        context.world,
        context.actor,
        repo,
        pull,
        title=given.get("title"),
        body=given.get("body"),
        draft=given.get("draft", False),
    )
    return {"pullRequest": pull, "revertPullRequest": revert}


@mutation("addPullRequestReview")
async def add_pull_request_review(context: Context, given: dict[str, Any]) -> Payload:
    """Submit a review. Reviews that wait to be submitted are not kept by this world."""
    repo, pull = await the_pull(context, given["pullRequestId"])
    event = given.get("event")
    if event not in ("APPROVE", "REQUEST_CHANGES", "COMMENT"):
        raise QueryError("UNPROCESSABLE", "Give an event: APPROVE, REQUEST_CHANGES or COMMENT.")
    review = await reviews.submit_review(
        context.world,
        context.actor,
        repo,
        pull,
        event=event,
        body=given.get("body", ""),
        commit_sha=given.get("commitOID"),
    )
    edge = Connection(context.world.reviews_of(pull), last=1).edges[-1]
    return {"pullRequestReview": review, "reviewEdge": edge}


@mutation("dismissPullRequestReview")
async def dismiss_pull_request_review(context: Context, given: dict[str, Any]) -> Payload:
    review = await expect(context, given["pullRequestReviewId"], Review, "PullRequestReview")
    pull = context.world.state.pulls[review.pull_id]
    repo = context.world.repository_of(pull)
    message = given["message"]
    return {
        "pullRequestReview": await reviews.dismiss_review(context.world, context.actor, repo, pull, review, message)
    }
