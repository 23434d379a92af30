"""The rights of callers: every other operation asks here first; it changes nothing."""

from sandbox.actor import Actor, role_at_least
from sandbox.errors import ApiError, not_found
from sandbox.model import Issue, Repository
from sandbox.world import World

#: docs.github.com "Troubleshooting the REST API", for a permission that the App lacks
NOT_ACCESSIBLE = "Resource not accessible by integration"


def visible(world: World, actor: Actor, owner: str, name: str) -> Repository:
    """Return the repository; 404 if it is absent or hidden from the caller."""
    repo = world.repository(owner, name)
    if repo is None or not actor.can_see(repo):
        raise not_found()
    return repo


def require(actor: Actor, repo: Repository, permission: str, *, role: str | None = None) -> None:
    """Refuse a caller without the App permission (`a:write|b:write`: either) or, for a person, without the role.

    A missing App permission is 403 "Resource not accessible by integration"; writing to an archived repository is 403.
    """
    if not actor.can_see(repo):
        raise not_found()
    writes = permission.endswith(":write")
    if writes and actor.is_anonymous:
        raise ApiError(401, "Requires authentication")
    allowed = actor.can(repo, permission)
    if not actor.is_app and role is not None:
        allowed = role_at_least(actor.role(repo), role)
    if not allowed:
        raise ApiError(403, _refusal(actor, permission))
    if writes and repo.archived and not permission.startswith("administration"):
        raise ApiError(403, "Repository was archived so is read-only.")


def _refusal(actor: Actor, permission: str) -> str:
    if actor.is_app:
        return NOT_ACCESSIBLE
    if permission.startswith("administration"):
        return "Must have admin rights to Repository."
    if permission.startswith("checks"):
        return "You must authenticate via a GitHub App."
    return "Must have push access to repository"


def thread_permission(thread: Issue) -> str:
    """Return the App permissions that allow writing on an issue or pull: for a pull either area does."""
    return "issues:write" if type(thread) is Issue else "issues:write|pull_requests:write"


def require_on_thread(actor: Actor, repo: Repository, thread: Issue, *, role: str = "triage") -> None:
    """Refuse a caller who may not write on the issue or pull."""
    require(actor, repo, thread_permission(thread), role=role)


def require_author_or(actor: Actor, repo: Repository, author_id: int, permission: str, role: str) -> None:
    """Let the author through, as GitHub does for one's own texts; ask everybody else for the permission."""
    mine = actor.user is not None and not actor.is_app and author_id == actor.user.id
    require(actor, repo, permission, role="read" if mine else role)
