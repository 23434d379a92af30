"""Repositories: making them, their settings, their people."""

import re
from typing import cast

from sandbox.actor import Actor
from sandbox.errors import ApiError, invalid
from sandbox.events import emit, emit_installation
from sandbox.git_objects import EMPTY_TREE, TreeEntry
from sandbox.model import ROLES, Json, Label, Repository, Role, User
from sandbox.operations.access import require
from sandbox.operations.pulls import signature, web_flow
from sandbox.shapes.accounts import user_shape
from sandbox.shapes.repositories import short_repository_shape
from sandbox.world import World

NAME = re.compile(r"[\w.-]{1,100}")
SETTINGS = (
    "description",
    "archived",
    "default_branch",
    "allow_merge_commit",
    "allow_squash_merge",
    "allow_rebase_merge",
    "allow_auto_merge",
    "allow_update_branch",
    "delete_branch_on_merge",
    "private",
)
#: The legacy names that `PUT /collaborators` takes (docs.github.com/rest/collaborators).
ROLE_NAMES = {"pull": "read", "push": "write"}
DEFAULT_LABELS = {"bug": "d73a4a", "documentation": "0075ca", "enhancement": "a2eeef", "question": "d876e3"}


async def create_repository(
    world: World, actor: Actor, owner: User, *, name: str, auto_init: bool = False, settings: Json | None = None
) -> Repository:
    """Make a repository with GitHub's first labels; `auto_init` gives it a README commit. 422 if the name is taken."""
    if actor.user is None or actor.is_app:
        raise ApiError(403, "Resource not accessible by integration")
    if not NAME.fullmatch(name):
        raise invalid("Repository", "name")
    if world.repository(owner.login, name):
        taken = invalid("Repository", "name", "custom", "name already exists on this account")
        raise ApiError(422, "Repository creation failed.", taken.errors)
    now = world.clock.now()
    repo = Repository(world.new_id(), owner.id, name, now, now, now)
    repo.collaborators[actor.user.id] = "admin"
    for key in SETTINGS:
        if settings and settings.get(key) is not None:
            setattr(repo, key, settings[key])
    world.state.repositories[repo.id] = repo
    git = world.git(repo)
    git.create(repo.default_branch)
    for label, color in DEFAULT_LABELS.items():
        made = Label(world.new_id(), repo.id, label, color, None, default=True)
        world.state.labels[made.id] = made
    if auto_init:
        readme = TreeEntry("100644", "blob", git.write_blob(f"# {name}\n".encode()), "README.md")
        tree = await git.edit_tree(EMPTY_TREE, {"README.md": readme})
        sha = git.write_commit(tree, [], "Initial commit", signature(world, actor.user), web_flow(world))
        await git.update_refs([(f"refs/heads/{repo.default_branch}", None, sha)])
    emit(world, actor, repo, "repository", {"action": "created"})
    for app in world.state.apps.values():
        if world.installation_of(app, repo):
            emit_installation(world, actor, app, "installation_repositories", _added(world, repo))
    return repo


def _added(world: World, repo: Repository) -> Json:
    lists = {"repositories_added": [short_repository_shape(world, repo)], "repositories_removed": []}
    return {"action": "added", "repository_selection": "all", "requester": None} | lists


async def update_repository(world: World, actor: Actor, repo: Repository, changes: Json) -> Repository:
    """Change settings; archiving and a new default branch have their own webhooks."""
    require(actor, repo, "administration:write")
    branch = changes.get("default_branch")
    if branch and branch != repo.default_branch and await world.git(repo).branch(branch) is None:
        raise invalid("Repository", "default_branch", "invalid", f"Branch {branch} was not found.")
    name = str(changes.get("name") or repo.name)
    if name != repo.name:
        _rename(world, actor, repo, name)
    before = {key: getattr(repo, key) for key in SETTINGS}
    for key in SETTINGS:
        if changes.get(key) is not None:
            setattr(repo, key, changes[key])
    repo.updated_at = world.clock.now()
    if repo.archived != before["archived"]:
        emit(world, actor, repo, "repository", {"action": "archived" if repo.archived else "unarchived"})
    if repo.private != before["private"]:
        emit(world, actor, repo, "repository", {"action": "privatized" if repo.private else "publicized"})
    edited = {
        key: {"from": before[key]} for key in ("default_branch", "description") if before[key] != getattr(repo, key)
    }
    if edited:
        emit(world, actor, repo, "repository", {"action": "edited", "changes": edited})
    return repo


def _rename(world: World, actor: Actor, repo: Repository, name: str) -> None:
    if not NAME.fullmatch(name):
        raise invalid("Repository", "name")
    if world.repository(world.owner(repo).login, name):
        raise invalid("Repository", "name", "custom", "name already exists on this account")
    old = repo.name
    world.move_repository(repo, repo.owner_id, name)
    emit(world, actor, repo, "repository", {"action": "renamed", "changes": {"repository": {"name": {"from": old}}}})


async def transfer_repository(world: World, actor: Actor, repo: Repository, new_owner: User) -> None:
    """Give a repository to another account at once (GitHub asks a person first); its Apps are those of the new owner."""
    require(actor, repo, "administration:write")
    old = world.owner(repo)
    if world.repository(new_owner.login, repo.name):
        raise invalid("Repository", "name", "custom", "name already exists on this account")
    world.move_repository(repo, new_owner.id, repo.name)
    kind = "organization" if old.type == "Organization" else "user"
    payload = {"action": "transferred", "changes": {"owner": {"from": {kind: user_shape(world, old)}}}}
    emit(world, actor, repo, "repository", payload)


async def set_collaborator(world: World, actor: Actor, repo: Repository, user: User, permission: str) -> None:
    """Give a person a role at once (GitHub sends an invitation first); 422 for an unknown role."""
    require(actor, repo, "administration:write")
    role = ROLE_NAMES.get(permission, permission)
    if role not in ROLES or role == "none":
        raise invalid("Repository", "permission")
    repo.collaborators[user.id] = cast("Role", role)


async def remove_collaborator(world: World, actor: Actor, repo: Repository, user: User) -> None:
    """Take a person's role away; repeating it is safe."""
    require(actor, repo, "administration:write")
    repo.collaborators.pop(user.id, None)
