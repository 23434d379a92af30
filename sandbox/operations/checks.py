"""Check suites and check runs: only Apps write them, each its own; people may ask for a rerun or press a button."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sandbox.actor import Actor
from sandbox.errors import ApiError, not_found
from sandbox.events import emit
from sandbox.model import App, Json, Repository
from sandbox.operations.access import require
from sandbox.reports import Annotation, CheckAction, CheckRun, CheckSuite
from sandbox.shapes.checks import run_webhook_shape, suite_webhook_shape
from sandbox.world import World

WRITE = "checks:write"
#: docs.github.com/rest/checks/runs
TEXT_LIMIT = 65_535
ANNOTATIONS_PER_REQUEST = 50
CONCLUSIONS = {"action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"}
STATUSES = {"queued", "in_progress", "completed", "waiting", "requested", "pending"}
#: the worst conclusion of a suite's runs is the suite's
WORST_FIRST = ("failure", "timed_out", "cancelled", "action_required", "stale", "success", "neutral", "skipped")


class _Output(BaseModel):
    title: str
    summary: str = Field(max_length=TEXT_LIMIT)
    text: str | None = Field(None, max_length=TEXT_LIMIT)
    annotations: list[Annotation] = Field(default_factory=list, max_length=ANNOTATIONS_PER_REQUEST)


class _Action(BaseModel):
    label: str = Field(max_length=20)
    description: str = Field(max_length=40)
    identifier: str = Field(max_length=20)


class _Details(BaseModel):
    """The body of `POST` and `PATCH /check-runs`, with GitHub's limits; only keys that were sent are applied."""

    model_config = ConfigDict(extra="ignore")
    name: str | None = None
    status: str | None = None
    conclusion: str | None = None
    external_id: str | None = None
    details_url: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    output: _Output | None = None
    actions: list[_Action] | None = Field(None, max_length=3)


_READER = TypeAdapter(_Details)


def _read(details: Json) -> _Details:
    try:
        read = _READER.validate_python(details)
    except ValidationError as error:
        lines = [f"{'/'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
        raise ApiError(422, "Invalid request.\n\n" + "\n".join(lines)) from error
    if read.conclusion is not None and read.conclusion not in CONCLUSIONS:
        raise ApiError(422, f"Invalid request.\n\n{read.conclusion} is not a member of {sorted(CONCLUSIONS)}.")
    if read.status is not None and read.status not in STATUSES:
        raise ApiError(422, f"Invalid request.\n\n{read.status} is not a member of {sorted(STATUSES)}.")
    if read.status == "completed" and read.conclusion is None:
        raise ApiError(422, 'Invalid request.\n\nMissing required keys "conclusion".')
    return read


def _tell(world: World, actor: Actor, repo: Repository, run: CheckRun, action: str, **extra: Any) -> None:
    payload = {"action": action, "check_run": run_webhook_shape(world, run)} | extra
    owner: App | None = world.state.apps[run.app_id] if action in ("rerequested", "requested_action") else None
    emit(world, actor, repo, "check_run", payload, only=owner)


async def create_check_run(
    world: World, actor: Actor, repo: Repository, *, name: str, head_sha: str, details: Json
) -> CheckRun:
    """Create a run for a commit (its suite comes with the first run); 422 for a sha that is no commit here."""
    require(actor, repo, WRITE)
    read = _read(details)
    if await world.git(repo).kind(head_sha) != "commit":
        raise ApiError(422, f"No commit found for SHA: {head_sha}")
    assert actor.app is not None
    suite = await ensure_suite(world, actor.app, repo, head_sha)
    now = world.clock.now()
    run = CheckRun(world.new_id(), repo.id, suite.id, actor.app.id, name, head_sha, now)
    world.state.runs[run.id] = run
    _apply(world, run, read)
    _tell(world, actor, repo, run, "created")
    await _finish(world, actor, repo, run, was="new")
    return run


async def queue_run(world: World, actor: Actor, repo: Repository, suite: CheckSuite, name: str) -> CheckRun:
    """Put a new run into a suite, for its App to carry out; of an older one of that name it takes the place."""
    run = CheckRun(world.new_id(), repo.id, suite.id, suite.app_id, name, suite.head_sha, world.clock.now())
    world.state.runs[run.id] = run
    _tell(world, actor, repo, run, "created")
    await _finish(world, actor, repo, run, was="new")
    return run


async def update_check_run(world: World, actor: Actor, repo: Repository, run: CheckRun, details: Json) -> CheckRun:
    """Change a run; 403 for another App's; annotations are added to those already there."""
    require(actor, repo, WRITE)
    if actor.app is None or run.app_id != actor.app.id:
        raise ApiError(
            403,
            "Invalid app_id `%s` - check run can only be modified by the GitHub App that created it."
            % (actor.app.id if actor.app else None),
        )
    was = run.status
    _apply(world, run, _read(details))
    await _finish(world, actor, repo, run, was=was)
    return run


def _apply(world: World, run: CheckRun, read: _Details) -> None:
    sent = read.model_fields_set
    for field in ("name", "external_id", "details_url", "started_at"):
        if field in sent and getattr(read, field) is not None:
            setattr(run, field, getattr(read, field))
    if read.output is not None:
        run.title, run.summary = read.output.title, read.output.summary
        run.text = read.output.text if "text" in read.output.model_fields_set else run.text
        run.annotations += read.output.annotations
    if read.actions is not None:
        run.actions = [CheckAction(one.label, one.description, one.identifier) for one in read.actions]
    if read.conclusion is not None:  # giving a conclusion completes the run (docs.github.com/rest/checks/runs)
        run.status, run.conclusion = "completed", read.conclusion
        run.completed_at = read.completed_at or world.clock.now()
    elif read.status is not None:
        run.status, run.conclusion, run.completed_at = read.status, None, None


async def ensure_suite(world: World, app: App, repo: Repository, sha: str) -> CheckSuite:
    """Return the App's suite of a commit, made if there is none."""
    for suite in world.suites_of(repo, sha):
        if suite.app_id == app.id and suite.event == "push":
            return suite
    refs = await world.git(repo).refs()
    branch = next((name[11:] for name, at in refs.items() if at == sha and name.startswith("refs/heads/")), None)
    now = world.clock.now()
    suite = CheckSuite(world.new_id(), repo.id, app.id, sha, branch, now, now, None, sha)
    world.state.suites[suite.id] = suite
    return suite


async def _finish(world: World, actor: Actor, repo: Repository, run: CheckRun, *, was: str) -> None:
    suite = world.state.suites[run.suite_id]
    latest = list({one.name: one for one in world.runs_in(suite)}.values())
    before = suite.status
    done = all(one.status == "completed" for one in latest)
    started = any(one.status != "queued" for one in latest)
    suite.status = "completed" if done else "in_progress" if started else "queued"
    found = {one.conclusion for one in latest}
    suite.conclusion = next((one for one in WORST_FIRST if one in found), None) if done else None
    suite.updated_at = world.clock.now()
    if run.status == "completed" and was != "completed":
        _tell(world, actor, repo, run, "completed")
    if done and before != "completed":
        payload = {"action": "completed", "check_suite": await suite_webhook_shape(world, suite)}
        emit(world, actor, repo, "check_suite", payload)


async def rerequest_run(world: World, actor: Actor, repo: Repository, run: CheckRun) -> None:
    """Ask the run's App for another run; an App may ask only for its own (403)."""
    require(actor, repo, WRITE if actor.is_app else "contents:write")
    if actor.app is not None and run.app_id != actor.app.id:
        raise ApiError(403, "This check run is not rerequestable")
    _tell(world, actor, repo, run, "rerequested")


async def rerequest_suite(world: World, actor: Actor, repo: Repository, suite: CheckSuite) -> None:
    """Ask the suite's App to run all of it again."""
    require(actor, repo, WRITE if actor.is_app else "contents:write")
    suite.status, suite.conclusion = "queued", None
    payload = {"action": "rerequested", "check_suite": await suite_webhook_shape(world, suite)}
    emit(world, actor, repo, "check_suite", payload, only=world.state.apps[suite.app_id])


async def press(world: World, actor: Actor, repo: Repository, run: CheckRun, identifier: str) -> None:
    """Press a button of a completed run, as a person with write access does on its page; 404 if it has no such button."""
    require(actor, repo, "contents:write")
    if run.status != "completed" or identifier not in {action.identifier for action in run.actions}:
        raise not_found()
    _tell(world, actor, repo, run, "requested_action", requested_action={"identifier": identifier})
