"""Labels of a repository and on issues and pulls."""

import re
from collections.abc import Iterable

from sandbox.actor import Actor
from sandbox.errors import ApiError, invalid
from sandbox.events import emit
from sandbox.model import Issue, Json, Label, Pull, Repository
from sandbox.operations.access import require, require_on_thread
from sandbox.shapes.repositories import label_shape
from sandbox.shapes.threads import issue_shape, pull_shape
from sandbox.world import World

NAME_LIMIT = 50
DESCRIPTION_LIMIT = 100
DEFAULT_COLOR = "ededed"
WRITE = "issues:write|pull_requests:write"


def _check(name: str | None, color: str | None, description: str | None) -> None:
    if name is not None and not name.strip():
        raise invalid("Label", "name", "missing_field")
    if name is not None and len(name) > NAME_LIMIT:
        raise invalid("Label", "name", "custom", f"name is too long (maximum is {NAME_LIMIT} characters)")
    if color is not None and not re.fullmatch(r"[0-9a-fA-F]{6}", color):
        raise invalid("Label", "color")
    if description is not None and len(description) > DESCRIPTION_LIMIT:
        message = f"description is too long (maximum is {DESCRIPTION_LIMIT} characters)"
        raise invalid("Label", "description", "custom", message)


async def create_label(
    world: World,
    actor: Actor,
    repo: Repository,
    *,
    name: str,
    color: str | None = None,
    description: str | None = None,
) -> Label:
    """Create a label of the repository; 422 `already_exists` (names compare without case), too long, or bad colour."""
    require(actor, repo, WRITE, role="write")
    _check(name, color, description)
    if world.label(repo, name):
        raise invalid("Label", "name", "already_exists")
    label = Label(world.new_id(), repo.id, name.strip(), (color or DEFAULT_COLOR).lower(), description)
    world.state.labels[label.id] = label
    emit(world, actor, repo, "label", {"action": "created", "label": label_shape(world, label)})
    return label


async def update_label(world: World, actor: Actor, repo: Repository, label: Label, changes: Json) -> Label:
    """Rename or repaint a label: `new_name` (or `name`), `color`, `description`."""
    require(actor, repo, WRITE, role="write")
    name = changes.get("new_name") or changes.get("name")
    _check(name, changes.get("color"), changes.get("description"))
    taken = world.label(repo, name) if name else None
    if taken not in (None, label):
        raise invalid("Label", "name", "already_exists")
    before: Json = {}
    for field, value in (("name", name), ("color", changes.get("color")), ("description", changes.get("description"))):
        if value is not None and value != getattr(label, field):
            before[field] = {"from": getattr(label, field) or ""}
            setattr(label, field, value)
    emit(world, actor, repo, "label", {"action": "edited", "label": label_shape(world, label), "changes": before})
    return label


async def delete_label(world: World, actor: Actor, repo: Repository, label: Label) -> None:
    """Delete a label and take it off everything."""
    require(actor, repo, WRITE, role="write")
    payload = {"action": "deleted", "label": label_shape(world, label)}
    for thread in world.threads_of(repo):
        if label.id in thread.label_ids:
            thread.label_ids.remove(label.id)
    del world.state.labels[label.id]
    emit(world, actor, repo, "label", payload)


async def find_or_create(world: World, actor: Actor, repo: Repository, names: Iterable[str]) -> list[Label]:
    """Return the labels of those names; missing ones come into being, as GitHub does when a label is put on an issue."""
    labels: dict[int, Label] = {}
    for name in names:
        _check(name, None, None)
        label = world.label(repo, name)
        if label is None:
            label = Label(world.new_id(), repo.id, name.strip(), DEFAULT_COLOR)
            world.state.labels[label.id] = label
            emit(world, actor, repo, "label", {"action": "created", "label": label_shape(world, label)})
        labels[label.id] = label
    return list(labels.values())


async def tell(world: World, actor: Actor, repo: Repository, thread: Issue, action: str, label: Label) -> None:
    """Send `labeled` or `unlabeled` for an issue or pull."""
    payload: Json = {"action": action, "label": label_shape(world, label)}
    if isinstance(thread, Pull):
        payload |= {"number": thread.number, "pull_request": await pull_shape(world, thread)}
        return emit(world, actor, repo, "pull_request", payload)
    return emit(world, actor, repo, "issues", payload | {"issue": issue_shape(world, thread)})


async def add_labels(world: World, actor: Actor, repo: Repository, thread: Issue, names: Iterable[str]) -> None:
    """Put labels on an issue or pull; those already there stay and tell nobody."""
    require_on_thread(actor, repo, thread)
    for label in await find_or_create(world, actor, repo, names):
        if label.id not in thread.label_ids:
            thread.label_ids.append(label.id)
            thread.updated_at = world.clock.now()
            await tell(world, actor, repo, thread, "labeled", label)


async def remove_label(world: World, actor: Actor, repo: Repository, thread: Issue, name: str) -> None:
    """Take a label off; 404 "Label does not exist" if it is not on."""
    require_on_thread(actor, repo, thread)
    label = world.label(repo, name)
    if label is None or label.id not in thread.label_ids:
        raise ApiError(404, "Label does not exist")
    thread.label_ids.remove(label.id)
    thread.updated_at = world.clock.now()
    await tell(world, actor, repo, thread, "unlabeled", label)


async def set_labels(world: World, actor: Actor, repo: Repository, thread: Issue, names: Iterable[str]) -> None:
    """Replace all labels of an issue or pull."""
    require_on_thread(actor, repo, thread)
    wanted = await find_or_create(world, actor, repo, names)
    for label in world.labels_of(thread):
        if label not in wanted:
            await remove_label(world, actor, repo, thread, label.name)
    await add_labels(world, actor, repo, thread, [label.name for label in wanted])
