"""Creating, moving and deleting branches and tags, and all that follows from it; git pushes end here too."""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.actor import Actor
from sandbox.errors import ApiError, RefConflict
from sandbox.model import NO_SHA, Repository
from sandbox.operations import pushes
from sandbox.operations.access import require
from sandbox.operations.rules import forbids_force, ref_blocker
from sandbox.world import World

WRITE = "contents:write"
HEADS = "refs/heads/"


@dataclass(frozen=True)
class RefUpdate:
    """One update of GraphQL's `updateRefs`: `before` None is unchecked, 40 zeros "must not exist"; `after` zeros deletes."""

    name: str
    before: str | None
    after: str
    force: bool = False


async def create_ref(world: World, actor: Actor, repo: Repository, *, name: str, sha: str) -> str:
    """Create a ref (`refs/heads/x`) and return its sha; 422 "Reference already exists" or "Object does not exist"."""
    require(actor, repo, WRITE)
    if not name.startswith("refs/") or name.count("/") < 2:
        raise ApiError(422, "Reference name must start with 'refs/' and have at least two slashes.")
    git = world.git(repo)
    if await git.ref(name):
        raise ApiError(422, "Reference already exists")
    if not await git.is_free(name):
        raise ApiError(422, f"{name} is not a valid ref name.")
    await _apply(world, actor, repo, [RefUpdate(name, NO_SHA, sha)])
    return sha


async def update_ref(world: World, actor: Actor, repo: Repository, *, name: str, sha: str, force: bool = False) -> str:
    """Move a ref; 422 "Update is not a fast forward" without force, 422 "Reference does not exist"."""
    require(actor, repo, WRITE)
    before = await world.git(repo).ref(name)
    if before is None:
        raise ApiError(422, "Reference does not exist")
    await _apply(world, actor, repo, [RefUpdate(name, before, sha, force)])
    return sha


async def delete_ref(world: World, actor: Actor, repo: Repository, *, name: str) -> None:
    """Delete a ref; 422 "Reference does not exist"; pulls from a deleted branch are closed."""
    require(actor, repo, WRITE)
    before = await world.git(repo).ref(name)
    if before is None:
        raise ApiError(422, "Reference does not exist")
    await _apply(world, actor, repo, [RefUpdate(name, before, NO_SHA)])


async def update_refs(world: World, actor: Actor, repo: Repository, updates: Sequence[RefUpdate]) -> None:
    """Create, move and delete many refs, all or none (GraphQL `updateRefs`)."""
    require(actor, repo, WRITE)
    await _apply(world, actor, repo, updates)


async def _apply(world: World, actor: Actor, repo: Repository, updates: Sequence[RefUpdate]) -> None:
    git = world.git(repo)
    changes = []
    for update in updates:
        before = await git.ref(update.name)
        after = None if update.after == NO_SHA else update.after
        if update.before is not None and (before or NO_SHA) != update.before:
            raise ApiError(422, f"Reference cannot be updated: {update.name} is at {before or NO_SHA}")
        await _check(world, actor, repo, update, before, after)
        if before != after:
            changes.append(pushes.RefChange(update.name, before, after))
    if not changes:
        return
    try:
        await git.update_refs([(change.name, change.before, change.after) for change in changes])
    except RefConflict as error:
        raise ApiError(409, f"Reference {error.ref} was updated meanwhile") from error
    await pushes.refs_changed(world, actor, repo, changes)


async def _check(
    world: World, actor: Actor, repo: Repository, update: RefUpdate, before: str | None, after: str | None
) -> None:
    git = world.git(repo)
    if after is not None:
        kind = await git.kind(after)
        if kind is None or (update.name.startswith(HEADS) and kind != "commit"):
            raise ApiError(422, "Object does not exist")
        if before is None and not await git.is_free(update.name):
            raise ApiError(422, f"{update.name} is not a valid ref name.")
    blocker = ref_blocker(world, actor, repo, update.name, before, after)
    if blocker:
        raise ApiError(422, blocker)
    if before and after and update.name.startswith(HEADS) and not await git.is_ancestor(before, after):
        if not update.force:
            raise ApiError(422, "Update is not a fast forward")
        if forbids_force(world, actor, repo, update.name):
            raise ApiError(422, "Cannot force-push to this protected branch")
