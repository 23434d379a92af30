"""Comments on issues and pulls."""

from sandbox.actor import Actor
from sandbox.errors import invalid
from sandbox.events import emit
from sandbox.model import Comment, Issue, Json, Repository
from sandbox.operations.access import require_author_or, require_on_thread, thread_permission
from sandbox.shapes.threads import comment_shape, issue_shape
from sandbox.world import World

BODY_LIMIT = 65_536


def _check(body: str) -> None:
    if not body.strip():
        raise invalid("IssueComment", "body", "missing_field")
    if len(body) > BODY_LIMIT:
        message = f"body is too long (maximum is {BODY_LIMIT} characters)"
        raise invalid("IssueComment", "body", "unprocessable", message)


def _tell(world: World, actor: Actor, repo: Repository, comment: Comment, action: str, extra: Json) -> None:
    thread = world.thread_by_id(comment.thread_id)
    shapes = {"issue": issue_shape(world, thread), "comment": comment_shape(world, comment)}
    emit(world, actor, repo, "issue_comment", {"action": action} | shapes | extra)


async def add_comment(world: World, actor: Actor, repo: Repository, thread: Issue, body: str) -> Comment:
    """Comment on an issue or pull; whoever can read a repository may."""
    require_on_thread(actor, repo, thread, role="read")
    _check(body)
    now = world.clock.now()
    comment = Comment(world.new_id(), repo.id, thread.id, actor.id, body, now, now)
    comment.app_id = actor.app.id if actor.app else None
    world.state.comments[comment.id] = comment
    thread.updated_at = now
    _tell(world, actor, repo, comment, "created", {})
    return comment


async def edit_comment(world: World, actor: Actor, repo: Repository, comment: Comment, body: str) -> Comment:
    """Change a comment's text; the webhook carries the old one."""
    thread = world.thread_by_id(comment.thread_id)
    require_author_or(actor, repo, comment.author_id, thread_permission(thread), "write")
    _check(body)
    old, comment.body = comment.body, body
    comment.updated_at = comment.last_edited_at = world.clock.now()
    comment.editor_id = actor.id
    _tell(world, actor, repo, comment, "edited", {"changes": {"body": {"from": old}}})
    return comment


async def delete_comment(world: World, actor: Actor, repo: Repository, comment: Comment) -> None:
    """Delete a comment and the reactions to it."""
    thread = world.thread_by_id(comment.thread_id)
    require_author_or(actor, repo, comment.author_id, thread_permission(thread), "write")
    _tell(world, actor, repo, comment, "deleted", {})
    for reaction in world.reactions_of(comment):
        del world.state.reactions[reaction.id]
    del world.state.comments[comment.id]


async def minimize_comment(world: World, actor: Actor, repo: Repository, comment: Comment, reason: str) -> Comment:
    """Fold a comment away; `reason` as GitHub shows it (`outdated`, `resolved`, ...). GitHub sends no webhook."""
    thread = world.thread_by_id(comment.thread_id)
    require_author_or(actor, repo, comment.author_id, thread_permission(thread), "triage")
    comment.minimized_reason = reason.lower()
    return comment
