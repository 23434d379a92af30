"""Whatever arrives at `/webhook`, the answer is a clear one and never a 5xx, and nothing happens by it."""

import hashlib
import hmac
import io
import json
from collections.abc import Mapping
from typing import Any

from tests.scenarios.play import Play
from tests.scenarios.test_operations import sql

MAX_BODY = 25 * 1024 * 1024


async def send(play: Play, body: bytes, event: str = "ping", *, guid: str = "g-1", **headers: str | None) -> int:
    """Post a webhook, well signed unless the headers say otherwise; return the status. A header of None is left out."""
    assert play.bot is not None
    signature = "sha256=" + hmac.new(play.info["webhook_secret"].encode(), body, hashlib.sha256).hexdigest()
    every: Mapping[str, str | None] = {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid,
        "X-Hub-Signature-256": signature,
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in every.items() if value is not None}
    async with play.session.post(
        f"http://127.0.0.1:{play.bot.port}/webhook", data=io.BytesIO(body), headers=sent
    ) as response:
        await response.read()
        return response.status


def comment_by(play: Play, login: str, text: str) -> bytes:
    """Write the payload of a comment that GitHub never sent."""
    person = {"login": login, "id": 1, "node_id": "U_1", "type": "User"}
    return json.dumps({
        "action": "created", "sender": person, "installation": {"id": play.info["installation_id"]},
        "repository": {"id": 1, "node_id": "R_1", "name": "demo", "full_name": "octo/demo", "owner": person},
        "issue": {"number": play.issue, "node_id": "I_1", "state": "open", "labels": []},
        "comment": {
            "id": 1, "node_id": "IC_1", "body": text, "user": person, "html_url": "http://localhost/",
            "created_at": "2026-01-01T00:00:00Z",
        },
    }).encode()  # fmt: skip


UNSIGNED = (None, "", "sha256=", "sha256=" + "0" * 64, "sha1=abc", "sha256=\u00e9", "nonsense")


async def test_what_is_not_signed_by_github_is_refused_and_does_nothing(play: Play) -> None:
    await play.plan()
    await play.settled()
    body = comment_by(play, "ada", "/signalbox start")
    for signature in UNSIGNED:
        assert await send(play, body, "issue_comment", X_Hub_Signature_256=signature) == 401, signature
    await play.settled()
    assert await play.all_pulls() == []
    assert len(await play.comments()) == 1


async def test_a_changed_body_does_not_fit_its_signature(play: Play) -> None:
    body = b'{"zen": "Keep it simple."}'
    good = "sha256=" + hmac.new(play.info["webhook_secret"].encode(), body, hashlib.sha256).hexdigest()
    assert await send(play, body, X_Hub_Signature_256=good) == 202
    assert await send(play, body + b" ", X_Hub_Signature_256=good, guid="g-2") == 401


async def test_a_body_beyond_the_limit_is_refused(play: Play) -> None:
    assert await send(play, b'{"a": "' + b"x" * MAX_BODY + b'"}') == 413


async def test_a_body_that_is_no_json_object_is_refused(play: Play) -> None:
    for body in (b"", b"null", b"[]", b'"text"', b"12", b"payload=%7B%7D", b"\xff\xfe"):
        assert await send(play, body, "issues") == 400, body


async def test_a_delivery_without_its_headers_is_refused(play: Play) -> None:
    for left_out in ("X_GitHub_Event", "X_GitHub_Delivery"):
        missing: dict[str, Any] = {left_out: None}
        assert await send(play, b"{}", **missing) == 400


EVENTS = (
    "issues", "issue_comment", "pull_request", "pull_request_review", "push", "create", "delete", "check_run",
    "check_suite", "status", "merge_group", "label", "repository", "installation", "installation_repositories",
)  # fmt: skip


async def test_odd_payloads_are_parked_and_harm_nothing(play: Play) -> None:
    """A payload that GitHub would not send is kept from harm by whoever reads it later, not by the door."""
    await play.plan()
    await play.settled()
    odd = [b"{}", b'{"action": 7}', b'{"action": "created", "issue": null, "repository": []}', b"{" + b'"a":{' * 5000]
    number = 0
    for event in (*EVENTS, "never_heard_of", "ping"):
        for body in odd:
            number += 1
            assert await send(play, body, event, guid=f"odd-{number}") == 202
    await play.settled()
    assert len(await play.comments()) == 1
    ends = await sql(play, "SELECT state, count(*) FROM deliveries WHERE guid LIKE 'odd-%' GROUP BY state")
    assert dict(ends) == {"parked": len(odd) * len(EVENTS), "ignored": len(odd) * 2}
    await play.say("ada", "/signalbox start")
    await play.settled()
    assert len(await play.all_pulls()) == 3  # and the program is as well as before


async def test_the_same_delivery_is_acknowledged_again_and_done_once(play: Play) -> None:
    for _ in range(3):
        assert await send(play, b"{}", guid="again") == 202


async def test_what_is_no_webhook_is_refused_politely(play: Play) -> None:
    assert play.bot is not None
    base = f"http://127.0.0.1:{play.bot.port}"
    for method, path, status in (("GET", "/webhook", 405), ("POST", "/nowhere", 404), ("GET", "/healthz", 200)):
        async with play.session.request(method, f"{base}{path}") as response:
            assert response.status == status
    assert await send(play, b"payload=%7B%7D", Content_Type="application/x-www-form-urlencoded") in {400, 415}
