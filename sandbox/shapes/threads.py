"""JSON of issues, pulls, comments, reviews and reactions."""

from sandbox.git_objects import EMPTY_TREE
from sandbox.model import MERGE_STATE_UNKNOWN, Comment, Issue, Json, MergeState, Pull, Reaction, Repository, Review
from sandbox.shapes.accounts import (
    association,
    optional_app_shape,
    optional_user_shape,
    thread_author_association,
    user_shape,
    when,
)
from sandbox.shapes.repositories import label_shape, repository_api, repository_page, repository_shape
from sandbox.world import World

REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def reactions_shape(world: World, subject: Issue | Comment, url: str) -> Json:
    """Return the roll-up of reactions that issues and comments carry."""
    contents = [reaction.content for reaction in world.reactions_of(subject)]
    counts: Json = {content: contents.count(content) for content in REACTIONS}
    return {"url": f"{url}/reactions", "total_count": len(contents)} | counts


def reaction_shape(world: World, reaction: Reaction) -> Json:
    """Return one reaction."""
    return {
        "id": reaction.id,
        "node_id": reaction.node_id,
        "user": user_shape(world, world.state.users[reaction.user_id]),
        "content": reaction.content,
        "created_at": when(reaction.created_at),
    }


def thread_page(world: World, thread: Issue) -> str:
    """Return the page of an issue or pull."""
    folder = "pull" if isinstance(thread, Pull) else "issues"
    return f"{repository_page(world, world.repository_of(thread))}/{folder}/{thread.number}"


def issue_shape(world: World, thread: Issue) -> Json:
    """Return an issue, or a pull in the form that the issue endpoints give it (with `pull_request`)."""
    repo = world.repository_of(thread)
    api = repository_api(world, repo)
    url = f"{api}/issues/{thread.number}"
    assignees = [user_shape(world, user) for user in world.assignees_of(thread)]
    shape: Json = {
        "url": url,
        "repository_url": api,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "timeline_url": f"{url}/timeline",
        "html_url": thread_page(world, thread),
        "id": thread.issue_id if isinstance(thread, Pull) else thread.id,
        "node_id": thread.node_id,
        "number": thread.number,
        "title": thread.title,
        "user": user_shape(world, world.author(thread)),
        "labels": [label_shape(world, label) for label in world.labels_of(thread)],
        "state": thread.state,
        "state_reason": thread.state_reason,
        "locked": False,
        "active_lock_reason": None,
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "milestone": None,
        "comments": len(world.comments_of(thread)),
        "created_at": when(thread.created_at),
        "updated_at": when(thread.updated_at),
        "closed_at": when(thread.closed_at),
        "author_association": thread_author_association(world, thread),
        "body": thread.body,
        "reactions": reactions_shape(world, thread, url),
        "performed_via_github_app": optional_app_shape(world, thread.app_id),
    }
    if isinstance(thread, Pull):
        page = thread_page(world, thread)
        shape["draft"] = thread.draft
        shape["pull_request"] = {
            "url": f"{api}/pulls/{thread.number}",
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "merged_at": when(thread.merged_at),
        }
    return shape


def full_issue_shape(world: World, thread: Issue) -> Json:
    """Return an issue as REST shows it: unlike webhooks it says who closed it."""
    return issue_shape(world, thread) | {"closed_by": optional_user_shape(world, thread.closed_by_id)}


def comment_shape(world: World, comment: Comment) -> Json:
    """Return a comment on an issue or pull."""
    repo = world.repository_of(comment)
    api = repository_api(world, repo)
    thread = world.thread_by_id(comment.thread_id)
    url = f"{api}/issues/comments/{comment.id}"
    author = world.author(comment)
    return {
        "url": url,
        "html_url": f"{thread_page(world, thread)}#issuecomment-{comment.id}",
        "issue_url": f"{api}/issues/{thread.number}",
        "id": comment.id,
        "node_id": comment.node_id,
        "user": user_shape(world, author),
        "created_at": when(comment.created_at),
        "updated_at": when(comment.updated_at),
        "author_association": association(world, repo, author),
        "body": comment.body,
        "reactions": reactions_shape(world, comment, url),
        "performed_via_github_app": optional_app_shape(world, comment.app_id),
    }


def _side(world: World, repo: Repository, ref: str, sha: str) -> Json:
    owner = world.owner(repo)
    return {
        "label": f"{owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": user_shape(world, owner),
        "repo": repository_shape(world, repo),
    }


def _links(world: World, pull: Pull) -> Json:
    api = repository_api(world, world.repository_of(pull))
    url, issue = f"{api}/pulls/{pull.number}", f"{api}/issues/{pull.number}"
    links = {
        "self": url,
        "html": thread_page(world, pull),
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{api}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{api}/statuses/{pull.head_sha}",
    }
    return {name: {"href": href} for name, href in links.items()}


def simple_pull_shape(world: World, pull: Pull) -> Json:
    """Return a pull as lists and review webhooks show it."""
    repo = world.repository_of(pull)
    links = _links(world, pull)
    page = thread_page(world, pull)
    assignees = [user_shape(world, user) for user in world.assignees_of(pull)]
    reviewers = [user_shape(world, world.state.users[user_id]) for user_id in pull.requested_reviewer_ids]
    return {
        "url": links["self"]["href"],
        "id": pull.id,
        "node_id": pull.node_id,
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        **{f"{name}_url": links[name]["href"] for name in links if name not in ("self", "html")},
        "number": pull.number,
        "state": pull.state,
        "locked": False,
        "active_lock_reason": None,
        "title": pull.title,
        "user": user_shape(world, world.author(pull)),
        "body": pull.body,
        "labels": [label_shape(world, label) for label in world.labels_of(pull)],
        "milestone": None,
        "created_at": when(pull.created_at),
        "updated_at": when(pull.updated_at),
        "closed_at": when(pull.closed_at),
        "merged_at": when(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "requested_reviewers": reviewers,
        "requested_teams": [],
        "head": _side(world, world.head_repository(pull), pull.head_ref, pull.head_sha),
        "base": _side(world, repo, pull.base_ref, pull.base_sha),
        "_links": links,
        "author_association": thread_author_association(world, pull),
        "auto_merge": None,
        "draft": pull.draft,
    }


async def pull_shape(world: World, pull: Pull, merge: MergeState = MERGE_STATE_UNKNOWN) -> Json:
    """Return a whole pull; webhooks are sent before GitHub has computed `merge`, so it is unknown there."""
    git = world.git(world.repository_of(pull))
    commits = await git.commits_between(pull.base_sha, pull.head_sha) if pull.head_sha != pull.base_sha else []
    files = await git.changes(pull.base_sha or EMPTY_TREE, pull.head_sha)
    return (
        simple_pull_shape(world, pull)
        | {
            "merged": pull.merged,
            "mergeable": merge.mergeable,
            "rebaseable": merge.mergeable,
            "mergeable_state": merge.state,
            "merged_by": optional_user_shape(world, pull.merged_by_id),
            "comments": len(world.comments_of(pull)),
            "review_comments": 0,
            "maintainer_can_modify": pull.maintainer_can_modify,
            "commits": len(commits),
            "additions": sum(file.additions for file in files),
            "deletions": sum(file.deletions for file in files),
            "changed_files": len(files),
        }
        | ({} if pull.stack is None else {"stack": pull.stack})
    )


def review_shape(world: World, review: Review) -> Json:
    """Return a review as REST shows it."""
    pull = world.state.pulls[review.pull_id]
    repo = world.repository_of(pull)
    url = f"{repository_api(world, repo)}/pulls/{pull.number}"
    page = f"{thread_page(world, pull)}#pullrequestreview-{review.id}"
    author = world.author(review)
    return {
        "id": review.id,
        "node_id": review.node_id,
        "user": user_shape(world, author),
        "body": review.body,
        "state": review.state,
        "html_url": page,
        "pull_request_url": url,
        "author_association": association(world, repo, author),
        "_links": {"html": {"href": page}, "pull_request": {"href": url}},
        "submitted_at": when(review.submitted_at),
        "commit_id": review.commit_sha,
    }
