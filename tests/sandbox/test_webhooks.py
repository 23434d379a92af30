"""Webhooks: signed, to subscribers, once; listed and sent again on request; lost, doubled, held by the knobs."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from sandbox import webhooks
from tests.sandbox.stand_in import Json, StandIn


async def faults(github: StandIn, **webhooks: Any) -> None:
    status, answer, _ = await github.call("PUT", "/_sandbox/faults", {"webhooks": webhooks})
    assert status == 200, answer


def jwt_at(github: StandIn, now: int) -> str:
    key = Path(github.info["private_key_file"]).read_text()
    return jwt.encode({"iat": now - 60, "exp": now + 300, "iss": str(github.info["app_id"])}, key, "RS256")


async def issue(github: StandIn, title: str = "x") -> None:
    await github.rest("POST", "/issues", {"title": title})


async def deliveries(github: StandIn, query: str = "") -> list[Json]:
    status, answer, _ = await github.call("GET", f"/app/hook/deliveries{query}", bearer=github.app_jwt())
    assert status == 200
    return list(answer)


async def test_a_webhook_has_githubs_headers_and_signature(github: StandIn) -> None:
    await issue(github)
    await github.quiet()
    (one,) = github.received
    assert github.signed(one)
    headers = one.headers
    assert headers["X-GitHub-Event"] == "issues"
    assert headers["X-GitHub-Hook-Installation-Target-Type"] == "integration"
    assert headers["X-GitHub-Hook-Installation-Target-ID"] == str(github.info["app_id"])
    assert headers["User-Agent"].startswith("GitHub-Hookshot/")
    assert headers["Content-Type"] == "application/json"
    payload = one.payload
    assert (payload["action"], payload["sender"]["login"]) == ("opened", "ada")
    assert payload["installation"]["id"] == github.info["installation_id"]
    assert payload["repository"]["full_name"] == "octo/demo"


async def test_the_apps_own_doings_come_back_with_its_bot_as_sender(github: StandIn) -> None:
    await issue(github)
    await github.rest("POST", "/issues/1/comments", {"body": "hello"}, who="app")
    await github.quiet()
    payload = github.received[-1].payload
    assert payload["sender"] == payload["sender"] | {"login": "signalbox[bot]", "type": "Bot"}
    assert payload["comment"]["performed_via_github_app"]["slug"] == "signalbox"


async def test_an_edited_comment_carries_its_old_text(github: StandIn) -> None:
    await issue(github)
    comment = await github.rest("POST", "/issues/1/comments", {"body": "old"})
    await github.rest("PATCH", f"/issues/comments/{comment['id']}", {"body": "new"}, who="mia")
    await github.quiet()
    payload = github.received[-1].payload
    assert payload["changes"] == {"body": {"from": "old"}}
    assert (payload["sender"]["login"], payload["comment"]["user"]["login"]) == ("mia", "ada")


async def test_a_merge_is_told_as_closed_and_as_push(github: StandIn) -> None:
    await github.pull("w1")
    await github.rest("PUT", "/pulls/1/merge")
    await github.quiet()
    closed = next(one.payload for one in github.received if one.payload.get("action") == "closed")
    assert (closed["pull_request"]["merged"], closed["pull_request"]["merged_by"]["login"]) == (True, "ada")
    pushed = [one.payload for one in github.received if one.event == "push"][-1]
    assert (pushed["ref"], pushed["after"]) == ("refs/heads/main", await github.head())
    suites = [one.payload["check_suite"] for one in github.received if one.event == "check_suite"]
    assert suites[-1]["head_sha"] == await github.head()


async def test_deliveries_are_listed_newest_first_by_cursor_and_status(github: StandIn) -> None:
    for number in range(3):
        await issue(github, f"i{number}")
    await github.quiet()
    first, second, _third = await deliveries(github)
    assert first["id"] > second["id"]
    status, page, headers = await github.call("GET", "/app/hook/deliveries?per_page=2", bearer=github.app_jwt())
    assert len(page) == 2
    following = headers["Link"].split(";")[0].strip("<>")
    _, rest, _ = await github.call("GET", following, bearer=github.app_jwt())
    assert len(rest) == 1
    assert await deliveries(github, "?status=failure") == []
    status, one, _ = await github.call("GET", f"/app/hook/deliveries/{first['id']}", bearer=github.app_jwt())
    assert status == 200
    assert one["request"]["headers"]["X-GitHub-Event"] == "issues"
    assert one["request"]["payload"]["issue"]["title"] == "i2"


async def test_a_lost_webhook_is_never_resent_unless_asked_and_then_has_the_same_guid(github: StandIn) -> None:
    await faults(github, drop=1.0)
    await issue(github)
    await github.quiet()
    assert github.received == []
    await github.call("DELETE", "/_sandbox/faults")
    (lost,) = await deliveries(github, "?status=failure")
    path = f"/app/hook/deliveries/{lost['id']}/attempts"
    assert (await github.call("POST", path, bearer=github.app_jwt()))[0] == 202
    await github.quiet()
    (got,) = github.received
    assert got.headers["X-GitHub-Delivery"] == lost["guid"]
    assert (await deliveries(github))[0]["redelivery"] is True


async def test_a_delivery_is_too_old_after_three_days(github: StandIn) -> None:
    await issue(github)
    await github.quiet()
    (one,) = await deliveries(github)
    days = 3 * 86_400 + 1
    await github.call("POST", "/_sandbox/clock", {"seconds": days})
    later = jwt_at(github, int(time.time()) + days)
    path = f"/app/hook/deliveries/{one['id']}/attempts"
    assert (await github.call("POST", path, bearer=later))[0] == 422


async def test_webhooks_are_doubled_held_and_mixed_by_the_knobs(github: StandIn) -> None:
    await faults(github, duplicate=1.0, reorder=20, seed=3)
    for number in range(4):
        await issue(github, f"i{number}")
    await github.quiet()
    titles = [one.payload["issue"]["title"] for one in github.received]
    assert sorted(titles) == sorted(["i0", "i1", "i2", "i3"] * 2)
    assert titles != sorted(titles)
    assert len({one.headers["X-GitHub-Delivery"] for one in github.received}) == 4
    github.received.clear()
    await faults(github, hold=True)
    await issue(github, "held")
    _, state, _ = await github.call("GET", "/_sandbox/deliveries")
    assert (state["pending"], github.received) == (1, [])
    await github.call("DELETE", "/_sandbox/faults")
    await github.quiet()
    assert len(github.received) == 1


async def test_the_hook_is_set_by_the_app_itself(github: StandIn) -> None:
    body = {"url": "http://127.0.0.1:1/nowhere", "secret": "other"}
    status, config, _ = await github.call("PATCH", "/app/hook/config", body, bearer=github.app_jwt())
    assert (status, config["url"], config["secret"]) == (200, body["url"], "********")
    await issue(github)
    await github.quiet()
    (failed,) = await deliveries(github)
    assert failed["status_code"] == 502
    assert github.received == []


async def test_an_app_hears_only_what_it_subscribes_to(github: StandIn) -> None:
    await github.rest("POST", "/issues", {"title": "x"})
    await github.quiet()
    _, state, _ = await github.call("GET", "/_sandbox/deliveries")
    assert {one["app"] for one in state["sent"]} == {"signalbox"}


async def test_the_body_that_is_signed_is_the_body_that_is_sent(github: StandIn) -> None:
    await issue(github, "ünïcode ✓")
    await github.quiet()
    (one,) = github.received
    assert github.signed(one)
    assert json.loads(one.raw)["issue"]["title"] == "ünïcode ✓"


async def test_the_knobs_may_concern_one_app_only(github: StandIn) -> None:
    await faults(github, drop=1.0, app="ci")
    await issue(github)
    await github.quiet()
    assert [one.payload["issue"]["title"] for one in github.received] == ["x"]
    await faults(github, drop=1.0, app="signalbox")
    await issue(github)
    await github.quiet()
    assert len(github.received) == 1


async def test_a_webhook_that_failed_is_remembered_when_many_others_came_after_it(
    github: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "KEPT_DELIVERIES", 3)
    await faults(github, drop=1.0)
    await issue(github, "lost")
    await faults(github)
    for number in range(5):
        await issue(github, f"issue {number}")
        await github.quiet()
    listing = await deliveries(github, "?per_page=100")
    assert sum(one["status"] == "OK" for one in listing) == 3
    lost = [one for one in listing if one["status"] != "OK"]
    assert {one["event"] for one in lost} == {"issues"}
    await github.call("POST", f"/app/hook/deliveries/{lost[0]['id']}/attempts", bearer=github.app_jwt())
    await github.quiet()
    assert github.received[-1].payload["issue"]["title"] == "lost"
