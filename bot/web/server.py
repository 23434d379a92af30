"""Puts the web side together. Must not decide anything: each path's behaviour is in its own file."""

import logging
from collections.abc import Callable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.metrics import Metrics
from bot.store.db import Database
from bot.store.overview import Overview, overview
from bot.web.glance import Glance
from bot.web.health import Health
from bot.web.hook import Hook, Store
from bot.web.pages import StatusPage

IDLE_SECONDS = 75.0  # a connection without a whole request is closed after that; common proxies keep theirs as long
LINGER_SECONDS = 1.0  # how long the rest of a refused body is thrown away, so that its sender hears the refusal


def build_app(
    *, secret: str, store: Store, notify: Callable[[], None], database: Database, metrics: Metrics | None = None
) -> web.Application:
    """Return the application; `runner` says how to run it."""
    metrics = metrics or Metrics()
    hook = Hook(secret=secret, store=store, notify=notify, metrics=metrics)
    found = _overview_of(database)
    return _application(
        web.post("/webhook", hook.receive),
        *_watched(database, found, metrics),
        web.get("/", StatusPage(overview=found).show),
    )


def runner(app: web.Application, *, idle_seconds: float = IDLE_SECONDS) -> web.AppRunner:
    """Return what runs the application, by its own means against clients that only take up room.

    A line per delivery is logged already, at less cost than an access log. What is compressed is refused, so nothing
    is ever unpacked.
    """
    logger = logging.getLogger(__name__)
    logger.addFilter(_not_about_http)
    return web.AppRunner(
        app,
        access_log=None,
        logger=logger,
        handle_signals=False,
        auto_decompress=False,
        keepalive_timeout=idle_seconds,
        lingering_time=LINGER_SECONDS,
    )


def _not_about_http(record: logging.LogRecord) -> bool:
    """Say whether a line is worth writing: a stack trace for everybody who speaks no HTTP would bury all others."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


def build_watch(*, database: Database, metrics: Metrics) -> web.Application:
    """Return what a process without a web side shows of itself: `/healthz`, `/readyz` and `/metrics`."""
    return _application(*_watched(database, _overview_of(database), metrics))


def _application(*routes: web.RouteDef) -> web.Application:
    """Return an application of these paths that answers everything else itself.

    What aiohttp answers to an odd `Expect` header quotes it, and fails where it is no text.
    """
    app = web.Application()
    for each in (*routes, web.route("*", "/{elsewhere:.*}", _elsewhere)):
        for method in ("GET", "HEAD") if each.method == "GET" else (each.method,):
            app.router.add_route(method, each.path, each.handler, expect_handler=_expected)
    return app


async def _expected(request: web.Request) -> None:
    """Tell a client that waits for it to go on. https://www.rfc-editor.org/rfc/rfc9110#field.expect."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise web.HTTPExpectationFailed(text="Only 100-continue can be expected.")
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # it is no part of the answer


async def _elsewhere(request: web.Request) -> web.Response:
    known = {resource.canonical for resource in request.app.router.resources()}
    status = 405 if request.path in known else 404
    return web.Response(status=status, text="Method not allowed\n" if status == 405 else "Not found\n")


def _overview_of(database: Database) -> Glance[Overview]:
    async def look() -> Overview:
        async with database.session() as session:
            return await overview(session)

    return Glance(look)


def _watched(database: Database, found: Glance[Overview], metrics: Metrics) -> list[web.RouteDef]:
    health = Health(database=Glance(database.check), overview=found, metrics=metrics)
    return [
        web.get("/healthz", health.live),
        web.get("/readyz", health.ready),
        web.get("/metrics", health.numbers),
    ]
