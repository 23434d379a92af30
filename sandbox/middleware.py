"""Around every API request: who calls, rate limits, faults, conditional requests, the request log, GitHub's headers."""

import asyncio
import hashlib
import json
import uuid
from collections.abc import Awaitable, Callable
from email.utils import format_datetime

from aiohttp import web

from sandbox.actor import Actor
from sandbox.auth import ACTOR, actor_of, authenticate
from sandbox.control import REQUESTS, LoggedRequest
from sandbox.errors import ApiError, not_found
from sandbox.faults import ApiFault
from sandbox.limits import COST, LIMITS, Window
from sandbox.operations import merge_queue
from sandbox.rest.call import WORLD

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
API_VERSION = "2022-11-28"
API_ROOTS = ("app", "graphql", "installation", "meta", "orgs", "rate_limit", "repos", "user", "users", "versions")
#: What `GET /rate_limit` and 304 answers cost (docs.github.com "Best practices for using the REST API").
FREE = ("/rate_limit",)
LOG_LIMIT = 50_000
GONE = 499  # answered to nobody: the caller is gone
FIELDS = web.RequestKey("graphql_fields", list[str])  # `mutation:createPullRequest`, ...


def is_api(request: web.Request) -> bool:
    """Return whether the request is for REST or GraphQL, not for git, a page or the sandbox itself."""
    return request.path.split("/", 2)[1] in API_ROOTS


@web.middleware
async def api_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Do all that GitHub does around a request; after it, what the merge queue does in the background."""
    world = request.app[WORLD]
    running = asyncio.get_running_loop().create_future()
    world.running.add(running)
    try:
        response = await _answered(request, handler)
    finally:
        world.running.discard(running)
        running.set_result(None)
    if world.state.queue and request.method not in ("GET", "HEAD"):
        await merge_queue.settle(world)
    return response


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    world = request.app[WORLD]
    request[ACTOR] = Actor()
    try:
        request[ACTOR] = authenticate(world, request.headers.get("Authorization"))
    except ApiError as error:
        return _finish(request, _refusal(error))
    world.unsaved |= request.method not in ("GET", "HEAD")
    if not is_api(request):
        return await _guarded(request, handler)
    window = request.app[LIMITS].window(actor_of(request), _resource(request))
    calls = await _names(request)
    fault = world.faults.api_fault(calls, actor_of(request).login)
    response = await _limited(request, window) or await _with_fault(request, handler, fault)
    response = _conditional(request, response)
    return _finish(request, response, window)


def _resource(request: web.Request) -> str:
    return "graphql" if request.path == "/graphql" else "core"


async def _names(request: web.Request) -> list[str]:
    """Return the names by which faults and the log know the request: the path, and each mutation of GraphQL."""
    name = f"{request.method} {request.path}"
    if request.path != "/graphql":
        return [name]
    from sandbox.graphql import fields_of  # noqa: PLC0415 - keeps REST importable by itself

    request[FIELDS] = fields_of(await request.read())
    return [name, *(f"{name} {mutation}" for mutation in request[FIELDS])]


async def _limited(request: web.Request, window: Window) -> web.Response | None:
    """Return the refusal if a rate limit is met (docs.github.com "Rate limits for the REST API")."""
    retry_after = request.app[WORLD].faults.secondary_limit()
    if retry_after is not None:
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        return _refusal(ApiError(403, message, headers={"Retry-After": str(retry_after)}))
    if window.remaining > 0 or request.path in FREE:
        return None
    who = actor_of(request)
    name = f"installation ID {who.installation.id}" if who.installation else f"user ID {who.login or 'anonymous'}"
    if window.resource == "graphql":
        message = f"API rate limit already exceeded for {name}."
        error = {"type": "RATE_LIMIT", "code": "graphql_rate_limit", "message": message}
        return web.json_response({"errors": [error]})
    return _refusal(ApiError(403, f"API rate limit exceeded for {name}."))


async def _with_fault(request: web.Request, handler: Handler, fault: ApiFault | None) -> web.StreamResponse:
    if fault is None:
        return await _guarded(request, handler)
    await asyncio.sleep(fault.delay_ms / 1000)
    if fault.partial is not None:
        return _partial(await _guarded(request, handler), fault.partial)
    if fault.status is None:
        return await _guarded(request, handler)
    if fault.after:
        await _guarded(request, handler)
    if fault.late_ms:
        await request.read()
        late = asyncio.create_task(_happen_late(request, handler, fault.late_ms / 1000))
        world = request.app[WORLD]
        world.late.add(late)
        late.add_done_callback(world.late.discard)
    if fault.status == 0:
        if request.transport is not None:  # the caller may be gone already
            request.transport.abort()
        return web.Response(status=GONE)
    body = fault.body if fault.body is not None else {"message": "Server Error"}
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json"
    return web.Response(text=text, status=fault.status, headers=fault.headers, content_type=kind)


async def _happen_late(request: web.Request, handler: Handler, seconds: float) -> None:
    """Do what the caller thinks was not done."""
    await asyncio.sleep(seconds)
    await _guarded(request, handler)


def _partial(response: web.StreamResponse, path: str) -> web.StreamResponse:
    """Take a part out of a GraphQL answer, as GitHub does where a query was too much for it: null, and an error."""
    assert isinstance(response, web.Response)
    assert isinstance(response.body, bytes)
    answer = json.loads(response.body)
    inside = path.split(".")
    data = answer["data"]
    for step in inside[:-1]:
        data = data[step]
    data[inside[-1]] = None
    error = {"message": "Something went wrong while executing your query.", "path": inside}
    return web.json_response(answer | {"errors": [*answer.get("errors", ()), error]})


async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Run the handler; refusals become GitHub's JSON (or plain text for git)."""
    try:
        return _moved(request) or await handler(request)
    except ApiError as error:
        return _refusal(error)
    except ConnectionResetError:  # the caller was killed while it sent this
        return web.Response(status=GONE)
    except web.HTTPException as error:
        if not is_api(request) or error.status < 400:
            raise
        # GitHub answers 404, not 405, where it has no such endpoint
        return _refusal(not_found() if error.status in (404, 405) else ApiError(error.status, error.reason))


def _moved(request: web.Request) -> web.Response | None:
    """Return the redirect from a repository's old name, 301 for reads and 307 for writes.

    docs.github.com "Best practices for using the REST API", redirects. GitHub's leads to `/repositories/ID`.
    """
    world, names = request.app[WORLD], request.match_info
    if not is_api(request) or "owner" not in names or "repo" not in names:
        return None
    repo = world.moved_repository(names["owner"], names["repo"])
    if repo is None or not actor_of(request).can_see(repo):
        return None
    old = f"/repos/{names['owner']}/{names['repo']}"
    url = f"{world.base_url}/repos/{world.full_name(repo)}{request.raw_path.removeprefix(old)}"
    error = ApiError(301 if request.method in ("GET", "HEAD") else 307, "Moved Permanently", headers={"Location": url})
    return web.json_response(error.body() | {"url": url}, status=error.status, headers=error.headers)


def _refusal(error: ApiError) -> web.Response:
    return web.json_response(error.body(), status=error.status, headers=error.headers)


def _conditional(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Give reads an ETag and answer 304 to a caller who has the same (it costs nothing then)."""
    if request.method not in ("GET", "HEAD") or response.status != 200 or not isinstance(response, web.Response):
        return response
    body = response.body if isinstance(response.body, bytes) else b""
    digest = hashlib.sha256(body + request.headers.get("Accept", "").encode()).hexdigest()
    etag = f'W/"{digest}"'
    given = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
    headers = {"ETag": etag, "Cache-Control": "private, max-age=60, s-maxage=60", "Vary": "Accept, Authorization"}
    if etag.removeprefix("W/") in given:
        return web.Response(status=304, headers=headers)
    response.headers.update(headers)
    return response


def _finish(request: web.Request, response: web.StreamResponse, window: Window | None = None) -> web.StreamResponse:
    if window is not None:
        free = response.status == 304 or request.path in FREE
        window.used += 0 if free else request.get(COST, 1)
        if not response.prepared:
            response.headers.update(window.headers())
    if not response.prepared:
        number = uuid.uuid4().hex.upper()
        request_id = ":".join((number[:4], number[4:9], number[9:16], number[16:23], number[23:31]))
        response.headers["X-GitHub-Request-Id"] = request_id
        response.headers["X-GitHub-Media-Type"] = "github.v3; format=json"
        response.headers["Date"] = format_datetime(request.app[WORLD].clock.now(), usegmt=True)
        wanted = request.headers.get("X-GitHub-Api-Version", API_VERSION)
        response.headers["X-GitHub-Api-Version-Selected"] = wanted
    if is_api(request):
        _log(request, response)
    return response


def _log(request: web.Request, response: web.StreamResponse) -> None:
    resource = request.match_info.route.resource
    log = request.app[REQUESTS]
    route = resource.canonical if resource else request.path
    login = actor_of(request).login
    log.append(LoggedRequest(request.method, route, request.path, response.status, login, request.get(FIELDS, [])))
    del log[:-LOG_LIMIT]
