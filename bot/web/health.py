"""What a platform asks: is the process alive, can it do its work, how much is there to do.

Must not tell why it is not ready: that is in the log.
"""

from dataclasses import dataclass

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.metrics import Metrics
from bot.store.overview import Overview
from bot.web.glance import Glance
from bot.web.metrics import exposition

log = structlog.get_logger()

#: What a database raises that cannot be used now, whatever the reason: the driver's errors come wrapped, except while
#: connecting. Whether it is away, so that waiting helps, only the worker has to know (is_away in store/db.py).
UNUSABLE = (SQLAlchemyError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`/healthz`, `/readyz` and `/metrics`."""

    database: Glance[None]  # a look whether it can be used
    overview: Glance[Overview]
    metrics: Metrics

    async def live(self, _request: web.Request) -> web.Response:
        """200 as long as the process answers: restarting it would not bring a database back."""
        return web.json_response({"status": "ok"})

    async def ready(self, _request: web.Request) -> web.Response:
        """200 if the database answers and has its tables, else 503."""
        try:
            await self.database.get()
        except UNUSABLE as error:
            log.warning("not_ready", error=str(error))
            return web.json_response({"status": "the database cannot be used"}, status=503)
        return web.json_response({"status": "ok"})

    async def numbers(self, _request: web.Request) -> web.Response:
        """Return the metrics; 503 if the database cannot be asked."""
        try:
            found = await self.overview.get()
        except UNUSABLE as error:
            log.warning("not_ready", error=str(error))
            return web.Response(text="the database cannot be used\n", status=503)
        return exposition(self.metrics, found)
