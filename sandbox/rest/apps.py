"""REST: the App itself, its installations, its hook and deliveries; users, rate limit, meta."""

from typing import Any

from aiohttp import web

from sandbox.auth import required_user
from sandbox.errors import ApiError, not_found
from sandbox.limits import LIMITS
from sandbox.model import Delivery, Installation, Json
from sandbox.operations import apps
from sandbox.rest.call import Call, answer, found, nothing
from sandbox.shapes.accounts import app_shape, full_user_shape, installation_shape, when
from sandbox.shapes.repositories import repository_shape

routes = web.RouteTableDef()


@routes.get("/app")
async def get_app(request: web.Request) -> web.Response:
    call = Call(request)
    app = apps.require_app(call.actor)
    installed = sum(one.app_id == app.id for one in call.world.state.installations.values())
    return answer(app_shape(call.world, app) | {"installations_count": installed})


@routes.get("/app/installations")
async def installations(request: web.Request) -> web.Response:
    call = Call(request)
    app = apps.require_app(call.actor)
    listing = [one for one in call.world.state.installations.values() if one.app_id == app.id]
    page, headers = call.page(listing)
    return answer([installation_shape(call.world, one) for one in page], headers=headers)


def _installation(call: Call) -> Installation:
    app = apps.require_app(call.actor)
    installation = found(call.world.state.installations.get(call.number("installation_id")))
    return found(installation if installation.app_id == app.id else None)


@routes.get("/app/installations/{installation_id:\\d+}")
async def get_installation(request: web.Request) -> web.Response:
    call = Call(request)
    return answer(installation_shape(call.world, _installation(call)))


@routes.delete("/app/installations/{installation_id:\\d+}")
async def delete_installation(request: web.Request) -> web.Response:
    call = Call(request)
    await apps.uninstall(call.world, call.actor, _installation(call))
    return nothing()


@routes.put("/app/installations/{installation_id:\\d+}/suspended")
async def suspend(request: web.Request) -> web.Response:
    call = Call(request)
    await apps.suspend(call.world, call.actor, _installation(call))
    return nothing()


@routes.delete("/app/installations/{installation_id:\\d+}/suspended")
async def unsuspend(request: web.Request) -> web.Response:
    call = Call(request)
    await apps.unsuspend(call.world, call.actor, _installation(call))
    return nothing()


@routes.get("/repos/{owner}/{repo}/installation")
async def repository_installation(request: web.Request) -> web.Response:
    call = Call(request)
    app = apps.require_app(call.actor)
    repo = found(call.world.repository(call.part("owner"), call.part("repo")))
    return answer(installation_shape(call.world, found(call.world.installation_of(app, repo))))


@routes.post("/app/installations/{installation_id:\\d+}/access_tokens")
async def create_token(request: web.Request) -> web.Response:
    call = Call(request)
    wanted = await call.body()
    token = await apps.create_installation_token(call.world, call.actor, _installation(call), wanted)
    shape: dict[str, Any] = {
        "token": token.token,
        "expires_at": when(token.expires_at),
        "permissions": token.permissions,
        "repository_selection": "all" if token.repository_ids is None else "selected",
    }
    if token.repository_ids is not None:
        repos = [call.world.state.repositories[number] for number in token.repository_ids]
        shape["repositories"] = [repository_shape(call.world, repo) for repo in repos]
    return answer(shape, 201)


@routes.delete("/installation/token")
async def revoke_token(request: web.Request) -> web.Response:
    call = Call(request)
    await apps.revoke_token(call.world, call.actor)
    return nothing()


@routes.get("/installation/repositories")
async def installation_repositories(request: web.Request) -> web.Response:
    call = Call(request)
    if call.actor.installation is None:
        raise ApiError(
            403,
            "You must authenticate with an installation access token in order to list repositories "
            "for an installation.",
        )
    repos = [repo for repo in call.world.repositories() if call.actor.reaches(repo)]
    page, headers = call.page(repos)
    listing = [repository_shape(call.world, repo) for repo in page]
    selection = "all" if call.actor.repository_ids is None else "selected"
    shape = {"total_count": len(repos), "repository_selection": selection, "repositories": listing}
    return answer(shape, headers=headers)


# ---- hook ----


def _hook_config(call: Call) -> Json:
    app = apps.require_app(call.actor)
    return {"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": app.hook_url or ""}


@routes.get("/app/hook/config")
async def hook_config(request: web.Request) -> web.Response:
    return answer(_hook_config(Call(request)))


@routes.patch("/app/hook/config")
async def update_hook_config(request: web.Request) -> web.Response:
    call = Call(request)
    await apps.update_hook(call.world, call.actor, await call.body())
    return answer(_hook_config(call))


def _delivery_item(delivery: Delivery) -> Json:
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": when(delivery.delivered_at),
        "redelivery": delivery.redelivery,
        "duration": delivery.duration,
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation_id,
        "repository_id": delivery.repository_id,
        "throttled_at": None,
    }


@routes.get("/app/hook/deliveries")
async def deliveries(request: web.Request) -> web.Response:
    """Newest first; `cursor` is the id from which on to continue (docs.github.com/rest/apps/webhooks)."""
    call = Call(request)
    app = apps.require_app(call.actor)
    text, status = call.query("cursor"), call.query("status")
    cursor = int(text.removeprefix("v1_")) if text.removeprefix("v1_").isdigit() else None
    size = int(call.query("per_page", "30")) if call.query("per_page", "30").isdigit() else 30
    listing = [
        one
        for one in reversed(call.world.state.deliveries.values())
        if one.app_id == app.id
        and one.delivered_at is not None
        and (cursor is None or one.id <= cursor)
        and (not status or (status == "success") == (200 <= one.status_code < 400))
    ]
    headers = {}
    if len(listing) > size:
        query = {**request.query, "cursor": f"v1_{listing[size].id}"}
        address = request.rel_url.with_query(query)
        headers["Link"] = f'<{call.world.base_url}{address}>; rel="next"'
    return answer([_delivery_item(one) for one in listing[:size]], headers=headers)


def _delivery(call: Call) -> Delivery:
    app = apps.require_app(call.actor)
    delivery = found(call.world.state.deliveries.get(call.number("delivery_id")))
    return found(delivery if delivery.app_id == app.id else None)


@routes.get("/app/hook/deliveries/{delivery_id:\\d+}")
async def get_delivery(request: web.Request) -> web.Response:
    one = _delivery(Call(request))
    more = {
        "url": one.url,
        "request": {"headers": one.request_headers, "payload": one.payload},
        "response": {"headers": one.response_headers, "payload": one.response_body},
    }
    return answer(_delivery_item(one) | more)


@routes.post("/app/hook/deliveries/{delivery_id:\\d+}/attempts")
async def redeliver(request: web.Request) -> web.Response:
    call = Call(request)
    await apps.redeliver(call.world, call.actor, _delivery(call))
    return answer({}, 202)


# ---- users, limits, meta ----


@routes.get("/user")
async def me(request: web.Request) -> web.Response:
    call = Call(request)
    actor = required_user(request)
    if actor.is_app or actor.user is None:
        raise ApiError(403, "Resource not accessible by integration")
    return answer(full_user_shape(call.world, actor.user))


@routes.get("/users/{login}")
async def user(request: web.Request) -> web.Response:
    call = Call(request)
    return answer(full_user_shape(call.world, found(call.world.user(call.part("login")))))


@routes.get("/rate_limit")
async def rate_limit(request: web.Request) -> web.Response:
    limits = request.app[LIMITS]
    call = Call(request)
    resources = {name: limits.window(call.actor, name).shape() for name in ("core", "graphql", "search")}
    return answer({"resources": resources, "rate": resources["core"]})


@routes.get("/meta")
async def meta(request: web.Request) -> web.Response:
    return answer(
        {"verifiable_password_authentication": False, "hooks": ["127.0.0.0/8"], "web": [], "api": [], "git": []}
    )


@routes.get("/versions")
async def versions(request: web.Request) -> web.Response:
    if request.query:
        raise not_found()
    return answer(["2022-11-28"])
