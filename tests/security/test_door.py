"""What somebody without the secret can do to the process that receives webhooks: not much, and not for long."""

import asyncio
import gzip
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from bot.metrics import Metrics
from bot.web.body import MAX_BODY, OWN_ROOM, Room
from bot.web.hook import Hook
from bot.web.server import runner

SECRET = "a secret of the tests"
LARGE = 512 * 1024  # bytes
NO_SIGNATURE = "sha256=" + "0" * 64


@dataclass
class Door:
    """A receiver with little room and little patience, and what it stored."""

    room: Room = field(default_factory=lambda: Room(shared=LARGE + LARGE // 2, seconds=5))
    stored: list[bytes] = field(default_factory=list)
    port: int = 0

    async def store(self, _guid: str, _event: str, body: bytes) -> bool:
        self.stored.append(body)
        return True

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def send(self, sent: bytes) -> int:
        """Send bytes, say nothing more, and return the status of what comes back; 0 = the connection was closed."""
        reader, writer = await self.connect()
        writer.write(sent)
        status = await status_of(reader)
        writer.close()
        return status


@asynccontextmanager
async def opened(door: Door, *, idle_seconds: float = 30) -> AsyncIterator[Door]:
    hook = Hook(secret=SECRET, store=door.store, notify=lambda: None, metrics=Metrics(), room=door.room)
    app = web.Application()
    app.router.add_post("/webhook", hook.receive)
    serving = runner(app, idle_seconds=idle_seconds)
    await serving.setup()
    try:
        await web.TCPSite(serving, "127.0.0.1", 0).start()
        door.port = serving.addresses[0][1]
        yield door
    finally:
        await serving.cleanup()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with opened(Door()) as ready:
        yield ready


async def status_of(reader: asyncio.StreamReader) -> int:
    line = await asyncio.wait_for(reader.readline(), 10)
    return int(line.split()[1]) if line else 0


def head(length: int, **more: str | None) -> bytes:
    """Write the headers of a webhook that is not signed but looks as if it were."""
    given: Mapping[str, str | None] = {
        "Host": "127.0.0.1", "X-GitHub-Event": "push", "X-GitHub-Delivery": "g-1", "X-Hub-Signature-256": NO_SIGNATURE,
        "Content-Length": str(length), **{name.replace("_", "-"): value for name, value in more.items()},
    }  # fmt: skip
    lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
    return "\r\n".join(["POST /webhook HTTP/1.1", *lines, "", ""]).encode()


def signed(body: bytes) -> bytes:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return head(len(body), X_Hub_Signature_256=f"sha256={digest}") + body


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (head(MAX_BODY, X_Hub_Signature_256=None), 401),
        (head(MAX_BODY, X_Hub_Signature_256="sha256=0"), 401),
        (head(MAX_BODY + 1), 413),
        (head(10**15), 413),
        (head(64, Content_Encoding="gzip"), 415),
        (head(64, Content_Encoding="br, gzip"), 415),
    ],
    ids=["no signature", "no such signature", "too large", "much too large", "gzip", "twice packed"],
)
async def test_what_its_headers_refuse_is_answered_before_its_body_comes(door: Door, sent: bytes, status: int) -> None:
    assert await door.send(sent) == status


async def test_a_packed_body_is_not_unpacked(door: Door) -> None:
    """4 KiB that would become 4 MiB: refused by its header, and thrown away as it came."""
    bomb = gzip.compress(b"\0" * 4_000_000)
    assert await door.send(head(len(bomb), Content_Encoding="gzip") + bomb) == 415
    assert door.stored == []


async def test_large_bodies_by_strangers_take_bounded_room_and_leave_small_ones_alone(door: Door) -> None:
    whole = door.room.left
    _, stranger = await door.connect()
    stranger.write(head(4 * LARGE) + b"{" + b"x" * LARGE)  # and keeps the rest to himself
    while door.room.left == whole or door.room.left > whole - LARGE + OWN_ROOM:
        await asyncio.sleep(0)
    large, small = b"{" + b" " * (LARGE + OWN_ROOM) + b"}", b'{"action": "opened"}'
    assert await door.send(signed(large)) == 503
    assert await door.send(signed(small)) == 202
    stranger.transport.abort()
    while door.room.left < whole:
        await asyncio.sleep(0)
    assert await door.send(signed(large)) == 202
    assert (door.stored, door.room.left) == ([small, large], whole)


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async with opened(Door(room=Room(seconds=0.1))) as door:
        assert await door.send(head(100) + b"{") == 408
        whole = door.room.left
        assert await door.send(head(LARGE) + b"{" * (LARGE // 2)) == 408
        assert door.room.left == whole


async def test_headers_that_do_not_come_are_not_waited_for() -> None:
    async with opened(Door(), idle_seconds=0.1) as door:
        for begun in (b"", b"POST /webhook HTT", b"POST /webhook HTTP/1.1\r\nX-GitHub-Event: pu"):
            assert await door.send(begun) == 0, begun


@pytest.mark.parametrize(
    "sent",
    [
        head(2, X_Long="x" * 20_000),
        head(2, **{f"X_{number}": "x" for number in range(500)}),
        b"POST /webhook" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
        head(2, Content_Length="-1"),
        head(2, Content_Length=None, Transfer_Encoding="chunked") + b"zz\r\n{}\r\n0\r\n\r\n",
        head(2, X_Split="a\r\n b\0c"),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["a long header", "many headers", "a long address", "a negative length", "bad chunks", "a bad header", "TLS"],
)
async def test_what_is_no_http_is_refused_without_a_word_in_the_log(
    door: Door, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert await door.send(sent) == 400
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []
    assert await door.send(signed(b"{}")) == 202


async def test_a_client_that_goes_away_leaves_nothing_behind(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    whole = door.room.left
    for _ in range(20):
        _, writer = await door.connect()
        writer.write(head(4 * LARGE) + b"{" * LARGE)
        await writer.drain()
        writer.transport.abort()
    while door.room.left < whole:
        await asyncio.sleep(0)
    assert await door.send(signed(b"{}")) == 202
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []
