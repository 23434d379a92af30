"""Whatever strangers write, readers come to an end without an exception: a few draws of what `make fuzz` searches for."""

import asyncio
import gc
import hashlib
import hmac
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from aiohttp import web
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from structlog.testing import capture_logs

from bench.texts import sparse_tables
from bot.core.events import read_event
from bot.errors import PayloadError
from bot.store import inbox
from bot.store.db import Database
from bot.store.inbox import Delivery
from bot.store.tables import commands, deliveries, lanes
from bot.web.server import build_app, runner
from bot.worker.intake import take_in
from fuzz.choices import Choices
from fuzz.payloads import EVENTS, payload_of, spoiled
from fuzz.targets import OWN, TARGETS
from tests import databases

MEBIBYTE = 1 << 20
MOST_SECONDS = 1.0  # of computing for a mebibyte
T = TypeVar("T")

SOME = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def drawn(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """Draw examples for a test that waits for a database or a server, which hypothesis cannot."""
    found: list[T] = []

    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate])
    @given(strategy)
    def draw(example: T) -> None:
        found.append(example)

    draw()
    return found


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@SOME
@given(data=st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_reader_is_troubled_by_any_bytes(target: Callable[[bytes], None], data: bytes) -> None:
    target(data)


@pytest.mark.parametrize("event", EVENTS)
def test_the_payloads_that_are_spoiled_are_good_ones(event: str) -> None:
    assert read_event(event, payload_of(event)).action == payload_of(event).get("action", "")


LONG = {
    "commands": "/signalbox hold W1\n\n", "backticks": "`", "open brackets": "[", "quotes": "> ", "nested quotes": ">",
    "tags": "<details>", "comments": "<!--", "lists": "- ", "table": "| a | b |\n|---|---|\n", "aliases": "*a", "braces": "{a: [",
    "marker": "<!-- signalbox:reply ", "task": "- [ ] x\n", "spaces": " ", "ends of lines": "\n", "zeros": "\0", "stars": "*",
    "entities": "&#x41;", "backslashes": "\\", "sparse tables": sparse_tables(181, 364, 1), "headings": "# a\n",
    "paragraphs": "a\n\n", "tabs": "\t", "ticks": "✅", "fences": "```\na\n```\n", "definitions": "[a]: b\n", "links": "[a](",
    "tables in items": "- |a|b|\n  |-|-|\n  a\n",
}  # fmt: skip


def a_comment(body: str, **more: object) -> dict[str, object]:
    payload = payload_of("issue_comment")
    return {**payload, "comment": {**payload["comment"], "body": body}, **more}


@pytest.fixture(scope="module")
def as_it_runs() -> None:
    """Look for garbage as the program does, only in what came since its start: a process full of tests takes long for that."""
    gc.collect()
    gc.freeze()


@pytest.mark.parametrize("words", LONG.values(), ids=LONG)
def test_a_mebibyte_is_read_in_a_second(words: str, as_it_runs: None) -> None:
    long = words * (MEBIBYTE // len(words))
    comments = [f"/sb status\n\n{long}", f"/sb status {long}", f"> /sb status\n{long}", f"a /sb status{long}"]
    said = [json.dumps(body) for body in (a_comment("Go!", x=long), *map(a_comment, comments))]
    number = EVENTS.index("issue_comment")
    bodies = [("webhook", bytes([number, 0]) + each.encode()) for each in said]
    for name, given_data in [("commands", comments[0].encode()), ("config", long.encode()), *bodies]:
        begun = time.thread_time()
        TARGETS[name](given_data)
        assert time.thread_time() - begun < MOST_SECONDS, name


@pytest.mark.parametrize("body", [b'{"a":' * 200_000, b"[" * MEBIBYTE, b'{"a": ' + b"9" * MEBIBYTE + b"}"])
def test_a_deep_or_endless_payload_is_refused_in_a_second(body: bytes) -> None:
    begun = time.thread_time()
    TARGETS["webhook"](b"\0\0" + body)
    assert time.thread_time() - begun < MOST_SECONDS


async def test_spoiled_payloads_of_every_event_are_taken_in_or_parked(database: Database) -> None:
    """Signed, so that nothing but the readers stands between them and the tables."""
    draws = drawn(st.tuples(st.sampled_from(EVENTS), st.binary(min_size=3, max_size=40)), 150)
    draws += [(event, b"") for event in EVENTS]  # and one of each as it should be
    bodies = [(event, json.dumps(spoiled(event, Choices(data))).encode()) for event, data in draws]
    with capture_logs() as logs:
        for number, (event, body) in enumerate(bodies):
            now = datetime.now(UTC)
            async with database.session() as session:
                await inbox.accept(session, f"g-{number}", event, body, now)
                await take_in(
                    session, Delivery(guid=f"g-{number}", event=event, received_at=now, body=body), now, OWN, {}
                )
    async with database.session() as session:
        states = set((await session.execute(select(deliveries.c.state))).scalars())
        known = set((await session.execute(select(lanes.c.repository_id))).scalars())
        said = (await session.execute(select(commands.c.verb).distinct())).scalars().all()
    assert states == {"done", "ignored", "parked"}
    assert known
    assert said
    assert {each["event"] for each in logs if each["log_level"] not in {"debug", "info", "warning"}} == {
        "delivery.parked"
    }


# ---- the endpoint ----


@asynccontextmanager
async def served(database: Database, stored: list[bytes]) -> AsyncIterator[int]:
    async def store(_guid: str, _event: str, body: bytes) -> bool:
        stored.append(body)
        return True

    serving = runner(build_app(secret="secret", store=store, notify=lambda: None, database=database))
    await serving.setup()
    await web.TCPSite(serving, "127.0.0.1", 0).start()
    try:
        yield serving.addresses[0][1]
    finally:
        await serving.cleanup()


HEADERS = (
    "X-GitHub-Event", "X-GitHub-Delivery", "X-Hub-Signature-256", "Content-Type", "Content-Encoding", "Transfer-Encoding",
    "Content-Length", "Expect", "Connection", "Host", "Upgrade", "Cookie",
)  # fmt: skip
VALUES = st.sampled_from([
    "issues", "application/json", "gzip", "identity", "chunked", "0", "-1", "99999999999", "100-continue", "close",
    "sha256=", "sha256=" + "f" * 64, "application/x-www-form-urlencoded", "text/html; charset=nonsense", "websocket",
]).map(str.encode) | st.binary(max_size=60)  # fmt: skip
FIRST = st.sampled_from([b"POST /webhook", b"GET /webhook", b"POST /", b"GET /healthz", b"PUT /webhook?x=%zz"])
REQUESTS = st.tuples(
    FIRST | st.binary(max_size=30),
    st.lists(st.tuples(st.sampled_from(HEADERS), VALUES), max_size=5),
    st.binary(max_size=60) | st.just(b'{"action": "opened"}'),
    st.booleans(),
)
PATIENCE = 2.0  # seconds for the answer to a request that never comes to its end


def request_of(first: bytes, headers: list[tuple[str, bytes]], body: bytes, is_signed: bool) -> bytes:
    """Write a request that is good but for what is given."""
    digest = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    usual = {
        "Host": b"x", "X-GitHub-Event": b"issues", "X-GitHub-Delivery": b"g", "Content-Length": str(len(body)).encode(),
        **({"X-Hub-Signature-256": f"sha256={digest}".encode()} if is_signed else {}),
    }  # fmt: skip
    odd = {name for name, _ in headers}
    every = [*(each for each in usual.items() if each[0] not in odd), *headers]
    return b"\r\n".join([first + b" HTTP/1.1", *(name.encode() + b": " + value for name, value in every), b"", body])


async def status(port: int, sent: bytes) -> int:
    """Send a request; 0 = it was not answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        async with asyncio.timeout(PATIENCE):
            line = await reader.readline()
        return int(line.split()[1]) if line else 0
    except TimeoutError:
        return 0
    finally:
        writer.close()


@databases.ONLY_SQLITE
async def test_no_request_makes_the_webhook_fail(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    stored: list[bytes] = []
    async with served(database, stored) as port:
        seen = set(await asyncio.gather(*(status(port, request_of(*each)) for each in drawn(REQUESTS, 80))))
        assert await status(port, request_of(b"POST /webhook", [], b"{}", is_signed=True)) == 202
    assert max(seen) < 500
    assert {400, 401} <= seen
    assert all(body.lstrip().startswith(b"{") for body in stored)
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


@databases.ONLY_SQLITE
@pytest.mark.parametrize("words", ["tags", "sparse tables", "ends of lines"])
async def test_a_signed_mebibyte_is_answered_in_a_second(database: Database, words: str) -> None:
    long = LONG[words] * (MEBIBYTE // len(LONG[words]))
    body = json.dumps(a_comment(f"/sb status\n\n{long}")).encode()
    stored: list[bytes] = []
    async with served(database, stored) as port:
        begun = time.monotonic()
        comment = ("X-GitHub-Event", b"issue_comment")
        assert await status(port, request_of(b"POST /webhook", [comment], body, is_signed=True)) == 202
        assert time.monotonic() - begun < MOST_SECONDS
    assert stored == [body]


def test_a_payload_that_is_no_githubs_is_refused_by_name() -> None:
    with pytest.raises(PayloadError, match="issue_comment"):
        read_event("issue_comment", {**payload_of("issue_comment"), "comment": {"id": "x\0"}})
