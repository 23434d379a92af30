"""Making commits without a clone: files by path, commits on a branch, merges of branches."""

from collections.abc import Mapping, Sequence

from sandbox.actor import Actor
from sandbox.errors import ApiError, MergeConflict, RefConflict
from sandbox.git_objects import EMPTY_TREE, Signature, TreeEntry
from sandbox.model import Repository
from sandbox.operations import pushes
from sandbox.operations.access import require
from sandbox.operations.pulls import signature, web_flow
from sandbox.operations.rules import ref_blocker
from sandbox.world import World

WRITE = "contents:write"


async def move_branch(
    world: World, actor: Actor, repo: Repository, branch: str, before: str | None, after: str
) -> None:
    """Point a branch at a new commit under its rules and tell what follows; 409 if it has moved or a rule forbids it."""
    name = f"refs/heads/{branch}"
    blocker = ref_blocker(world, actor, repo, name, before, after)
    if blocker:
        raise ApiError(409, f"Could not update file: {blocker}")
    try:
        await world.git(repo).update_refs([(name, before, after)])
    except RefConflict as error:
        raise ApiError(409, f"{branch} was updated meanwhile") from error
    await pushes.refs_changed(world, actor, repo, [pushes.RefChange(name, before, after)])


async def commit_files(
    world: World,
    actor: Actor,
    repo: Repository,
    *,
    branch: str,
    message: str,
    additions: Mapping[str, bytes],
    deletions: Sequence[str] = (),
    author: Signature | None = None,
) -> str:
    """Commit whole files to a branch (made if the repository is empty) and return the sha; 404 for an unknown branch.

    With no files the commit is empty, as GitHub's `createCommitOnBranch` makes it.
    """
    require(actor, repo, WRITE)
    git = world.git(repo)
    before = await git.branch(branch)
    if before is None and await git.refs():
        raise ApiError(404, f"Branch {branch} not found")
    base = (await git.commit(before)).tree if before else EMPTY_TREE
    edits: dict[str, TreeEntry | None] = {}
    for path, data in additions.items():
        known = await git.entry(base, path)
        mode = known.mode if known and known.type == "blob" else "100644"  # an executable stays one
        edits[path] = TreeEntry(mode, "blob", git.write_blob(data), path)
    edits |= dict.fromkeys(deletions)
    try:
        tree = await git.edit_tree(base, edits)
    except KeyError as error:
        raise ApiError(422, f"A path was requested for deletion which does not exist: {error.args[0]}") from error
    assert actor.user is not None
    me = author or signature(world, actor.user)
    sha = git.write_commit(tree, [before] if before else [], message, me, web_flow(world))
    await move_branch(world, actor, repo, branch, before, sha)
    return sha


async def create_commit_on_branch(
    world: World,
    actor: Actor,
    repo: Repository,
    *,
    branch: str,
    expected_head: str,
    message: str,
    additions: Mapping[str, bytes],
    deletions: Sequence[str] = (),
) -> str:
    """GraphQL `createCommitOnBranch`: refused (409) unless the branch is at `expected_head`; returns the new sha."""
    require(actor, repo, WRITE)
    tip = await world.git(repo).branch(branch.removeprefix("refs/heads/"))
    if tip is None:
        raise ApiError(404, f"Branch {branch} not found")
    if tip != expected_head:
        raise ApiError(409, f'Expected branch to point to "{expected_head}" but it did not. Pull and try again.')
    return await commit_files(
        world,
        actor,
        repo,
        branch=branch.removeprefix("refs/heads/"),
        message=message,
        additions=additions,
        deletions=deletions,
    )


async def merge_branch(
    world: World, actor: Actor, repo: Repository, *, base: str, head: str, message: str | None = None
) -> str | None:
    """Merge a branch or sha into a branch (`POST /merges`); return the merge commit, or None if it is in already.

    404 "Base does not exist" / "Head does not exist", 409 "Merge conflict".
    """
    require(actor, repo, WRITE)
    git = world.git(repo)
    base_sha, head_sha = await git.branch(base), await git.resolve(head)
    if base_sha is None:
        raise ApiError(404, "Base does not exist")
    if head_sha is None:
        raise ApiError(404, "Head does not exist")
    if await git.is_ancestor(head_sha, base_sha):
        return None
    try:
        tree = await git.merge_trees(base_sha, head_sha)
    except MergeConflict as error:
        raise ApiError(409, "Merge conflict") from error
    assert actor.user is not None
    text = message or f"Merge {head} into {base}"
    sha = git.write_commit(tree, [base_sha, head_sha], text, signature(world, actor.user), web_flow(world))
    await move_branch(world, actor, repo, base, base_sha, sha)
    return sha
