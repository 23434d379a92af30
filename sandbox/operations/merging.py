"""Whether a pull can be merged, and merging it; REST and GraphQL share this, so that both refuse alike."""

from dataclasses import replace

from sandbox.actor import Actor, role_at_least
from sandbox.errors import ApiError, MergeConflict, RefConflict
from sandbox.model import MERGE_STATE_UNKNOWN, MergeState, Pull, Repository
from sandbox.operations import pushes
from sandbox.operations.access import require
from sandbox.operations.issues import emit_thread
from sandbox.operations.pulls import signature, web_flow
from sandbox.operations.rules import (
    BY_QUEUE_ONLY,
    VIOLATIONS,
    is_behind,
    is_strict,
    latest_reviews,
    merge_blockers,
    merge_queue,
    required_approvals,
    rollup,
)
from sandbox.world import World

__all__ = ["MergeState", "merge_commit", "merge_pull", "merge_state", "review_decision", "trial_merge"]

METHODS = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}
BASE_MODIFIED = "Base branch was modified. Review and try the merge again."
#: github.com/chdsbd/kodiak/issues/923
STACKED = "Merging stacked PRs via this endpoint is not supported. Use the asynchronous merge endpoint instead."
HEAD_MODIFIED = "Head branch was modified. Review and try the merge again."


async def merge_state(world: World, repo: Repository, pull: Pull, *, count: bool = True) -> MergeState:
    """Return the pull's mergeability as this read sees it; `count` False does not use up the "unknown" knob."""
    base = await world.git(repo).branch(pull.base_ref)
    if pull.merged or base is None:
        return MERGE_STATE_UNKNOWN
    if world.faults.mergeability_unknown(pull.id, pull.head_sha, base, count=count):
        return MERGE_STATE_UNKNOWN
    try:
        await world.git(repo).merge_trees(base, pull.head_sha)
    except MergeConflict:
        return MergeState(False, "dirty")
    if pull.draft:
        return MergeState(True, "draft")
    if is_strict(world, repo, pull.base_ref) and await is_behind(world, repo, pull):
        return MergeState(True, "behind")
    if await merge_blockers(world, repo, pull):
        return MergeState(True, "blocked")
    return MergeState(True, "unstable" if rollup(world, repo, pull.head_sha) in ("failure", "pending") else "clean")


async def trial_merge(world: World, repo: Repository, pull: Pull, state: MergeState) -> str | None:
    """Return the test merge of an open pull that `state` calls mergeable: a commit on no branch, the same each time.

    REST shows it as `merge_commit_sha`, GraphQL as `potentialMergeCommit` (docs.github.com/rest/pulls/pulls, "Get a pull
    request"); a draft has one too.
    """
    git = world.git(repo)
    base = await git.branch(pull.base_ref)
    if pull.state != "open" or base is None or not state.mergeable:
        return None
    try:
        tree = await git.merge_trees(base, pull.head_sha)
    except MergeConflict:  # the base has moved since `state` was told
        return None
    dates = [(await git.commit(sha)).committer.date for sha in (base, pull.head_sha)]
    web = replace(web_flow(world), date=max(dates))
    return git.write_commit(tree, [base, pull.head_sha], f"Merge {pull.head_sha} into {base}", web)


def review_decision(world: World, repo: Repository, pull: Pull) -> str | None:
    """Return `APPROVED`, `CHANGES_REQUESTED` or `REVIEW_REQUIRED`; None if nothing is required and nobody said no."""
    said = [
        review.state
        for review in latest_reviews(world, pull).values()
        if role_at_least(world.role(repo, world.author(review)), "write")
    ]
    needed = required_approvals(world, repo, pull.base_ref)
    if "CHANGES_REQUESTED" in said:
        return "CHANGES_REQUESTED"
    if said.count("APPROVED") >= max(needed, 1):
        return "APPROVED"
    return "REVIEW_REQUIRED" if needed else None


async def merge_pull(
    world: World,
    actor: Actor,
    repo: Repository,
    pull: Pull,
    *,
    sha: str | None = None,
    method: str = "merge",
    title: str | None = None,
    message: str | None = None,
) -> str:
    """Merge a pull and return the commit that the base moved to.

    405 with GitHub's reason (draft, conflict, rules, method off, base moved meanwhile); 409 if the head is not `sha`.
    """
    require(actor, repo, "contents:write")
    await _refuse(world, actor, repo, pull, sha, method)
    git = world.git(repo)
    head, base = pull.head_sha, await git.branch(pull.base_ref)
    if base is None:
        raise ApiError(405, "Pull Request is not mergeable")
    try:
        merged = await merge_commit(world, actor, repo, pull, base, method, title, message)
        await git.update_refs([(f"refs/heads/{pull.base_ref}", base, merged)])
    except MergeConflict as error:
        raise ApiError(405, "Pull Request is not mergeable") from error
    except RefConflict as error:
        raise ApiError(405, BASE_MODIFIED) from error
    pull.head_sha, pull.base_sha = head, base
    pushes.mark_merged(world, actor, repo, pull, merged)
    await emit_thread(world, actor, repo, pull, "closed")
    await pushes.close_linked_issues(world, actor, repo, pull)
    await pushes.refs_changed(world, actor, repo, [pushes.RefChange(f"refs/heads/{pull.base_ref}", base, merged)])
    is_own = pull.head_repository_id is None
    if repo.delete_branch_on_merge and is_own and await git.branch(pull.head_ref) == head:
        await git.update_refs([(f"refs/heads/{pull.head_ref}", head, None)])
        await pushes.refs_changed(world, actor, repo, [pushes.RefChange(f"refs/heads/{pull.head_ref}", head, None)])
    return merged


async def _refuse(world: World, actor: Actor, repo: Repository, pull: Pull, sha: str | None, method: str) -> None:
    if method not in METHODS:
        raise ApiError(422, "Invalid request.\n\nmerge_method must be one of merge, squash, rebase.")
    if pull.state != "open":
        raise ApiError(405, "Pull Request is not mergeable")
    if sha is not None and sha != pull.head_sha:
        raise ApiError(409, HEAD_MODIFIED)
    if pull.stack is not None:
        raise ApiError(403, STACKED)
    if pull.draft:
        raise ApiError(405, "Pull Request is still a draft")
    if merge_queue(world, repo, pull.base_ref, actor) is not None:
        raise ApiError(405, VIOLATIONS + BY_QUEUE_ONLY)
    if not getattr(repo, {"merge": "allow_merge_commit"}.get(method, f"allow_{method}_merge")):
        raise ApiError(405, f"{METHODS[method]} are not allowed on this repository.")
    blockers = await merge_blockers(world, repo, pull, actor)
    if blockers:
        raise ApiError(405, "\n".join(blockers))


async def merge_commit(
    world: World,
    actor: Actor,
    repo: Repository,
    pull: Pull,
    base: str,
    method: str,
    title: str | None = None,
    message: str | None = None,
) -> str:
    """Write what merging the pull into the commit `base` makes, on no branch; raise MergeConflict if it cannot be."""
    git = world.git(repo)
    assert actor.user is not None
    me, web = signature(world, actor.user), web_flow(world)
    tree = await git.merge_trees(base, pull.head_sha)
    commits = await git.commits_between(base, pull.head_sha)
    if method == "rebase":
        return await git.replay(commits, base, me)
    if method == "squash":
        author = signature(world, world.author(pull))
        subject, text = await _squash_text(world, repo, pull, commits)
        return git.write_commit(
            tree, [base], _join(title or subject, text if message is None else message), author, web
        )
    owner = world.owner(world.head_repository(pull)).login
    subject = title or f"Merge pull request #{pull.number} from {owner}/{pull.head_ref}"
    text = _join(subject, pull.title if message is None else message)
    return git.write_commit(tree, [base, pull.head_sha], text, me, web)


async def _squash_text(world: World, repo: Repository, pull: Pull, commits: list[str]) -> tuple[str, str]:
    """Return GitHub's default squash message: one commit keeps its words, several are listed."""
    found = [await world.git(repo).commit(sha) for sha in commits]
    if len(found) == 1:
        return f"{found[0].subject} (#{pull.number})", found[0].message.partition("\n")[2].strip()
    return f"{pull.title} (#{pull.number})", "\n\n".join(f"* {commit.message.strip()}" for commit in found)


def _join(title: str, body: str) -> str:
    return f"{title}\n\n{body}" if body else title
