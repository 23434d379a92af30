"""Puts the web side together. Must not decide anything: each path's behaviour is in its own file."""

from collections.abc import Callable

from aiohttp import web

from bot.store.db import Database
from bot.web.health import Health
from bot.web.hook import MAX_BODY, Hook, Store
from bot.web.metrics import Metrics
from bot.web.pages import StatusPage


def build_app(*, secret: str, store: Store, notify: Callable[[], None], database: Database) -> web.Application:
    """Return the application. Run it with `access_log=None`: a line per delivery is logged already, at less cost."""
    metrics = Metrics()
    health = Health(database=database, metrics=metrics)
    hook = Hook(secret=secret, store=store, notify=notify, metrics=metrics)
    app = web.Application(client_max_size=MAX_BODY)
    app.add_routes(
        [
            web.post("/webhook", hook.receive),
            web.get("/healthz", health.live),
            web.get("/readyz", health.ready),
            web.get("/metrics", health.numbers),
            web.get("/", StatusPage(database=database).show),
        ]
    )
    return app
