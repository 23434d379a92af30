"""JSON of branch protection and rulesets."""

from sandbox.model import BranchRule, Json, Ruleset
from sandbox.shapes.accounts import when
from sandbox.shapes.repositories import repository_api, repository_page
from sandbox.world import World


def _level(on: bool) -> str:
    return "everyone" if on else "off"


def protection_shape(world: World, rule: BranchRule) -> Json:
    """Return `GET /branches/{branch}/protection`."""
    repo = world.state.repositories[rule.repository_id]
    url = f"{repository_api(world, repo)}/branches/{rule.pattern}/protection"
    shape: Json = {
        "url": url,
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": rule.enforce_admins},
        "required_linear_history": {"enabled": rule.required_linear_history},
        "allow_force_pushes": {"enabled": rule.allow_force_pushes},
        "allow_deletions": {"enabled": rule.allow_deletions},
        "block_creations": {"enabled": False},
        "required_conversation_resolution": {"enabled": False},
        "lock_branch": {"enabled": False},
        "allow_fork_syncing": {"enabled": False},
        "required_signatures": {"url": f"{url}/required_signatures", "enabled": False},
    }
    if rule.requires_checks:
        shape["required_status_checks"] = {
            "url": f"{url}/required_status_checks",
            "strict": rule.strict,
            "contexts": [check.context for check in rule.checks],
            "contexts_url": f"{url}/required_status_checks/contexts",
            "checks": [{"context": check.context, "app_id": check.app_id} for check in rule.checks],
        }
    if rule.requires_reviews:
        shape["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": rule.dismiss_stale_reviews,
            "require_code_owner_reviews": False,
            "require_last_push_approval": False,
            "required_approving_review_count": rule.approvals,
        }
    return shape


def protection_webhook_shape(world: World, rule: BranchRule) -> Json:
    """Return the `rule` of `branch_protection_rule` webhooks."""
    now = when(world.clock.now())
    return {
        "id": rule.id,
        "repository_id": rule.repository_id,
        "name": rule.pattern,
        "created_at": now,
        "updated_at": now,
        "pull_request_reviews_enforcement_level": _level(rule.requires_reviews),
        "required_approving_review_count": rule.approvals,
        "dismiss_stale_reviews_on_push": rule.dismiss_stale_reviews,
        "require_code_owner_review": False,
        "authorized_dismissal_actors_only": False,
        "ignore_approvals_from_contributors": False,
        "required_status_checks": [check.context for check in rule.checks],
        "required_status_checks_enforcement_level": _level(rule.requires_checks),
        "strict_required_status_checks_policy": rule.strict,
        "signature_requirement_enforcement_level": "off",
        "linear_history_requirement_enforcement_level": _level(rule.required_linear_history),
        "lock_branch_enforcement_level": "off",
        "admin_enforced": rule.enforce_admins,
        "allow_force_pushes_enforcement_level": _level(rule.allow_force_pushes),
        "allow_deletions_enforcement_level": _level(rule.allow_deletions),
        "merge_queue_enforcement_level": "off",
        "required_deployments_enforcement_level": "off",
        "required_conversation_resolution_level": "off",
        "authorized_actors_only": False,
        "authorized_actor_names": [],
        "require_last_push_approval": False,
    }


def ruleset_shape(world: World, ruleset: Ruleset) -> Json:
    """Return a ruleset with its rules."""
    repo = world.state.repositories[ruleset.repository_id]
    return {
        "id": ruleset.id,
        "name": ruleset.name,
        "target": ruleset.target,
        "source_type": "Repository",
        "source": world.full_name(repo),
        "enforcement": ruleset.enforcement,
        "node_id": ruleset.node_id,
        "conditions": ruleset.conditions,
        "rules": ruleset.rules,
        "bypass_actors": ruleset.bypass_actors,
        "current_user_can_bypass": "never",
        "created_at": when(ruleset.created_at),
        "updated_at": when(ruleset.updated_at),
        "_links": {
            "self": {"href": f"{repository_api(world, repo)}/rulesets/{ruleset.id}"},
            "html": {"href": f"{repository_page(world, repo)}/rules/{ruleset.id}"},
        },
    }
