"""Puts the web side together. Must not decide anything: each path's behaviour is in its own file."""

import logging
from collections.abc import Callable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.metrics import Metrics
from bot.store.db import Database
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
    app = web.Application()
    app.add_routes(
        [
            web.post("/webhook", hook.receive),
            *_watched(database, metrics),
            web.get("/", StatusPage(database=database).show),
        ]
    )
    return app


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
    app = web.Application()
    app.add_routes(_watched(database, metrics))
    return app


def _watched(database: Database, metrics: Metrics) -> list[web.RouteDef]:
    health = Health(database=database, metrics=metrics)
    return [
        web.get("/healthz", health.live),
        web.get("/readyz", health.ready),
        web.get("/metrics", health.numbers),
    ]
