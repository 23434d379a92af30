"""What branch protection and rulesets demand of a merge or of a change of a ref; it judges and changes nothing.

Rules apply to everybody except the bypass actors of a ruleset.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from sandbox.actor import Actor, role_at_least
from sandbox.model import NO_SHA, Json, Pull, Repository, RequiredCheck, Review, Ruleset
from sandbox.world import World

#: docs.github.com "Troubleshooting required status checks"
PASSING = {"success", "skipped", "neutral"}
#: Repository role ids that `bypass_actors` uses for the built-in roles.
ROLE_IDS = {2: "maintain", 4: "write", 5: "admin"}
VIOLATIONS = "Repository rule violations found\n\n"
#: What a ruleset's page offers for a new rule (docs.github.com "Managing a merge queue").
QUEUE_DEFAULTS: Json = {
    "check_response_timeout_minutes": 60,
    "grouping_strategy": "ALLGREEN",
    "max_entries_to_build": 5,
    "max_entries_to_merge": 5,
    "merge_method": "MERGE",
    "min_entries_to_merge": 1,
    "min_entries_to_merge_wait_minutes": 5,
}
#: In the answer to a merge (github.com/pascalgn/automerge-action/issues/235) and to a push.
BY_QUEUE_ONLY = "Changes must be made through the merge queue"
#: github.com/netresearch/git-workflow-skill/pull/118
QUEUED_BRANCH = (
    "A pull request for this branch has been added to a merge queue. Branches that are queued for merging cannot be "
    "updated. To modify this branch, dequeue the associated pull request."
)


def rulesets_for(world: World, repo: Repository, ref: str) -> list[Ruleset]:
    """Return the active rulesets whose conditions name the ref (full name, `refs/heads/main`)."""
    return [
        ruleset
        for ruleset in world.rulesets_of(repo)
        if ruleset.enforcement == "active" and _applies(repo, ruleset, ref)
    ]


def _applies(repo: Repository, ruleset: Ruleset, ref: str) -> bool:
    prefix = "refs/tags/" if ruleset.target == "tag" else "refs/heads/"
    names = ruleset.conditions.get("ref_name", {})

    def named(patterns: list[str]) -> bool:
        special = {"~ALL": "*", "~DEFAULT_BRANCH": f"refs/heads/{repo.default_branch}"}
        return any(fnmatchcase(ref, special.get(pattern, pattern)) for pattern in patterns)

    return ref.startswith(prefix) and named(names.get("include", [])) and not named(names.get("exclude", []))


def bypasses(actor: Actor, repo: Repository, ruleset: Ruleset) -> bool:
    """Return whether the caller is one of the ruleset's bypass actors."""
    for entry in ruleset.bypass_actors:
        kind, number = entry.get("actor_type"), entry.get("actor_id")
        if kind == "Integration" and actor.app is not None and actor.app.id == number:
            return True
        if kind == "User" and actor.user is not None and not actor.is_app and actor.user.id == number:
            return True
        needed = ROLE_IDS.get(number) if kind == "RepositoryRole" and isinstance(number, int) else None
        needed = "admin" if kind == "OrganizationAdmin" else needed
        if needed and not actor.is_app and role_at_least(actor.role(repo), needed):
            return True
    return False


def _rules(world: World, repo: Repository, ref: str, actor: Actor | None = None) -> Iterator[tuple[str, Json]]:
    for ruleset in rulesets_for(world, repo, ref):
        if actor is None or not bypasses(actor, repo, ruleset):
            yield from ((rule["type"], rule.get("parameters") or {}) for rule in ruleset.rules)


def active_rules(world: World, repo: Repository, branch: str) -> list[Json]:
    """Return the ruleset rules on a branch as `GET /rules/branches/{branch}` does; classic protection is not in it."""
    listing: list[Json] = []
    for ruleset in rulesets_for(world, repo, f"refs/heads/{branch}"):
        source = {
            "ruleset_source_type": "Repository",
            "ruleset_source": world.full_name(repo),
            "ruleset_id": ruleset.id,
        }
        for rule in ruleset.rules:
            parameters = {"parameters": rule["parameters"]} if rule.get("parameters") else {}
            listing.append({"type": rule["type"]} | parameters | source)
    return listing


def required_checks(world: World, repo: Repository, branch: str, actor: Actor | None = None) -> list[RequiredCheck]:
    """Return the checks that must pass on a branch, from protection and rulesets, each once."""
    rule = world.protection(repo, branch)
    checks = list(rule.checks) if rule and rule.requires_checks else []
    for kind, parameters in _rules(world, repo, f"refs/heads/{branch}", actor):
        if kind == "required_status_checks":
            checks += [
                RequiredCheck(one["context"], one.get("integration_id"))
                for one in parameters.get("required_status_checks", [])
            ]
    return list(dict.fromkeys(checks))


def merge_queue(world: World, repo: Repository, branch: str, actor: Actor | None = None) -> Json | None:
    """Return the parameters of the branch's merge queue with GitHub's defaults; None where none is required."""
    for kind, parameters in _rules(world, repo, f"refs/heads/{branch}", actor):
        if kind == "merge_queue":
            return QUEUE_DEFAULTS | parameters
    return None


def is_strict(world: World, repo: Repository, branch: str, actor: Actor | None = None) -> bool:
    """Return whether a head must contain the base's tip before it merges."""
    rule = world.protection(repo, branch)
    return bool(rule and rule.requires_checks and rule.strict) or any(
        kind == "required_status_checks" and parameters.get("strict_required_status_checks_policy")
        for kind, parameters in _rules(world, repo, f"refs/heads/{branch}", actor)
    )


def required_approvals(world: World, repo: Repository, branch: str, actor: Actor | None = None) -> int:
    """Return how many people with write access must approve."""
    rule = world.protection(repo, branch)
    counts = [rule.approvals if rule and rule.requires_reviews else 0]
    for kind, parameters in _rules(world, repo, f"refs/heads/{branch}", actor):
        if kind == "pull_request":
            counts.append(parameters.get("required_approving_review_count", 0))
    return max(counts)


def dismisses_stale_reviews(world: World, repo: Repository, branch: str) -> bool:
    """Return whether a push to the head takes approvals back."""
    rule = world.protection(repo, branch)
    return bool(rule and rule.requires_reviews and rule.dismiss_stale_reviews) or any(
        kind == "pull_request" and parameters.get("dismiss_stale_reviews_on_push")
        for kind, parameters in _rules(world, repo, f"refs/heads/{branch}")
    )


def check_state(world: World, repo: Repository, sha: str, required: RequiredCheck) -> str:
    """Return `success`, `failing`, `in_progress`, `queued`, `pending`, `expected` or `wrong_app` for one check.

    The newest run of a name and App governs; a status of the same name counts beside it (both must pass).
    """
    runs = [run for run in world.latest_runs_of(repo, sha) if run.name == required.context]
    statuses = [one for one in world.latest_statuses_of(repo, sha) if one.context.lower() == required.context.lower()]
    if required.app_id not in (None, -1):
        others = bool(runs or statuses)
        runs = [run for run in runs if run.app_id == required.app_id]
        statuses = [one for one in statuses if one.app_id == required.app_id]
        if others and not (runs or statuses):
            return "wrong_app"
    states = [run.conclusion if run.status == "completed" else run.status for run in runs]
    states += [status.state for status in statuses]
    if not states:
        return "expected"
    unfinished = [state for state in states if state in ("queued", "in_progress", "pending")]
    if any(state not in PASSING and state not in unfinished for state in states):
        return "failing"
    return str(unfinished[0]) if unfinished else "success"


def check_blocker(world: World, repo: Repository, sha: str, checks: list[RequiredCheck]) -> str | None:
    """Return GitHub's sentence about required checks that do not pass, or None."""
    states = {check: check_state(world, repo, sha, check) for check in checks}
    open_states = {check: state for check, state in states.items() if state != "success"}
    if not open_states:
        return None
    if len(open_states) == 1:
        (check, state), *_ = open_states.items()
        if state == "wrong_app":
            return f'Required status check "{check.context}" was not set by the expected GitHub App.'
        return f'Required status check "{check.context}" is {state.replace("_", " ")}.'
    kinds = [state.replace("_", " ").replace("wrong app", "expected") for state in open_states.values()]
    head = f"{len(open_states)} of {len(states)} required status checks"
    if len(set(kinds)) == 1:
        return f"{head} are {kinds[0]}."
    counts = " and ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    return f"{head} have not succeeded: {counts}."


def latest_reviews(world: World, pull: Pull) -> dict[int, Review]:
    """Return each reviewer's newest review that says yes or no; a dismissed one says neither."""
    latest: dict[int, Review] = {}
    for review in world.reviews_of(pull):
        if review.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            latest[review.author_id] = review
    return latest


def review_blocker(world: World, repo: Repository, pull: Pull, needed: int) -> str | None:
    """Return GitHub's sentence about missing approvals, or None; only reviewers with write access count."""
    if not needed:
        return None
    said = [
        review.state
        for review in latest_reviews(world, pull).values()
        if role_at_least(world.role(repo, world.author(review)), "write")
    ]
    if "CHANGES_REQUESTED" in said:
        return "Changes have been requested by reviewers with write access."
    if said.count("APPROVED") >= needed:
        return None
    plural = "review is" if needed == 1 else "reviews are"
    return f"At least {needed} approving {plural} required by reviewers with write access."


async def merge_blockers(world: World, repo: Repository, pull: Pull, actor: Actor | None = None) -> list[str]:
    """Return why the rules of the base forbid merging the pull, reviews first; with an actor, less what it bypasses."""
    branch = pull.base_ref
    found = [
        review_blocker(world, repo, pull, required_approvals(world, repo, branch, actor)),
        check_blocker(world, repo, pull.head_sha, required_checks(world, repo, branch, actor)),
    ]
    if any(kind == "update" for kind, _ in _rules(world, repo, f"refs/heads/{branch}", actor)):
        found.append("Cannot update this protected ref.")
    if is_strict(world, repo, branch, actor) and await is_behind(world, repo, pull):
        found.append("The head branch is not up to date with the base branch.")
    blockers = [blocker for blocker in found if blocker]
    return [VIOLATIONS + "\n".join(blockers)] if blockers and world.protection(repo, branch) is None else blockers


async def is_behind(world: World, repo: Repository, pull: Pull) -> bool:
    """Return whether the base has commits that the head lacks."""
    git = world.git(repo)
    tip = await git.branch(pull.base_ref)
    return tip is not None and not await git.is_ancestor(tip, pull.head_sha)


def ref_blocker(
    world: World, actor: Actor, repo: Repository, name: str, before: str | None, after: str | None
) -> str | None:
    """Return why a ref may not be created, moved or deleted by the caller, or None.

    Whether the move is a fast-forward is asked separately (`forbids_force`): the objects may not be here yet.
    """
    ruled = {kind for kind, _ in _rules(world, repo, name, actor)}
    branch = name.removeprefix("refs/heads/")
    rule = world.protection(repo, branch) if name.startswith("refs/heads/") else None
    if after in (None, NO_SHA):
        if name == f"refs/heads/{repo.default_branch}":
            return "Cannot delete the default branch"
        return (
            "Cannot delete this protected branch"
            if "deletion" in ruled or (rule and not rule.allow_deletions)
            else None
        )
    if before in (None, NO_SHA):
        return "Cannot create this protected ref." if "creation" in ruled else None
    if "update" in ruled:
        return "Cannot update this protected ref."
    if "merge_queue" in ruled:
        return BY_QUEUE_ONLY
    if any(world.queue_entry(pull) for pull in world.pulls_from(repo) if name == f"refs/heads/{pull.head_ref}"):
        return QUEUED_BRANCH
    if "pull_request" in ruled or (rule and rule.requires_reviews):
        return "Changes must be made through a pull request."
    assert after is not None
    return check_blocker(world, repo, after, required_checks(world, repo, branch, actor))


def forbids_force(world: World, actor: Actor, repo: Repository, name: str) -> bool:
    """Return whether the ref may only move forward."""
    branch = name.removeprefix("refs/heads/")
    rule = world.protection(repo, branch) if name.startswith("refs/heads/") else None
    ruled = {kind for kind, _ in _rules(world, repo, name, actor)}
    return "non_fast_forward" in ruled or (rule is not None and not rule.allow_force_pushes)


def rollup(world: World, repo: Repository, sha: str) -> str | None:
    """Return `success`, `pending` or `failure` over the newest check runs and statuses of a commit; None without any."""
    states = [run.conclusion if run.status == "completed" else "pending" for run in world.latest_runs_of(repo, sha)]
    states += [status.state for status in world.latest_statuses_of(repo, sha)]
    if not states:
        return None
    if any(state not in PASSING and state != "pending" for state in states):
        return "failure"
    return "pending" if "pending" in states else "success"
