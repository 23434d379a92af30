"""One REST request as the handlers see it: world, caller, repository, body, paging; it decides nothing."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from aiohttp import web
from yarl import URL

from sandbox.actor import Actor
from sandbox.auth import actor_of
from sandbox.errors import ApiError, not_found
from sandbox.git import Git
from sandbox.model import Issue, Json, Pull, Repository
from sandbox.operations.access import visible
from sandbox.world import World

WORLD = web.AppKey("world", World)
T = TypeVar("T")
PER_PAGE, PER_PAGE_LIMIT = 30, 100


class Call:
    """A request with what nearly every handler asks for first."""

    def __init__(self, request: web.Request) -> None:
        self.request = request
        self.world: World = request.app[WORLD]
        self.actor: Actor = actor_of(request)

    @property
    def repo(self) -> Repository:
        """The repository of the path; 404 if hidden."""
        return visible(self.world, self.actor, self.part("owner"), self.part("repo"))

    @property
    def git(self) -> Git:
        """The git repository of the path."""
        return self.world.git(self.repo)

    def part(self, name: str) -> str:
        """Return a part of the path."""
        return self.request.match_info[name]

    def number(self, name: str = "number") -> int:
        """Return a numeric part of the path; 404 if it is none."""
        text = self.part(name)
        if not text.isdigit():
            raise not_found()
        return int(text)

    def thread(self) -> Issue:
        """Return the issue or pull of the path; 404."""
        return found(self.world.thread(self.repo, self.number()))

    def pull(self) -> Pull:
        """Return the pull of the path; 404."""
        return found(self.world.pull(self.repo, self.number()))

    async def commit_sha(self, name: str = "ref") -> str:
        """Return the commit that the path names by branch, tag or sha; 422 as GitHub says it."""
        text = self.part(name)
        sha = await self.git.resolve(text)
        if sha is None:
            raise ApiError(422, f"No commit found for SHA: {text}")
        return sha

    async def body(self, *required: str) -> Json:
        """Return the JSON object of the body ({} if empty); 400 if unreadable, 422 without a required key."""
        raw = await self.request.read()
        try:
            body = json.loads(raw) if raw else {}
        except ValueError as error:
            raise ApiError(400, "Problems parsing JSON") from error
        if not isinstance(body, dict):
            raise ApiError(400, "Body should be a JSON object")
        missing = [key for key in required if body.get(key) is None]
        if missing:
            keys = ", ".join(f'"{key}"' for key in missing)
            verb = "wasn't" if len(missing) == 1 else "weren't"
            raise ApiError(422, f"Invalid request.\n\n{keys} {verb} supplied.")
        return body

    def query(self, name: str, default: str = "") -> str:
        """Return a parameter of the query string."""
        return self.request.query.get(name, default)

    def page(self, items: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
        """Return this page's items and the `Link` header (docs.github.com "Using pagination in the REST API")."""
        size = min(max(_whole(self.query("per_page"), PER_PAGE), 1), PER_PAGE_LIMIT)
        page = max(_whole(self.query("page"), 1), 1)
        last = max((len(items) + size - 1) // size, 1)
        wanted = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        if page <= 1:
            wanted = {"next": page + 1, "last": last}
        if page >= last:
            wanted = {name: at for name, at in wanted.items() if name in ("prev", "first")}
        base = URL(self.world.base_url + self.request.rel_url.path)
        links = [
            f'<{base.with_query({**self.request.query, "page": str(at)})}>; rel="{name}"' for name, at in wanted.items()
        ]
        return items[(page - 1) * size : page * size], {"Link": ", ".join(links)} if links and last > 1 else {}


def _whole(text: str, default: int) -> int:
    return int(text) if text.isdigit() else default


def found(thing: T | None) -> T:
    """Return the thing; 404 if there is none."""
    if thing is None:
        raise not_found()
    return thing


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return a JSON answer."""
    text = json.dumps(data, ensure_ascii=False)
    return web.Response(text=text, status=status, headers=headers, content_type="application/json")


def nothing() -> web.Response:
    """Return 204."""
    return web.Response(status=204)
