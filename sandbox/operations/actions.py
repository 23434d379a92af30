"""GitHub Actions as far as others see it: jobs run again, workflows are started. Nothing is run here.

Jobs are the check runs of the App `github-actions`: whoever holds its token plays the runner and reports how they end.
"""

from datetime import timedelta

import yaml

from sandbox.actor import Actor
from sandbox.errors import ApiError, not_found
from sandbox.events import emit
from sandbox.model import App, Json, Repository
from sandbox.operations.access import require
from sandbox.operations.checks import queue_run
from sandbox.reports import CheckRun, CheckSuite, WorkflowDispatch
from sandbox.world import World

SLUG = "github-actions"
WRITE = "actions:write"
RETRY_WINDOW = timedelta(days=30)  # docs.github.com "Re-running workflows and jobs"
FOLDER = ".github/workflows"


async def rerun_job(world: World, actor: Actor, repo: Repository, run: CheckRun) -> CheckRun:
    """Queue a new run of a job, in the same suite; jobs that depend on it are not known here.

    403 without the permission, while the workflow run goes on, and a month after it began; 404 for what is no job.
    """
    require(actor, repo, WRITE)
    app, suite = world.state.apps[run.app_id], world.state.suites[run.suite_id]
    if app.slug != SLUG:
        raise not_found()
    if any(one.status != "completed" for one in world.runs_in(suite)):
        raise ApiError(403, "This workflow is already running")
    if world.clock.now() - suite.created_at > RETRY_WINDOW:
        raise ApiError(403, "Unable to retry this workflow run because it was created over a month ago")
    return await queue_run(world, actor, repo, suite, run.name)


async def start_workflow(
    world: World, actor: Actor, repo: Repository, *, file: str, ref: str, inputs: Json
) -> WorkflowDispatch:
    """Start a workflow on a branch or tag: its jobs are queued in a suite of their own, which no roll-up shows.

    404 if the default branch has no such file; 422 for an unknown ref, or where the file there takes no such start.
    """
    require(actor, repo, WRITE)
    app, path = world.app(SLUG), f"{FOLDER}/{file}"
    if app is None or await _workflow(world, repo, f"refs/heads/{repo.default_branch}", path) is None:
        raise not_found()
    name, sha = await _resolve(world, repo, ref)
    workflow = await _workflow(world, repo, name, path)
    if workflow is None or "workflow_dispatch" not in _triggers(workflow):
        raise ApiError(422, "Workflow does not have 'workflow_dispatch' trigger")
    suite = _suite(world, app, repo, sha, ref)
    dispatch = WorkflowDispatch(
        world.new_id(), repo.id, path, name, sha, suite.id, actor.id, world.clock.now(), inputs
    )  # fmt: skip
    world.state.dispatches[dispatch.id] = dispatch
    emit(world, actor, repo, "workflow_dispatch", {"inputs": inputs or None, "ref": name, "workflow": path})
    for key, job in (workflow.get("jobs") or {}).items():
        await queue_run(world, actor, repo, suite, str((job or {}).get("name") or key))
    return dispatch


def _suite(world: World, app: App, repo: Repository, sha: str, ref: str) -> CheckSuite:
    now = world.clock.now()
    branch = ref.removeprefix("refs/heads/")
    suite = CheckSuite(world.new_id(), repo.id, app.id, sha, branch, now, now, None, sha, event="workflow_dispatch")
    world.state.suites[suite.id] = suite
    return suite


async def _resolve(world: World, repo: Repository, ref: str) -> tuple[str, str]:
    """Return the full name of a branch or tag and its commit."""
    git = world.git(repo)
    for name in (ref, f"refs/heads/{ref}", f"refs/tags/{ref}"):
        if name.startswith("refs/") and await git.ref(name) is not None:
            sha = await git.resolve(name)
            if sha is not None:
                return name, sha
    raise ApiError(422, f"No ref found for: {ref}")


async def _workflow(world: World, repo: Repository, name: str, path: str) -> Json | None:
    """Return what a workflow file says, None if there is none."""
    git = world.git(repo)
    sha = await git.resolve(name)
    entry = await git.entry(sha, path) if sha is not None else None
    if entry is None:
        return None
    try:
        found = yaml.safe_load(await git.blob(entry.sha))
    except yaml.YAMLError:
        return None
    return found if isinstance(found, dict) else None


def _triggers(workflow: Json) -> set[str]:
    """Return the events that start a workflow. YAML 1.1 reads the key `on` as true."""
    found = workflow.get("on", workflow.get(True))  # type: ignore[call-overload]
    return {found} if isinstance(found, str) else set(found or ())
