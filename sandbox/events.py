"""Decides which Apps hear of an event and completes its payload; the sending is `webhooks`' part."""

from sandbox.actor import Actor
from sandbox.model import App, Installation, Json, Repository
from sandbox.shapes.accounts import installation_shape, user_shape
from sandbox.shapes.repositories import short_repository_shape, webhook_context
from sandbox.world import World


def emit(world: World, actor: Actor, repo: Repository, event: str, payload: Json, *, only: App | None = None) -> None:
    """Send an event of a repository to every App that subscribes to it there.

    With `only` it goes to that App alone, subscribed or not: GitHub sends requests for checks only to their App
    (docs.github.com "Webhook events and payloads", check_run and check_suite).
    """
    assert actor.user is not None
    common = webhook_context(world, repo) | {"sender": user_shape(world, actor.user)}
    for installation in world.installations_on(repo):
        if installation.suspended_at is not None:
            continue  # docs.github.com "Suspending a GitHub App installation": no webhooks either
        app = world.state.apps[installation.app_id]
        if app == only or (only is None and event in installation.events):
            short = {"id": installation.id, "node_id": installation.node_id}
            world.hooks.send(
                app,
                event,
                payload | common | {"installation": short},
                installation_id=installation.id,
                repository_id=repo.id,
            )


def emit_installation(world: World, actor: Actor, app: App, event: str, payload: Json) -> None:
    """Send `installation` or `installation_repositories` to its App; these need no subscription."""
    assert actor.user is not None
    for installation in world.state.installations.values():
        if installation.app_id == app.id:
            full = {"installation": installation_shape(world, installation), "sender": user_shape(world, actor.user)}
            world.hooks.send(app, event, payload | full, installation_id=installation.id, repository_id=None)


def emit_installation_change(world: World, actor: Actor, installation: Installation, action: str) -> None:
    """Send `installation` with the repositories that it covers to its App."""
    assert actor.user is not None
    covered = [repo for repo in world.repositories() if installation in world.installations_on(repo)]
    payload = {
        "action": action,
        "installation": installation_shape(world, installation),
        "repositories": [short_repository_shape(world, repo) for repo in covered],
        "requester": None,
        "sender": user_shape(world, actor.user),
    }
    app = world.state.apps[installation.app_id]
    world.hooks.send(app, "installation", payload, installation_id=installation.id, repository_id=None)
