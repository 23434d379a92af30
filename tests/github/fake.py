"""A scripted HTTP server in place of GitHub, for what the sandbox has no knob for: exact headers, time-outs, bad JSON.

Every answer is given by the test; unless told otherwise it mints tokens, grants all that is needed, and answers 404 to the rest.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
from aiohttp import web

from bot.github.app_auth import AppAuth
from bot.github.client import Client
from bot.github.clock import Clocks
from bot.github.permissions import NEEDED
from bot.github.port import RepositoryRef
from bot.github.transport import Transport, TransportOptions

APP_ID = 71
INSTALLATION = 5
REPOSITORY = RepositoryRef(installation_id=INSTALLATION, full_name="octo/demo")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Fake:
    """The server's memory: scripted answers by "METHOD /path", in order, the last one repeated."""

    clock: Clock
    url: str = ""
    requests: list[Seen] = field(default_factory=list)
    script: dict[str, list[Handler]] = field(default_factory=dict)
    minted: int = 0
    token_lifetime: timedelta = timedelta(hours=1)
    ahead: timedelta = timedelta(0)  # of its clock, before ours

    def answers(self, route: str, *handlers: Handler) -> None:
        self.script[route] = list(handlers)

    def of(self, route: str) -> list[Seen]:
        return [request for request in self.requests if request.route == route]

    def graphql(self, *answers: Mapping[str, Any]) -> None:
        self.answers("POST /graphql", *(reply(answer) for answer in answers))

    @property
    def sent(self) -> list[Any]:
        """The bodies of the GraphQL requests."""
        return [request.body for request in self.of("POST /graphql")]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        response = await self._answer(request)
        response.headers.setdefault("date", format_datetime(self.clock() + self.ahead, usegmt=True))
        return response

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        seen = Seen(
            request.method, request.path, request.query_string, request.headers.copy(), json.loads(raw) if raw else None
        )
        self.requests.append(seen)
        script = self.script.get(seen.route)
        if script:
            return await (script.pop(0) if len(script) > 1 else script[0])(request)
        if request.path.endswith("/access_tokens"):
            self.minted += 1
            expires = (self.clock() + self.ahead + self.token_lifetime).strftime("%Y-%m-%dT%H:%M:%SZ")
            token = f"ghs_{request.match_info.get('path', '').split('/')[2]}_{self.minted}"
            return web.json_response({"token": token, "expires_at": expires}, status=201)
        if request.path.startswith("/app/installations/"):
            return web.json_response({"id": INSTALLATION, "permissions": dict(NEEDED)})
        return web.json_response({"message": "Not Found"}, status=404)


def reply(data: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Handler:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response(data, status=status, headers=headers)

    return answer


def text(body: str, *, status: int = 200) -> Handler:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=body, status=status, content_type="text/html")

    return answer


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Take the request and close the connection without a word."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def silence(_request: web.Request) -> web.StreamResponse:
    """Take the request and never answer."""
    await asyncio.Event().wait()
    return web.Response()


@dataclass
class Stack:
    """The whole github package on top of the fake."""

    fake: Fake
    auth: AppAuth
    transport: Transport
    client: Client
    observed: list[tuple[str, str, int, int]]


def build(fake: Fake, session: aiohttp.ClientSession, private_key: str, *, write_gap: float = 0) -> Stack:
    observed: list[tuple[str, str, int, int]] = []

    def observe(method: str, route: str, status: int, _seconds: float, points: int) -> None:
        observed.append((method, route, status, points))

    auth = AppAuth(APP_ID, private_key, Clocks(fake.clock))
    options = TransportOptions(
        api_url=fake.url, graphql_url=f"{fake.url}/graphql", write_gap=write_gap, observe=observe
    )
    transport = Transport(session, auth, options)
    return Stack(fake, auth, transport, Client(transport, APP_ID), observed)


def errors(*entries: tuple[str, Sequence[str | int], str]) -> list[dict[str, Any]]:
    """GraphQL errors from (type, path, message)."""
    return [{"type": kind, "path": list(path), "message": message} for kind, path, message in entries]
