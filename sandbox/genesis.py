"""The first state of a fresh data folder: the account `octo`, five people, three Apps and the repository `octo/demo`."""

from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.actor import Actor
from sandbox.model import App, Installation, Json, Repository, Role, Token, User
from sandbox.operations.apps import mint
from sandbox.operations.repositories import create_repository
from sandbox.world import World

OWNER, DEMO = "octo", "demo"
PEOPLE: dict[str, Role] = {"ada": "admin", "mia": "maintain", "wim": "write", "rita": "read", "otto": "none"}
PERMISSIONS = {
    "signalbox": {
        "metadata": "read",
        "contents": "write",
        "pull_requests": "write",
        "issues": "write",
        "checks": "write",
        "statuses": "write",
        "merge_queues": "read",
        "actions": "write",
    },
    "ci": {"metadata": "read", "contents": "read", "checks": "write", "statuses": "write"},
    "github-actions": {
        "metadata": "read",
        "contents": "read",
        "checks": "write",
        "statuses": "write",
        "actions": "write",
    },
}
EVENTS = {
    "signalbox": [
        "issues",
        "issue_comment",
        "pull_request",
        "pull_request_review",
        "push",
        "check_run",
        "check_suite",
        "status",
        "delete",
        "create",
        "repository",
        "merge_group",
        "label",
        "branch_protection_rule",
        "repository_ruleset",
    ],
    "ci": ["push"],
    "github-actions": ["push", "workflow_dispatch"],
}


@cache
def key_pair(slug: str) -> tuple[str, str]:
    """Return a PEM pair; PKCS#1 as GitHub hands it out. Made once per App and process: it costs a tenth of a second."""
    assert slug
    return new_key_pair()


def new_key_pair() -> tuple[str, str]:
    """Return a fresh PEM pair."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def key_file(data: Path, slug: str) -> Path:
    """Return where an App's private key is kept."""
    return data / f"{slug}.private-key.pem"


def write_key(file: Path, private: str) -> None:
    """Keep a private key in a file that only its owner may read."""
    file.write_text(private)
    file.chmod(0o600)


def _add_user(world: World, login: str, **fields: object) -> User:
    user = User(world.new_id(), login, created_at=world.clock.now(), **fields)  # type: ignore[arg-type]
    world.state.users[user.id] = user
    return user


def _add_app(world: World, slug: str, name: str, owner: User) -> None:
    bot = _add_user(world, f"{slug}[bot]", type="Bot")
    private, public = key_pair(slug)
    write_key(key_file(world.data, slug), private)
    now = world.clock.now()
    app = App(
        id=world.new_id(),
        slug=slug,
        name=name,
        owner_id=owner.id,
        bot_id=bot.id,
        client_id=f"Iv23li{world.new_id():014d}",
        public_key=public,
        webhook_secret=world.new_token("whs"),
        hook_id=world.new_id(),
        created_at=now,
        permissions=PERMISSIONS[slug],
        events=EVENTS[slug],
    )
    world.state.apps[app.id] = app
    install(world, app, owner)


def install(world: World, app: App, account: User) -> Installation:
    """Install an App on everything that an account has and will have, with all that the App asks for."""
    granted = dict(app.permissions)
    installation = Installation(world.new_id(), app.id, account.id, granted, app.events, world.clock.now())
    world.state.installations[installation.id] = installation
    return installation


async def add_tenant(world: World, login: str, name: str, admin: str = "ada") -> tuple[Installation, Repository]:
    """Add an account that has nothing to do with the first one: the App installed on it, one repository, one admin."""
    account = _add_user(world, login, type="Organization")
    app, user = world.app("signalbox"), world.user(admin)
    assert app is not None
    assert user is not None
    installation = install(world, app, account)
    return installation, await create_repository(world, Actor(user=user), account, name=name, auto_init=True)


async def populate(world: World) -> None:
    """Fill an empty world."""
    owner = _add_user(world, OWNER, type="Organization", name="Octo")
    people = {login: _add_user(world, login, name=login.capitalize()) for login in PEOPLE}
    for user in people.values():
        token = world.new_token("ghp")
        world.state.tokens[token] = Token(token, user.id)
    _add_app(world, "signalbox", "Signalbox", owner)
    _add_app(world, "ci", "CI", owner)
    _add_app(world, "github-actions", "GitHub Actions", owner)
    for app in (world.app("ci"), world.app("github-actions")):
        installation = next(one for one in world.state.installations.values() if app and one.app_id == app.id)
        mint(world, installation, installation.permissions, None, None)
    repo = await create_repository(world, Actor(user=people["ada"]), owner, name=DEMO, auto_init=True)
    give_roles(world, repo.id)


def give_roles(world: World, repository_id: int) -> None:
    """Give the five people their roles on a repository."""
    repo = world.state.repositories[repository_id]
    for login, role in PEOPLE.items():
        user = world.user(login)
        if user and role != "none":
            repo.collaborators[user.id] = role


def info(world: World) -> Json:
    """Return what `serve` prints when it is ready."""
    app, ci, actions = world.app("signalbox"), world.app("ci"), world.app("github-actions")
    assert app is not None
    assert ci is not None
    assert actions is not None
    installations = {one.app_id: one for one in reversed(world.state.installations.values())}  # the first of each App
    tokens = {token.user_id: token.token for token in world.state.tokens.values() if token.user_id}
    robots = {token.installation_id: token.token for token in world.state.tokens.values() if token.expires_at is None}
    users = {user.login: user for user in world.state.users.values() if user.id in tokens}
    return {
        "api_url": world.base_url,
        "graphql_url": f"{world.base_url}/graphql",
        "git_url": world.base_url,
        "web_url": world.base_url,
        "app_id": app.id,
        "private_key_file": str(key_file(world.data, app.slug).resolve()),
        "webhook_secret": app.webhook_secret,
        "installation_id": installations[app.id].id,
        "repository": f"{OWNER}/{DEMO}",
        "users": {
            login: {"token": tokens[user.id], "role": PEOPLE.get(login, "none")} for login, user in users.items()
        },
        "ci_token": robots[installations[ci.id].id],
        "ci_app_id": ci.id,
        "actions_token": robots[installations[actions.id].id],
        "actions_app_id": actions.id,
    }
