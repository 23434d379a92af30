"""Pull requests: branches, commits, files, reviews and whether they can be merged."""

from typing import Any

from sandbox.actor import role_at_least
from sandbox.graphql.connection import Connection
from sandbox.graphql.context import Info
from sandbox.graphql.nodes import CommitNode, PullCommitNode, RefNode, ReviewRequestNode, RollupNode
from sandbox.graphql.registry import TYPES, constant, field
from sandbox.model import MergeState, Pull, Repository, Review, User
from sandbox.operations import merging, pulls
from sandbox.pages import paths

from .git import rollup as rollup_of_commit
from .order import select_issues

TYPES.update({Review: "PullRequestReview", PullCommitNode: "PullRequestCommit", ReviewRequestNode: "ReviewRequest"})

OPINIONS = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")

constant("PullRequest", None, "autoMergeRequest")
constant("ReviewRequest", False, "asCodeOwner")


def repo_of(info: Info, pull: Pull) -> Repository:
    return info.context.world.repository_of(pull)


# ---- head and base ----

for _name, _attribute in {"headRefName": "head_ref", "baseRefName": "base_ref", "headRefOid": "head_sha"}.items():
    field("PullRequest", _name)(lambda pull, _info, attribute=_attribute: getattr(pull, attribute))


@field("PullRequest", "isDraft")
def is_draft(source: Pull, _info: Info) -> bool:
    return source.draft


@field("PullRequest", "isCrossRepository")
def is_cross_repository(source: Pull, _info: Info) -> bool:
    return source.head_repository_id is not None


async def _branch(info: Info, repo: Repository, name: str) -> RefNode | None:
    sha = await info.context.world.git(repo).branch(name)
    return RefNode(repo, f"refs/heads/{name}", sha) if sha else None


@field("PullRequest", "headRef")
async def head_ref(source: Pull, info: Info) -> RefNode | None:
    """Return the head branch, or None once it is deleted."""
    return await _branch(info, info.context.world.head_repository(source), source.head_ref)


@field("PullRequest", "baseRef")
async def base_ref(source: Pull, info: Info) -> RefNode | None:
    return await _branch(info, repo_of(info, source), source.base_ref)


@field("PullRequest", "baseRefOid")
def base_ref_oid(source: Pull, _info: Info) -> str:
    """Return the base branch's tip as the pull last saw it, which may lie behind the branch."""
    return source.base_sha


@field("PullRequest", "baseRepository")
def base_repository(source: Pull, info: Info) -> Repository:
    return repo_of(info, source)


@field("PullRequest", "headRepository")
def head_repository(source: Pull, info: Info) -> Repository:
    return info.context.world.head_repository(source)


@field("PullRequest", "headRepositoryOwner")
def head_repository_owner(source: Pull, info: Info) -> User:
    return info.context.world.owner(info.context.world.head_repository(source))


# ---- merging ----


async def _merge_state(info: Info, source: Pull) -> MergeState:
    async def compute() -> MergeState:
        return await merging.merge_state(info.context.world, repo_of(info, source), source)

    return await info.context.once(("merge_state", source.id), compute)


@field("PullRequest", "mergeable")
async def mergeable(source: Pull, info: Info) -> str:
    state = (await _merge_state(info, source)).mergeable
    return "UNKNOWN" if state is None else "MERGEABLE" if state else "CONFLICTING"


@field("PullRequest", "mergeStateStatus")
async def merge_state_status(source: Pull, info: Info) -> str:
    return (await _merge_state(info, source)).state.upper()


@field("PullRequest", "reviewDecision")
def review_decision(source: Pull, info: Info) -> str | None:
    return merging.review_decision(info.context.world, repo_of(info, source), source)


@field("PullRequest", "mergedBy")
def merged_by(source: Pull, info: Info) -> User | None:
    return info.context.world.user_by_id(source.merged_by_id)


@field("PullRequest", "mergeCommit")
def merge_commit(source: Pull, info: Info) -> CommitNode | None:
    if not source.merged or source.merge_commit_sha is None:
        return None
    return CommitNode(repo_of(info, source), source.merge_commit_sha)


@field("PullRequest", "potentialMergeCommit")
async def potential_merge_commit(source: Pull, info: Info) -> CommitNode | None:
    """Return GitHub's test merge, where there is one."""
    repo = repo_of(info, source)
    sha = await merging.trial_merge(info.context.world, repo, source, await _merge_state(info, source))
    return None if sha is None else CommitNode(repo, sha)


@field("PullRequest", "statusCheckRollup")
def rollup(source: Pull, info: Info) -> RollupNode | None:
    return rollup_of_commit(CommitNode(repo_of(info, source), source.head_sha), info)


@field("PullRequest", "closingIssuesReferences")
def closing_issues(source: Pull, info: Info, **arguments: Any) -> Connection:
    found = pulls.closing_issues(info.context.world, repo_of(info, source), source)
    return Connection(select_issues(info.context.world, found, arguments), **arguments)


# ---- commits and files ----


async def _changes(info: Info, source: Pull) -> list[Any]:
    async def compute() -> list[Any]:
        return await info.context.world.git(repo_of(info, source)).changes(source.base_sha, source.head_sha)

    return await info.context.once(("changes", source.id), compute)


@field("PullRequest", "commits")
async def commits(source: Pull, info: Info, **page: Any) -> Connection:
    """List the commits that the base does not have, oldest first."""
    repo = repo_of(info, source)
    shas = await info.context.world.git(repo).commits_between(source.base_sha, source.head_sha)
    return Connection(shas, node=lambda sha: PullCommitNode(source, repo, sha), **page)


@field("PullRequestCommit", "commit")
def commit(source: PullCommitNode, _info: Info) -> CommitNode:
    return CommitNode(source.repo, source.sha)


@field("PullRequestCommit", "pullRequest")
def pull_of_commit(source: PullCommitNode, _info: Info) -> Pull:
    return source.pull


@field("PullRequestCommit", "resourcePath")
def commit_path(source: PullCommitNode, info: Info) -> str:
    return paths.of_commit(info.context.world, source.repo, source.sha)


@field("PullRequestCommit", "url")
def commit_url(source: PullCommitNode, info: Info) -> str:
    return info.context.world.base_url + commit_path(source, info)


@field("PullRequest", "changedFiles")
async def changed_files(source: Pull, info: Info) -> int:
    return len(await _changes(info, source))


@field("PullRequest", "additions")
async def additions(source: Pull, info: Info) -> int:
    return sum(change.additions for change in await _changes(info, source))


@field("PullRequest", "deletions")
async def deletions(source: Pull, info: Info) -> int:
    return sum(change.deletions for change in await _changes(info, source))


@field("PullRequest", "files")
async def files(source: Pull, info: Info, **page: Any) -> Connection:
    names = {"removed": "DELETED"}
    return Connection(
        await _changes(info, source),
        node=lambda change: {
            "path": change.path,
            "additions": change.additions,
            "deletions": change.deletions,
            "changeType": names.get(change.status, change.status.upper()),
        },
        **page,
    )


# ---- reviews ----


@field("PullRequest", "reviews")
def reviews(
    source: Pull, info: Info, states: list[str] | None = None, author: str | None = None, **page: Any
) -> Connection:
    world = info.context.world
    return Connection(
        [
            review
            for review in world.reviews_of(source)
            if (not states or review.state in states) and author in (None, world.author(review).login)
        ],
        **page,
    )


@field("PullRequest", "latestReviews")
def latest_reviews(source: Pull, info: Info, **page: Any) -> Connection:
    """List each person's newest review."""
    newest = {review.author_id: review for review in info.context.world.reviews_of(source)}
    return Connection(list(newest.values()), **page)


@field("PullRequest", "latestOpinionatedReviews")
def latest_opinions(source: Pull, info: Info, **arguments: Any) -> Connection:
    """List each person's newest review that approves, asks for changes, or was dismissed."""
    world, repo = info.context.world, repo_of(info, source)
    newest = {review.author_id: review for review in world.reviews_of(source) if review.state in OPINIONS}
    found = [
        review
        for review in newest.values()
        if not arguments.get("writersOnly") or role_at_least(world.role(repo, world.author(review)), "write")
    ]
    return Connection(found, **arguments)


@field("PullRequest", "reviewRequests")
def review_requests(source: Pull, info: Info, **page: Any) -> Connection:
    users = info.context.world.state.users
    return Connection(source.requested_reviewer_ids, node=lambda one: ReviewRequestNode(source, users[one]), **page)


@field("ReviewRequest", "requestedReviewer")
def requested_reviewer(source: ReviewRequestNode, _info: Info) -> User:
    return source.user


@field("ReviewRequest", "pullRequest")
def pull_of_request(source: ReviewRequestNode, _info: Info) -> Pull:
    return source.pull


@field("PullRequestReview", "pullRequest")
def pull_of_review(source: Review, info: Info) -> Pull:
    return info.context.world.state.pulls[source.pull_id]


@field("PullRequestReview", "commit")
def commit_of_review(source: Review, info: Info) -> CommitNode:
    return CommitNode(repo_of(info, pull_of_review(source, info)), source.commit_sha)


@field("PullRequestReview", "createdAt")
@field("PullRequestReview", "publishedAt")
def review_created_at(source: Review, _info: Info) -> Any:
    return source.submitted_at


@field("PullRequestReview", "resourcePath")
def review_path(source: Review, info: Info) -> str:
    return paths.of_review(info.context.world, source)


@field("PullRequestReview", "url")
def review_url(source: Review, info: Info) -> str:
    return info.context.world.base_url + paths.of_review(info.context.world, source)


# ---- addresses ----


@field("PullRequest", "checksResourcePath")
def checks_path(source: Pull, info: Info) -> str:
    return paths.of_thread(info.context.world, source) + "/checks"


@field("PullRequest", "checksUrl")
def checks_url(source: Pull, info: Info) -> str:
    return info.context.world.base_url + checks_path(source, info)


@field("PullRequest", "totalCommentsCount")
def total_comments_count(source: Pull, info: Info) -> int:
    return len(info.context.world.comments_of(source))
