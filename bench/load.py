"""The load generator, a process of its own: signed webhooks over kept connections, each answer checked and timed.

Speaks plain HTTP/1.1 over asyncio's protocols, so that it costs far less than what it measures. Reads one JSON order a line
on standard input, writes one JSON report a line. Must not import anything of Signalbox.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

GUID = b"%GUID%"


@dataclass(slots=True)
class Slice:
    """What one order brought so far."""

    request: bytes  # with GUID where the delivery's is to stand
    prefix: str
    until: float
    limit: int
    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)

    def next(self, now: float) -> bytes | None:
        """Return the next request, None when it is over."""
        if now >= self.until or self.sent >= self.limit:
            return None
        guid = f"{self.prefix}-{self.sent}".encode()
        self.sent += 1
        return self.request.replace(GUID, guid, 1)


class Sender(asyncio.Protocol):
    """One kept connection: sends a request, waits for the whole answer, sends the next."""

    def __init__(self) -> None:
        self.rest = b""
        self.began = 0.0
        self.work: Slice | None = None
        self.idle: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note how to write."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """An answer that never comes ends the measurement."""
        if self.idle is not None and not self.idle.done():
            self.idle.set_exception(ConnectionError("the server hung up"))

    def send(self) -> None:
        """Send the next request, or say that this connection is done."""
        assert self.work is not None
        assert self.idle is not None
        self.began = time.perf_counter()
        request = self.work.next(self.began)
        if request is None:
            self.idle.set_result(None)
        else:
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take a piece of an answer; one that is whole is counted."""
        assert self.work is not None
        self.rest += data
        head, found, body = self.rest.partition(b"\r\n\r\n")
        if not found or len(body) < length_of(head):
            return
        self.rest = b""
        self.work.statuses[int(head[9:12])] += 1
        self.work.milliseconds.append((time.perf_counter() - self.began) * 1000)
        self.send()


def length_of(head: bytes) -> int:
    """Return the length of the body that an answer's head announces, 0 if it announces none."""
    _, found, after = head.lower().partition(b"content-length:")
    return int(after.partition(b"\r\n")[0]) if found else 0


class Generator:
    """Keeps connections by port; works off one order at a time."""

    def __init__(self) -> None:
        self.kept: dict[int, list[Sender]] = {}

    async def run(self, order: dict[str, Any]) -> dict[str, Any]:
        """Send for so many seconds, or so many requests, over so many connections; return what came of it."""
        senders = await self.senders(order["port"], order["connections"])
        began, used = time.perf_counter(), time.process_time()
        work = Slice(
            request=order["request"].encode("latin-1"),
            prefix=order["prefix"],
            until=began + order["seconds"],
            limit=order.get("limit", sys.maxsize),
        )
        for sender in senders:
            sender.work, sender.idle = work, asyncio.get_running_loop().create_future()
            sender.send()
        await asyncio.gather(*(sender.idle for sender in senders if sender.idle is not None))
        took = time.perf_counter() - began
        return {
            "sent": work.sent,
            "seconds": took,
            "cpu": (time.process_time() - used) / took,
            "statuses": work.statuses,
            "milliseconds": work.milliseconds,
        }

    async def senders(self, port: int, count: int) -> list[Sender]:
        """Return so many connections to a port."""
        kept = self.kept.setdefault(port, [])
        while len(kept) < count:
            _, sender = await asyncio.get_running_loop().create_connection(Sender, "127.0.0.1", port)
            kept.append(sender)
        return kept[:count]


async def main() -> None:
    """Work off orders until standard input ends."""
    generator = Generator()
    while line := await asyncio.to_thread(sys.stdin.readline):
        report = await generator.run(json.loads(line))
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
