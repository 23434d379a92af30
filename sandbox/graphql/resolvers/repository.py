"""The query root, the repository and its lists."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from sandbox.graphql.connection import Connection
from sandbox.graphql.context import Info
from sandbox.graphql.errors import not_found
from sandbox.graphql.lookup import Found, find, ref
from sandbox.graphql.lookup import repository as find_repository
from sandbox.graphql.nodes import RefNode
from sandbox.graphql.registry import TYPES, constant, field
from sandbox.model import Issue, Label, Pull, Repository, User
from sandbox.pages import paths

from .order import select_issues, select_pulls

TYPES[Repository] = "Repository"
METHODS = ("MERGE", "SQUASH", "REBASE")  # in the order in which GitHub picks a default

constant("Repository", False, "isDisabled", "isLocked")


@field("Query", "repository")
def repository(_root: None, info: Info, owner: str, name: str, **_arguments: Any) -> Repository:
    return find_repository(info.context, owner, name)


@field("Query", "node")
async def node(_root: None, info: Info, id: str) -> Found:  # noqa: A002 - GitHub's argument
    return await find(info.context, id)


@field("Query", "nodes")
async def nodes(_root: None, info: Info, ids: list[str]) -> list[Any]:
    """Each id is looked up by itself: one that leads nowhere is null, with an error at its place."""
    return list(await asyncio.gather(*(find(info.context, one) for one in ids), return_exceptions=True))


@field("Query", "relay")
def relay(_root: None, _info: Info) -> dict[str, Any]:
    return {}


@field("Query", "rateLimit")
def rate_limit(_root: None, info: Info, **_arguments: Any) -> dict[str, Any] | None:
    """Return the caller's budget with this very query counted; null when rate limiting is off."""
    asked, budget = info.context.asked, info.context.budget
    if budget is None:
        return None
    used = min(budget.used + asked.points, budget.limit)
    return {
        "cost": asked.points,
        "nodeCount": asked.nodes,
        "limit": budget.limit,
        "used": used,
        "remaining": budget.limit - used,
        "resetAt": datetime.fromtimestamp(budget.reset, UTC),
    }


@field("Repository", "nameWithOwner")
def name_with_owner(repo: Repository, info: Info) -> str:
    return info.context.world.full_name(repo)


@field("Repository", "resourcePath")
def resource_path(repo: Repository, info: Info) -> str:
    return paths.of_repository(info.context.world, repo)


@field("Repository", "url")
def url(repo: Repository, info: Info) -> str:
    return info.context.world.base_url + paths.of_repository(info.context.world, repo)


@field("Repository", "owner")
def owner(repo: Repository, info: Info) -> User:
    return info.context.world.owner(repo)


@field("Repository", "visibility")
def visibility(repo: Repository, _info: Info) -> str:
    return "PRIVATE" if repo.private else "PUBLIC"


@field("Repository", "isFork")
def is_fork(repo: Repository, _info: Info) -> bool:
    return repo.parent_id is not None


@field("Repository", "isEmpty")
async def is_empty(repo: Repository, info: Info) -> bool:
    return not await info.context.world.git(repo).refs()


for _name, _attribute in {
    "isArchived": "archived",
    "isPrivate": "private",
    "mergeCommitAllowed": "allow_merge_commit",
    "squashMergeAllowed": "allow_squash_merge",
    "rebaseMergeAllowed": "allow_rebase_merge",
    "autoMergeAllowed": "allow_auto_merge",
    "deleteBranchOnMerge": "delete_branch_on_merge",
}.items():
    field("Repository", _name)(lambda repo, _info, attribute=_attribute: getattr(repo, attribute))


@field("Repository", "viewerDefaultMergeMethod")
def default_merge_method(repo: Repository, _info: Info) -> str:
    allowed = (repo.allow_merge_commit, repo.allow_squash_merge, repo.allow_rebase_merge)
    return next((method for method, is_allowed in zip(METHODS, allowed, strict=True) if is_allowed), "MERGE")


@field("Repository", "viewerPermission")
def viewer_permission(repo: Repository, info: Info) -> str | None:
    """Return a person's role; for an App, what its permission on contents comes to."""
    actor = info.context.actor
    if actor.is_app:
        return "WRITE" if actor.can(repo, "contents:write") else "READ"
    role = actor.role(repo)
    return None if role == "none" else role.upper()


@field("Repository", "viewerCanAdminister")
def viewer_can_administer(repo: Repository, info: Info) -> bool:
    return not info.context.actor.is_app and info.context.actor.role(repo) == "admin"


@field("Repository", "defaultBranchRef")
async def default_branch_ref(repo: Repository, info: Info) -> RefNode | None:
    return await ref(info.context, repo, f"refs/heads/{repo.default_branch}")


@field("Repository", "label")
def label(repo: Repository, info: Info, name: str) -> Label | None:
    return info.context.world.label(repo, name)


@field("Repository", "labels")
def labels(repo: Repository, info: Info, query: str | None = None, **arguments: Any) -> Connection:
    order = arguments.get("orderBy") or {}
    found = [
        one
        for one in info.context.world.repository_labels(repo)
        if not query or query.lower() in f"{one.name} {one.description or ''}".lower()
    ]
    if order.get("field") == "NAME":
        found.sort(key=lambda one: one.name.lower())
    return Connection(found[::-1] if order.get("direction") == "DESC" else found, **arguments)


@field("Repository", "issue")
def issue(repo: Repository, info: Info, number: int) -> Issue:
    info.context.require(repo, "issues:read")
    found = info.context.world.issue(repo, number)
    if found is None:
        raise not_found(f"Could not resolve to an Issue with the number of {number}.")
    return found


@field("Repository", "pullRequest")
def pull_request(repo: Repository, info: Info, number: int) -> Pull:
    info.context.require(repo, "pull_requests:read")
    found = info.context.world.pull(repo, number)
    if found is None:
        raise not_found(f"Could not resolve to a PullRequest with the number of {number}.")
    return found


@field("Repository", "issueOrPullRequest")
def issue_or_pull_request(repo: Repository, info: Info, number: int) -> Issue:
    info.context.require(repo, "issues:read|pull_requests:read")
    found = info.context.world.thread(repo, number)
    if found is None:
        raise not_found(f"Could not resolve to an issue or pull request with the number of {number}.")
    return found


@field("Repository", "issues")
def issues(repo: Repository, info: Info, **arguments: Any) -> Connection:
    info.context.require(repo, "issues:read")
    return Connection(select_issues(info.context.world, info.context.world.issues_of(repo), arguments), **arguments)


@field("Repository", "pullRequests")
def pull_requests(repo: Repository, info: Info, **arguments: Any) -> Connection:
    info.context.require(repo, "pull_requests:read")
    return Connection(select_pulls(info.context.world, info.context.world.pulls_of(repo), arguments), **arguments)
