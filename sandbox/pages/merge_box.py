"""Says on a pull's page whether it can be merged and what it waits for; decides nothing, `operations.merging` does."""

from sandbox.model import Json, Pull, Repository
from sandbox.operations import merging, rules
from sandbox.world import World

from .views import check_rows, short_time


async def merge_box(world: World, repo: Repository, pull: Pull) -> Json:
    """Return the box's colour (`kind`), its headline and the reasons."""
    if pull.merged:
        by = world.user_by_id(pull.merged_by_id)
        return {
            "kind": "done",
            "verdict": f"Merged into {pull.base_ref} by {by.login if by else 'a push'} on {short_time(pull.merged_at)}",
            "reasons": [f"Merge commit {pull.merge_commit_sha}"] if pull.merge_commit_sha else [],
        }
    if pull.state == "closed":
        return {"kind": "cannot", "verdict": "Closed with unmerged commits", "reasons": []}
    state = await merging.merge_state(world, repo, pull, count=False)
    reasons = _reasons(world, repo, pull)
    if state.mergeable is False:
        reasons.insert(0, f"This branch has conflicts with {pull.base_ref} that must be resolved.")
    if state.state == "behind":
        reasons.append(f"This branch is out of date with {pull.base_ref}.")
    if state.mergeable is None:
        return {"kind": "waits", "verdict": "Checking whether this can be merged", "reasons": reasons}
    if state.state in ("clean", "unstable"):
        note = ["Checks that are not required have not passed."] if state.state == "unstable" else []
        return {"kind": "can", "verdict": "This pull request can be merged", "reasons": note + reasons}
    has_failed = state.mergeable is False or any("failed" in reason for reason in reasons)
    return {"kind": "cannot" if has_failed else "waits", "verdict": "Merging is blocked", "reasons": reasons}


def _reasons(world: World, repo: Repository, pull: Pull) -> list[str]:
    reasons = ["This pull request is still a draft."] if pull.draft else []
    decision = merging.review_decision(world, repo, pull)
    if decision == "CHANGES_REQUESTED":
        reasons.append("A reviewer requested changes.")
    elif decision == "REVIEW_REQUIRED":
        needed = rules.required_approvals(world, repo, pull.base_ref)
        noun = "review" if needed == 1 else "reviews"
        reasons.append(f"At least {needed} approving {noun} by people with write access needed.")
    for row in check_rows(world, repo, pull.head_sha, rules.required_checks(world, repo, pull.base_ref)):
        if row["required"] and row["icon"] in ("failure", "pending"):
            verb = "failed" if row["icon"] == "failure" else "is waited for"
            title = f": {row['title']}" if row["title"] else ""
            reasons.append(f"Required check “{row['name']}” ({row['source']}) {verb}{title}")
    return reasons
