"""What follows when refs have moved, by whatever way: push events, check suites, and pulls that change with them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.actor import Actor
from sandbox.events import emit
from sandbox.model import NO_SHA, Json, Pull, Repository
from sandbox.operations import forks
from sandbox.operations.issues import emit_thread, set_state
from sandbox.operations.rules import dismisses_stale_reviews, latest_reviews
from sandbox.reports import CheckSuite
from sandbox.shapes.checks import suite_webhook_shape
from sandbox.shapes.git import pushed_commit_shape
from sandbox.shapes.repositories import repository_page
from sandbox.world import World

HEADS = "refs/heads/"
COMMITS_IN_PUSH = 2048  # docs.github.com "Webhook events and payloads", push
#: docs.github.com "Linking a pull request to an issue"
CLOSING = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?P<repo>[\w.-]+/[\w.-]+)?#(?P<number>\d+)", re.IGNORECASE
)


@dataclass(frozen=True)
class RefChange:
    """A ref that has moved: from `before` (None: it was not there) to `after` (None: it is gone)."""

    name: str
    before: str | None
    after: str | None

    @property
    def branch(self) -> str | None:
        """The branch's name, or None for a tag or another ref."""
        return self.name.removeprefix(HEADS) if self.name.startswith(HEADS) else None


async def refs_changed(world: World, actor: Actor, repo: Repository, changes: Sequence[RefChange]) -> None:
    """Do everything that GitHub does after refs have moved; the refs themselves are already at their new values."""
    repo.pushed_at = repo.updated_at = world.clock.now()
    for change in changes:
        _tell_create_or_delete(world, actor, repo, change)
        await _tell_push(world, actor, repo, change)
        if change.branch is None:
            continue
        await _update_pulls_from(world, actor, repo, change)
        if change.after:
            await request_suites(world, actor, repo, change.after, change.branch, change.before)
        await _update_pulls_into(world, actor, repo, change)


def _tell_create_or_delete(world: World, actor: Actor, repo: Repository, change: RefChange) -> None:
    if (change.before and change.after) or not change.name.startswith(("refs/heads/", "refs/tags/")):
        return
    payload: Json = {
        "ref": change.name.split("/", 2)[2],
        "ref_type": "branch" if change.branch is not None else "tag",
        "pusher_type": "user",
    }
    if change.after:
        payload |= {"master_branch": repo.default_branch, "description": repo.description}
    emit(world, actor, repo, "create" if change.after else "delete", payload)


async def _new_commits(world: World, repo: Repository, change: RefChange) -> list[str]:
    git = world.git(repo)
    if change.after is None or await git.kind(change.after) != "commit":
        return []
    if change.before:
        return await git.commits_between(change.before, change.after)
    default = await git.branch(repo.default_branch)
    if default is None or default == change.after:
        return [] if default else [change.after]
    return await git.commits_between(default, change.after)


async def _tell_push(world: World, actor: Actor, repo: Repository, change: RefChange) -> None:
    git = world.git(repo)
    commits: list[Json] = []
    fresh = await _new_commits(world, repo, change)
    for sha in fresh[-COMMITS_IN_PUSH:]:
        commit = await git.commit(sha)
        changes = await git.diff(commit.parents[0], sha) if commit.parents else []
        commits.append(pushed_commit_shape(world, repo, commit, changes))
    head = None
    if change.after and await git.kind(change.after) == "commit":
        head = commits[-1] if commits else pushed_commit_shape(world, repo, await git.commit(change.after), [])
    forced = bool(change.before and change.after and change.branch) and not await git.is_ancestor(
        change.before or "", change.after or ""
    )
    before, after = change.before or NO_SHA, change.after or NO_SHA
    assert actor.user is not None
    payload = {
        "ref": change.name,
        "before": before,
        "after": after,
        "created": change.before is None,
        "deleted": change.after is None,
        "forced": forced,
        "base_ref": None,
        "compare": f"{repository_page(world, repo)}/compare/{before[:12]}...{after[:12]}",
        "commits": commits,
        "head_commit": head,
        "pusher": {"name": actor.login, "email": actor.user.email},
    }
    emit(world, actor, repo, "push", payload)
    if change.branch == repo.default_branch and change.before:
        for commit_shape in commits:
            await close_issues(world, actor, repo, commit_shape["message"])


async def request_suites(
    world: World, actor: Actor, repo: Repository, sha: str, branch: str | None, before: str | None
) -> None:
    """Make a check suite per App with `checks: write` and ask it to begin (docs.github.com/rest/checks/suites)."""
    known = {suite.app_id for suite in world.suites_of(repo, sha)}
    for installation in world.installations_on(repo):
        if installation.permissions.get("checks") != "write" or installation.app_id in known:
            continue
        app = world.state.apps[installation.app_id]
        now = world.clock.now()
        suite = CheckSuite(world.new_id(), repo.id, app.id, sha, branch, now, now, before or NO_SHA, sha)
        world.state.suites[suite.id] = suite
        payload = {"action": "requested", "check_suite": await suite_webhook_shape(world, suite)}
        emit(world, actor, repo, "check_suite", payload, only=app)


async def _update_pulls_from(world: World, actor: Actor, repo: Repository, change: RefChange) -> None:
    """Follow a head branch: synchronize its open pulls, in the parent of a fork too, or close them when it is gone."""
    for pull in world.pulls_from(repo):
        if pull.state != "open" or pull.head_ref != change.branch:
            continue
        into = world.repository_of(pull)
        if change.after is None:
            await close(world, actor, into, pull)
        elif pull.head_sha != change.after:
            await forks.tip(world, into, repo, pull.head_ref)
            before, pull.head_sha = pull.head_sha, change.after
            pull.base_sha = await world.git(into).branch(pull.base_ref) or pull.base_sha
            pull.updated_at = world.clock.now()
            await emit_thread(world, actor, into, pull, "synchronize", {"before": before, "after": change.after})
            await _dismiss_stale(world, actor, into, pull)


async def _dismiss_stale(world: World, actor: Actor, repo: Repository, pull: Pull) -> None:
    if not dismisses_stale_reviews(world, repo, pull.base_ref):
        return
    from sandbox.operations.reviews import dismiss  # noqa: PLC0415 - reviews build on pulls, pulls on pushes

    for review in latest_reviews(world, pull).values():
        if review.state == "APPROVED":
            await dismiss(world, actor, repo, pull, review)


async def _update_pulls_into(world: World, actor: Actor, repo: Repository, change: RefChange) -> None:
    """Follow a base branch: a pull whose head it now contains counts as merged; without the base pulls are closed."""
    arrived: set[str] = set()
    if change.before and change.after:
        arrived.update(await world.git(repo).commits_between(change.before, change.after))
    for pull in world.pulls_of(repo):
        if pull.state != "open" or pull.base_ref != change.branch:
            continue
        if change.after is None:
            await close(world, actor, repo, pull)
        elif pull.head_sha in arrived:
            mark_merged(world, actor, repo, pull, change.after)
            await emit_thread(world, actor, repo, pull, "closed")
            await close_linked_issues(world, actor, repo, pull)


async def close(world: World, actor: Actor, repo: Repository, pull: Pull) -> None:
    """Close a pull unmerged and tell it."""
    now = world.clock.now()
    pull.state = "closed"
    pull.closed_at = pull.updated_at = now
    pull.closed_by_id = actor.id
    await emit_thread(world, actor, repo, pull, "closed")


def mark_merged(world: World, actor: Actor, repo: Repository, pull: Pull, sha: str) -> None:
    """Record that a pull is merged, with the commit that the base moved to."""
    now = world.clock.now()
    pull.state, pull.merged, pull.merge_commit_sha = "closed", True, sha
    pull.merged_at = pull.closed_at = pull.updated_at = now
    pull.merged_by_id = pull.closed_by_id = actor.id
    repo.merged_pulls.append(pull.number)


async def close_linked_issues(world: World, actor: Actor, repo: Repository, pull: Pull) -> None:
    """Close the issues that a merged pull's body names with a closing keyword; only merges into the default branch do."""
    if pull.base_ref == repo.default_branch:
        await close_issues(world, actor, repo, pull.body or "")


def named_issues(world: World, repo: Repository, text: str) -> list[int]:
    """Return the numbers of this repository's issues that a text would close, in order."""
    found = [match for match in CLOSING.finditer(text) if match["repo"] in (None, world.full_name(repo))]
    return list(dict.fromkeys(int(match["number"]) for match in found))


async def close_issues(world: World, actor: Actor, repo: Repository, text: str) -> None:
    """Close the open issues that a text names with closing keywords."""
    for number in named_issues(world, repo, text):
        issue = world.issue(repo, number)
        if issue and issue.state == "open":
            await set_state(world, actor, repo, issue, "closed")
