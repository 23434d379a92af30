"""GitHub's own example payloads, of every event and of its Enterprise Servers: each is stored, taken in, and no trouble."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.core.events import is_read, read_event
from bot.core.model import Login
from bot.errors import PayloadError
from bot.store import inbox
from bot.store.db import Database
from bot.store.inbox import Inbox
from bot.store.tables import deliveries
from bot.web.server import build_app
from bot.worker.intake import Own, take_in
from tests import databases
from tests.needs import lacking

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv" / "payloads" / "node_modules" / "@octokit" / "webhooks-examples"
SECRET = "a secret of the tests"
OWN = Own(app_id=1001, login=Login("signalbox[bot]"))
MOST_SECONDS = 0.1  # of computing for one payload


@dataclass(frozen=True)
class Example:
    """One body as GitHub would send it."""

    event: str
    body: bytes = field(repr=False)

    @property
    def guid(self) -> str:
        return hashlib.sha256(self.event.encode() + self.body).hexdigest()[:36]


def examples() -> list[Example]:
    """Return every example once; skip, or fail in CI, where the development dependency was not installed."""
    if not FOLDER.is_dir():
        lacking("GitHub's example payloads are not there: `make test` installs them where npm is")
    found: dict[Example, None] = {}
    for index in sorted(FOLDER.glob("*/index.json")):
        events: list[dict[str, Any]] = json.loads(index.read_text(encoding="utf-8"))
        for event in events:
            for example in event["examples"]:
                found[Example(event["name"], json.dumps(_as_sent(example)).encode())] = None
    return list(found)


def _as_sent(example: dict[str, Any]) -> dict[str, Any]:
    """Add the installation, which examples from a repository's own webhook lack and every delivery to an App has."""
    return {"installation": {"id": 2}, **example}


@asynccontextmanager
async def served(database: Database) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    receiver = Inbox(database, lambda: datetime.now(UTC))
    app = build_app(secret=SECRET, store=receiver.store, notify=lambda: None, database=database)
    async with TestClient(TestServer(app)) as client:
        yield client
    await receiver.close()


async def post(client: TestClient[web.Request, web.Application], example: Example) -> int:
    signature = "sha256=" + hmac.new(SECRET.encode(), example.body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json", "X-GitHub-Event": example.event, "X-GitHub-Delivery": example.guid,
        "X-Hub-Signature-256": signature,
    }  # fmt: skip
    async with client.post("/webhook", data=example.body, headers=headers) as answer:
        return answer.status


async def take_all_in(database: Database) -> None:
    """Take in what waits, many in one transaction, as the worker does."""
    while True:
        now = datetime.now(UTC)
        async with database.session() as session:
            waiting = await inbox.take(session, 100, now)
            for delivery in waiting:
                await take_in(session, delivery, now, OWN, {})
        if not waiting:
            return


@databases.ONLY_SQLITE  # what differs between the two is tested with worse payloads than these
async def test_every_example_is_stored_and_taken_in_without_an_error(database: Database) -> None:
    given = examples()
    assert len(given) >= 329
    async with served(database) as client:
        statuses = [await post(client, example) for example in given]
    assert set(statuses) == {202}
    with capture_logs() as logs:
        await take_all_in(database)
    async with database.session() as session:
        rows = await session.execute(select(deliveries.c.guid, deliveries.c.state))
        states = {row.guid: row.state for row in rows}
    assert [each for each in logs if each["log_level"] not in {"info", "debug"}] == []
    assert states == {example.guid: "done" if is_read(example.event) else "ignored" for example in given}


def test_no_example_takes_long_to_read() -> None:
    for example in examples():
        begun = time.thread_time()
        read_event(example.event, json.loads(example.body))
        assert time.thread_time() - begun < MOST_SECONDS, example


REMOVING_OR_ASKING = ("installation", "installation_repositories", "repository", "issue_comment", "check_run")
WORDS = "/signalbox cancel"


def asking(event: dict[str, Any]) -> dict[str, Any]:
    """Let whatever people wrote be a command, and every check be Signalbox's with a button that was pressed."""
    for part in ("comment", "issue", "pull_request", "review", "discussion", "release"):
        if part in event:
            event[part]["body"] = WORDS
    if "check_run" in event:
        event["check_run"] |= {"name": "signalbox", "external_id": "plan/5/0123456789ab/0123456789ab/0123456789ab"}
    return event


@pytest.mark.parametrize("name", REMOVING_OR_ASKING)
def test_no_example_of_another_event_removes_adds_or_asks_anything_under_this_name(name: str) -> None:
    """GitHub does not sign the name of the event: an old body may come under any."""
    own = 0
    for example in examples():
        body = asking(json.loads(example.body))
        try:
            event = read_event(name, body)
        except PayloadError:
            assert example.event != name
            continue
        does = (event.commands, event.installed, event.removed, event.uninstalled)
        own += example.event == name and any(does)
        assert example.event == name or not any(does), example
    assert own
