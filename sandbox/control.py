"""`/_sandbox`: what GitHub does not have, for tests and demos only: faults, state, request log, deliveries, buttons."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field

from aiohttp import web
from pydantic import ValidationError

from sandbox import genesis
from sandbox.errors import ApiError
from sandbox.faults import FaultSettings
from sandbox.limits import LIMITS
from sandbox.operations import apps, checks
from sandbox.rest.call import WORLD, Call, answer, found, nothing
from sandbox.snapshot import snapshot

ROOT = "/_sandbox"
routes = web.RouteTableDef()


@dataclass
class LoggedRequest:
    """One API request: `route` is the path with its variables named, for GraphQL the mutations' names are in `fields`."""

    method: str
    route: str
    path: str
    status: int
    actor: str
    fields: list[str] = field(default_factory=list)


REQUESTS = web.AppKey("requests", list[LoggedRequest])


@routes.get(ROOT + "/info")
async def get_info(request: web.Request) -> web.Response:
    return answer(genesis.info(request.app[WORLD]))


@routes.get(ROOT + "/faults")
async def get_faults(request: web.Request) -> web.Response:
    return answer(request.app[WORLD].faults.settings.model_dump(mode="json"))


def _set_faults(request: web.Request, settings: FaultSettings) -> web.Response:
    world = request.app[WORLD]
    world.faults.replace(settings)
    world.hooks.apply_faults()
    request.app[LIMITS].restart()
    return answer(settings.model_dump(mode="json"))


@routes.put(ROOT + "/faults")
async def put_faults(request: web.Request) -> web.Response:
    try:
        settings = FaultSettings.model_validate_json(await request.read())
    except ValidationError as error:
        raise ApiError(422, "Invalid faults", json.loads(error.json(include_url=False))) from error
    return _set_faults(request, settings)


@routes.delete(ROOT + "/faults")
async def delete_faults(request: web.Request) -> web.Response:
    _set_faults(request, FaultSettings())
    return nothing()


@routes.get(ROOT + "/state")
async def get_state(request: web.Request) -> web.Response:
    normalise = request.query.get("normalise", "0") not in ("", "0")
    return answer(await snapshot(request.app[WORLD], normalise=normalise))


@routes.get(ROOT + "/requests")
async def get_requests(request: web.Request) -> web.Response:
    log = request.app[REQUESTS]
    counts = Counter(f"{one.method} {one.route}" for one in log)
    counts.update(f"{one.method} {one.route} {name}" for one in log for name in one.fields)
    return answer({"count": len(log), "counts": dict(counts), "requests": [asdict(one) for one in log]})


@routes.delete(ROOT + "/requests")
async def delete_requests(request: web.Request) -> web.Response:
    request.app[REQUESTS].clear()
    return nothing()


@routes.get(ROOT + "/deliveries")
async def get_deliveries(request: web.Request) -> web.Response:
    world = request.app[WORLD]
    sent = [
        {
            "id": one.id,
            "guid": one.guid,
            "event": one.event,
            "action": one.action,
            "app": world.state.apps[one.app_id].slug,
            "status": one.status,
            "status_code": one.status_code,
            "redelivery": one.redelivery,
        }
        for one in world.state.deliveries.values()
        if one.delivered_at is not None
    ]
    return answer({"pending": world.hooks.pending, "sent": sent})


@routes.post(ROOT + "/clock")
async def advance_clock(request: web.Request) -> web.Response:
    call = Call(request)
    call.world.clock.advance(float((await call.body("seconds"))["seconds"]))
    return answer({"now": call.world.clock.now().isoformat()})


# ---- what an App's owner and an account's owner do on GitHub's pages ----


@routes.post(ROOT + "/apps/{slug}/keys")
async def add_key(request: web.Request) -> web.Response:
    """Give an App a new private key beside those that it has; the answer says in which file it is."""
    call = Call(request)
    app = found(call.world.app(call.part("slug")))
    private, public = genesis.new_key_pair()
    file = genesis.key_file(call.world.data, f"{app.slug}.{len(app.older_keys) + 2}")
    genesis.write_key(file, private)
    apps.add_key(call.world, app, public)
    return answer({"private_key_file": str(file.resolve())}, 201)


@routes.delete(ROOT + "/apps/{slug}/keys")
async def delete_older_keys(request: web.Request) -> web.Response:
    """Delete all keys of an App but the newest."""
    call = Call(request)
    apps.delete_older_keys(call.world, found(call.world.app(call.part("slug"))))
    return nothing()


@routes.post(ROOT + "/apps/{slug}/installations")
async def install(request: web.Request) -> web.Response:
    """Install an App on an account, as the calling person: `{"account": "octo"}`."""
    call = Call(request)
    account = found(call.world.user(str((await call.body("account"))["account"])))
    app = found(call.world.app(call.part("slug")))
    installation = await apps.install(call.world, call.actor, app, account)
    return answer({"id": installation.id}, 201)


@routes.patch(ROOT + "/installations/{installation_id:\\d+}")
async def grant(request: web.Request) -> web.Response:
    """Change what an installation grants, as the calling person: `{"permissions": {...}, "events": [...]}`."""
    call = Call(request)
    installation = found(call.world.state.installations.get(call.number("installation_id")))
    await apps.grant(call.world, call.actor, installation, await call.body())
    return answer({})


@routes.put(ROOT + "/repos/{owner}/{repo}/pulls/{number:\\d+}/stack")
async def put_stack(request: web.Request) -> web.Response:
    """Have a pull be in a native stack: the body is REST's `stack` of a pull, `null` takes it out again."""
    call = Call(request)
    call.pull().stack = json.loads(await request.read() or b"null")
    return answer({})


@routes.post(ROOT + "/repos/{owner}/{repo}/check-runs/{run_id:\\d+}/press")
async def press(request: web.Request) -> web.Response:
    """Press a check run's button as the calling person: `{"identifier": "..."}`."""
    call = Call(request)
    body = await call.body("identifier")
    run = found(call.world.state.runs.get(call.number("run_id")))
    await checks.press(call.world, call.actor, call.repo, run, str(body["identifier"]))
    return answer({}, 202)
