"""The servers that `ack` measures, each in a process of its own: the bare handler, and Signalbox's web side.

`python -m bench.servers bare SECRET` or `python -m bench.servers signalbox SECRET DATABASE_URL`; prints its port when it listens.
"""

import asyncio
import sys
from datetime import UTC, datetime

from aiohttp import web

from bot import log
from bot.store.db import Database
from bot.store.inbox import Inbox
from bot.store.migrate import upgrade
from bot.web.hook import signed
from bot.web.server import build_app, runner


def bare(secret: str) -> web.Application:
    """Return the least that proves a webhook: the same check of the same bytes, and nothing kept."""

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        if not signed(secret, body, request.headers.get("X-Hub-Signature-256", "")):
            return web.Response(status=401)
        return web.Response(status=202)

    app = web.Application(client_max_size=25 * 1024 * 1024)
    app.add_routes([web.post("/webhook", receive)])
    return app


async def signalbox(secret: str, url: str) -> web.Application:
    """Return Signalbox's web side as it runs in production, a log line for each delivery included."""
    log.configure("info")
    database = Database(url)
    await upgrade(database.engine)
    inbox = Inbox(database, lambda: datetime.now(UTC))
    return build_app(secret=secret, store=inbox.store, notify=lambda: None, database=database)


async def main(kind: str, secret: str, *url: str) -> None:
    """Serve until killed."""
    app = bare(secret) if kind == "bare" else await signalbox(secret, *url)
    serving = web.AppRunner(app, access_log=None) if kind == "bare" else runner(app)
    await serving.setup()
    await web.TCPSite(serving, "127.0.0.1", 0).start()
    print(serving.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
