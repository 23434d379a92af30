"""GitHub Actions as Apps see it: jobs that run again, workflows that are started."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from githubkit.webhooks import parse

from tests.sandbox.stand_in import Json, StandIn

REPO = "/repos/octo/demo"
WORKFLOW = "name: CI\non:\n  push:\n  workflow_dispatch:\njobs:\n  unit:\n    steps: []\n  lint:\n    name: Lint it\n"
ROLLUP = """query($sha: GitObjectID!) { repository(owner: "octo", name: "demo") { object(oid: $sha) { ... on Commit {
  statusCheckRollup { state contexts(first: 9) { nodes { ... on CheckRun { databaseId name conclusion } } } }
  checkSuites(first: 9) { nodes { app { slug } checkRuns(first: 9) { nodes { databaseId name status } } } }
} } } }"""


async def job(github: StandIn, conclusion: str | None = "failure", name: str = "tests") -> Json:
    """Report a job of GitHub Actions on the tip of main."""
    body: dict[str, Any] = {"name": name, "head_sha": await github.head()}
    body |= {"conclusion": conclusion} if conclusion else {"status": "in_progress"}
    return await github.rest("POST", "/check-runs", body, who="actions")


async def rerun(github: StandIn, run: Json, who: str = "app") -> tuple[int, Json, Mapping[str, str]]:
    return await github.call("POST", f"{REPO}/actions/jobs/{run['id']}/rerun", who=who)


async def rolled_up(github: StandIn, sha: str) -> Json:
    return (await github.graphql(ROLLUP, sha=sha))["repository"]["object"]


async def start(github: StandIn, file: str = "ci.yml", ref: str = "main", who: str = "app") -> tuple[int, str]:
    status, answer, _ = await github.call("POST", f"{REPO}/actions/workflows/{file}/dispatches", {"ref": ref}, who=who)
    return status, "" if answer is None else answer["message"]


async def test_a_job_that_runs_again_is_a_new_run_of_its_suite(github: StandIn) -> None:
    old = await job(github)
    await github.quiet()
    github.received.clear()
    status, answer, _ = await rerun(github, old)
    assert (status, answer) == (201, {})
    (latest,) = (await github.rest("GET", f"/commits/{old['head_sha']}/check-runs"))["check_runs"]
    assert latest["id"] > old["id"]
    assert (latest["name"], latest["status"], latest["app"]["slug"]) == ("tests", "queued", "github-actions")
    assert latest["check_suite"] == old["check_suite"]
    every = await github.rest("GET", f"/commits/{old['head_sha']}/check-runs?filter=all")
    assert [each["id"] for each in every["check_runs"]] == [latest["id"], old["id"]]
    await github.quiet()
    told = [each.payload for each in github.received if each.event == "check_run"]
    assert [(each["action"], each["check_run"]["id"]) for each in told] == [("created", latest["id"])]


async def test_the_roll_up_lists_both_runs_and_goes_by_the_newest(github: StandIn) -> None:
    old = await job(github)
    await rerun(github, old)
    found = (await rolled_up(github, old["head_sha"]))["statusCheckRollup"]
    assert [each["conclusion"] for each in found["contexts"]["nodes"]] == ["FAILURE", None]
    assert found["state"] == "PENDING"
    new = found["contexts"]["nodes"][1]["databaseId"]
    await github.rest("PATCH", f"/check-runs/{new}", {"conclusion": "success"}, who="actions")
    assert (await rolled_up(github, old["head_sha"]))["statusCheckRollup"]["state"] == "SUCCESS"


@pytest.mark.parametrize(
    ("who", "status", "words"),
    [
        ("ci", 403, "Resource not accessible by integration"),
        ("rita", 403, "Must have push access to repository"),
        ("nobody", 401, "Requires authentication"),
        ("wim", 201, ""),
    ],
)
async def test_who_may_run_a_job_again(github: StandIn, who: str, status: int, words: str) -> None:
    found, answer, _ = await rerun(github, await job(github), who)
    assert (found, answer.get("message", "")) == (status, words)


async def test_no_job_runs_again_while_its_workflow_runs(github: StandIn) -> None:
    failed = await job(github)
    other = await job(github, None, "lint")
    status, answer, _ = await rerun(github, failed)
    assert (status, answer["message"]) == (403, "This workflow is already running")
    await github.rest("PATCH", f"/check-runs/{other['id']}", {"conclusion": "success"}, who="actions")
    assert (await rerun(github, failed))[0] == 201
    assert (await rerun(github, failed))[0] == 403


async def test_no_job_runs_again_after_a_month(github: StandIn) -> None:
    failed = await job(github)
    await github.call("POST", "/_sandbox/clock", {"seconds": 31 * 86_400})
    status, answer, _ = await rerun(github, failed, "wim")
    assert status == 403
    assert "over a month ago" in answer["message"]


async def test_only_jobs_of_actions_run_again(github: StandIn) -> None:
    run = {"name": "tests", "head_sha": await github.head(), "conclusion": "failure"}
    assert (await rerun(github, await github.rest("POST", "/check-runs", run, who="ci")))[0] == 404
    assert (await rerun(github, {"id": 1}))[0] == 404


async def test_a_started_workflow_queues_its_jobs_outside_of_the_roll_up(github: StandIn) -> None:
    """https://github.com/ThemeParks/ThemeParks_JavaScript/pull/37"""
    sha = await github.write("main", ".github/workflows/ci.yml", WORKFLOW)
    assert await start(github) == (204, "")
    found = await rolled_up(github, sha)
    assert found["statusCheckRollup"] is None
    (suite,) = [each for each in found["checkSuites"]["nodes"] if each["checkRuns"]["nodes"]]
    jobs = [(each["name"], each["status"]) for each in suite["checkRuns"]["nodes"]]
    assert (suite["app"]["slug"], jobs) == ("github-actions", [("unit", "QUEUED"), ("Lint it", "QUEUED")])
    run = suite["checkRuns"]["nodes"][0]["databaseId"]
    await github.rest("PATCH", f"/check-runs/{run}", {"conclusion": "success"}, who="actions")
    _, state, _ = await github.call("GET", "/_sandbox/state")
    (started,) = state["octo/demo"]["dispatches"]
    assert (started["workflow"], started["ref"], started["by"]) == (
        ".github/workflows/ci.yml",
        "refs/heads/main",
        "signalbox[bot]",
    )
    assert started["jobs"] == [["unit", "completed", "success"], ["Lint it", "queued", None]]


@pytest.mark.parametrize(
    ("text", "file", "ref", "who", "status", "words"),
    [
        (WORKFLOW, "other.yml", "main", "app", 404, "Not Found"),
        (WORKFLOW, "ci.yml", "nowhere", "app", 422, "No ref found for: nowhere"),
        ("on: push\n", "ci.yml", "main", "app", 422, "Workflow does not have 'workflow_dispatch' trigger"),
        ("on: [push]\n", "ci.yml", "main", "app", 422, "Workflow does not have 'workflow_dispatch' trigger"),
        (WORKFLOW, "ci.yml", "main", "ci", 403, "Resource not accessible by integration"),
        ("on: workflow_dispatch\n", "ci.yml", "main", "wim", 204, ""),
    ],
)
async def test_which_workflow_starts(
    github: StandIn, text: str, file: str, ref: str, who: str, status: int, words: str
) -> None:
    await github.write("main", ".github/workflows/ci.yml", text)
    assert await start(github, file, ref, who) == (status, words)


async def as_actions(github: StandIn, method: str, path: str, body: Json = None) -> Json:
    """Call as the App of GitHub Actions itself."""
    key = Path(github.info["private_key_file"]).with_name("github-actions.private-key.pem").read_text()
    now = int(time.time())
    claims = {"iat": now - 60, "exp": now + 300, "iss": str(github.info["actions_app_id"])}
    status, answer, _ = await github.call(method, path, body, bearer=jwt.encode(claims, key, "RS256"))
    assert status == 200, answer
    return answer


async def test_an_app_that_subscribes_hears_of_a_start(github: StandIn) -> None:
    await github.write("main", ".github/workflows/ci.yml", WORKFLOW)
    _, mine, _ = await github.call("GET", "/app/hook/config", bearer=github.app_jwt())
    await as_actions(github, "PATCH", "/app/hook/config", {"url": mine["url"]})
    assert await start(github) == (204, "")
    await github.quiet()
    (heard,) = [each for each in github.received if each.event == "workflow_dispatch"]
    told = heard.payload
    parse("workflow_dispatch", heard.raw)
    assert (told["ref"], told["workflow"], told["inputs"]) == ("refs/heads/main", ".github/workflows/ci.yml", None)
    assert told["sender"]["login"] == "signalbox[bot]"
