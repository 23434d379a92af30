"""Who Signalbox is towards GitHub: the App's JWT, and one access token per repository of an installation.

Knows no URL and sends nothing: how a token is minted is handed in by transport.py. Must not log or show a token.
Tokens are opaque text of any length: GitHub changes their form without notice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

import jwt
from cachetools import TLRUCache, TTLCache
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bot.errors import SettingsError
from bot.github.clock import Clocks

JWT_BACKDATED = timedelta(seconds=60)  # against clocks that differ
JWT_LIFETIME = timedelta(seconds=540)  # GitHub accepts at most ten minutes from now
JWT_RENEWED_AFTER = timedelta(seconds=420)
TOKEN_SPARE = timedelta(minutes=5)  # a token is given out no longer than that before it expires
WARY = timedelta(
    seconds=10
)  # how long a token is used once one like it was refused a permission, which may be given soon
MAX_TOKENS = 16_384  # tokens that are remembered, below a kilobyte each


@dataclass(frozen=True, slots=True)
class InstallationToken:
    """An access token and when it ends, by our clock (UTC). Its value never shows in a repr."""

    value: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a token reaches. Two of them are the same only if their tokens may stand in for each other."""

    installation: int
    repository: int | str | None  # its id, or its full name where the id is not known; None = only the list of them

    def __str__(self) -> str:
        """Return it for an error message."""
        where = "" if self.repository is None else f", repository {self.repository}"
        return f"installation {self.installation}{where}"


class AppAuth:
    """The App's identity. One object per process; safe for concurrent use on one event loop.

    `private_key` is the PEM text that GitHub hands out (PKCS#1) or its PKCS#8 form. It is parsed once, here: parsing
    stalls the event loop for tens of milliseconds. Raises SettingsError if it is not an RSA private key.
    """

    def __init__(self, app_id: int, private_key: str, clocks: Clocks | None = None) -> None:
        self.app_id = app_id
        self._key = _load(private_key)
        self.clocks = clocks or Clocks()
        clock = self.clocks.now
        self._jwt: tuple[str, datetime] | None = None
        self._tokens: TLRUCache[Reach, InstallationToken] = TLRUCache(
            MAX_TOKENS,
            ttu=lambda _reach, token, _now: (token.expires_at - TOKEN_SPARE).timestamp(),
            timer=lambda: clock().timestamp(),
        )
        self._refused: TTLCache[Reach, bool] = TTLCache(MAX_TOKENS, 3600, timer=lambda: clock().timestamp())
        self._minting: dict[Reach, asyncio.Task[InstallationToken]] = {}

    def jwt(self) -> str:
        """Return a JWT that is good for at least another minute by GitHub's clock.

        A clock that is wrong is noticed by the first answer, the refusal of a JWT that was made by it;
        https://github.com/octokit/auth-app.js does the same.

        https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
        """
        now = self.clocks.githubs()
        if self._jwt is None or now - self._jwt[1] >= JWT_RENEWED_AFTER or now < self._jwt[1]:
            claims = {
                "iat": int((now - JWT_BACKDATED).timestamp()),
                "exp": int((now + JWT_LIFETIME).timestamp()),
                "iss": str(self.app_id),
            }
            self._jwt = (jwt.encode(claims, self._key, algorithm="RS256"), now)
        return self._jwt[0]

    async def token(self, reach: Reach, mint: Callable[[], Awaitable[InstallationToken]]) -> str:
        """Return a token that reaches just that far, minted if there is none.

        However many callers wait, one mint runs for each reach, and all get its token or its error.
        """
        known = self._tokens.get(reach)
        if known is not None:
            return known.value
        running = self._minting.get(reach)
        if running is None:
            running = asyncio.create_task(self._mint(reach, mint))
            self._minting[reach] = running
            running.add_done_callback(_look_at_error)
        # Shielded: one caller that gives up must not take the token from the others.
        return (await asyncio.shield(running)).value

    def drop(self, reach: Reach, token: str) -> None:
        """Forget a token that GitHub refused; a newer one, fetched meanwhile by another caller, stays."""
        known = self._tokens.get(reach)
        if known is not None and known.value == token:
            del self._tokens[reach]

    def forget(self, reach: Reach) -> None:
        """Forget the token for a reach, after GitHub refused it a permission: a newer one may have it."""
        self._refused[reach] = True
        self._tokens.pop(reach, None)

    def drop_jwt(self) -> None:
        """Forget the JWT, after GitHub refused it."""
        self._jwt = None

    async def _mint(self, reach: Reach, mint: Callable[[], Awaitable[InstallationToken]]) -> InstallationToken:
        try:
            token = await mint()
            if reach in self._refused:
                token = replace(token, expires_at=min(token.expires_at, self.clocks.now() + TOKEN_SPARE + WARY))
            self._tokens[reach] = token
            return token
        finally:
            del self._minting[reach]


@lru_cache(maxsize=2)
def _load(private_key: str) -> RSAPrivateKey:
    """Parse a PEM text, once. That its numbers are primes was checked with the settings, and takes a while."""
    try:
        key = load_pem_private_key(private_key.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError):
        # Without "from": a parser's message may quote the text that it was given.
        problem = "GITHUB_PRIVATE_KEY: not an unencrypted PEM private key; copy the whole file that GitHub gave you"
        raise SettingsError([problem]) from None
    if not isinstance(key, RSAPrivateKey):
        raise SettingsError(["GITHUB_PRIVATE_KEY: not an RSA key; generate one on the App's settings page"])
    return key


def _look_at_error(task: asyncio.Task[InstallationToken]) -> None:
    """Mark a failed mint as seen, for the case that every caller has gone away meanwhile."""
    if not task.cancelled():
        task.exception()
