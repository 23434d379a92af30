"""Commit statuses."""

from typing import Literal, cast

from sandbox.actor import Actor
from sandbox.errors import ApiError, invalid
from sandbox.events import emit
from sandbox.model import Json, Repository
from sandbox.operations.access import require
from sandbox.reports import CommitStatus
from sandbox.shapes.accounts import when
from sandbox.shapes.git import commit_shape
from sandbox.shapes.repositories import repository_api
from sandbox.world import World

STATES = ("error", "failure", "pending", "success")
DESCRIPTION_LIMIT = 140


async def create_status(
    world: World,
    actor: Actor,
    repo: Repository,
    *,
    sha: str,
    state: str,
    context: str = "default",
    description: str | None = None,
    target_url: str | None = None,
) -> CommitStatus:
    """Set a status of a commit; the newest of a context counts."""
    require(actor, repo, "statuses:write")
    if await world.git(repo).kind(sha) != "commit":
        raise ApiError(422, f"No commit found for SHA: {sha}")
    if state not in STATES:
        raise invalid("Status", "state", "custom", f"state must be one of {', '.join(STATES)}")
    if description is not None and len(description) > DESCRIPTION_LIMIT:
        message = f"description is too long (maximum is {DESCRIPTION_LIMIT} characters)"
        raise invalid("Status", "description", "custom", message)
    status = CommitStatus(
        world.new_id(),
        repo.id,
        sha,
        context,
        cast("Literal['error', 'failure', 'pending', 'success']", state),
        actor.id,
        world.clock.now(),
        actor.app.id if actor.app else None,
        description,
        target_url,
    )
    world.state.statuses[status.id] = status
    emit(world, actor, repo, "status", await _payload(world, repo, status))
    return status


async def _payload(world: World, repo: Repository, status: CommitStatus) -> Json:
    """Return the event's payload; `branches` are those whose tip is the commit."""
    git, api = world.git(repo), repository_api(world, repo)
    return {
        "id": status.id,
        "sha": status.sha,
        "name": world.full_name(repo),
        "context": status.context,
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "avatar_url": None,
        "created_at": when(status.created_at),
        "updated_at": when(status.created_at),
        "commit": commit_shape(world, repo, await git.commit(status.sha)),
        "branches": [
            {"name": name[11:], "commit": {"sha": at, "url": f"{api}/commits/{at}"}, "protected": False}
            for name, at in (await git.refs()).items()
            if at == status.sha and name.startswith("refs/heads/")
        ],
    }
