"""The page at the root: says what runs here and whether it has work, to anybody who asks.

Must not show anything private: counts only, no names.
"""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import structlog
from aiohttp import web
from jinja2 import Environment

from bot.store.overview import Overview
from bot.web.glance import Glance
from bot.web.health import UNUSABLE

log = structlog.get_logger()

_PAGE = Environment(autoescape=True).from_string("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Signalbox</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem }
  dt { float: left; clear: left; width: 14rem } dd { margin: 0 0 0 14rem }
</style>
<h1>Signalbox</h1>
<p>A GitHub App: a plan in an issue becomes branches and pull requests that merge only in the plan's order.</p>
<dl>
  <dt>Version</dt><dd>{{ version }}</dd>
{% if found %}
  <dt>Repositories</dt><dd>{{ found.repositories }}</dd>
  <dt>Running plans</dt><dd>{{ found.open_plans }}</dd>
  <dt>Waiting deliveries</dt><dd>{{ found.deliveries["new"] }}</dd>
  <dt>Parked deliveries</dt><dd>{{ found.deliveries["parked"] }}</dd>
{% else %}
  <dt>Database</dt><dd>cannot be used at the moment</dd>
{% endif %}
</dl>
</html>
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """`GET /`."""

    overview: Glance[Overview]

    async def show(self, _request: web.Request) -> web.Response:
        """Return the page, also without a database: then with 503 and without numbers."""
        found = None
        try:
            found = await self.overview.get()
        except UNUSABLE as error:
            log.warning("not_ready", error=str(error))
        page = _PAGE.render(version=_version(), found=found)
        headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return web.Response(text=page, content_type="text/html", status=200 if found else 503, headers=headers)


def _version() -> str:
    try:
        return version("signalbox")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return "unreleased"
