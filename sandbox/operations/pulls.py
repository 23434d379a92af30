"""Pull requests: opening, changing, closing, draft and ready, updating the head branch, reverting."""

import re
from collections.abc import Sequence

from sandbox.actor import Actor
from sandbox.errors import ApiError, MergeConflict, RefConflict, invalid
from sandbox.git_objects import Signature
from sandbox.model import Issue, Json, Pull, Repository, User
from sandbox.operations import forks, pushes
from sandbox.operations.access import NOT_ACCESSIBLE, require, require_author_or
from sandbox.operations.issues import check_text, emit_thread
from sandbox.shapes.accounts import user_shape
from sandbox.world import World

WRITE = "pull_requests:write"


def signature(world: World, user: User) -> Signature:
    """Return how a user signs a commit made on the web."""
    return Signature(user.name or user.login, user.email, world.clock.now())


def web_flow(world: World) -> Signature:
    """Return the committer of merges made on the web."""
    return Signature("GitHub", "noreply@github.com", world.clock.now())


async def create_pull(
    world: World,
    actor: Actor,
    repo: Repository,
    *,
    title: str,
    head: str,
    base: str,
    body: str | None = None,
    draft: bool = False,
    maintainer_can_modify: bool = True,
) -> Pull:
    """Open a pull from a branch of the same repository, or as `owner:branch` from one of somebody's fork.

    422 in GitHub's words: unknown head or base, no commits between, a pull for the pair is open, drafts not supported.
    """
    require(actor, repo, WRITE, role="read")
    check_text("PullRequest", title, body)
    owner, _, branch = head.rpartition(":")
    is_own = owner.lower() in ("", world.owner(repo).login.lower())
    source = repo if is_own else forks.fork_of(world, repo, owner)
    head_sha = await forks.tip(world, repo, source, branch) if source is not None else None
    if source is None or head_sha is None:
        raise invalid("PullRequest", "head")
    base_sha = await world.git(repo).branch(base)
    if base_sha is None:
        raise invalid("PullRequest", "base")
    await _refuse_impossible(world, repo, source, branch, base, draft=draft)
    repo.last_number += 1
    now = world.clock.now()
    pull = Pull(world.new_id(), repo.id, repo.last_number, title.strip(), actor.id, now, now, body)
    pull.issue_id, pull.app_id = world.new_id(), actor.app.id if actor.app else None
    pull.head_ref, pull.head_sha, pull.base_ref, pull.base_sha = branch, head_sha, base, base_sha
    pull.head_repository_id = None if is_own else source.id
    pull.draft, pull.maintainer_can_modify = draft, maintainer_can_modify
    world.state.pulls[pull.id] = pull
    await emit_thread(world, actor, repo, pull, "opened")
    return pull


async def _refuse_impossible(
    world: World, repo: Repository, source: Repository, head: str, base: str, *, draft: bool
) -> None:
    git = world.git(repo)
    if draft and not world.faults.settings.drafts:
        raise ApiError(422, "Draft pull requests are not supported in this repository.")
    label = f"{world.owner(source).login}:{head}"
    for pull in world.pulls_of(repo):
        pair = world.head_repository(pull).id, pull.head_ref, pull.base_ref
        if pull.state == "open" and pair == (source.id, head, base):
            message = f"A pull request already exists for {label}."
            raise ApiError(
                422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": message}]
            )
    head_sha, base_sha = await forks.tip(world, repo, source, head), await git.branch(base)
    if not await git.commits_between(base_sha or "", head_sha or ""):
        message = f"No commits between {base} and {head}"
        raise ApiError(422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": message}])


async def update_pull(world: World, actor: Actor, repo: Repository, pull: Pull, changes: Json) -> Pull:
    """Change title, body, state, base or maintainer_can_modify; REST has no `draft` here (GraphQL only)."""
    require_author_or(actor, repo, pull.author_id, WRITE, "write")
    check_text("PullRequest", changes.get("title"), changes.get("body"))
    before: Json = {}
    for field in ("title", "body"):
        if field in changes and changes[field] != getattr(pull, field) and (field == "body" or changes[field]):
            before[field] = {"from": getattr(pull, field) or ""}
            setattr(pull, field, changes[field])
    new_base = changes.get("base")
    if new_base and new_base != pull.base_ref:
        before["base"] = await _retarget(world, repo, pull, new_base)
    if changes.get("maintainer_can_modify") is not None:
        pull.maintainer_can_modify = bool(changes["maintainer_can_modify"])
    if before:
        pull.updated_at = pull.last_edited_at = world.clock.now()
        pull.editor_id = actor.id
        await emit_thread(world, actor, repo, pull, "edited", {"changes": before})
    match changes.get("state"):
        case None:
            pass
        case "closed":
            await close_pull(world, actor, repo, pull)
        case "open":
            await reopen_pull(world, actor, repo, pull)
        case _:
            raise invalid("PullRequest", "state")
    return pull


async def _retarget(world: World, repo: Repository, pull: Pull, base: str) -> Json:
    sha = await world.git(repo).branch(base)
    if sha is None:
        raise invalid("PullRequest", "base")
    if pull.state == "closed":
        raise ApiError(422, "Validation Failed", ["Cannot change the base branch of a closed pull request."])
    await _refuse_impossible(world, repo, world.head_repository(pull), pull.head_ref, base, draft=False)
    old = {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}
    pull.base_ref, pull.base_sha = base, sha
    return old


async def close_pull(world: World, actor: Actor, repo: Repository, pull: Pull) -> Pull:
    """Close a pull without merging; repeating it tells nobody."""
    require_author_or(actor, repo, pull.author_id, WRITE, "triage")
    if pull.state == "open":
        await pushes.close(world, actor, repo, pull)
    return pull


async def reopen_pull(world: World, actor: Actor, repo: Repository, pull: Pull) -> Pull:
    """Reopen a closed pull; 422 if it is merged or its head or base branch is gone."""
    require_author_or(actor, repo, pull.author_id, WRITE, "triage")
    if pull.state == "open":
        return pull
    source = world.head_repository(pull)
    head, base = await forks.tip(world, repo, source, pull.head_ref), await world.git(repo).branch(pull.base_ref)
    if pull.merged or head is None or base is None:
        message = "state cannot be changed." + ("" if head else f" The {pull.head_ref} branch has been deleted.")
        raise invalid("PullRequest", "state", "invalid", message)
    await _refuse_impossible(world, repo, source, pull.head_ref, pull.base_ref, draft=False)
    pull.state, pull.closed_at, pull.closed_by_id = "open", None, None
    pull.head_sha, pull.base_sha = head, base
    pull.updated_at = world.clock.now()
    await emit_thread(world, actor, repo, pull, "reopened")
    return pull


async def mark_ready(world: World, actor: Actor, repo: Repository, pull: Pull) -> Pull:
    """Take a pull out of draft (GraphQL `markPullRequestReadyForReview`); repeating it tells nobody."""
    return await _set_draft(world, actor, repo, pull, draft=False)


async def convert_to_draft(world: World, actor: Actor, repo: Repository, pull: Pull) -> Pull:
    """Make a pull a draft again (GraphQL `convertPullRequestToDraft`); repeating it tells nobody."""
    if not world.faults.settings.drafts:
        raise ApiError(422, "Draft pull requests are not supported in this repository.")
    return await _set_draft(world, actor, repo, pull, draft=True)


async def _set_draft(world: World, actor: Actor, repo: Repository, pull: Pull, *, draft: bool) -> Pull:
    require_author_or(actor, repo, pull.author_id, WRITE, "write")
    if pull.state == "closed":
        raise ApiError(422, "Pull request is closed")
    if pull.draft != draft:
        pull.draft = draft
        pull.updated_at = world.clock.now()
        await emit_thread(world, actor, repo, pull, "converted_to_draft" if draft else "ready_for_review")
    return pull


async def request_reviewers(world: World, actor: Actor, repo: Repository, pull: Pull, logins: Sequence[str]) -> Pull:
    """Ask people for a review; 422 for somebody who is no collaborator or is the author."""
    require(actor, repo, WRITE, role="triage")
    for login in logins:
        user = world.user(login)
        if user is None or user.id not in repo.collaborators:
            message = (
                "Reviews may only be requested from collaborators. One or more of the users is not a collaborator."
            )
            raise ApiError(422, message)
        if user.id == pull.author_id:
            raise ApiError(422, "Review cannot be requested from pull request author.")
        if user.id not in pull.requested_reviewer_ids:
            pull.requested_reviewer_ids.append(user.id)
            extra = {"requested_reviewer": user_shape(world, user)}
            await emit_thread(world, actor, repo, pull, "review_requested", extra)
    return pull


async def remove_reviewers(world: World, actor: Actor, repo: Repository, pull: Pull, logins: Sequence[str]) -> Pull:
    """Withdraw requests for a review."""
    require(actor, repo, WRITE, role="triage")
    for login in logins:
        user = world.user(login)
        if user and user.id in pull.requested_reviewer_ids:
            pull.requested_reviewer_ids.remove(user.id)
            extra = {"requested_reviewer": user_shape(world, user)}
            await emit_thread(world, actor, repo, pull, "review_request_removed", extra)
    return pull


async def update_branch(
    world: World,
    actor: Actor,
    repo: Repository,
    pull: Pull,
    *,
    expected_head: str | None = None,
    method: str = "merge",
) -> str:
    """Bring the base into the head branch (`merge` or `rebase`) and return the new head; 422 if the head is another."""
    require(actor, repo, WRITE)
    _require_head(actor, repo, pull)
    if expected_head is not None and expected_head != pull.head_sha:
        raise ApiError(422, "expected head sha didn’t match current head ref.")
    git = world.git(repo)
    base = await git.branch(pull.base_ref)
    if pull.state != "open" or base is None:
        raise ApiError(422, "Pull request is closed")
    if await git.is_ancestor(base, pull.head_sha):
        raise ApiError(422, "There are no new commits on the base branch.")
    assert actor.user is not None
    old = pull.head_sha
    try:
        if method == "rebase":
            commits = await git.commits_between(base, old)
            new = await git.replay(commits, base, signature(world, actor.user))
        else:
            tree = await git.merge_trees(old, base)
            message = f"Merge branch '{pull.base_ref}' into {pull.head_ref}"
            new = git.write_commit(tree, [old, base], message, signature(world, actor.user), web_flow(world))
        await git.update_refs([(f"refs/heads/{pull.head_ref}", old, new)])
    except MergeConflict as error:
        raise ApiError(422, "merge conflict between base and head") from error
    except RefConflict as error:
        raise ApiError(422, "expected head sha didn’t match current head ref.") from error
    await pushes.refs_changed(world, actor, repo, [pushes.RefChange(f"refs/heads/{pull.head_ref}", old, new)])
    return new


def _require_head(actor: Actor, repo: Repository, pull: Pull) -> None:
    """Refuse who may not push to a pull's head; to that of a fork nobody may here (GitHub lets its owner and maintainers)."""
    require(actor, repo, "contents:write")
    if pull.head_repository_id is not None:
        raise ApiError(403, NOT_ACCESSIBLE if actor.is_app else "Must have push access to repository")


async def revert_pull(
    world: World,
    actor: Actor,
    repo: Repository,
    pull: Pull,
    *,
    title: str | None = None,
    body: str | None = None,
    draft: bool = False,
) -> Pull:
    """Open a pull that undoes a merged one (GraphQL `revertPullRequest`), from a new branch `revert-N-branch`."""
    require(actor, repo, "contents:write")
    if not pull.merged or pull.merge_commit_sha is None:
        raise ApiError(422, "Pull request is not merged")
    git = world.git(repo)
    tip = await git.branch(pull.base_ref)
    merged = await git.commit(pull.merge_commit_sha)
    assert tip is not None
    assert actor.user is not None
    try:
        tree = await git.pick(merged.parents[0], tip, pull.merge_commit_sha)
    except MergeConflict as error:
        raise ApiError(422, "Pull request could not be reverted automatically") from error
    subject = title or f'Revert "{pull.title}"'
    text = f"{subject}\n\nThis reverts commit {pull.merge_commit_sha}."
    commit = git.write_commit(tree, [tip], text, signature(world, actor.user), web_flow(world))
    branch = await _free_branch(world, repo, f"revert-{pull.number}-{pull.head_ref}")
    await git.update_refs([(f"refs/heads/{branch}", None, commit)])
    await pushes.refs_changed(world, actor, repo, [pushes.RefChange(f"refs/heads/{branch}", None, commit)])
    body = body or f"Reverts {world.full_name(repo)}#{pull.number}"
    return await create_pull(world, actor, repo, title=subject, head=branch, base=pull.base_ref, body=body, draft=draft)


async def _free_branch(world: World, repo: Repository, name: str) -> str:
    git = world.git(repo)
    number = 0
    candidate = re.sub(r"[^\w./-]", "-", name)
    while await git.branch(candidate if not number else f"{candidate}-{number}"):
        number += 1
    return candidate if not number else f"{candidate}-{number}"


async def holds(world: World, repo: Repository, pull: Pull, sha: str) -> bool:
    """Return whether a commit is one of the pull's, or one that merging it has made.

    A merge makes one commit, a squash one, a rebase one for each: GitHub names the pull on every one of them.
    """
    git, merged = world.git(repo), pull.merge_commit_sha
    if sha in (merged, pull.head_sha) or sha in await git.commits_between(pull.base_sha, pull.head_sha):
        return True
    if merged is None or await git.is_ancestor(pull.head_sha, merged):
        return False
    return sha in await git.commits_between(pull.base_sha, merged)


def closing_issues(world: World, repo: Repository, pull: Pull) -> list[Issue]:
    """Return the issues that merging the pull would close (GraphQL `closingIssuesReferences`)."""
    if pull.base_ref != repo.default_branch:
        return []
    issues = [world.issue(repo, number) for number in pushes.named_issues(world, repo, pull.body or "")]
    return [issue for issue in issues if issue]
