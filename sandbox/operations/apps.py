"""What an App does as itself: installation tokens, its hook, redeliveries."""

import json
import secrets
from base64 import urlsafe_b64encode
from datetime import timedelta

from sandbox.actor import Actor
from sandbox.errors import ApiError, not_found
from sandbox.events import emit_installation_change
from sandbox.model import App, Delivery, Installation, Json, Repository, Token, User
from sandbox.world import World

TOKEN_LIFETIME = timedelta(hours=1)
LEVELS = ("none", "read", "write", "admin")


def require_app(actor: Actor) -> App:
    """Return the App that calls with its JWT; 401 for anybody else, in GitHub's words."""
    if actor.app is None or actor.installation is not None:
        raise ApiError(401, "A JSON web token could not be decoded")
    return actor.app


async def create_installation_token(world: World, actor: Actor, installation: Installation, wanted: Json) -> Token:
    """Mint a token for an hour, with all or fewer of the installation's permissions and repositories.

    422 for a permission that was not granted or a repository that is not there; 404 for another App's installation.
    """
    app = require_app(actor)
    if installation.app_id != app.id:
        raise not_found()
    if installation.suspended_at is not None:
        raise ApiError(403, "This installation has been suspended")
    permissions = dict(installation.permissions)
    if wanted.get("permissions"):
        permissions = _subset(installation, wanted["permissions"])
    repositories = _repositories(world, installation, wanted)
    return mint(world, installation, permissions, repositories, TOKEN_LIFETIME)


def mint(
    world: World,
    installation: Installation,
    permissions: dict[str, str],
    repository_ids: list[int] | None,
    lifetime: timedelta | None,
) -> Token:
    """Store a fresh token; without a lifetime it never expires.

    Its form is that of GitHub's newer stateless tokens, `ghs_APPID_JWT`: long, of varying length, with dots
    (github.blog, 2026-05-15), so that callers that check lengths are found out.
    """
    parts = ({"typ": "JWT", "alg": "ES256"}, {"iss": installation.app_id, "jti": secrets.token_hex(80)})
    encoded = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    text = f"ghs_{installation.app_id}_{'.'.join([*encoded, secrets.token_urlsafe(64)])}"
    expires = world.clock.now() + lifetime if lifetime else None
    token = Token(text, None, installation.id, permissions, repository_ids, expires)
    world.state.tokens[text] = token
    return token


def _subset(installation: Installation, wanted: dict[str, str]) -> dict[str, str]:
    for area, level in wanted.items():
        granted = installation.permissions.get(area)
        if granted is None or level not in LEVELS or LEVELS.index(level) > LEVELS.index(granted):
            raise ApiError(422, "The permissions requested are not granted to this installation.")
    return {"metadata": "read"} | wanted


def _repositories(world: World, installation: Installation, wanted: Json) -> list[int] | None:
    if not wanted.get("repositories") and not wanted.get("repository_ids"):
        return installation.repository_ids
    account = world.state.users[installation.account_id]
    found: list[Repository | None] = [world.repository(account.login, name) for name in wanted.get("repositories", [])]
    found += [world.state.repositories.get(number) for number in wanted.get("repository_ids", [])]
    ids = [repo.id for repo in found if repo and installation in world.installations_on(repo)]
    if len(ids) != len(found):
        message = (
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
        raise ApiError(422, message)
    return ids


async def revoke_token(world: World, actor: Actor) -> None:
    """End the calling installation token (`DELETE /installation/token`)."""
    if actor.installation is None:
        raise ApiError(403, "Resource not accessible by integration")
    world.state.tokens.pop(actor.token, None)


async def update_hook(world: World, actor: Actor, changes: Json) -> App:
    """Change the App's hook URL or secret (`PATCH /app/hook/config`)."""
    app = require_app(actor)
    if changes.get("url"):
        app.hook_url = changes["url"]
    if changes.get("secret"):
        app.webhook_secret = changes["secret"]
    return app


async def redeliver(world: World, actor: Actor, delivery: Delivery) -> None:
    """Send one of the App's own deliveries again; 404 for another's, 422 after three days."""
    app = require_app(actor)
    if delivery.app_id != app.id:
        raise not_found()
    world.hooks.redeliver(app, delivery)


async def suspend(world: World, actor: Actor, installation: Installation) -> None:
    """Shut an installation out (`PUT /app/installations/{id}/suspended`); repeating it is safe."""
    if installation.suspended_at is None:
        installation.suspended_at = world.clock.now()
        installation.suspended_by_id = actor.id
        emit_installation_change(world, actor, installation, "suspend")


async def unsuspend(world: World, actor: Actor, installation: Installation) -> None:
    """Let an installation in again (`DELETE /app/installations/{id}/suspended`)."""
    if installation.suspended_at is not None:
        installation.suspended_at = installation.suspended_by_id = None
        emit_installation_change(world, actor, installation, "unsuspend")


async def uninstall(world: World, actor: Actor, installation: Installation) -> None:
    """Remove an installation (`DELETE /app/installations/{id}`); its tokens end."""
    emit_installation_change(world, actor, installation, "deleted")
    del world.state.installations[installation.id]
    tokens = world.state.tokens
    for text in [text for text, token in tokens.items() if token.installation_id == installation.id]:
        del tokens[text]


async def install(world: World, actor: Actor, app: App, account: User) -> Installation:
    """Install an App on an account as its owner does on GitHub's pages, with all that the App asks for."""
    installation = Installation(
        world.new_id(), app.id, account.id, dict(app.permissions), list(app.events), world.clock.now()
    )
    world.state.installations[installation.id] = installation
    emit_installation_change(world, actor, installation, "created")
    return installation


async def grant(world: World, actor: Actor, installation: Installation, changes: Json) -> None:
    """Change what an installation grants and hears of, as its owner does; the App hears of it where it gains something."""
    before = installation.permissions
    installation.permissions = dict(changes.get("permissions", before))
    installation.events = list(changes.get("events", installation.events))
    gained = [
        area
        for area, level in installation.permissions.items()
        if LEVELS.index(level) > LEVELS.index(before.get(area, "none"))
    ]
    if gained:
        emit_installation_change(world, actor, installation, "new_permissions_accepted")


def add_key(world: World, app: App, public_key: str) -> None:
    """Give an App a further key, as on its settings page; the older ones count until they are deleted."""
    app.older_keys.append(app.public_key)
    app.public_key = public_key
    world.unsaved = True


def delete_older_keys(world: World, app: App) -> None:
    """Delete all keys of an App but the newest."""
    app.older_keys.clear()
    world.unsaved = True
