"""Issues and pulls as threads: what both have in common, comments and labels."""

from typing import Any

from sandbox.graphql.connection import Connection
from sandbox.graphql.context import Info
from sandbox.graphql.lookup import repository_of
from sandbox.graphql.registry import TYPES, constant, field
from sandbox.model import Comment, Issue, Label, Pull, Repository, Review, User
from sandbox.pages import paths
from sandbox.pages.markdown import plain, render

from .order import state_of

THREADS = "Issue PullRequest"
TEXTS = "Issue PullRequest IssueComment PullRequestReview"

TYPES.update({Issue: "Issue", Pull: "PullRequest", Comment: "IssueComment", Label: "Label"})

constant(THREADS, False, "locked")
constant("Label", None, "createdAt", "updatedAt")

Text = Issue | Comment | Review


def home(info: Info, thing: object) -> Repository:
    """Return the repository that a record belongs to."""
    repo = repository_of(info.context, thing)
    assert repo is not None
    return repo


# ---- everything with an author and a body ----


@field(TEXTS + " Label CheckRun CheckSuite BranchProtectionRule", "repository")
def repository(source: object, info: Info) -> Repository:
    return home(info, source)


@field(TEXTS, "author")
def author(source: Text, info: Info) -> User:
    return info.context.world.author(source)


@field(TEXTS, "editor")
def editor(source: Text, info: Info) -> User | None:
    return info.context.world.user_by_id(getattr(source, "editor_id", None))


@field(TEXTS, "lastEditedAt")
def last_edited_at(source: Text, _info: Info) -> Any:
    return getattr(source, "last_edited_at", None)


@field(TEXTS, "includesCreatedEdit")
def includes_created_edit(source: Text, _info: Info) -> bool:
    return getattr(source, "last_edited_at", None) is not None


@field(TEXTS, "body")
def body(source: Text, _info: Info) -> str:
    return source.body or ""


@field(TEXTS, "bodyHTML")
def body_html(source: Text, info: Info) -> str:
    return str(
        render(
            source.body or "", info.context.world.base_url + paths.of_repository(info.context.world, home(info, source))
        )
    )


@field(TEXTS, "bodyText")
def body_text(source: Text, _info: Info) -> str:
    return plain(source.body or "")


@field("Issue PullRequest IssueComment", "publishedAt")
def published_at(source: Issue | Comment, _info: Info) -> Any:
    return source.created_at


@field("Issue PullRequest IssueComment PullRequestReview", "fullDatabaseId")
def full_database_id(source: Text, _info: Info) -> str:
    """Return the id as text: GitHub's BigInt does not fit a JSON number in every client."""
    return str(source.id)


@field(TEXTS, "authorAssociation")
def author_association(source: Text, info: Info) -> str:
    """Return what the author is to the repository, as far as this world has it: owner, collaborator or nobody."""
    repo, writer = home(info, source), info.context.world.author(source)
    if writer.id == repo.owner_id:
        return "OWNER"
    return "COLLABORATOR" if writer.id in repo.collaborators else "NONE"


@field(TEXTS, "viewerDidAuthor")
def viewer_did_author(source: Text, info: Info) -> bool:
    user = info.context.actor.user
    return user is not None and user.id == source.author_id


@field(TEXTS, "viewerCanUpdate")
def viewer_can_update(source: Text, info: Info) -> bool:
    permission = "pull_requests:write" if isinstance(source, Pull | Review) else "issues:write"
    return viewer_did_author(source, info) or info.context.actor.can(home(info, source), permission)


@field(THREADS, "viewerCanClose")
def viewer_can_close(source: Issue, info: Info) -> bool:
    return source.state == "open" and viewer_can_update(source, info)


@field(THREADS, "viewerCanReopen")
def viewer_can_reopen(source: Issue, info: Info) -> bool:
    return state_of(source) == "CLOSED" and viewer_can_update(source, info)


@field(THREADS, "viewerCanLabel")
def viewer_can_label(source: Issue, info: Info) -> bool:
    return info.context.actor.can(home(info, source), "issues:write|pull_requests:write")


@field("Issue PullRequest IssueComment", "viewerCanReact")
def viewer_can_react(source: Issue | Comment, info: Info) -> bool:
    return info.context.actor.can(home(info, source), "issues:read")


# ---- issues and pulls ----


@field(THREADS, "state")
def state(source: Issue, _info: Info) -> str:
    return state_of(source)


@field(THREADS, "closed")
def closed(source: Issue, _info: Info) -> bool:
    return source.state == "closed"


@field("Issue", "stateReason")
def state_reason(source: Issue, _info: Info, **_arguments: Any) -> str | None:
    return source.state_reason.upper() if source.state_reason else None


@field(THREADS, "resourcePath")
def resource_path(source: Issue, info: Info) -> str:
    return paths.of_thread(info.context.world, source)


@field("PullRequest", "permalink")
@field(THREADS, "url")
def url(source: Issue, info: Info) -> str:
    return info.context.world.base_url + paths.of_thread(info.context.world, source)


@field(THREADS, "labels")
def labels(source: Issue, info: Info, **arguments: Any) -> Connection:
    found = info.context.world.labels_of(source)
    order = arguments.get("orderBy") or {}
    if order.get("field") == "NAME":
        found.sort(key=lambda label: label.name.lower())
    return Connection(found[::-1] if order.get("direction") == "DESC" else found, **arguments)


@field(THREADS, "assignees")
def assignees(source: Issue, info: Info, **page: Any) -> Connection:
    return Connection(info.context.world.assignees_of(source), **page)


@field(THREADS, "comments")
def comments(source: Issue, info: Info, **arguments: Any) -> Connection:
    found = info.context.world.comments_of(source)
    order = arguments.get("orderBy")
    if order:
        found.sort(key=lambda comment: comment.updated_at, reverse=order["direction"] == "DESC")
    return Connection(found, **arguments)


# ---- comments ----


@field("IssueComment", "issue")
def issue_of_comment(source: Comment, info: Info) -> Issue:
    """Return the thread as an Issue: for GitHub a pull request is one too."""
    return info.context.world.thread_by_id(source.thread_id)


@field("IssueComment", "pullRequest")
def pull_of_comment(source: Comment, info: Info) -> Pull | None:
    thread = info.context.world.thread_by_id(source.thread_id)
    return thread if isinstance(thread, Pull) else None


@field("IssueComment", "resourcePath")
def comment_path(source: Comment, info: Info) -> str:
    return paths.of_comment(info.context.world, source)


@field("IssueComment", "url")
def comment_url(source: Comment, info: Info) -> str:
    return info.context.world.base_url + paths.of_comment(info.context.world, source)


@field("IssueComment", "isMinimized")
def is_minimized(source: Comment, _info: Info) -> bool:
    return source.minimized_reason is not None


@field("IssueComment", "viewerCanDelete")
def viewer_can_delete(source: Comment, info: Info) -> bool:
    return viewer_can_update(source, info)


@field("IssueComment", "viewerCanMinimize")
def viewer_can_minimize(source: Comment, info: Info) -> bool:
    return info.context.actor.can(home(info, source), "issues:write")


# ---- labels ----


@field("Label", "isDefault")
def is_default(source: Label, _info: Info) -> bool:
    return source.default


@field("Label", "resourcePath")
def label_path(source: Label, info: Info) -> str:
    return paths.of_label(info.context.world, source)


@field("Label", "url")
def label_url(source: Label, info: Info) -> str:
    return info.context.world.base_url + paths.of_label(info.context.world, source)
