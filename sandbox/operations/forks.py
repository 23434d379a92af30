"""Forks: somebody's own copy of a repository, from whose branches pulls come without any right on the first one."""

import asyncio
import shutil

from sandbox.actor import Actor
from sandbox.errors import ApiError, invalid
from sandbox.model import Repository
from sandbox.operations.access import require
from sandbox.world import World


async def fork(world: World, actor: Actor, repo: Repository) -> Repository:
    """Copy a repository with its branches for the calling person, and return the copy; it is made once.

    It is there at once (on GitHub soon, docs.github.com/rest/repos/forks), and Apps are not told of it.
    """
    require(actor, repo, "contents:read")
    if actor.user is None or actor.is_app:
        raise ApiError(403, "Resource not accessible by integration")
    known = fork_of(world, repo, actor.login)
    if known is not None:
        return known
    if world.repository(actor.login, repo.name):
        raise invalid("Repository", "name", "custom", "name already exists on this account")
    now = world.clock.now()
    copy = Repository(world.new_id(), actor.id, repo.name, now, now, now, default_branch=repo.default_branch)
    copy.parent_id = repo.id
    world.state.repositories[copy.id] = copy
    await asyncio.to_thread(shutil.copytree, world.git(repo).path, world.git(copy).path)
    return copy


def fork_of(world: World, repo: Repository, owner: str) -> Repository | None:
    """Return the fork of a repository that somebody has."""
    forks = (one for one in world.repositories() if one.parent_id == repo.id)
    return next((one for one in forks if world.owner(one).login.lower() == owner.lower()), None)


async def tip(world: World, repo: Repository, source: Repository, branch: str) -> str | None:
    """Return a branch's commit, None if there is none; that of a fork is brought into `repo` first, as GitHub does for pulls."""
    sha = await world.git(source).branch(branch)
    if sha is not None and source.id != repo.id:
        path = str(world.git(source).path.resolve())
        await world.git(repo).run(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", path, f"refs/heads/{branch}"
        )
    return sha
