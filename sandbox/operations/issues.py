"""Issues, and the half of a pull that is one: title, body, state, labels, assignees."""

from collections.abc import Iterable, Sequence

from sandbox.actor import Actor, role_at_least
from sandbox.errors import invalid
from sandbox.events import emit
from sandbox.model import Issue, Json, Pull, Repository
from sandbox.operations import labels as label_operations
from sandbox.operations.access import require, require_author_or, require_on_thread, thread_permission
from sandbox.shapes.accounts import user_shape
from sandbox.shapes.threads import issue_shape, pull_shape
from sandbox.world import World

TITLE_LIMIT = 256
BODY_LIMIT = 65_536
ASSIGNEE_LIMIT = 10


def check_text(resource: str, title: str | None, body: str | None) -> None:
    """Refuse a blank or too long title and a too long body with GitHub's 422."""
    if title is not None and not title.strip():
        raise invalid(resource, "title", "missing_field")
    if title is not None and len(title) > TITLE_LIMIT:
        raise invalid(resource, "title", "custom", f"title is too long (maximum is {TITLE_LIMIT} characters)")
    if body is not None and len(body) > BODY_LIMIT:
        raise invalid(resource, "body", "custom", f"body is too long (maximum is {BODY_LIMIT} characters)")


async def emit_thread(
    world: World, actor: Actor, repo: Repository, thread: Issue, action: str, extra: Json | None = None
) -> None:
    """Send `issues` or `pull_request` with the whole issue or pull."""
    payload: Json = {"action": action} | (extra or {})
    if isinstance(thread, Pull):
        payload |= {"number": thread.number, "pull_request": await pull_shape(world, thread)}
        return emit(world, actor, repo, "pull_request", payload)
    return emit(world, actor, repo, "issues", payload | {"issue": issue_shape(world, thread)})


async def create_issue(
    world: World,
    actor: Actor,
    repo: Repository,
    *,
    title: str,
    body: str | None = None,
    labels: Sequence[str] = (),
    assignees: Sequence[str] = (),
) -> Issue:
    """Open an issue. Labels and assignees of people without triage rights are dropped silently, as GitHub does."""
    require(actor, repo, "issues:write", role="read")
    check_text("Issue", title, body)
    repo.last_number += 1
    now = world.clock.now()
    issue = Issue(world.new_id(), repo.id, repo.last_number, title.strip(), actor.id, now, now, body)
    issue.app_id = actor.app.id if actor.app else None
    world.state.issues[issue.id] = issue
    may_triage = actor.is_app or role_at_least(actor.role(repo), "triage")
    wanted = await label_operations.find_or_create(world, actor, repo, labels) if may_triage else []
    issue.label_ids = [label.id for label in wanted]
    if may_triage:
        issue.assignee_ids = _assignable(world, repo, assignees)
    await emit_thread(world, actor, repo, issue, "opened")
    if may_triage:
        for label in wanted:
            await label_operations.tell(world, actor, repo, issue, "labeled", label)
    return issue


def _assignable(world: World, repo: Repository, logins: Iterable[str]) -> list[int]:
    """Return the ids of those who can be assigned; others are ignored silently (docs.github.com/rest/issues/assignees)."""
    users = [world.user(login) for login in logins]
    return [user.id for user in users if user and (user.id in repo.collaborators or user.id == repo.owner_id)]


async def update_issue(world: World, actor: Actor, repo: Repository, thread: Issue, changes: Json) -> Issue:
    """Change what is named in `changes`: title, body, state, state_reason, labels (names), assignees (logins)."""
    permission = thread_permission(thread)
    texts = {key for key in ("title", "body", "state") if key in changes}
    if texts:
        require_author_or(actor, repo, thread.author_id, permission, "triage" if texts == {"state"} else "write")
    check_text("Issue", changes.get("title"), changes.get("body"))
    await _edit_text(world, actor, repo, thread, changes)
    if changes.get("labels") is not None:
        names = [label["name"] if isinstance(label, dict) else label for label in changes["labels"]]
        await label_operations.set_labels(world, actor, repo, thread, names)
    if changes.get("assignees") is not None:
        await _set_assignees(world, actor, repo, thread, changes["assignees"])
    if changes.get("state") is not None:
        await set_state(world, actor, repo, thread, changes["state"], changes.get("state_reason"))
    return thread


async def _edit_text(world: World, actor: Actor, repo: Repository, thread: Issue, changes: Json) -> None:
    before: Json = {}
    for field in ("title", "body"):
        if field in changes and changes[field] != getattr(thread, field) and (field == "body" or changes[field]):
            before[field] = {"from": getattr(thread, field) or ""}
            setattr(thread, field, changes[field])
    if before:
        thread.updated_at = thread.last_edited_at = world.clock.now()
        thread.editor_id = actor.id
        await emit_thread(world, actor, repo, thread, "edited", {"changes": before})


async def set_state(
    world: World, actor: Actor, repo: Repository, thread: Issue, state: str, reason: str | None = None
) -> None:
    """Close or reopen an issue (rights are checked by the caller); repeating it tells nobody."""
    if state not in ("open", "closed"):
        raise invalid("Issue", "state")
    if isinstance(thread, Pull):
        from sandbox.operations import pulls  # noqa: PLC0415 - pulls build on issues

        await (pulls.close_pull if state == "closed" else pulls.reopen_pull)(world, actor, repo, thread)
        return
    if thread.state == state:
        return
    now = world.clock.now()
    closed = state == "closed"
    thread.state = "closed" if closed else "open"
    thread.state_reason = (reason or "completed") if closed else "reopened"
    thread.updated_at = now
    thread.closed_at, thread.closed_by_id = (now, actor.id) if closed else (None, None)
    await emit_thread(world, actor, repo, thread, "closed" if closed else "reopened")


async def _set_assignees(world: World, actor: Actor, repo: Repository, thread: Issue, logins: Sequence[str]) -> None:
    wanted = _assignable(world, repo, logins)
    removed = [world.state.users[one].login for one in thread.assignee_ids if one not in wanted]
    await remove_assignees(world, actor, repo, thread, removed)
    await add_assignees(world, actor, repo, thread, logins)


async def add_assignees(world: World, actor: Actor, repo: Repository, thread: Issue, logins: Sequence[str]) -> None:
    """Assign people; those who cannot be assigned are ignored silently, at most ten stay."""
    require_on_thread(actor, repo, thread)
    for user_id in _assignable(world, repo, logins):
        if user_id not in thread.assignee_ids and len(thread.assignee_ids) < ASSIGNEE_LIMIT:
            thread.assignee_ids.append(user_id)
            person = {"assignee": user_shape(world, world.state.users[user_id])}
            await emit_thread(world, actor, repo, thread, "assigned", person)


async def remove_assignees(world: World, actor: Actor, repo: Repository, thread: Issue, logins: Sequence[str]) -> None:
    """Take people off an issue or pull."""
    require_on_thread(actor, repo, thread)
    for login in logins:
        user = world.user(login)
        if user and user.id in thread.assignee_ids:
            thread.assignee_ids.remove(user.id)
            await emit_thread(world, actor, repo, thread, "unassigned", {"assignee": user_shape(world, user)})
