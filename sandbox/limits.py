"""Counts requests per caller and hour, as GitHub's primary rate limit does; the middleware asks it, nobody else."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from aiohttp import web

from sandbox.actor import Actor
from sandbox.model import Json

if TYPE_CHECKING:
    from sandbox.world import World

#: docs.github.com "Rate limits for the REST API"; nobody signed in: 60.
LIMIT, ANONYMOUS_LIMIT, SEARCH_LIMIT = 5000, 60, 30
HOUR = timedelta(hours=1)


@dataclass
class Window:
    """One caller's use of one resource until `reset` (epoch seconds)."""

    limit: int
    reset: int
    resource: str
    used: int = 0

    @property
    def remaining(self) -> int:
        """How many points are left."""
        return max(self.limit - self.used, 0)

    def shape(self) -> Json:
        """Return the JSON of `GET /rate_limit`."""
        used = min(self.used, self.limit)
        return {
            "limit": self.limit,
            "used": used,
            "remaining": self.remaining,
            "reset": self.reset,
        }

    def headers(self) -> dict[str, str]:
        """Return the `x-ratelimit-*` headers."""
        parts = self.shape() | {"resource": self.resource}
        return {f"x-ratelimit-{name}": str(value) for name, value in parts.items()}


@dataclass
class RateLimits:
    """The windows of all callers; the knobs `rate_limit.core` and `.graphql` change limit and remaining."""

    world: "World"
    _windows: dict[tuple[str, str], Window] = field(default_factory=dict)

    def window(self, actor: Actor, resource: str) -> Window:
        """Return the caller's current window for `core`, `graphql` or `search`."""
        who = f"installation {actor.installation.id}" if actor.installation else actor.login
        now = int(self.world.clock.now().timestamp())
        window = self._windows.get((who, resource))
        if window is None or window.reset <= now:
            limit = SEARCH_LIMIT if resource == "search" else LIMIT if who else ANONYMOUS_LIMIT
            window = Window(limit, now + int(HOUR.total_seconds()), resource)
            self._windows[who, resource] = window
            self._apply_knob(window)
        return window

    def _apply_knob(self, window: Window) -> None:
        knob = self.world.faults.settings.rate_limit.get(window.resource, {})
        window.limit = knob.get("limit", window.limit)
        if "remaining" in knob:
            window.used = window.limit - knob["remaining"]
        if "reset_in" in knob:
            window.reset = int(self.world.clock.now().timestamp()) + knob["reset_in"]

    def restart(self) -> None:
        """Forget all use: the knobs have changed."""
        self._windows.clear()


LIMITS = web.AppKey("limits", RateLimits)
#: How many points a request costs, if its handler knows better than one.
COST = web.RequestKey("rate_limit_cost", int)
