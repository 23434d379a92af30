"""Branch protection and rulesets: setting and removing them; what they demand is judged in `rules`."""

from sandbox.actor import Actor
from sandbox.errors import ApiError, invalid, not_found
from sandbox.events import emit
from sandbox.model import BranchRule, Json, Repository, RequiredCheck, Ruleset
from sandbox.operations.access import require
from sandbox.shapes.rules import protection_webhook_shape, ruleset_shape
from sandbox.world import World

WRITE = "administration:write"
ENFORCEMENTS = ("disabled", "active", "evaluate")


def _checks(world: World, repo: Repository, wanted: Json) -> list[RequiredCheck]:
    """Return the checks of a protection body; without `app_id` the App that set it recently is pinned, -1 means any."""
    entries = wanted.get("checks")
    if entries is None:
        entries = [{"context": context, "app_id": -1} for context in wanted.get("contexts", [])]
    checks = []
    for entry in entries:
        app_id = entry.get("app_id")
        if app_id is None:
            named = [
                run for run in world.state.runs.values() if (run.repository_id, run.name) == (repo.id, entry["context"])
            ]
            app_id = named[-1].app_id if named else None
        checks.append(RequiredCheck(entry["context"], None if app_id == -1 else app_id))
    return checks


async def set_protection(world: World, actor: Actor, repo: Repository, branch: str, body: Json) -> BranchRule:
    """Replace the classic protection of a branch (`PUT /branches/{branch}/protection`); the branch must be there."""
    require(actor, repo, WRITE)
    if await world.git(repo).branch(branch) is None:
        raise ApiError(404, "Branch not found")
    needed = ("required_status_checks", "enforce_admins", "required_pull_request_reviews", "restrictions")
    missing = [key for key in needed if key not in body]
    if missing:
        keys = ", ".join(f'"{key}"' for key in missing)
        raise ApiError(422, f"Invalid request.\n\n{keys} weren't supplied.")
    old = world.protection(repo, branch)
    rule = BranchRule(old.id if old else world.new_id(), repo.id, branch)
    wanted = body["required_status_checks"]
    if wanted is not None:
        rule.requires_checks = True
        rule.strict = bool(wanted.get("strict"))
        rule.checks = _checks(world, repo, wanted)
    reviews = body["required_pull_request_reviews"]
    if reviews is not None:
        rule.requires_reviews = True
        rule.approvals = reviews.get("required_approving_review_count", 1)
        rule.dismiss_stale_reviews = bool(reviews.get("dismiss_stale_reviews"))
    rule.enforce_admins = bool(body["enforce_admins"])
    rule.allow_force_pushes = bool(body.get("allow_force_pushes"))
    rule.allow_deletions = bool(body.get("allow_deletions"))
    rule.required_linear_history = bool(body.get("required_linear_history"))
    world.state.rules[rule.id] = rule
    payload: Json = {"action": "edited" if old else "created", "rule": protection_webhook_shape(world, rule)}
    emit(world, actor, repo, "branch_protection_rule", payload | ({"changes": {}} if old else {}))
    return rule


async def delete_protection(world: World, actor: Actor, repo: Repository, branch: str) -> None:
    """Remove the classic protection of a branch; 404 "Branch not protected"."""
    require(actor, repo, WRITE)
    rule = world.protection(repo, branch)
    if rule is None:
        raise ApiError(404, "Branch not protected")
    del world.state.rules[rule.id]
    payload = {"action": "deleted", "rule": protection_webhook_shape(world, rule)}
    emit(world, actor, repo, "branch_protection_rule", payload)


def _apply(ruleset: Ruleset, body: Json) -> None:
    if body.get("enforcement", ruleset.enforcement) not in ENFORCEMENTS:
        raise invalid("RepositoryRuleset", "enforcement")
    for key in ("name", "target", "enforcement", "rules", "conditions", "bypass_actors"):
        if body.get(key) is not None:
            setattr(ruleset, key, body[key])
    if any("type" not in rule for rule in ruleset.rules):
        raise ApiError(422, "Invalid rule: type is missing")


async def create_ruleset(world: World, actor: Actor, repo: Repository, body: Json) -> Ruleset:
    """Create a ruleset from REST's body; rules keep GitHub's JSON form."""
    require(actor, repo, WRITE)
    if not body.get("name"):
        raise invalid("RepositoryRuleset", "name", "missing_field")
    now = world.clock.now()
    ruleset = Ruleset(world.new_id(), repo.id, body["name"], now, now)
    _apply(ruleset, body)
    world.state.rulesets[ruleset.id] = ruleset
    shape = ruleset_shape(world, ruleset)
    emit(world, actor, repo, "repository_ruleset", {"action": "created", "repository_ruleset": shape})
    return ruleset


async def update_ruleset(world: World, actor: Actor, repo: Repository, ruleset: Ruleset, body: Json) -> Ruleset:
    """Change what the body names of a ruleset."""
    require(actor, repo, WRITE)
    _apply(ruleset, body)
    ruleset.updated_at = world.clock.now()
    shape = ruleset_shape(world, ruleset)
    emit(world, actor, repo, "repository_ruleset", {"action": "edited", "repository_ruleset": shape, "changes": {}})
    return ruleset


async def delete_ruleset(world: World, actor: Actor, repo: Repository, ruleset: Ruleset) -> None:
    """Delete a ruleset."""
    require(actor, repo, WRITE)
    if ruleset.id not in world.state.rulesets:
        raise not_found()
    del world.state.rulesets[ruleset.id]
    shape = ruleset_shape(world, ruleset)
    emit(world, actor, repo, "repository_ruleset", {"action": "deleted", "repository_ruleset": shape})
