"""JSON of check runs, check suites and commit statuses."""

from sandbox.model import Json, Pull, Repository
from sandbox.reports import CheckRun, CheckSuite, CommitStatus
from sandbox.shapes.accounts import app_shape, user_shape, when
from sandbox.shapes.git import simple_commit_shape
from sandbox.shapes.repositories import repository_api, repository_page, repository_shape
from sandbox.world import World


def pull_minimal_shape(world: World, pull: Pull) -> Json:
    """Return the short form of a pull in check runs and suites."""
    repo = world.repository_of(pull)
    api = repository_api(world, repo)
    short = {"id": repo.id, "url": api, "name": repo.name}
    return {
        "id": pull.id,
        "number": pull.number,
        "url": f"{api}/pulls/{pull.number}",
        "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": short},
        "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": short},
    }


def _pulls(world: World, repo: Repository, sha: str) -> list[Json]:
    """Return the open pulls of a head; GitHub leaves out those from forks (docs.github.com/rest/checks/runs)."""
    return [
        pull_minimal_shape(world, pull)
        for pull in world.pulls_of(repo)
        if pull.head_sha == sha and pull.state == "open" and pull.head_repository_id is None
    ]


def run_page(world: World, run: CheckRun) -> str:
    """Return the page of a check run."""
    return f"{repository_page(world, world.repository_of(run))}/runs/{run.id}"


def run_shape(world: World, run: CheckRun) -> Json:
    """Return a check run as REST shows it."""
    repo = world.repository_of(run)
    url = f"{repository_api(world, repo)}/check-runs/{run.id}"
    page = run_page(world, run)
    return {
        "id": run.id,
        "name": run.name,
        "node_id": run.node_id,
        "head_sha": run.head_sha,
        "external_id": run.external_id,
        "url": url,
        "html_url": page,
        "details_url": run.details_url or page,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": when(run.started_at),
        "completed_at": when(run.completed_at),
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": len(run.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": run.suite_id},
        "app": app_shape(world, world.state.apps[run.app_id]),
        "pull_requests": _pulls(world, repo, run.head_sha),
    }


def run_webhook_shape(world: World, run: CheckRun) -> Json:
    """Return a check run as webhooks show it: with more of its suite."""
    suite = world.state.suites[run.suite_id]
    repo = world.repository_of(run)
    return run_shape(world, run) | {
        "check_suite": {
            "id": suite.id,
            "node_id": suite.node_id,
            "head_branch": suite.head_branch,
            "head_sha": suite.head_sha,
            "status": suite.status,
            "conclusion": suite.conclusion,
            "url": f"{repository_api(world, repo)}/check-suites/{suite.id}",
            "before": suite.before,
            "after": suite.after,
            "pull_requests": _pulls(world, repo, suite.head_sha),
            "app": app_shape(world, world.state.apps[suite.app_id]),
            "created_at": when(suite.created_at),
            "updated_at": when(suite.updated_at),
        }
    }


async def suite_shape(world: World, suite: CheckSuite) -> Json:
    """Return a check suite as REST shows it: with its repository, which webhooks have beside it."""
    repo = world.repository_of(suite)
    return await suite_webhook_shape(world, suite) | {"repository": repository_shape(world, repo)}


async def suite_webhook_shape(world: World, suite: CheckSuite) -> Json:
    """Return a check suite as webhooks show it."""
    repo = world.repository_of(suite)
    url = f"{repository_api(world, repo)}/check-suites/{suite.id}"
    commit = await world.git(repo).commit(suite.head_sha)
    return {
        "id": suite.id,
        "node_id": suite.node_id,
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": suite.status,
        "conclusion": suite.conclusion,
        "url": url,
        "before": suite.before,
        "after": suite.after,
        "pull_requests": _pulls(world, repo, suite.head_sha),
        "app": app_shape(world, world.state.apps[suite.app_id]),
        "created_at": when(suite.created_at),
        "updated_at": when(suite.updated_at),
        "rerequestable": True,
        "runs_rerequestable": True,
        "latest_check_runs_count": len({run.name for run in world.runs_in(suite)}),
        "check_runs_url": f"{url}/check-runs",
        "head_commit": simple_commit_shape(commit),
    }


def annotation_shapes(world: World, run: CheckRun) -> list[Json]:
    """Return a run's annotations."""
    page = repository_page(world, world.repository_of(run))
    return [
        {
            "path": one.path,
            "start_line": one.start_line,
            "end_line": one.end_line,
            "start_column": one.start_column,
            "end_column": one.end_column,
            "annotation_level": one.annotation_level,
            "title": one.title,
            "message": one.message,
            "raw_details": one.raw_details,
            "blob_href": f"{page}/blob/{run.head_sha}/{one.path}",
        }
        for one in run.annotations
    ]


def status_shape(world: World, status: CommitStatus) -> Json:
    """Return a commit status."""
    repo = world.repository_of(status)
    creator = user_shape(world, world.state.users[status.creator_id])
    return {
        "url": f"{repository_api(world, repo)}/statuses/{status.sha}",
        "avatar_url": creator["avatar_url"],
        "id": status.id,
        "node_id": status.node_id,
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": when(status.created_at),
        "updated_at": when(status.created_at),
        "creator": creator,
    }


def combined_status_shape(world: World, repo: Repository, sha: str) -> Json:
    """Return the combined status of a commit (docs.github.com/rest/commits/statuses)."""
    latest = world.latest_statuses_of(repo, sha)
    states = {status.state for status in latest}
    worst = "failure" if states & {"error", "failure"} else "success" if states == {"success"} else "pending"
    url = f"{repository_api(world, repo)}/commits/{sha}"
    return {
        "state": worst,
        "statuses": [{k: v for k, v in status_shape(world, one).items() if k != "creator"} for one in latest],
        "sha": sha,
        "total_count": len(latest),
        "repository": repository_shape(world, repo),
        "commit_url": url,
        "url": f"{url}/status",
    }
