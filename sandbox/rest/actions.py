"""REST: what of GitHub Actions Apps ask for."""

from aiohttp import web

from sandbox.operations import actions
from sandbox.rest.call import Call, answer, found, nothing

routes = web.RouteTableDef()
ROOT = "/repos/{owner}/{repo}/actions"


@routes.post(ROOT + "/jobs/{job_id:\\d+}/rerun")
async def rerun_job(request: web.Request) -> web.Response:
    call = Call(request)
    await call.body()
    run = found(call.world.state.runs.get(call.number("job_id")))
    await actions.rerun_job(
        call.world, call.actor, call.repo, found(run if run.repository_id == call.repo.id else None)
    )
    return answer({}, 201)


@routes.post(ROOT + "/workflows/{workflow}/dispatches")
async def dispatch(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("ref")
    inputs = body.get("inputs") or {}
    file = call.part("workflow")
    await actions.start_workflow(call.world, call.actor, call.repo, file=file, ref=str(body["ref"]), inputs=inputs)
    return nothing()
