"""Renaming a branch: the ref, the pulls from it and into it, its protection, and the default branch go with it."""

from sandbox.actor import Actor
from sandbox.errors import ApiError, RefConflict
from sandbox.events import emit
from sandbox.model import Json, Repository
from sandbox.operations.access import require
from sandbox.operations.issues import emit_thread
from sandbox.world import World


async def rename_branch(world: World, actor: Actor, repo: Repository, old: str, new: str) -> None:
    """Rename a branch (docs.github.com/rest/branches/branches "Rename a branch"); 404, or 422 if the name is taken.

    What GitHub does with it: docs.github.com "Renaming a branch". Open pulls stay open under the new name.
    """
    is_default = old == repo.default_branch
    require(actor, repo, "administration:write" if is_default else "contents:write")
    sha = await world.git(repo).branch(old)
    if sha is None:
        raise ApiError(404, "Branch not found")
    try:
        await world.git(repo).update_refs([(f"refs/heads/{new}", None, sha), (f"refs/heads/{old}", sha, None)])
    except RefConflict as error:
        raise ApiError(422, f"Branch {new} already exists") from error
    rule = world.protection(repo, old)
    if rule is not None:
        rule.pattern = new
    if is_default:
        repo.default_branch = new
    for pull in world.pulls_from(repo):
        if pull.state == "open" and pull.head_ref == old:
            pull.head_ref = new
    for pull in world.pulls_of(repo):
        if pull.state == "open" and pull.base_ref == old:
            pull.base_ref = new
            changes: Json = {"base": {"ref": {"from": old}, "sha": {"from": sha}}}
            await emit_thread(world, actor, repo, pull, "edited", {"changes": changes})
    common = {"ref_type": "branch", "pusher_type": "user"}
    create = {"ref": new, "master_branch": repo.default_branch, "description": repo.description}
    emit(world, actor, repo, "create", common | create)
    emit(world, actor, repo, "delete", common | {"ref": old})
    if is_default:
        emit(world, actor, repo, "repository", {"action": "edited", "changes": {"default_branch": {"from": old}}})
