"""Finds what a global id or a name stands for, as far as the caller may see it; raises GraphQL's NOT_FOUND."""

from typing import TypeVar

from sandbox.model import Comment, Issue, Noded, Reaction, Repository, Review, decode_node_id

from .context import Context
from .errors import not_found
from .nodes import GIT_KINDS, RefNode, RepositoryNode

T = TypeVar("T")
Found = Noded | RefNode | RepositoryNode


def repository(context: Context, owner: str, name: str) -> Repository:
    """Return a repository that the caller can see."""
    # `followRenames` is true unless it is switched off, which no caller of this stand-in does
    repo = context.world.repository(owner, name) or context.world.moved_repository(owner, name)
    if repo is None or not context.actor.can_see(repo):
        raise not_found(f"Could not resolve to a Repository with the name '{owner}/{name}'.")
    return repo


def repository_of(context: Context, thing: object) -> Repository | None:
    """Return the repository that a thing belongs to; None for people and Apps."""
    world = context.world
    if isinstance(thing, Repository):
        return thing
    if isinstance(thing, Review):
        return world.state.repositories[world.state.pulls[thing.pull_id].repository_id]
    if isinstance(thing, Reaction):
        return world.state.repositories[subject_of(context, thing).repository_id]
    repo = getattr(thing, "repo", None)
    if isinstance(repo, Repository):
        return repo
    repository_id = getattr(thing, "repository_id", None)
    return world.state.repositories.get(repository_id) if repository_id is not None else None


def subject_of(context: Context, reaction: Reaction) -> Issue | Comment:
    """Return what a reaction is on."""
    comment = context.world.state.comments.get(reaction.subject_id)
    return comment if comment is not None else context.world.thread_by_id(reaction.subject_id)


async def find(context: Context, node_id: str) -> Found:
    """Return the thing with that global id; raise NOT_FOUND if there is none, or if the caller may not see it."""
    found = context.world.by_node_id(node_id) or await _git_thing(context, node_id)
    if found is not None:
        repo = repository_of(context, found)
        if repo is None or context.actor.can_see(repo):
            return found
    raise not_found(f"Could not resolve to a node with the global id of '{node_id}'")


async def expect(context: Context, node_id: str, kind: type[T], name: str) -> T:
    """Return the thing with that id if it is of the kind that the input asks for (`name` is GitHub's)."""
    found = await find(context, node_id)
    if not isinstance(found, kind):
        raise not_found(f"Could not resolve to {name} node with the global id of '{node_id}'.")
    return found


async def _git_thing(context: Context, node_id: str) -> RefNode | RepositoryNode | None:
    decoded = decode_node_id(node_id)
    if decoded is None or len(decoded[1]) != 2 or not decoded[1][0].isdigit():
        return None
    kind, (number, rest) = decoded
    repo = context.world.state.repositories.get(int(number))
    if repo is None:
        return None
    if kind == "REF":
        return await ref(context, repo, rest)
    if kind in GIT_KINDS and await context.world.git(repo).kind(rest) is not None:
        return GIT_KINDS[kind](repo, rest)
    return None


async def ref(context: Context, repo: Repository, name: str) -> RefNode | None:
    """Return a ref by its full name, or by a short one: a branch before a tag."""
    refs = await context.world.git(repo).refs()
    for full_name in (name, f"refs/{name}", f"refs/heads/{name}", f"refs/tags/{name}"):
        if full_name.startswith("refs/") and full_name in refs:
            return RefNode(repo, full_name, refs[full_name])
    return None
