"""REST: check runs, check suites and commit statuses."""

from collections.abc import Sequence

from aiohttp import web

from sandbox.operations import checks, statuses
from sandbox.operations.access import require
from sandbox.reports import CheckRun, CheckSuite
from sandbox.rest.call import Call, answer, found
from sandbox.shapes.checks import annotation_shapes, combined_status_shape, run_shape, status_shape, suite_shape

routes = web.RouteTableDef()
ROOT = "/repos/{owner}/{repo}"
RUN = ROOT + "/check-runs/{run_id:\\d+}"
SUITE = ROOT + "/check-suites/{suite_id:\\d+}"


def _run(call: Call) -> CheckRun:
    run = found(call.world.state.runs.get(call.number("run_id")))
    return found(run if run.repository_id == call.repo.id else None)


def _suite(call: Call) -> CheckSuite:
    suite = found(call.world.state.suites.get(call.number("suite_id")))
    return found(suite if suite.repository_id == call.repo.id else None)


@routes.post(ROOT + "/check-runs")
async def create(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("name", "head_sha")
    run = await checks.create_check_run(
        call.world, call.actor, call.repo, name=str(body["name"]), head_sha=str(body["head_sha"]), details=body
    )
    return answer(run_shape(call.world, run), 201)


@routes.get(RUN)
async def get(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "checks:read")
    return answer(run_shape(call.world, _run(call)))


@routes.patch(RUN)
async def update(request: web.Request) -> web.Response:
    call = Call(request)
    run = await checks.update_check_run(call.world, call.actor, call.repo, _run(call), await call.body())
    return answer(run_shape(call.world, run))


@routes.get(RUN + "/annotations")
async def annotations(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "checks:read")
    page, headers = call.page(annotation_shapes(call.world, _run(call)))
    return answer(page, headers=headers)


@routes.post(RUN + "/rerequest")
async def rerequest(request: web.Request) -> web.Response:
    call = Call(request)
    await checks.rerequest_run(call.world, call.actor, call.repo, _run(call))
    return answer({}, 201)


def _list_runs(call: Call, runs: list[CheckRun]) -> web.Response:
    name, status, app_id = call.query("check_name"), call.query("status"), call.query("app_id")
    if call.query("filter", "latest") == "latest":
        runs = list({(run.app_id, run.name): run for run in runs}.values())
    runs = [
        run for run in runs if name in ("", run.name) and status in ("", run.status) and app_id in ("", str(run.app_id))
    ]
    page, headers = call.page(runs[::-1])
    listing = [run_shape(call.world, run) for run in page]
    return answer({"total_count": len(runs), "check_runs": listing}, headers=headers)


@routes.get(ROOT + "/commits/{ref:.+}/check-runs")
async def runs_of_commit(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "checks:read")
    return _list_runs(call, call.world.runs_of(call.repo, await call.commit_sha()))


@routes.get(SUITE + "/check-runs")
async def runs_of_suite(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "checks:read")
    return _list_runs(call, call.world.runs_in(_suite(call)))


@routes.get(ROOT + "/commits/{ref:.+}/check-suites")
async def suites_of_commit(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "checks:read")
    app_id = call.query("app_id")
    suites: Sequence[CheckSuite] = [
        suite for suite in call.world.suites_of(call.repo, await call.commit_sha()) if app_id in ("", str(suite.app_id))
    ]
    total = len(suites)
    suites, headers = call.page(suites)
    listing = [await suite_shape(call.world, suite) for suite in suites]
    return answer({"total_count": total, "check_suites": listing}, headers=headers)


@routes.post(ROOT + "/check-suites")
async def create_suite(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("head_sha")
    require(call.actor, call.repo, "checks:write")
    assert call.actor.app is not None
    known = any(one.app_id == call.actor.app.id for one in call.world.suites_of(call.repo, body["head_sha"]))
    suite = await checks.ensure_suite(call.world, call.actor.app, call.repo, str(body["head_sha"]))
    return answer(await suite_shape(call.world, suite), 200 if known else 201)


@routes.get(SUITE)
async def get_suite(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "checks:read")
    return answer(await suite_shape(call.world, _suite(call)))


@routes.post(SUITE + "/rerequest")
async def rerequest_suite(request: web.Request) -> web.Response:
    call = Call(request)
    await checks.rerequest_suite(call.world, call.actor, call.repo, _suite(call))
    return answer({}, 201)


# ---- statuses ----


@routes.post(ROOT + "/statuses/{sha}")
async def create_status(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("state")
    status = await statuses.create_status(
        call.world,
        call.actor,
        call.repo,
        sha=call.part("sha"),
        state=str(body["state"]),
        context=body.get("context") or "default",
        description=body.get("description"),
        target_url=body.get("target_url"),
    )
    shape = status_shape(call.world, status)
    return answer(shape, 201, {"Location": shape["url"]})


@routes.get(ROOT + "/commits/{ref:.+}/status")
async def combined_status(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "statuses:read")
    return answer(combined_status_shape(call.world, call.repo, await call.commit_sha()))


@routes.get(ROOT + "/commits/{ref:.+}/statuses")
async def list_statuses(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "statuses:read")
    page, headers = call.page(call.world.statuses_of(call.repo, await call.commit_sha())[::-1])
    return answer([status_shape(call.world, status) for status in page], headers=headers)
