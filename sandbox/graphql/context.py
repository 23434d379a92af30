"""What every resolver of one request shares: the world, who asks, and values computed once; it changes nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

from aiohttp import web
from graphql import GraphQLResolveInfo

from sandbox.actor import Actor
from sandbox.auth import actor_of
from sandbox.limits import LIMITS, Window
from sandbox.model import Repository
from sandbox.world import World

from .cost import Count
from .errors import forbidden

T = TypeVar("T")


class Context:
    """The request's world, actor and cost; `once` keeps slow values until something changes."""

    def __init__(self, world: World, actor: Actor) -> None:
        self.world = world
        self.actor = actor
        self.asked = Count()
        self.budget: Window | None = None  # the caller's rate limit as it was before this request
        self._values: dict[tuple[object, ...], asyncio.Future[Any]] = {}

    @classmethod
    def of(cls, world: World, request: web.Request) -> "Context | None":
        """Return the request's context, or None if nobody is signed in."""
        actor = actor_of(request)
        if actor.is_anonymous:
            return None
        context = cls(world, actor)
        context.budget = request.app[LIMITS].window(actor, "graphql")
        return context

    def require(self, repo: Repository, permission: str) -> None:
        """Refuse a caller who may not read this part of a private repository."""
        if repo.private and not self.actor.can(repo, permission):
            raise forbidden()

    async def once(self, key: tuple[object, ...], make: Callable[[], Awaitable[T]]) -> T:
        """Return `make()`, computed once per request: fields beside each other must not disagree."""
        if key not in self._values:
            self._values[key] = asyncio.ensure_future(make())
        value: T = await self._values[key]
        return value

    def forget(self) -> None:
        """Drop what was computed; called before each mutation, because it may change all of it."""
        self._values.clear()


Info: TypeAlias = GraphQLResolveInfo[Context]
