"""The one funnel that every call to GitHub passes: identity, time-outs, limits, pacing, retried reads, ETags, counting.

Built on gidgethub's I/O-free half (headers, URL templates, decoding, Link headers) and an aiohttp session; gidgethub's
own client has no time-outs, one cache for all tenants, and GraphQL outside its hooks. Must not know any endpoint, nor
retry a write: a write without an answer is looked at again, not repeated.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from cachetools import LRUCache
from gidgethub import sansio

from bot.core.actions import Outcome, OutcomeKind
from bot.errors import GitHubError, NotFound, NotInstalled, RateLimited, ReadFailed
from bot.github.answers import (
    NO_ANSWER,
    GraphQLAnswer,
    GraphQLError,
    Page,
    Reply,
    ResourceLimits,
    clean,
    graphql_answer,
    graphql_read_error,
    message_of,
    page_of,
    read_error,
    time_of,
)
from bot.github.app_auth import AppAuth
from bot.github.call import Call, Who
from bot.github.governor import RESOURCES, Governor
from bot.github.minting import Minter
from bot.github.outcomes import NO_PERMISSION, request_refused

API_VERSION = "2022-11-28"
USER_AGENT = "signalbox"
READ_TIMEOUT = 10.0  # seconds for one try; GitHub itself gives up after ten
READ_BUDGET = 20.0  # seconds for all tries of one read
READ_PAUSES = (0.2, 1.0)  # seconds before the second and the third try; there is no fourth
WRITE_TIMEOUT = 20.0  # seconds; with its token in hand a write takes this and LONGEST_QUEUE at most
WRITE_GAP = 1.0  # seconds between writes of one installation, as GitHub's best practices ask
MAX_CACHE = 2 * 1024 * 1024  # bytes of cached answers per installation
MAX_CACHES = 256  # installations with a cache

Variables = Mapping[str, str | int]
Observe = Callable[[str, str, int, float, int], None]  # method, route, status (0 = none), seconds, points


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a PUT or DELETE again by itself after the connection broke: it may have happened."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(str(error)) from error


def _nobody_observes(_method: str, _route: str, _status: int, _seconds: float, _points: int) -> None:
    """Count nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportOptions:
    """Where GitHub is and how to treat it."""

    api_url: str  # "https://api.github.com", "https://HOST/api/v3"
    graphql_url: str  # "https://api.github.com/graphql", "https://HOST/api/graphql"
    write_gap: float = WRITE_GAP  # seconds; 0 = no pacing, for a GitHub without limits
    observe: Observe = _nobody_observes


class Transport:
    """Sends requests for all installations. Owns neither the session nor the identity."""

    def __init__(self, session: aiohttp.ClientSession, auth: AppAuth, options: TransportOptions) -> None:
        self._session = session
        self._auth = auth
        self._api_url = options.api_url
        self._graphql_url = options.graphql_url
        self._write_gap = options.write_gap
        self._observe = options.observe
        self._clocks = auth.clocks
        self._minter = Minter(self._as_the_app, auth.clocks)
        self._governors: dict[int | None, Governor] = {}
        # One cache per installation: a shared one would show one tenant's data to another.
        self._caches: LRUCache[int | None, LRUCache[str, Reply]] = LRUCache(MAX_CACHES)

    def now(self) -> datetime:
        """Return what GitHub's clock shows (UTC), as far as its answers have told."""
        return self._clocks.githubs()

    def limits(self) -> dict[str, int]:
        """Return what GitHub's rate limits leave for each resource, the lowest of all installations; {} = not known."""
        known = ((each, governor.left(each)) for each in RESOURCES for governor in self._governors.values())
        found: dict[str, int] = {}
        for resource, left in known:
            if left is not None:
                found[resource] = min(left, found.get(resource, left))
        return found

    # ---- reads: they raise, and never return half an answer ----

    async def get(self, who: Who, route: str, variables: Variables | None = None, *, cached: bool = False) -> Page:
        """Read one REST page. `cached` sends the ETag of the last answer, which is always checked with GitHub.

        Raises ReadFailed, RateLimited, NotFound (404, 410) or NotInstalled (403).
        """
        url = self._url(route, variables or {})
        return await self._get(Call(method="GET", route=route, url=url, who=who), cached=cached)

    async def get_all(
        self,
        who: Who,
        route: str,
        variables: Variables | None = None,
        *,
        items: str | None = None,
        cached: bool = False,
    ) -> AsyncIterator[Any]:
        """Yield the entries of all pages; `items` names the list inside a page that is an object."""
        page = await self.get(who, route, variables, cached=cached)
        while True:
            for item in page.data if items is None else page.data[items]:
                yield item
            if page.next_url is None:
                return
            if not page.next_url.startswith(f"{self._api_url}/"):
                raise ReadFailed(f"GET {route}: the next page is not GitHub's, and the token is for nobody else")
            call = Call(method="GET", route=route, url=page.next_url, who=who)
            page = await self._get(call, cached=cached)

    async def query(
        self,
        who: Who,
        operation: str,
        document: str,
        variables: Mapping[str, Any],
        *,
        forgive: Callable[[GraphQLError], bool] = lambda _: False,
        splits: bool = False,
    ) -> dict[str, Any]:
        """Read by GraphQL. Any error but a forgiven one makes the whole read fail, whatever data came with it.

        `splits`: whoever asks can ask for less, and is told at once (ResourceLimits) if GitHub takes too long.
        """
        call = replace(self._graphql(who, operation, document, variables, points=1), splits=splits)
        reply = await self._read(call)
        if reply.status != 200:
            raise read_error(call.route, reply.status, reply.message)
        answer = graphql_answer(reply)
        if answer.limit is not None:
            raise RateLimited(f"{call.route}: {answer.limit.message}", self._close(call, reply, answer.limit))
        self._governor(call.installation).granted()
        errors = tuple(error for error in answer.errors if not forgive(error))
        if errors:
            self._lacks_permission(call, *(error.message for error in errors))
            raise graphql_read_error(call.route, errors)
        return answer.data

    # ---- writes: they return, and are never repeated here ----

    async def write(
        self, who: Who, method: str, route: str, variables: Variables, body: object | None = None
    ) -> Reply | Outcome:
        """Send one REST write. Returns GitHub's reply, 4xx included, or the Outcome if there was none to look at."""
        try:
            url = self._url(route, variables)
        except NotFound as error:
            return self.outcome_of(error)
        call = Call(method=method, route=route, url=url, who=who, body=_json(body), points=5)
        return await self._write(call, weight=1)

    async def mutation(
        self, who: Who, operation: str, document: str, variables: Mapping[str, Any], *, weight: int
    ) -> GraphQLAnswer | Outcome:
        """Send one GraphQL mutation. Returns data and errors side by side, or the Outcome that all of it shares."""
        call = self._graphql(who, operation, document, variables, points=5)
        reply = await self._write(call, weight=weight)
        if isinstance(reply, Outcome):
            return reply
        if reply.status != 200:
            return request_refused(reply)
        try:
            answer = graphql_answer(reply)
        except ReadFailed as error:
            return Outcome(kind=OutcomeKind.UNKNOWN, detail=str(error))
        if answer.limit is not None:
            until = self._close(call, reply, answer.limit)
            if not answer.data:
                return self._later(until, answer.limit.message)
        else:
            self._governor(call.installation).granted()
        self._lacks_permission(call, *(error.message for error in answer.errors))
        return answer

    # ---- the funnel ----

    def _graphql(self, who: Who, operation: str, document: str, variables: Mapping[str, Any], *, points: int) -> Call:
        body = _json({"query": document, "variables": dict(variables)})
        return Call(
            method="POST",
            route=f"graphql {operation}",
            url=self._graphql_url,
            who=who,
            body=body,
            resource="graphql",
            points=points,
        )

    def _url(self, route: str, variables: Variables) -> str:
        """Fill in a URL template. A name cannot leave its place: what is no letter is escaped, and dots are no name."""
        if any(value in {"", ".", ".."} for value in variables.values()):
            raise NotFound(f"{route}: GitHub has nothing of such a name")
        return str(sansio.format_url(route, {**variables}, base_url=self._api_url))

    def _governor(self, installation: int | None) -> Governor:
        if installation not in self._governors:
            self._governors[installation] = Governor(clocks=self._clocks, write_gap=self._write_gap)
        return self._governors[installation]

    def _close(self, call: Call, reply: Reply, limit: GraphQLError) -> datetime:
        return self._governor(call.installation).close("graphql", reply.headers, quota=limit.is_quota)

    async def _get(self, call: Call, *, cached: bool) -> Page:
        cache = self._cache(call.installation) if cached else None
        known = None if cache is None else cache.get(call.url)
        if known is not None:
            call = replace(call, headers=(("if-none-match", known.headers["etag"]),))
        reply = await self._read(call)
        if reply.status == 304 and known is not None:
            # what follows a page may change while the page does not: the tag is that of its content
            link = {"link": reply.headers["link"]} if "link" in reply.headers else {}
            return page_of(replace(known, headers={**known.headers, **link}))
        if not 200 <= reply.status < 300:
            raise read_error(f"{call.method} {call.route}", reply.status, reply.message)
        if cache is not None and "etag" in reply.headers and len(reply.body) < MAX_CACHE:
            # The bytes are kept, not the decoded data, so that no reader can change what another one gets.
            kept = {name: reply.headers[name] for name in ("etag", "content-type", "link") if name in reply.headers}
            cache[call.url] = Reply(status=200, headers=kept, body=reply.body)
        return page_of(reply)

    def _cache(self, installation: int | None) -> LRUCache[str, Reply]:
        if installation not in self._caches:
            self._caches[installation] = LRUCache(MAX_CACHE, getsizeof=lambda reply: max(len(reply.body), 1))
        return self._caches[installation]

    async def _read(self, call: Call) -> Reply:
        """Send until there is an answer below 500, at most three times; once more after a refused token.

        What can be split and is too slow is sent once, since every time-out counts: ResourceLimits.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + READ_BUDGET
        governor = self._governor(call.installation)
        what = f"{call.method} {call.route}"
        message = "no time left"
        for attempt, pause in enumerate((*READ_PAUSES, None)):
            until = governor.retry_at(call.resource)
            if until is not None:
                raise RateLimited(f"{what}: not asked, GitHub's limit lasts until {until:%H:%M:%S} UTC", until)
            seconds = min(READ_TIMEOUT, max(deadline - loop.time(), 0.1))
            reply = await self._attempt(call, await self._token(call), seconds)
            until = governor.note(call.resource, reply.status, reply.headers, reply.message)
            if until is not None:
                raise RateLimited(f"{what}: {reply.message}", until)
            message = reply.message
            if reply.status == 401 and attempt == 0:
                continue  # the token may have been revoked; the next try mints a new one
            if reply.status != NO_ANSWER and reply.status < 500:
                return reply
            if pause is None or loop.time() + pause >= deadline:
                break
            await asyncio.sleep(pause)
            if call.splits and reply.too_slow:
                raise ResourceLimits(f"{what}: {message}")
        raise ReadFailed(f"{what}: {message}")

    async def _write(self, call: Call, *, weight: int) -> Reply | Outcome:
        """Send once. Whatever says nothing about the write itself becomes an Outcome: limits, no answer, 5xx, 401."""
        governor = self._governor(call.installation)
        until = governor.retry_at(call.resource)
        if until is None:
            try:
                token = await self._token(call)
            except RateLimited as error:
                return self._later(error.retry_at, str(error))
            except GitHubError as error:  # no token, so nothing was sent: whether it may be, the next read will find
                return Outcome(kind=OutcomeKind.LATER, detail=str(error))
            until = await governor.pace(call.resource, weight)
        if until is not None:
            return self._later(until, "not sent: a limit of GitHub's is in force, or too many writes come first")
        reply = await self._attempt(call, token, WRITE_TIMEOUT)
        until = governor.note(call.resource, reply.status, reply.headers, reply.message)
        if until is not None:
            return self._later(until, reply.message)
        if reply.status == 401 or not reply.sent:
            return Outcome(kind=OutcomeKind.LATER, detail=reply.message)
        if reply.status == NO_ANSWER or reply.status >= 500:
            return Outcome(kind=OutcomeKind.UNKNOWN, detail=reply.message)
        if 300 <= reply.status < 400:
            return Outcome(kind=OutcomeKind.MOVED, detail="the repository has another name now")
        return reply

    def _lacks_permission(self, call: Call, *messages: str) -> None:
        """After a refusal for want of a permission, have the next token carry what is granted by then."""
        if call.reach is not None and any(NO_PERMISSION in message.lower() for message in messages):
            self._auth.forget(call.reach)
            self._minter.forget(call.reach.installation)

    def outcome_of(self, error: GitHubError) -> Outcome:
        """Return what a failed preparation means for the write that it was for: nothing was sent."""
        if isinstance(error, RateLimited):
            return self._later(error.retry_at, str(error))
        refused = isinstance(error, NotInstalled | NotFound)
        return Outcome(kind=OutcomeKind.REFUSED if refused else OutcomeKind.LATER, detail=str(error))

    def _later(self, until: datetime, detail: str) -> Outcome:
        wait = max(until - self._clocks.now(), timedelta(0))
        return Outcome(kind=OutcomeKind.LATER, detail=detail, retry_after=wait)

    async def _token(self, call: Call) -> str | None:
        """Return what to send the request with, None = the App's JWT. Raises if no token can be had."""
        reach = call.reach
        return None if reach is None else await self._auth.token(reach, lambda: self._minter.mint(reach))

    async def _attempt(self, call: Call, token: str | None, seconds: float) -> Reply:
        """Send one request. Never raises for what the network or GitHub does."""
        headers = sansio.create_headers(USER_AGENT, oauth_token=token, jwt=self._auth.jwt() if token is None else None)
        headers |= {"x-github-api-version": API_VERSION, **dict(call.headers)}
        if call.body is not None:
            headers["content-type"] = "application/json"
        reply = await self._send(call, headers, seconds)
        self._clocks.hear(time_of(reply))
        if reply.status == 403:
            self._lacks_permission(call, reply.message)
        if reply.status == 401:
            if call.reach is None or token is None:
                self._auth.drop_jwt()
            else:
                self._auth.drop(call.reach, token)
        return reply

    async def _send(self, call: Call, headers: Mapping[str, str], seconds: float) -> Reply:
        loop = asyncio.get_running_loop()
        started = loop.time()
        timeout = aiohttp.ClientTimeout(total=seconds)
        status = NO_ANSWER
        try:
            async with self._session.request(
                call.method,
                call.url,
                headers=headers,
                data=call.body,
                timeout=timeout,
                middlewares=(_send_once,),
                allow_redirects=call.method == "GET",  # a write goes to a repository's new name only after a look at it
            ) as response:
                body = await response.read()
                status = response.status
                message = message_of(status, body) if status >= 400 else ""
                return Reply(status=status, headers=response.headers, body=body, message=message)
        except aiohttp.ClientConnectorError as error:
            return Reply(status=NO_ANSWER, message=clean(f"no connection: {error}"), sent=False)
        except TimeoutError:
            return Reply(status=NO_ANSWER, message=f"no answer within {seconds:.0f} s", late=True)
        except (aiohttp.ClientError, OSError) as error:
            return Reply(status=NO_ANSWER, message=clean(f"the connection broke: {str(error) or type(error).__name__}"))
        finally:
            cost = 0 if status == 304 else call.points
            self._observe(call.method, call.route, status, loop.time() - started, cost)

    async def _as_the_app(
        self, method: str, route: str, variables: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Reply:
        """Send what may be repeated without harm, whatever its method, as the App itself."""
        url = self._url(route, variables)
        return await self._read(Call(method=method, route=route, url=url, who=None, body=_json(body)))


def _json(body: object | None) -> bytes | None:
    return None if body is None else json.dumps(body).encode()
