"""The only wiring: settings in, a running program out. Knows every part and does nothing of its own.

Starting order: database, GitHub, web, worker; stopping is the reverse, so that nothing is acknowledged that is not stored.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import structlog
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from sqlalchemy.engine import make_url

from bot.core.model import Branch
from bot.core.seal import Seal
from bot.github.app_auth import AppAuth
from bot.github.client import Client
from bot.github.transport import WRITE_GAP, Transport, TransportOptions
from bot.metrics import Metrics
from bot.settings import Settings
from bot.store import lanes
from bot.store.db import Database
from bot.store.inbox import Inbox
from bot.store.migrate import upgrade
from bot.web.server import build_app, build_watch, runner
from bot.worker import by_hand
from bot.worker.doctor import Report, examine
from bot.worker.loop import Bell, Worker

log = structlog.get_logger()

PUBLIC_HOSTS = (
    "api.github.com",
    ".ghe.com",
)  # GitHub's own; an Enterprise Server has no limits unless its owner sets them
SWITCH_SECONDS = 0.0005  # that a thread goes on while another one waits; Python's own are 0.005


@dataclass(slots=True)
class Running:
    """A running program."""

    database: Database
    port: int | None  # of the web side, or of a worker's metrics; None = nothing listens here


@asynccontextmanager
async def running(settings: Settings, *, web_side: bool, worker_side: bool) -> AsyncIterator[Running]:
    """Start the program in this event loop and stop it at the end of the block. Raises what a part cannot start for."""
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url)
        stack.push_async_callback(database.close)
        await upgrade(database.engine)
        bell, metrics = Bell(), Metrics()
        tasks: list[asyncio.Task[None]] = []
        worker: Worker | None = None
        if worker_side and not database.is_shared:
            async with database.session() as session:  # a killed process left its leases; nobody need wait them out
                await lanes.take_back(session)
        if worker_side:
            http = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=True))
            worker = Worker(
                github=_github(settings, http, metrics),
                database=database,
                app_id=settings.github_app_id,
                seal=_seal(settings),
                deliveries=bell,
                metrics=metrics,
                turns=settings.workers,
                resync_seconds=settings.resync_seconds,
            )
        port: int | None = None
        if web_side:
            port = await _listen(stack, settings, _web_side(stack, settings, database, bell, metrics), settings.port)
        elif settings.metrics_port is not None:
            port = await _listen(
                stack, settings, build_watch(database=database, metrics=metrics), settings.metrics_port
            )
        if worker is not None:
            tasks.append(asyncio.create_task(worker.run()))
            stack.push_async_callback(_stop, worker, tasks[0])
        log.info("started", port=port, worker=worker_side)
        yield Running(database=database, port=port)
        log.info("stopping")


def hand_over_soon() -> None:
    """Let the threads of this process take turns ten times as often as Python does by itself.

    The event loop and the database's thread each wait for the other many times a commit, and what is thought about in a
    thread must not hold up an acknowledgement.
    """
    sys.setswitchinterval(SWITCH_SECONDS)


async def serve(settings: Settings, *, web_side: bool, worker_side: bool) -> None:
    """Run until SIGTERM or SIGINT; a turn that is under way comes to its end."""
    hand_over_soon()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # no signal handlers on some platforms; there Ctrl-C raises
            loop.add_signal_handler(number, stopped.set)
    async with running(settings, web_side=web_side, worker_side=worker_side):
        gc.freeze()  # what is loaded stays: to look through it for garbage takes longer than to read a long plan
        await stopped.wait()


async def migrate(settings: Settings) -> None:
    """Bring the database to the newest form and do nothing else."""
    database = Database(settings.database_url)
    try:
        await upgrade(database.engine)
    finally:
        await database.close()


async def doctor(settings: Settings, repository: str, base: str | None) -> Report:
    """Examine a repository ("owner/name") and its plans; reads only, so it may run beside a server."""
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url) if _is_there(settings.database_url) else None
        if database is not None:
            stack.push_async_callback(database.close)
        http = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=True))
        at = Branch(base) if base is not None else None
        return await examine(_github(settings, http), database, repository, at, app_id=settings.github_app_id)


async def rebuild(settings: Settings, repository: str, issue: int, *, force: bool) -> by_hand.Report:
    """Restore a plan of a repository ("owner/name") from GitHub; may run beside a server."""
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url)
        stack.push_async_callback(database.close)
        await upgrade(database.engine)
        http = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=True))
        return await by_hand.rebuild_by_hand(
            _github(settings, http), database, _seal(settings), repository=repository, issue=issue, force=force
        )


def _is_there(database_url: str) -> bool:
    """Say whether a database may be opened without making one: SQLite makes a file that is not there."""
    url = make_url(database_url)
    return url.get_backend_name() != "sqlite" or (url.database is not None and Path(url.database).exists())


def _seal(settings: Settings) -> Seal:
    """The seal that follows from the App's private key, in whatever form it is written down.

    Not from the webhook secret: the seal is public, and a short secret could be guessed from it.
    """
    pem = settings.github_private_key.get_secret_value().encode()
    key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)  # the settings were checked
    return Seal.of(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _github(settings: Settings, session: aiohttp.ClientSession, metrics: Metrics | None = None) -> Client:
    host = urlsplit(settings.github_api_url).hostname or ""
    paced = host == PUBLIC_HOSTS[0] or host.endswith(PUBLIC_HOSTS[1])
    auth = AppAuth(settings.github_app_id, settings.github_private_key.get_secret_value())
    options = TransportOptions(
        api_url=settings.github_api_url,
        graphql_url=settings.github_graphql_url,
        write_gap=WRITE_GAP if paced else 0,
    )
    if metrics is not None:
        options = replace(options, observe=metrics.request)
    transport = Transport(session, auth, options)
    if metrics is not None:
        metrics.limits = transport.limits
    return Client(transport, settings.github_app_id)


def _web_side(
    stack: AsyncExitStack, settings: Settings, database: Database, bell: Bell, metrics: Metrics
) -> web.Application:
    receiver = Inbox(database, lambda: datetime.now(UTC))
    stack.push_async_callback(receiver.close)
    return build_app(
        secret=settings.github_webhook_secret.get_secret_value(),
        store=receiver.store,
        notify=bell.ring,
        database=database,
        metrics=metrics,
    )


async def _listen(stack: AsyncExitStack, settings: Settings, application: web.Application, wanted: int) -> int:
    """Open a port for an application; return it, for the system chooses one if `wanted` is 0."""
    serving = runner(application)
    await serving.setup()
    stack.push_async_callback(serving.cleanup)
    site = web.TCPSite(serving, settings.host, wanted)
    await site.start()
    port: int = serving.addresses[0][1]
    return port


async def _stop(worker: Worker, task: asyncio.Task[None]) -> None:
    worker.stop()
    await task
