"""People, bots, organizations and Apps, and the fields that lead anywhere by an address."""

from typing import Any

from sandbox.graphql.context import Info
from sandbox.graphql.errors import QueryError, not_found
from sandbox.graphql.lookup import repository as find_repository
from sandbox.graphql.registry import TYPES, field
from sandbox.model import App, Repository, User
from sandbox.pages import paths
from sandbox.pages.slug import without_bot

ACTORS = "User Organization Bot Mannequin"

TYPES[User] = lambda user: user.type
TYPES[App] = "App"


@field("Bot", "login")
def bot_login(user: User, _info: Info) -> str:
    """GitHub's GraphQL leaves out the `[bot]` that REST writes (docs.github.com/graphql, Bot)."""
    return without_bot(user.login)


@field(ACTORS, "resourcePath")
def resource_path(user: User, _info: Info) -> str:
    return paths.of_user(user)


@field(ACTORS, "url")
def url(user: User, info: Info) -> str:
    return info.context.world.base_url + paths.of_user(user)


@field(ACTORS, "avatarUrl")
def avatar_url(user: User, info: Info, size: int | None = None) -> str:
    suffix = f"?s={size}" if size else ""
    return f"{info.context.world.base_url}/_sandbox/avatars/{user.id}{suffix}"


@field("User Organization", "repository")
def owned_repository(user: User, info: Info, name: str, **_arguments: Any) -> Repository:
    return find_repository(info.context, user.login, name)


@field("App", "url")
def app_url(app: App, info: Info) -> str:
    return info.context.world.base_url + paths.of_app(app)


@field("Query", "viewer")
def viewer(_root: None, info: Info) -> User:
    """Return the caller; for an installation token that is the bot, shown as a User with its full login."""
    user = info.context.actor.user
    if user is None:
        raise QueryError("FORBIDDEN", "Resource not accessible by integration")
    return user


@field("Query", "user")
def user_by_login(_root: None, info: Info, login: str) -> User:
    user = info.context.world.user(login)
    if user is None or user.type != "User":
        raise not_found(f"Could not resolve to a User with the login of '{login}'.")
    return user
