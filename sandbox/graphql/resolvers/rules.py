"""What guards a branch: classic protection, rules of rulesets, and the summary of both on a ref."""

from typing import Any

from sandbox.graphql.connection import Connection
from sandbox.graphql.context import Info
from sandbox.graphql.nodes import RefNode
from sandbox.graphql.registry import TYPES, constant, field
from sandbox.model import App, BranchRule, Json, Repository, RequiredCheck, Ruleset, encode_node_id
from sandbox.operations import rules

TYPES.update({BranchRule: "BranchProtectionRule", Ruleset: "RepositoryRuleset"})
TYPES[dict] = lambda value: value["__typename"]

constant("RefUpdateRule", False, "requiresCodeOwnerReviews", "requiresConversationResolution", "requiresSignatures")
constant("RefUpdateRule", False, "blocksCreations", "viewerAllowedToDismissReviews")


def _active(info: Info, source: RefNode) -> list[Json]:
    return rules.active_rules(info.context.world, source.repo, source.name)


@field("Ref", "rules")
def rules_of_ref(source: RefNode, info: Info, **page: Any) -> Connection:
    """List the active rules of rulesets on a branch; classic protection is not among them, as in GitHub."""
    found = _active(info, source) if source.prefix == "refs/heads/" else []
    return Connection([_rule(source, index, rule) for index, rule in enumerate(found)], **page)


def _rule(source: RefNode, index: int, rule: Json) -> Json:
    return {
        "id": encode_node_id("RU", rule.get("ruleset_id", 0), index),
        "type": rule["type"].upper(),
        "parameters": _parameters(rule),
        "ruleset_id": rule.get("ruleset_id"),
        "repo": source.repo,
    }


def _parameters(rule: Json) -> Json | None:
    """Return the parameters under GraphQL's names."""
    given = rule.get("parameters") or {}
    if rule["type"] == "required_status_checks":
        return {
            "__typename": "RequiredStatusChecksParameters",
            "doNotEnforceOnCreate": given.get("do_not_enforce_on_create", False),
            "strictRequiredStatusChecksPolicy": given.get("strict_required_status_checks_policy", False),
            "requiredStatusChecks": [
                {"context": one["context"], "integrationId": one.get("integration_id")}
                for one in given.get("required_status_checks", [])
            ],
        }
    if rule["type"] == "merge_queue":
        wanted = rules.QUEUE_DEFAULTS | given
        return {
            "__typename": "MergeQueueParameters",
            "checkResponseTimeoutMinutes": wanted["check_response_timeout_minutes"],
            "groupingStrategy": wanted["grouping_strategy"],
            "maxEntriesToBuild": wanted["max_entries_to_build"],
            "maxEntriesToMerge": wanted["max_entries_to_merge"],
            "mergeMethod": wanted["merge_method"],
            "minEntriesToMerge": wanted["min_entries_to_merge"],
            "minEntriesToMergeWaitMinutes": wanted["min_entries_to_merge_wait_minutes"],
        }
    if rule["type"] == "pull_request":
        return {
            "__typename": "PullRequestParameters",
            "allowedMergeMethods": given.get("allowed_merge_methods"),
            "dismissStaleReviewsOnPush": given.get("dismiss_stale_reviews_on_push", False),
            "requireCodeOwnerReview": given.get("require_code_owner_review", False),
            "requireLastPushApproval": given.get("require_last_push_approval", False),
            "requiredApprovingReviewCount": given.get("required_approving_review_count", 0),
            "requiredReviewThreadResolution": given.get("required_review_thread_resolution", False),
        }
    return None


@field("RepositoryRule", "repositoryRuleset")
def ruleset_of_rule(source: Json, info: Info) -> Ruleset | None:
    return info.context.world.state.rulesets.get(source["ruleset_id"])


@field("RepositoryRuleset", "enforcement")
def enforcement(source: Ruleset, _info: Info) -> str:
    return source.enforcement.upper()


# ---- the summary on a ref ----


@field("Ref", "refUpdateRule")
def ref_update_rule(source: RefNode, info: Info) -> RefNode | None:
    """Return the summary for the caller, or None on a branch without any rule."""
    guarded = info.context.world.protection(source.repo, source.name) or _active(info, source)
    return source if guarded and source.prefix == "refs/heads/" else None


@field("RefUpdateRule", "pattern")
def pattern(source: RefNode, _info: Info) -> str:
    return source.name


@field("RefUpdateRule", "requiredStatusCheckContexts")
def required_contexts(source: RefNode, info: Info) -> list[str]:
    return [check.context for check in rules.required_checks(info.context.world, source.repo, source.name)]


@field("RefUpdateRule", "requiredApprovingReviewCount")
def required_approvals(source: RefNode, info: Info) -> int | None:
    return rules.required_approvals(info.context.world, source.repo, source.name) or None


@field("RefUpdateRule", "allowsForcePushes")
def ref_allows_force_pushes(source: RefNode, info: Info) -> bool:
    rule = info.context.world.protection(source.repo, source.name)
    forbidden = any(one["type"] == "non_fast_forward" for one in _active(info, source))
    return not forbidden and (rule is None or rule.allow_force_pushes)


@field("RefUpdateRule", "allowsDeletions")
def ref_allows_deletions(source: RefNode, info: Info) -> bool:
    rule = info.context.world.protection(source.repo, source.name)
    forbidden = any(one["type"] == "deletion" for one in _active(info, source))
    return not forbidden and (rule is None or rule.allow_deletions)


@field("RefUpdateRule", "requiresLinearHistory")
def ref_requires_linear_history(source: RefNode, info: Info) -> bool:
    rule = info.context.world.protection(source.repo, source.name)
    return any(one["type"] == "required_linear_history" for one in _active(info, source)) or (
        rule is not None and rule.required_linear_history
    )


@field("RefUpdateRule", "viewerCanPush")
def viewer_can_push(source: RefNode, info: Info) -> bool:
    return info.context.actor.can(source.repo, "contents:write")


# ---- classic protection ----


@field("Ref", "branchProtectionRule")
def branch_protection_rule(source: RefNode, info: Info) -> BranchRule | None:
    return info.context.world.protection(source.repo, source.name) if source.prefix == "refs/heads/" else None


@field("Repository", "branchProtectionRules")
def branch_protection_rules(source: Repository, info: Info, **page: Any) -> Connection:
    return Connection(info.context.world.protections_of(source), **page)


for _name, _attribute in {
    "allowsDeletions": "allow_deletions",
    "allowsForcePushes": "allow_force_pushes",
    "isAdminEnforced": "enforce_admins",
    "requiresStatusChecks": "requires_checks",
    "requiresStrictStatusChecks": "strict",
    "requiresApprovingReviews": "requires_reviews",
}.items():
    field("BranchProtectionRule", _name)(lambda rule, _info, attribute=_attribute: getattr(rule, attribute))


@field("BranchProtectionRule", "requiredApprovingReviewCount")
def protection_approvals(source: BranchRule, _info: Info) -> int | None:
    return source.approvals if source.requires_reviews else None


@field("BranchProtectionRule", "requiredStatusCheckContexts")
def protection_contexts(source: BranchRule, _info: Info) -> list[str]:
    return [check.context for check in source.checks] if source.requires_checks else []


@field("BranchProtectionRule", "requiredStatusChecks")
def protection_checks(source: BranchRule, _info: Info) -> list[RequiredCheck]:
    return source.checks if source.requires_checks else []


@field("RequiredStatusCheckDescription", "app")
def required_app(source: RequiredCheck, info: Info) -> App | None:
    return info.context.world.state.apps.get(source.app_id or 0)
