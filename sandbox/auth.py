"""Finds out who calls, from the Authorization header: an App's JWT, a token, or Basic for git; grants nothing itself."""

import base64
import binascii
import contextlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jwt
from aiohttp import hdrs, web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from sandbox.actor import Actor
from sandbox.errors import ApiError
from sandbox.model import App, Token

if TYPE_CHECKING:
    from sandbox.world import World

#: docs.github.com "Generating a JSON Web Token (JWT) for a GitHub App": at most 10 minutes ahead, issued in the past
JWT_LIFETIME_SECONDS = 600
LEVELS = ("none", "read", "write", "admin")
ACTOR = web.RequestKey("actor", Actor)


def actor_of(request: web.Request) -> Actor:
    """Return who calls; the middleware has set it."""
    return request[ACTOR]


def authenticate(world: "World", header: str | None) -> Actor:
    """Return the caller of an Authorization header (none: nobody); ApiError 401 for anything wrong with it."""
    if not header:
        return Actor()
    scheme, _, value = header.partition(" ")
    value = value.strip()
    match scheme.lower():
        case "basic":
            return _by_token(world, _password(value))
        case "bearer" | "token" if value.count(".") == 2 and not value.startswith("gh"):
            return _by_jwt(world, value)
        case "bearer" | "token":
            return _by_token(world, value)
    raise ApiError(401, "Bad credentials")


def _password(value: str) -> str:
    """Return the password of a Basic header; GitHub takes the token there (or as the user name with none)."""
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ApiError(401, "Bad credentials") from error
    return password if password not in ("", "x-oauth-basic") else name


def _by_token(world: "World", value: str) -> Actor:
    token = world.state.tokens.get(value)
    if token is None or (token.expires_at is not None and token.expires_at <= world.clock.now()):
        raise ApiError(401, "Bad credentials")
    if token.user_id is not None:
        return Actor(user=world.state.users[token.user_id], token=value)
    return _installation_actor(world, token)


def _installation_actor(world: "World", token: Token) -> Actor:
    assert token.installation_id is not None
    installation = world.state.installations.get(token.installation_id)
    if installation is None:
        raise ApiError(401, "Bad credentials")
    if installation.suspended_at is not None:
        raise ApiError(403, "This installation has been suspended")
    app = world.state.apps[installation.app_id]
    repositories = None if token.repository_ids is None else frozenset(token.repository_ids)
    permissions = _still_granted(token.permissions, installation.permissions)
    return Actor(world.state.users[app.bot_id], app, installation, permissions, repositories, token.token)


def _still_granted(minted: dict[str, str], granted: dict[str, str]) -> dict[str, str]:
    """Return what a token may do: what it was minted for, as far as the installation grants it still."""
    return {area: min(level, granted[area], key=LEVELS.index) for area, level in minted.items() if area in granted}


def _by_jwt(world: "World", value: str) -> Actor:
    try:
        claims: dict[str, Any] = jwt.decode(value, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise ApiError(401, "A JSON web token could not be decoded") from error
    issuer = str(claims.get("iss", ""))
    app = next((app for app in world.state.apps.values() if issuer in (str(app.id), app.client_id)), None)
    if app is None:
        raise ApiError(401, "'Issuer' claim ('iss') must be an Integer or client ID")
    _check_claims(world, app, value, claims)
    return Actor(user=world.state.users[app.bot_id], app=app, token=value)


@lru_cache(maxsize=16)
def _public_key(pem: str) -> RSAPublicKey:
    """Parse an App's key, once: it takes longer than the rest of a request."""
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, RSAPublicKey)
    return key


def _check_claims(world: "World", app: App, value: str, claims: dict[str, Any]) -> None:
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_aud": False, "verify_iss": False}
    for pem in (app.public_key, *app.older_keys):
        with contextlib.suppress(jwt.InvalidTokenError):
            jwt.decode(value, _public_key(pem), algorithms=["RS256"], options=options)
            break
    else:
        raise ApiError(401, "A JSON web token could not be decoded")
    now = world.clock.now().timestamp()
    expires, issued = claims.get("exp"), claims.get("iat")
    if not isinstance(expires, int | float) or expires <= now:
        raise ApiError(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time")
    if expires > now + JWT_LIFETIME_SECONDS:
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
    if not isinstance(issued, int | float) or issued > now:
        raise ApiError(
            401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )


def required_user(request: web.Request) -> Actor:
    """Return the caller if it is anybody at all; 401 as GitHub answers to anonymous writers."""
    actor = actor_of(request)
    if actor.is_anonymous:
        raise ApiError(401, "Requires authentication")
    return actor


def basic_challenge() -> dict[str, str]:
    """Return the headers with which git is asked for credentials."""
    return {hdrs.WWW_AUTHENTICATE: 'Basic realm="GitHub"'}
