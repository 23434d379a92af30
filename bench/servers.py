"""The servers that `ack` measures: the bare handler, one that stores with as little as can be, and Signalbox's web side.

Each is a process of its own.

`python -m bench.servers bare SECRET`, or `driver` or `signalbox SECRET DATABASE_URL`; prints its port when it listens.
"""

import asyncio
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from aiohttp import web

from bot import log
from bot.app import hand_over_soon
from bot.store.db import Database
from bot.store.inbox import Inbox
from bot.store.migrate import upgrade
from bot.store.tables import pack
from bot.web.hook import signed
from bot.web.server import build_app, runner


def bare(secret: str, keep: Callable[[str, bytes], Awaitable[object]] | None = None) -> web.Application:
    """Return the least that proves a webhook: the same check of the same bytes. Nothing is kept unless one says how."""

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        if not signed(secret, body, request.headers.get("X-Hub-Signature-256", "")):
            return web.Response(status=401)
        if keep is not None:
            await keep(request.headers["X-GitHub-Delivery"], body)
        return web.Response(status=202)

    app = web.Application(client_max_size=25 * 1024 * 1024)
    app.add_routes([web.post("/webhook", receive)])
    return app


class Driver:
    """What storing costs at the least: SQLite by its driver alone, in a thread, all that came meanwhile in one commit.

    Packed as Signalbox does, for writing is most of it.
    """

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = FULL")
        self._thread = ThreadPoolExecutor(1)
        self._waiting: list[tuple[str, bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, guid: str, body: bytes) -> None:
        """Return once it is on disk."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((guid, pack(body), kept))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await kept

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await asyncio.get_running_loop().run_in_executor(self._thread, self._store, batch)
            for *_, kept in batch:
                kept.set_result(None)
        self._writing = None

    def _store(self, batch: list[tuple[str, bytes, asyncio.Future[None]]]) -> None:
        rows = ", ".join(["(?, 'issue_comment', '2026-01-01 00:00:00.000000', ?, 'new')"] * len(batch))
        store = f"INSERT INTO deliveries (guid, event, received_at, body, state) VALUES {rows}"  # noqa: S608 - our own
        self._connection.execute(store, [value for guid, body, _ in batch for value in (guid, body)])


async def driver(secret: str, url: str) -> web.Application:
    """Return the bare handler that keeps everything by the driver."""
    database = Database(url)
    await upgrade(database.engine)
    await database.close()
    return bare(secret, Driver(str(database.engine.url.database)).keep)


async def signalbox(secret: str, url: str) -> web.Application:
    """Return Signalbox's web side as it runs in production, a log line for each delivery included."""
    log.configure("info")
    hand_over_soon()
    database = Database(url)
    await upgrade(database.engine)
    inbox = Inbox(database, lambda: datetime.now(UTC))
    return build_app(secret=secret, store=inbox.store, notify=lambda: None, database=database)


async def main(kind: str, secret: str, *url: str) -> None:
    """Serve until killed."""
    if kind == "signalbox":
        serving = runner(await signalbox(secret, *url))
    else:
        serving = web.AppRunner(await driver(secret, *url) if url else bare(secret), access_log=None)
    await serving.setup()
    await web.TCPSite(serving, "127.0.0.1", 0).start()
    print(serving.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
