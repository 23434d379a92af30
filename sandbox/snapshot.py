"""The whole state in a form made for comparing two runs of one story; it reads and changes nothing."""

from collections.abc import Sequence

from sandbox.git_objects import CommitObject
from sandbox.model import Issue, Json, Pull, Repository
from sandbox.reports import WorkflowDispatch
from sandbox.world import World


async def snapshot(world: World, *, normalise: bool) -> Json:
    """Return every repository's state by full name; `normalise` leaves out shas, ids, external ids, times and their order."""
    return {world.full_name(repo): await _repository(world, repo, normalise=normalise) for repo in world.repositories()}


async def _repository(world: World, repo: Repository, *, normalise: bool) -> Json:
    git = world.git(repo)
    branches, tags = {}, {}
    for name, sha in (await git.refs()).items():
        kind = await git.kind(sha)
        if name.startswith("refs/heads/"):
            branches[name.removeprefix("refs/heads/")] = await _branch(world, repo, sha, normalise=normalise)
        elif name.startswith("refs/tags/"):
            commit = await git.resolve(sha) if kind == "commit" else None
            target = (await git.commit(commit)).tree if commit and normalise else sha
            tags[name.removeprefix("refs/tags/")] = target
    return {
        "branches": branches,
        "tags": tags,
        "labels": sorted(label.name for label in world.repository_labels(repo)),
        "issues": [_thread(world, issue, normalise=normalise) for issue in world.issues_of(repo)],
        "pulls": [await _pull(world, repo, pull, normalise=normalise) for pull in world.pulls_of(repo)],
        "checks": await _checks(world, repo, normalise=normalise),
        "merges": list(repo.merged_pulls),
        "merge_queues": _queues(world, repo),
        "dispatches": [
            await _dispatch(world, one) for one in world.state.dispatches.values() if one.repository_id == repo.id
        ],
    }


async def _dispatch(world: World, dispatch: WorkflowDispatch) -> Json:
    """Return a workflow that was started: on what, by whom, and how its jobs stand."""
    jobs = world.runs_in(world.state.suites[dispatch.suite_id])
    commit = await world.git(world.state.repositories[dispatch.repository_id]).commit(dispatch.sha)
    return {
        "workflow": dispatch.workflow,
        "ref": dispatch.ref,
        "commit": [commit.subject, commit.tree],
        "by": world.state.users[dispatch.actor_id].login,
        "inputs": dispatch.inputs,
        "jobs": [[run.name, run.status, run.conclusion] for run in jobs],
    }


def _queues(world: World, repo: Repository) -> Json:
    """Return the numbers of the pulls in each branch's merge queue with their entries' states, next first."""
    mine = [entry for entry in world.state.queue.values() if entry.repository_id == repo.id]
    return {
        branch: [[world.state.pulls[entry.pull_id].number, entry.state] for entry in world.queue_of(repo, branch)]
        for branch in dict.fromkeys(entry.base_ref for entry in mine)
    }


async def _branch(world: World, repo: Repository, sha: str, *, normalise: bool) -> Json:
    git = world.git(repo)
    commits = [await git.commit(one) for one in await git.history(sha)]
    if normalise:
        commits = _without_times(commits)
    shape: Json = {"tree": commits[0].tree, "commits": [[commit.subject, commit.tree] for commit in commits]}
    return shape if normalise else {"sha": sha} | shape


def _without_times(history: Sequence[CommitObject]) -> list[CommitObject]:
    """Return the commits in an order that goes by their parents alone: what was done side by side has no other."""
    known = {commit.sha: commit for commit in history}
    ordered: dict[str, CommitObject] = {}
    next_ones = [history[0].sha]
    while next_ones:
        sha = next_ones.pop()
        if sha in known and sha not in ordered:
            ordered[sha] = known[sha]
            next_ones += reversed(known[sha].parents)
    return list(ordered.values())


def _thread(world: World, thread: Issue, *, normalise: bool) -> Json:
    comments = [
        {
            "author": world.author(comment).login,
            "body": comment.body,
            "reactions": sorted(
                f"{world.state.users[one.user_id].login}:{one.content}" for one in world.reactions_of(comment)
            ),
        }
        | ({} if normalise else {"id": comment.id, "created_at": comment.created_at.isoformat()})
        for comment in world.comments_of(thread)
    ]
    return {
        "number": thread.number,
        "title": thread.title,
        "body": thread.body,
        "author": world.author(thread).login,
        "state": thread.state,
        "labels": sorted(label.name for label in world.labels_of(thread)),
        "assignees": sorted(user.login for user in world.assignees_of(thread)),
        "comments": comments,
        "reactions": sorted(
            f"{world.state.users[one.user_id].login}:{one.content}" for one in world.reactions_of(thread)
        ),
    }


async def _pull(world: World, repo: Repository, pull: Pull, *, normalise: bool) -> Json:
    shape = _thread(world, pull, normalise=normalise) | {
        "head": pull.head_ref,
        "base": pull.base_ref,
        "draft": pull.draft,
        "merged": pull.merged,
        "reviews": [[world.author(review).login, review.state] for review in world.reviews_of(pull)],
        "head_tree": (await world.git(repo).commit(pull.head_sha)).tree,
    }
    return shape if normalise else shape | {"head_sha": pull.head_sha, "merge_commit_sha": pull.merge_commit_sha}


async def _checks(world: World, repo: Repository, *, normalise: bool) -> list[Json]:
    """Return the newest run per commit, App and name; a commit is known by its subject and tree when normalised."""
    listing = []
    for sha in dict.fromkeys(run.head_sha for run in world.state.runs.values() if run.repository_id == repo.id):
        runs = world.runs_of(repo, sha)
        commit = await world.git(repo).commit(sha)
        for run in world.latest_runs_of(repo, sha):
            app = world.state.apps[run.app_id]
            same = sum((one.app_id, one.name) == (run.app_id, run.name) for one in runs)
            known = {"commit": [commit.subject, commit.tree]}
            shape: Json = {
                "app": app.slug,
                "name": run.name,
                "status": run.status,
                "conclusion": run.conclusion,
                "title": run.title,
                "summary": run.summary,
                "runs": same,
            }
            extra = {} if normalise else {"head_sha": sha, "external_id": run.external_id, "id": run.id}
            listing.append(known | shape | extra)
    return sorted(listing, key=lambda one: (one["commit"], one["app"], one["name"])) if normalise else listing
