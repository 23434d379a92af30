"""REST: branch protection, rulesets, and the rules in force on a branch."""

from aiohttp import web

from sandbox.errors import ApiError
from sandbox.model import Ruleset
from sandbox.operations import protection, rules
from sandbox.operations.access import require
from sandbox.rest.call import Call, answer, found, nothing
from sandbox.shapes.rules import protection_shape, ruleset_shape

routes = web.RouteTableDef()
ROOT = "/repos/{owner}/{repo}"
PROTECTION = ROOT + "/branches/{branch:.+}/protection"
RULESET = ROOT + "/rulesets/{ruleset_id:\\d+}"


@routes.get(PROTECTION)
async def get_protection(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "administration:read")
    rule = call.world.protection(call.repo, call.part("branch"))
    if rule is None:
        raise ApiError(404, "Branch not protected")
    return answer(protection_shape(call.world, rule))


@routes.put(PROTECTION)
async def put_protection(request: web.Request) -> web.Response:
    call = Call(request)
    branch = call.part("branch")
    rule = await protection.set_protection(call.world, call.actor, call.repo, branch, await call.body())
    return answer(protection_shape(call.world, rule))


@routes.delete(PROTECTION)
async def delete_protection(request: web.Request) -> web.Response:
    call = Call(request)
    await protection.delete_protection(call.world, call.actor, call.repo, call.part("branch"))
    return nothing()


@routes.get(ROOT + "/rules/branches/{branch:.+}")
async def branch_rules(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "metadata:read")
    page, headers = call.page(rules.active_rules(call.world, call.repo, call.part("branch")))
    return answer(page, headers=headers)


def _ruleset(call: Call) -> Ruleset:
    ruleset = found(call.world.state.rulesets.get(call.number("ruleset_id")))
    return found(ruleset if ruleset.repository_id == call.repo.id else None)


@routes.get(ROOT + "/rulesets")
async def list_rulesets(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "metadata:read")
    page, headers = call.page(call.world.rulesets_of(call.repo))
    hidden = ("rules", "conditions", "bypass_actors")
    shapes = [ruleset_shape(call.world, ruleset) for ruleset in page]
    return answer([{k: v for k, v in shape.items() if k not in hidden} for shape in shapes], headers=headers)


@routes.get(RULESET)
async def get_ruleset(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "metadata:read")
    shape = ruleset_shape(call.world, _ruleset(call))
    if not call.actor.can(call.repo, "administration:write"):
        del shape["bypass_actors"]  # docs.github.com/rest/repos/rules: only for those who may write the ruleset
    return answer(shape)


@routes.post(ROOT + "/rulesets")
async def create_ruleset(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("name", "enforcement")
    ruleset = await protection.create_ruleset(call.world, call.actor, call.repo, body)
    return answer(ruleset_shape(call.world, ruleset), 201)


@routes.put(RULESET)
async def update_ruleset(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body()
    ruleset = await protection.update_ruleset(call.world, call.actor, call.repo, _ruleset(call), body)
    return answer(ruleset_shape(call.world, ruleset))


@routes.delete(RULESET)
async def delete_ruleset(request: web.Request) -> web.Response:
    call = Call(request)
    await protection.delete_ruleset(call.world, call.actor, call.repo, _ruleset(call))
    return nothing()
