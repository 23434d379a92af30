"""Stories of GitHub Actions on the base: a job that fails by a whim, one that is broken, a workflow that is started."""

from typing import Any

import pytest

from tests.scenarios.openings import opening
from tests.scenarios.play import Play
from tests.scenarios.rollbacks import begin, bring, merged, rollback_pull, rollback_pulls, says

ONE: dict[str, list[str]] = {"W1": []}
WORKFLOW = "on: workflow_dispatch\njobs:\n  e2e: {}\n"


async def silent(sha: str) -> str | None:
    """Report nothing by the App `ci`."""
    assert sha
    return None


async def landed(play: Play, config: str = "") -> None:
    """Land W1 while nobody reports on the base."""
    play.base_ci = silent
    await begin(play, ONE, config)
    await bring(play, "W1")
    await merged(play, "W1")
    await play.settled()


async def job(play: Play, sha: str, conclusion: str, name: str = "tests") -> None:
    """Have a job of GitHub Actions end on a commit."""
    body = {"name": name, "head_sha": sha, "status": "completed", "conclusion": conclusion}
    await play.do("actions", "POST", "/check-runs", body)
    await play.settled()


async def runs(play: Play, sha: str, name: str = "tests") -> list[Any]:
    """Return every run of that name on a commit, newest first."""
    found = await play.get(f"/commits/{sha}/check-runs?filter=all&check_name={name}")
    return list(found["check_runs"])


async def ends(play: Play, sha: str, conclusion: str, name: str = "tests") -> None:
    """Have the newest run of a job end."""
    newest = (await runs(play, sha, name))[0]
    assert newest["status"] == "queued"
    await play.do("actions", "PATCH", f"/check-runs/{newest['id']}", {"conclusion": conclusion})
    await play.settled()


def take_permission(play: Play) -> None:
    """Leave `actions` out of what the App was granted."""
    app = play.world.app("signalbox")
    for holder in (*play.world.state.installations.values(), *play.world.state.tokens.values()):
        mine = getattr(holder, "app_id", None) == app.id or "merge_queues" in holder.permissions
        if mine:
            holder.permissions = {name: level for name, level in holder.permissions.items() if name != "actions"}


@opening(landed)
async def test_a_job_that_failed_by_a_whim_runs_again_and_breaks_nothing(play: Play) -> None:
    sha = await merged(play, "W1")
    await job(play, sha, "failure")
    await says(play, "`tests` failed once and runs again")
    assert [await play.stage("W1"), len(await runs(play, sha))] == ["verifying", 2]
    await ends(play, sha, "success")
    await play.until_stage("W1", "done")
    await says(play, f"`tests` failed once on `{sha[:7]}` and passed when it ran again")
    assert await rollback_pulls(play) == []
    assert len(await runs(play, sha)) == 2


@opening(landed)
async def test_a_job_that_fails_twice_is_taken_for_its_word(play: Play) -> None:
    sha = await merged(play, "W1")
    await job(play, sha, "failure")
    await ends(play, sha, "failure")
    await play.until_stage("W1", "failed")
    assert "`tests` by GitHub Actions failed twice" in (await rollback_pull(play))["body"]
    assert len(await runs(play, sha)) == 2


@opening(landed)
@pytest.mark.parametrize("after", [True, False], ids=["after it happened", "before"])
async def test_a_wish_whose_answer_was_lost_makes_no_third_run(play: Play, *, after: bool) -> None:
    sha = await merged(play, "W1")
    lost = {"match": "POST /repos/octo/demo/actions/jobs/*", "times": 1, "status": 0, "after": after}
    await play.faults({"api": [lost]})
    await job(play, sha, "failure")
    await says(play, "`tests` failed once and runs again")
    await play.until(lambda: two_runs(play, sha))
    await ends(play, sha, "failure")
    await play.until_stage("W1", "failed")
    assert len(await runs(play, sha)) == 2


async def two_runs(play: Play, sha: str) -> bool:
    return len(await runs(play, sha)) == 2


async def test_without_the_permission_the_first_failure_counts(play: Play) -> None:
    take_permission(play)
    await landed(play)
    sha = await merged(play, "W1")
    await job(play, sha, "failure")
    await play.until_stage("W1", "failed")
    body = (await rollback_pull(play))["body"]
    assert "failed and could not be run again: the App lacks the permission Actions: read and write" in body
    assert "Refused by GitHub" not in await play.status()
    assert len(await runs(play, sha)) == 1


async def test_without_retries_the_first_failure_counts(play: Play) -> None:
    await landed(play, "retries: 0\n")
    sha = await merged(play, "W1")
    await job(play, sha, "failure")
    await play.until_stage("W1", "failed")
    await rollback_pull(play)
    assert len(await runs(play, sha)) == 1


@opening(landed)
async def test_a_check_of_another_app_is_not_run_again(play: Play) -> None:
    sha = await merged(play, "W1")
    await play.report(sha, "failure")
    await play.until_stage("W1", "failed")
    await rollback_pull(play)
    assert len(await runs(play, sha)) == 1


@opening(landed)
async def test_a_job_waits_for_the_rest_of_its_workflow(play: Play) -> None:
    sha = await merged(play, "W1")
    await play.do("actions", "POST", "/check-runs", {"name": "slow", "head_sha": sha, "status": "in_progress"})
    slow = (await runs(play, sha, "slow"))[0]["id"]
    await job(play, sha, "failure")
    await says(play, "`tests` failed once and runs again when the rest of its workflow has run")
    assert len(await runs(play, sha)) == 1
    await play.do("actions", "PATCH", f"/check-runs/{slow}", {"conclusion": "success"})
    await play.settled()
    await ends(play, sha, "success")
    await play.until_stage("W1", "done")


async def dispatches(play: Play) -> list[Any]:
    return list((await play.state())["octo/demo"]["dispatches"])


async def test_the_workflow_is_started_once_after_the_merge_and_verifies_the_base(play: Play) -> None:
    await play.push("main", ".github/workflows/ci.yml", WORKFLOW)
    await landed(play, "verify_workflow: ci.yml\n")
    sha = await merged(play, "W1")
    (started,) = await dispatches(play)
    assert (started["workflow"], started["ref"], started["by"]) == (
        ".github/workflows/ci.yml",
        "refs/heads/main",
        "signalbox[bot]",
    )
    assert await play.stage("W1") == "verifying"
    await ends(play, sha, "success", "e2e")
    await play.until_stage("W1", "done")
    await says(play, f"Green on `{sha[:7]}`: `e2e`")
    assert len(await dispatches(play)) == 1


async def test_a_job_of_the_started_workflow_runs_again_too(play: Play) -> None:
    await play.push("main", ".github/workflows/ci.yml", WORKFLOW)
    await landed(play, "verify_workflow: ci.yml\nverify: [e2e]\n")
    sha = await merged(play, "W1")
    await ends(play, sha, "failure", "e2e")
    await ends(play, sha, "failure", "e2e")
    await play.until_stage("W1", "failed")
    assert "`e2e` by GitHub Actions failed twice" in (await rollback_pull(play))["body"]


async def test_a_workflow_that_cannot_start_is_shown_and_the_rest_of_ci_decides(play: Play) -> None:
    await landed(play, "verify_workflow: gone.yml\n")
    sha = await merged(play, "W1")
    await says(play, "Refused by GitHub", "start the workflow gone.yml", "knows no workflow gone.yml")
    await play.report(sha, "success")
    await play.until_stage("W1", "done")
    await play.settled()
    assert "Refused by GitHub" not in await play.status()
