"""Mints installation tokens that reach no further than what they are for: one repository, the permissions that are used.

Between app_auth.py, which keeps them, and transport.py, which sends. Must not keep a token, nor log or show one.
https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import structlog
from cachetools import TTLCache

from bot.errors import NotFound, NotInstalled, ReadFailed
from bot.github.answers import Reply, documented_shapes, page_of
from bot.github.app_auth import InstallationToken, Reach
from bot.github.clock import Clocks
from bot.github.permissions import LISTING, Permissions, lacking, usable

GRANTS_KEPT = 3600  # seconds that what an installation grants is taken for known; a refusal ends it at once
MAX_GRANTS = 4096  # installations whose grants are remembered

TOKENS = "/app/installations/{installation_id}/access_tokens"
INSTALLATION = "/app/installations/{installation_id}"

#: Sends a request as the App itself, as often as a read may be sent: (method, route, variables, body).
Ask = Callable[[str, str, Mapping[str, str], Mapping[str, Any] | None], Awaitable[Reply]]

log = structlog.get_logger()


class Minter:
    """Asks GitHub for tokens. Asking twice does no harm."""

    def __init__(self, ask: Ask, clocks: Clocks) -> None:
        self._ask = ask
        self._clocks = clocks
        clock = clocks.now
        self._granted: TTLCache[int, Permissions] = TTLCache(MAX_GRANTS, GRANTS_KEPT, timer=lambda: clock().timestamp())
        self._refused: TTLCache[int, bool] = TTLCache(MAX_GRANTS, GRANTS_KEPT, timer=lambda: clock().timestamp())

    async def mint(self, reach: Reach) -> InstallationToken:
        """Return a fresh token, good for an hour.

        Raises NotInstalled where the installation is gone or suspended, NotFound where it has no such repository (any
        more), ReadFailed, RateLimited.
        """
        remembered = reach.installation in self._granted
        reply = await self._asked_for(reach)
        if reply.status == 422 and remembered:  # what is granted may have changed since it was asked for
            self._granted.pop(reach.installation, None)  # somebody else may have noticed as well
            reply = await self._asked_for(reach)
        _refuse(reply, f"no token for {reach}")
        data = page_of(reply).data
        try:
            return InstallationToken(data["token"], self._clocks.ours(datetime.fromisoformat(data["expires_at"])))
        except (KeyError, TypeError, ValueError):
            # Without "from": the error would quote what GitHub sent, and that is the token.
            raise ReadFailed("GitHub answered the request for a token with something else") from None

    def forget(self, installation: int) -> None:
        """Ask anew, with every token of the next hour, what an installation grants: it was refused something."""
        self._refused[installation] = True
        self._granted.pop(installation, None)

    async def _asked_for(self, reach: Reach) -> Reply:
        body: dict[str, Any] = {"permissions": {**LISTING}}
        match reach.repository:
            case int():
                body = {"repository_ids": [reach.repository], "permissions": await self._usable(reach.installation)}
            case str():
                body = {
                    "repositories": [reach.repository.rpartition("/")[2]],
                    "permissions": await self._usable(reach.installation),
                }
        return await self._ask("POST", TOKENS, {"installation_id": str(reach.installation)}, body)

    async def _usable(self, installation: int) -> dict[str, str]:
        """Ask, once an hour, what the installation grants: asking for a token with more is refused as a whole."""
        known = self._granted.get(installation)
        if known is None:
            reply = await self._ask("GET", INSTALLATION, {"installation_id": str(installation)}, None)
            _refuse(reply, f"installation {installation}")
            with documented_shapes("an installation"):
                known = dict(page_of(reply).data["permissions"])
            if installation not in self._refused:
                self._granted[installation] = known
            missing = lacking(known)
            if missing:
                log.warning("installation.lacks_permissions", installation=installation, missing=missing)
        return usable(known)


def _refuse(reply: Reply, what: str) -> None:
    """Raise what a refusal means."""
    if reply.status == 401:
        raise ReadFailed(f"GitHub refuses the App's JWT, check the App's id, its key and the clock: {reply.message}")
    if reply.status == 422 and "repository" in reply.message.lower():
        # "There is at least one repository that does not exist or is not accessible to the parent installation."
        raise NotFound(f"{what}: {reply.message}")
    if not 200 <= reply.status < 300:
        raise NotInstalled(f"{what}: {reply.message}")
