"""Turns records of the world into the mappings that the templates show; writes no HTML besides rendered markdown."""

from datetime import UTC, datetime
from typing import Any

from sandbox.git import Git
from sandbox.model import App, Comment, Issue, Json, Label, Pull, Repository, RequiredCheck, Review, User
from sandbox.reports import CheckRun, CommitStatus
from sandbox.world import World

from . import paths
from .markdown import render
from .slug import SUFFIX, without_bot

EMOJI = {
    "+1": "👍",
    "-1": "👎",
    "laugh": "😄",
    "hooray": "🎉",
    "confused": "😕",
    "heart": "❤️",
    "rocket": "🚀",
    "eyes": "👀",
}
TAGS = "refs/tags/"
CONCLUSION_ICONS = {"success": "success", "skipped": "neutral", "neutral": "neutral"}
REVIEW_VERBS = {
    "APPROVED": "approved these changes",
    "CHANGES_REQUESTED": "requested changes",
    "COMMENTED": "reviewed",
    "DISMISSED": "reviewed (dismissed)",
    "PENDING": "reviews",
}


def short_time(moment: datetime | None) -> str:
    """Return a time as a person reads it, in UTC."""
    return moment.astimezone(UTC).strftime("%d %b %Y, %H:%M UTC") if moment else ""


def person(user: User) -> Json:
    is_bot = user.login.endswith(SUFFIX)
    return {"name": without_bot(user.login), "href": paths.of_user(user), "is_bot": is_bot}


def app(one: App) -> Json:
    return {"name": one.name, "href": paths.of_app(one), "is_bot": True}


def label(one: Label) -> Json:
    """Return a label with a text colour that can be read on it: dark from a lightness of 0.453 on, as GitHub has it."""
    red, green, blue = (int(one.color[index : index + 2], 16) / 255 for index in (0, 2, 4))
    is_light = red * 0.2126 + green * 0.7152 + blue * 0.0722 > 0.453
    return {
        "name": one.name,
        "color": one.color,
        "description": one.description,
        "ink": "#1f2328" if is_light else "#fff",
    }


def thread_state(thread: Issue) -> tuple[str, str]:
    """Return what is written on the badge, and its colour."""
    if isinstance(thread, Pull):
        if thread.merged:
            return "Merged", "merged"
        if thread.draft and thread.state == "open":
            return "Draft", "draft"
        return thread.state.capitalize(), thread.state
    if thread.state == "closed":
        return ("Closed as not planned", "draft") if thread.state_reason == "not_planned" else ("Closed", "completed")
    return "Open", "open"


def thread_row(world: World, thread: Issue) -> Json:
    """Return a line of a list of issues or pulls."""
    return {
        "href": paths.of_thread(world, thread),
        "title": thread.title,
        "number": thread.number,
        "state": thread_state(thread)[0].lower(),
        "author": person(world.author(thread)),
        "created_at": thread.created_at,
        "labels": [label(one) for one in world.labels_of(thread)],
        "comments": len(world.comments_of(thread)),
        "head": thread.head_ref if isinstance(thread, Pull) else None,
    }


def repository(world: World, repo: Repository) -> Json:
    """Return what the page's head shows."""
    home = paths.of_repository(world, repo)
    pulls = sum(pull.state == "open" for pull in world.pulls_of(repo))
    issues = sum(issue.state == "open" for issue in world.issues_of(repo))
    return {
        "owner": world.owner(repo).login,
        "name": repo.name,
        "full_name": world.full_name(repo),
        "tabs": [
            ("code", "Code", home, None),
            ("issues", "Issues", f"{home}/issues", issues),
            ("pulls", "Pull requests", f"{home}/pulls", pulls),
            ("commits", "Commits", f"{home}/commits/{repo.default_branch}", None),
        ],
    }


# ---- the conversation ----


def _entry(world: World, repo: Repository, source: Issue | Comment | Review, anchor: str, verb: str) -> Json:
    base = world.base_url + paths.of_repository(world, repo)
    found = [] if isinstance(source, Review) else world.reactions_of(source)
    counts = {one: sum(reaction.content == one for reaction in found) for one in EMOJI}
    return {
        "anchor": anchor,
        "verb": verb,
        "author": person(world.author(source)),
        "created_at": source.submitted_at if isinstance(source, Review) else source.created_at,
        "edited": getattr(source, "last_edited_at", None) is not None,
        "html": render(source.body or "", base),
        "reactions": [(EMOJI[one], count) for one, count in counts.items() if count],
        "minimized": getattr(source, "minimized_reason", None),
        "note": None,
    }


def timeline(world: World, repo: Repository, thread: Issue) -> list[Json]:
    """Return the body, the comments and the reviews in the order in which they were written."""
    entries = [_entry(world, repo, thread, f"issue-{thread.id}", "opened")]
    later = [_entry(world, repo, one, f"issuecomment-{one.id}", "commented") for one in world.comments_of(thread)]
    if isinstance(thread, Pull):
        later += [
            _entry(world, repo, one, f"pullrequestreview-{one.id}", REVIEW_VERBS[one.state])
            for one in world.reviews_of(thread)
        ]
    return entries + sorted(later, key=lambda one: one["created_at"])


# ---- commits and checks ----


async def commit_row(world: World, repo: Repository, git: Git, sha: str) -> Json:
    """Return a line of a list of commits, with what its checks come to and the tags that point to it."""
    found = await git.commit(sha)
    tags = [name.removeprefix(TAGS) for name, at in (await git.refs()).items() if at == sha and name.startswith(TAGS)]
    return {
        "sha": sha,
        "href": paths.of_commit(world, repo, sha),
        "subject": found.subject or "(no message)",
        "author": found.author.name,
        "date": found.committer.date,
        "check": overall(world, repo, sha),
        "tags": [{"name": name, "href": paths.of_tree(world, repo, name)} for name in tags],
    }


def run_icon(run: CheckRun) -> str:
    """Return `success`, `failure`, `neutral` or `pending`."""
    return "pending" if run.conclusion is None else CONCLUSION_ICONS.get(run.conclusion, "failure")


def status_icon(status: CommitStatus) -> str:
    return {"success": "success", "pending": "pending"}.get(status.state, "failure")


def overall(world: World, repo: Repository, sha: str) -> str | None:
    """Return the worst state of a commit's newest checks and statuses, or None without any."""
    states = {run_icon(run) for run in world.latest_runs_of(repo, sha)}
    states |= {status_icon(one) for one in world.latest_statuses_of(repo, sha)}
    return next((state for state in ("failure", "pending", "success", "neutral") if state in states), None)


def check_rows(
    world: World, repo: Repository, sha: str, required: list[RequiredCheck], selected: str | None = None
) -> list[Json]:
    """Return the newest checks and statuses of a commit, and the required ones that nobody has reported."""
    rows: list[Json] = [
        {
            "icon": run_icon(run),
            "name": run.name,
            "title": run.title,
            "source": world.state.apps[run.app_id].name,
            "state": (run.conclusion or run.status).replace("_", " "),
            "when": run.completed_at or run.started_at,
            "href": paths.of_run(world, run),
            "required": any(one.context == run.name and one.app_id in (None, run.app_id) for one in required),
            "selected": str(run.id) == selected,
        }
        for run in world.latest_runs_of(repo, sha)
    ]
    rows += [
        {
            "icon": status_icon(one),
            "name": one.context,
            "title": one.description,
            "source": f"status by {world.state.users[one.creator_id].login}",
            "state": one.state,
            "when": one.created_at,
            "href": one.target_url or paths.of_commit(world, repo, sha),
            "required": any(check.context == one.context and check.app_id in (None, one.app_id) for check in required),
            "selected": False,
        }
        for one in world.latest_statuses_of(repo, sha)
    ]
    for check in required:
        if not any(row["required"] and row["name"] == check.context for row in rows):
            source = world.state.apps[check.app_id].name if check.app_id in world.state.apps else "any source"
            rows.append(_expected(world, repo, sha, check, source))
    return rows


def _expected(world: World, repo: Repository, sha: str, check: RequiredCheck, source: str) -> Json:
    return {
        "icon": "pending",
        "name": check.context,
        "title": "Expected — Waiting for status to be reported",
        "source": source,
        "state": "expected",
        "when": None,
        "href": paths.of_commit(world, repo, sha),
        "required": True,
        "selected": False,
    }


def run(world: World, one: CheckRun) -> dict[str, Any]:
    """Return everything that the page of a check run shows."""
    repo = world.repository_of(one)
    base = world.base_url + paths.of_repository(world, repo)
    return {
        "name": one.name,
        "title": one.title,
        "icon": run_icon(one),
        "state": (one.conclusion or one.status).replace("_", " ").capitalize(),
        "app": app(world.state.apps[one.app_id]),
        "sha": one.head_sha,
        "commit_href": paths.of_commit(world, repo, one.head_sha),
        "started_at": one.started_at,
        "completed_at": one.completed_at,
        "details_url": one.details_url,
        "actions": one.actions if one.conclusion else [],
        "summary": render(one.summary or "", base),
        "text": render(one.text or "", base),
        "pulls": pulls_at(world, repo, one.head_sha),
        "annotations": [
            {
                "level": note.annotation_level,
                "title": note.title,
                "path": note.path,
                "lines": str(note.start_line) + (f"–{note.end_line}" if note.end_line != note.start_line else ""),
                "message": note.message,
                "raw_details": note.raw_details,
            }
            for note in one.annotations
        ],
    }


def pulls_at(world: World, repo: Repository, sha: str) -> list[tuple[str, str]]:
    """Return address and title of the pulls whose head or merge a commit is."""
    found = [pull for pull in world.pulls_of(repo) if sha in (pull.head_sha, pull.merge_commit_sha)]
    return [(paths.of_thread(world, pull), f"#{pull.number} {pull.title}") for pull in found]
