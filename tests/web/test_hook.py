import hashlib
import hmac
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from bot.errors import InboxFull
from bot.store.db import Database
from bot.store.migrate import upgrade
from bot.web.body import MAX_BODY
from bot.web.hook import signed
from bot.web.server import build_app

SECRET = "a secret of the tests"
BODY = b'{"action": "opened"}'


@dataclass
class Receiver:
    """What stands behind the web side: everything that was stored, and how often the worker was rung for."""

    stored: list[tuple[str, str, bytes]] = field(default_factory=list)
    rung: int = 0
    broken: Exception | None = None

    async def store(self, guid: str, event: str, body: bytes) -> bool:
        if self.broken:
            raise self.broken
        known = any(guid == each[0] for each in self.stored)
        if not known:
            self.stored.append((guid, event, body))
        return not known

    def ring(self) -> None:
        self.rung += 1


Client = TestClient[web.Request, web.Application]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def client(receiver: Receiver, tmp_path: Path) -> AsyncIterator[Client]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'signalbox.sqlite3'}")
    await upgrade(database.engine)
    app = build_app(secret=SECRET, store=receiver.store, notify=receiver.ring, database=database)
    async with TestClient(TestServer(app)) as opened:
        yield opened
    await database.close()


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def post(client: Client, body: bytes = BODY, **headers: str | None) -> ClientResponse:
    """Post as GitHub does, except for the headers given: None leaves one out."""
    given = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "issues",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-Hub-Signature-256": signature(body),
    }
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in given.items() if name not in changed}
    sent |= {name: value for name, value in changed.items() if value is not None}
    return await client.post("/webhook", data=io.BytesIO(body), headers=sent, skip_auto_headers=["Content-Type"])


async def test_a_signed_delivery_is_stored_as_it_came_and_the_worker_is_rung_for(
    client: Client, receiver: Receiver
) -> None:
    answer = await post(client)
    assert (answer.status, await answer.json()) == (202, {"stored": True})
    assert receiver.stored == [("72d3162e-cc78-11e3-81ab-4c9367dc0958", "issues", BODY)]
    assert receiver.rung == 1


async def test_a_repeated_delivery_is_acknowledged_and_not_stored_again(client: Client, receiver: Receiver) -> None:
    await post(client)
    answer = await post(client)
    assert (answer.status, await answer.json()) == (202, {"stored": False})
    assert len(receiver.stored) == 1


async def test_a_signed_body_is_acknowledged_unread(client: Client, receiver: Receiver) -> None:
    """Parsing it would cost more than storing it, and what it says is the worker's to find out."""
    body = b'{"action": \xff no JSON'
    answer = await post(client, body)
    assert answer.status == 202
    assert [each[2] for each in receiver.stored] == [body]


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        pytest.param(401, BODY, {"X_Hub_Signature_256": None}, id="no signature"),
        pytest.param(401, BODY, {"X_Hub_Signature_256": ""}, id="empty signature"),
        pytest.param(401, BODY, {"X_Hub_Signature_256": signature(BODY, "another secret")}, id="another secret"),
        pytest.param(401, BODY, {"X_Hub_Signature_256": signature(b"{}")}, id="another body"),
        pytest.param(401, BODY, {"X_Hub_Signature_256": signature(BODY)[:-1]}, id="cut off"),
        pytest.param(401, BODY, {"X_Hub_Signature_256": signature(BODY).removeprefix("sha256=")}, id="no algorithm"),
        pytest.param(401, BODY, {"X_Hub_Signature_256": "sha256=" + "é" * 64}, id="not ASCII"),
        pytest.param(
            401, BODY, {"X_Hub_Signature_256": None, "X_Hub_Signature": "sha1=" + "0" * 40}, id="SHA-1 alone"
        ),
        pytest.param(401, b"not json", {"X_Hub_Signature_256": None}, id="no signature over rubbish"),
        pytest.param(400, BODY, {"X_GitHub_Event": None}, id="no event"),
        pytest.param(400, BODY, {"X_GitHub_Delivery": None}, id="no delivery"),
        pytest.param(400, BODY, {"X_GitHub_Delivery": "x" * 101}, id="long delivery"),
        pytest.param(400, BODY, {"X_GitHub_Event": "x" * 101}, id="long event"),
        pytest.param(400, BODY, {"X_GitHub_Event": "issué"}, id="event not ASCII"),
        pytest.param(400, b"", {}, id="empty"),
        pytest.param(400, b"[1]", {}, id="list"),
        pytest.param(400, b"payload=%7B%7D", {}, id="form as JSON"),
        pytest.param(
            415, b"payload=%7B%7D", {"Content_Type": "application/x-www-form-urlencoded"}, id="form"
        ),
        pytest.param(415, BODY, {"Content_Encoding": "gzip"}, id="compressed"),
        pytest.param(413, b"{" + b" " * MAX_BODY, {}, id="too large"),
    ],
)  # fmt: skip
async def test_what_is_not_githubs_is_refused_with_a_reason_and_not_stored(
    client: Client, receiver: Receiver, status: int, body: bytes, headers: dict[str, str | None]
) -> None:
    answer = await post(client, body, **headers)
    assert answer.status == status
    assert (await answer.json())["error"]
    assert (receiver.stored, receiver.rung) == ([], 0)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(b" \r\n{}", {}, id="space in front"),
        pytest.param(b'{"broken', {}, id="broken JSON is the worker's to see"),
        pytest.param(b"{" + b" " * (MAX_BODY - 2) + b"}", {}, id="as large as GitHub sends"),
        pytest.param(BODY, {"X_GitHub_Event": "not_known_yet"}, id="unknown event"),
        pytest.param(BODY, {"Content_Encoding": "identity"}, id="identity"),
        pytest.param(BODY, {"Content_Type": "application/json; charset=utf-8"}, id="charset"),
        pytest.param(BODY, {"Content_Type": None}, id="no content type"),
    ],
)
async def test_what_is_githubs_is_stored_whatever_it_says(
    client: Client, receiver: Receiver, body: bytes, headers: dict[str, str | None]
) -> None:
    assert (await post(client, body, **headers)).status == 202
    assert [each[2] for each in receiver.stored] == [body]


@pytest.mark.parametrize("error", [OSError("the disk is full"), InboxFull("too much waits")])
async def test_a_delivery_that_could_not_be_stored_is_not_acknowledged(
    client: Client, receiver: Receiver, error: Exception
) -> None:
    receiver.broken = error
    answer = await post(client)
    assert (answer.status, receiver.rung) == (503, 0)
    receiver.broken = None
    assert (await post(client)).status == 202


async def test_strangers_do_not_fill_the_log(client: Client) -> None:
    with capture_logs() as lines:
        for _ in range(20):
            assert (await post(client, X_Hub_Signature_256="sha256=no")).status == 401
        assert (await post(client, X_GitHub_Event=None)).status == 400
    assert [(line["event"], line["status"]) for line in lines] == [("delivery.refused", 401), ("delivery.refused", 400)]


async def test_other_methods_and_paths_are_refused(client: Client) -> None:
    assert (await client.get("/webhook")).status == 405
    assert (await client.post("/")).status == 405
    assert (await client.get("/nothing")).status == 404
    assert (await client.head("/healthz")).status == 200


def test_the_signature_is_that_of_githubs_documentation() -> None:
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation."""
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signed("It's a Secret to Everybody", b"Hello, World!", expected)
    assert not signed("It's a Secret to Everybody", b"Hello, World?", expected)


async def test_the_answers_are_counted(client: Client) -> None:
    await post(client)
    await post(client, X_GitHub_Event=None)
    text = await (await client.get("/metrics")).text()
    assert 'signalbox_webhooks_total{status="202"} 1.0' in text
    assert 'signalbox_webhooks_total{status="400"} 1.0' in text
