"""REST of check runs, suites and commit statuses."""

from typing import Any

import pytest

from tests.sandbox.stand_in import Json, StandIn

RUNS = "/repos/octo/demo/check-runs"


async def make(github: StandIn, who: str = "app", **more: Any) -> Json:
    return await github.rest(
        "POST", "/check-runs", {"name": "signalbox", "head_sha": await github.head()} | more, who=who
    )


async def test_a_run_is_queued_then_completed_by_its_conclusion(github: StandIn) -> None:
    run = await make(github, external_id="rev-1", output={"title": "t", "summary": "s"})
    assert (run["status"], run["conclusion"], run["external_id"]) == ("queued", None, "rev-1")
    done = await github.rest("PATCH", f"/check-runs/{run['id']}", {"conclusion": "success"}, who="app")
    assert (done["status"], done["conclusion"]) == ("completed", "success")
    assert done["completed_at"]
    suites = await github.rest("GET", f"/commits/{run['head_sha']}/check-suites")
    assert (suites["total_count"], suites["check_suites"][0]["conclusion"]) == (1, "success")


async def test_only_apps_write_runs_and_each_only_its_own(github: StandIn) -> None:
    body = {"name": "x", "head_sha": await github.head()}
    assert (await github.call("POST", RUNS, body))[0] == 403
    run = await make(github)
    assert (await github.call("PATCH", f"{RUNS}/{run['id']}", {"status": "in_progress"}, who="ci"))[0] == 403


@pytest.mark.parametrize(
    "body",
    [
        {"output": {"summary": "no title"}},
        {"output": {"title": "t", "summary": "s" * 65_536}},
        {"status": "completed"},
        {"conclusion": "stale"},
        {"actions": [{"label": "l" * 21, "description": "d", "identifier": "i"}]},
        {"actions": [{"label": "l", "description": "d", "identifier": "i"}] * 4},
        {
            "output": {
                "title": "t",
                "summary": "s",
                "annotations": [
                    {"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}
                ]
                * 51,
            }
        },
        {"head_sha": "1" * 40},
    ],
)
async def test_what_github_refuses_is_refused(github: StandIn, body: Json) -> None:
    whole = {"name": "signalbox", "head_sha": await github.head()} | body
    assert (await github.call("POST", RUNS, whole, who="app"))[0] == 422


async def test_annotations_are_added_up(github: StandIn) -> None:
    one = {"path": "a", "start_line": 1, "end_line": 2, "annotation_level": "warning", "message": "m"}
    output = {"title": "t", "summary": "s", "annotations": [one]}
    run = await make(github, output=output)
    changed = await github.rest("PATCH", f"/check-runs/{run['id']}", {"output": output}, who="app")
    assert changed["output"]["annotations_count"] == 2
    assert len(await github.rest("GET", f"/check-runs/{run['id']}/annotations")) == 2


async def test_runs_of_a_commit_are_filtered_and_the_newest_of_a_name_is_shown(github: StandIn) -> None:
    first, second = await make(github), await make(github)
    other = await make(github, who="ci", name="build")
    path = f"/commits/{first['head_sha']}/check-runs"
    assert [run["id"] for run in (await github.rest("GET", path))["check_runs"]] == [other["id"], second["id"]]
    assert (await github.rest("GET", f"{path}?filter=all"))["total_count"] == 3
    assert (await github.rest("GET", f"{path}?check_name=build"))["total_count"] == 1
    assert (await github.rest("GET", f"{path}?app_id={github.info['app_id']}"))["total_count"] == 1


async def test_a_rerun_and_a_button_reach_only_the_owning_app(github: StandIn) -> None:
    action = {"label": "Merge", "description": "merge it", "identifier": "merge"}
    run = await make(github, conclusion="success", actions=[action])
    other = await make(github, who="ci", name="build")
    await github.rest("POST", f"/check-runs/{run['id']}/rerequest")
    await github.rest("POST", f"/check-runs/{other['id']}/rerequest")
    press = f"/_sandbox/repos/octo/demo/check-runs/{run['id']}/press"
    assert (await github.call("POST", press, {"identifier": "merge"}, who="wim"))[0] == 202
    assert (await github.call("POST", press, {"identifier": "other"}, who="wim"))[0] == 404
    assert (await github.call("POST", press, {"identifier": "merge"}, who="rita"))[0] == 403
    await github.quiet()
    got = [one.payload for one in github.received if one.event == "check_run"]
    asked = [(one["action"], one["check_run"]["name"]) for one in got if one["action"].startswith("re")]
    assert asked == [("rerequested", "signalbox"), ("requested_action", "signalbox")]
    pressed = got[-1]
    assert (pressed["requested_action"], pressed["sender"]["login"]) == ({"identifier": "merge"}, "wim")


async def test_statuses_add_up_to_a_combined_state(github: StandIn) -> None:
    sha = await github.head()
    for state, context in (("pending", "a"), ("success", "a"), ("failure", "b")):
        await github.rest("POST", f"/statuses/{sha}", {"state": state, "context": context}, who="ci")
    combined = await github.rest("GET", "/commits/main/status")
    assert (combined["state"], combined["total_count"]) == ("failure", 2)
    assert len(await github.rest("GET", "/commits/main/statuses")) == 3
    status, _, _ = await github.call("POST", f"/repos/octo/demo/statuses/{sha}", {"state": "odd"}, who="ci")
    assert status == 422
