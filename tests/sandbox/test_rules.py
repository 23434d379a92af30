"""Branch protection and rulesets: what may merge, who may push, and the words of the refusals."""

from typing import Any

import pytest

from tests.sandbox.stand_in import Json, StandIn

MERGE = "/repos/octo/demo/pulls/1/merge"


async def protect(github: StandIn, **more: Any) -> None:
    rule = {
        "required_status_checks": None,
        "enforce_admins": True,
        "required_pull_request_reviews": None,
        "restrictions": None,
    }
    await github.rest("PUT", "/branches/main/protection", rule | more)


def checks(*entries: tuple[str, int], strict: bool = False) -> Json:
    return {"strict": strict, "checks": [{"context": name, "app_id": app} for name, app in entries]}


async def report(github: StandIn, sha: str, name: str, who: str = "ci", **more: Any) -> None:
    body = {"name": name, "head_sha": sha, "conclusion": "success"} | more
    await github.rest("POST", "/check-runs", {key: value for key, value in body.items() if value}, who=who)


async def test_a_required_check_must_pass_by_the_app_that_it_is_pinned_to(github: StandIn) -> None:
    pull = await github.pull("w1")
    sha, app = pull["head"]["sha"], github.info["app_id"]
    await protect(github, required_status_checks=checks(("signalbox", app)))

    async def refusal() -> tuple[int, str]:
        status, answer, _ = await github.call("PUT", MERGE)
        return status, answer["message"]

    assert await refusal() == (405, 'Required status check "signalbox" is expected.')
    await report(github, sha, "signalbox", who="ci")
    wrong = 'Required status check "signalbox" was not set by the expected GitHub App.'
    assert await refusal() == (405, wrong)
    await report(github, sha, "signalbox", who="app", conclusion=None, status="in_progress")
    assert await refusal() == (405, 'Required status check "signalbox" is in progress.')
    await report(github, sha, "signalbox", who="app", conclusion="failure")
    assert await refusal() == (405, 'Required status check "signalbox" is failing.')
    assert (await github.rest("GET", "/pulls/1"))["mergeable_state"] == "blocked"
    await report(github, sha, "signalbox", who="app", conclusion="success")
    assert (await github.rest("GET", "/pulls/1"))["mergeable_state"] == "clean"
    assert (await github.call("PUT", MERGE))[0] == 200


@pytest.mark.parametrize("conclusion", ["success", "neutral", "skipped"])
async def test_these_conclusions_pass(github: StandIn, conclusion: str) -> None:
    pull = await github.pull("w1")
    await protect(github, required_status_checks=checks(("build", -1)))
    await report(github, pull["head"]["sha"], "build", conclusion=conclusion)
    assert (await github.call("PUT", MERGE))[0] == 200


async def test_a_result_of_an_older_head_does_not_count(github: StandIn) -> None:
    pull = await github.pull("w1")
    await protect(github, required_status_checks=checks(("build", -1)))
    await report(github, pull["head"]["sha"], "build")
    await github.write("w1", "more.txt", "x\n")
    assert (await github.call("PUT", MERGE))[0] == 405


async def test_several_missing_checks_are_counted(github: StandIn) -> None:
    pull = await github.pull("w1")
    await protect(github, required_status_checks=checks(("a", -1), ("b", -1), ("c", -1)))
    await report(github, pull["head"]["sha"], "c")
    _, answer, _ = await github.call("PUT", MERGE)
    assert answer["message"] == "2 of 3 required status checks are expected."
    await report(github, pull["head"]["sha"], "b", conclusion="failure")
    _, answer, _ = await github.call("PUT", MERGE)
    assert answer["message"] == "2 of 3 required status checks have not succeeded: 1 expected and 1 failing."


async def test_a_status_and_a_check_of_one_name_must_both_pass(github: StandIn) -> None:
    pull = await github.pull("w1")
    sha = pull["head"]["sha"]
    await protect(github, required_status_checks=checks(("build", -1)))
    await report(github, sha, "build")
    await github.rest("POST", f"/statuses/{sha}", {"state": "failure", "context": "build"}, who="ci")
    assert (await github.call("PUT", MERGE))[0] == 405


async def test_strict_checks_want_the_base_in_the_head(github: StandIn) -> None:
    pull = await github.pull("w1")
    await report(github, pull["head"]["sha"], "build")
    await github.write("main", "other.txt", "o\n")
    await protect(github, required_status_checks=checks(("build", -1), strict=True))
    assert (await github.rest("GET", "/pulls/1"))["mergeable_state"] == "behind"
    assert (await github.call("PUT", MERGE))[0] == 405
    await github.call("PUT", "/repos/octo/demo/pulls/1/update-branch", {})
    await report(github, await github.head("w1"), "build")
    assert (await github.call("PUT", MERGE))[0] == 200


async def test_approvals_count_only_from_people_with_write_access(github: StandIn) -> None:
    await github.pull("w1")
    await protect(github, required_pull_request_reviews={"required_approving_review_count": 1})
    words = "At least 1 approving review is required by reviewers with write access."
    await github.rest("POST", "/pulls/1/reviews", {"event": "APPROVE"}, who="rita")
    status, answer, _ = await github.call("PUT", MERGE)
    assert (status, answer["message"]) == (405, words)
    await github.rest("POST", "/pulls/1/reviews", {"event": "REQUEST_CHANGES", "body": "no"}, who="wim")
    assert "Changes" in (await github.call("PUT", MERGE))[1]["message"]
    await github.rest("POST", "/pulls/1/reviews", {"event": "APPROVE"}, who="wim")
    assert (await github.call("PUT", MERGE))[0] == 200


async def test_stale_approvals_are_dismissed_by_a_push(github: StandIn) -> None:
    await github.pull("w1")
    reviews = {"required_approving_review_count": 1, "dismiss_stale_reviews": True}
    await protect(github, required_pull_request_reviews=reviews)
    await github.rest("POST", "/pulls/1/reviews", {"event": "APPROVE"}, who="wim")
    await github.write("w1", "more.txt", "x\n")
    assert [one["state"] for one in await github.rest("GET", "/pulls/1/reviews")] == ["DISMISSED"]


async def test_a_protected_branch_is_neither_forced_nor_deleted_nor_written_past_its_checks(github: StandIn) -> None:
    first = await github.head()
    await github.write("main", "a.txt", "a\n")
    await protect(github, required_status_checks=checks(("build", -1)))
    ref = "/repos/octo/demo/git/refs/heads/main"
    assert (await github.call("PATCH", ref, {"sha": first, "force": True}))[0] == 422
    assert (await github.call("DELETE", ref))[0] == 422
    body = {"message": "m", "content": "YQ=="}
    status, answer, _ = await github.call("PUT", "/repos/octo/demo/contents/b.txt", body)
    assert status == 409
    assert "Required status check" in answer["message"]
    await github.rest("POST", "/git/refs", {"ref": "refs/heads/free", "sha": first})


async def test_protection_is_read_replaced_and_removed(github: StandIn) -> None:
    path = "/repos/octo/demo/branches/main/protection"
    assert (await github.call("GET", path))[1]["message"] == "Branch not protected"
    await protect(github, required_status_checks=checks(("signalbox", github.info["app_id"])))
    read = await github.rest("GET", "/branches/main/protection")
    assert read["required_status_checks"]["checks"] == [{"context": "signalbox", "app_id": github.info["app_id"]}]
    assert read["enforce_admins"]["enabled"] is True
    assert (await github.rest("GET", "/branches/main"))["protected"] is True
    status, answer, _ = await github.call("PUT", path, {"enforce_admins": True})
    assert status == 422
    assert "required_status_checks" in answer["message"]
    assert (await github.call("PUT", path, {}, who="wim"))[0] == 403
    assert (await github.call("DELETE", path))[0] == 204


def ruleset(*rules: Json, bypass: list[Json] | None = None, **names: Any) -> Json:
    condition = {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []} | names}
    return {
        "name": "main",
        "enforcement": "active",
        "conditions": condition,
        "rules": list(rules),
        "bypass_actors": bypass or [],
    }


def required(app: int) -> Json:
    parameters = {
        "strict_required_status_checks_policy": False,
        "required_status_checks": [{"context": "signalbox", "integration_id": app}],
    }
    return {"type": "required_status_checks", "parameters": parameters}


async def test_a_ruleset_demands_checks_and_is_shown_on_its_branches(github: StandIn) -> None:
    await github.pull("w1")
    made = await github.rest("POST", "/rulesets", ruleset(required(github.info["app_id"])))
    shown = await github.rest("GET", "/rules/branches/main", who="app")
    assert [(one["type"], one["ruleset_id"]) for one in shown] == [("required_status_checks", made["id"])]
    assert await github.rest("GET", "/rules/branches/w1", who="app") == []
    status, answer, _ = await github.call("PUT", MERGE)
    assert status == 405
    assert answer["message"] == 'Repository rule violations found\n\nRequired status check "signalbox" is expected.'
    await github.rest("PUT", f"/rulesets/{made['id']}", {"enforcement": "disabled"})
    assert (await github.call("PUT", MERGE))[0] == 200
    assert (await github.call("DELETE", f"/repos/octo/demo/rulesets/{made['id']}"))[0] == 204


async def test_only_the_bypass_actor_passes_a_ruleset_and_only_that_one(github: StandIn) -> None:
    pull = await github.pull("w1")
    app = github.info["app_id"]
    bypass = [{"actor_id": app, "actor_type": "Integration", "bypass_mode": "always"}]
    await github.rest("POST", "/rulesets", ruleset({"type": "update"}, bypass=bypass))
    await github.rest("POST", "/rulesets", ruleset(required(app)))
    await report(github, pull["head"]["sha"], "signalbox", who="app", conclusion="failure")
    assert (await github.call("PUT", MERGE, who="app"))[0] == 405
    await report(github, pull["head"]["sha"], "signalbox", who="app")
    status, answer, _ = await github.call("PUT", MERGE, who="ada")
    assert status == 405
    assert "Cannot update this protected ref." in answer["message"]
    assert (await github.call("PUT", MERGE, who="app"))[0] == 200


async def test_a_tag_ruleset_keeps_tags(github: StandIn) -> None:
    await github.rest("POST", "/git/refs", {"ref": "refs/tags/signalbox/1/cp-0", "sha": await github.head()})
    rules = ruleset({"type": "deletion"}, include=["refs/tags/signalbox/**"]) | {"target": "tag"}
    await github.rest("POST", "/rulesets", rules)
    path = "/repos/octo/demo/git/refs/tags/signalbox/1/cp-0"
    assert (await github.call("DELETE", path))[0] == 422


async def test_changes_of_rules_are_told(github: StandIn) -> None:
    await protect(github)
    await github.rest("POST", "/rulesets", ruleset({"type": "deletion"}))
    await github.quiet()
    told = [(one.event, one.payload["action"]) for one in github.received]
    assert told == [("branch_protection_rule", "created"), ("repository_ruleset", "created")]
