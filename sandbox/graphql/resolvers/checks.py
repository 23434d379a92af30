"""Check suites, check runs, statuses and the roll-up of a commit."""

from typing import Any

from sandbox.graphql.connection import Connection
from sandbox.graphql.context import Info
from sandbox.graphql.errors import QueryError
from sandbox.graphql.lookup import expect
from sandbox.graphql.nodes import CommitNode, RefNode, RollupNode, StatusNode
from sandbox.graphql.registry import TYPES, field
from sandbox.model import App, Pull, User
from sandbox.operations import rules
from sandbox.pages import paths
from sandbox.reports import Annotation, CheckRun, CheckSuite, CommitStatus

TYPES.update({CheckRun: "CheckRun", CheckSuite: "CheckSuite", CommitStatus: "StatusContext"})
TYPES.update({RollupNode: "StatusCheckRollup", StatusNode: "Status"})

#: Conclusions that make a roll-up fail (docs.github.com "About status checks": success, skipped and neutral pass).
FAILING = {"failure", "cancelled", "timed_out", "action_required", "startup_failure", "stale"}


def upper(value: str | None) -> str | None:
    return value.upper() if value else None


def app_of(info: Info, app_id: int) -> App:
    return info.context.world.state.apps[app_id]


# ---- suites ----


@field("Commit", "checkSuites")
def check_suites(source: CommitNode, info: Info, **arguments: Any) -> Connection:
    info.context.require(source.repo, "checks:read")
    world, filters = info.context.world, arguments.get("filterBy") or {}
    app_id, name = filters.get("appId"), filters.get("checkName")
    found = [
        suite
        for suite in world.suites_of(source.repo, source.sha)
        if app_id in (None, suite.app_id) and (name is None or any(run.name == name for run in world.runs_in(suite)))
    ]
    return Connection(found, **arguments)


@field("CheckSuite", "app")
def suite_app(source: CheckSuite, info: Info) -> App:
    return app_of(info, source.app_id)


@field("CheckSuite", "commit")
def suite_commit(source: CheckSuite, info: Info) -> CommitNode:
    return CommitNode(info.context.world.repository_of(source), source.head_sha)


@field("CheckSuite", "branch")
async def suite_branch(source: CheckSuite, info: Info) -> RefNode | None:
    repo = info.context.world.repository_of(source)
    name = f"refs/heads/{source.head_branch}"
    sha = await info.context.world.git(repo).ref(name) if source.head_branch else None
    return RefNode(repo, name, sha) if sha else None


@field("CheckRun CheckSuite", "status")
def status(source: CheckRun | CheckSuite, _info: Info) -> str:
    return source.status.upper()


@field("CheckRun CheckSuite", "conclusion")
def conclusion(source: CheckRun | CheckSuite, _info: Info) -> str | None:
    return upper(source.conclusion)


@field("CheckSuite", "resourcePath")
def suite_path(source: CheckSuite, info: Info) -> str:
    return paths.of_suite(info.context.world, source)


@field("CheckSuite", "url")
def suite_url(source: CheckSuite, info: Info) -> str:
    return info.context.world.base_url + paths.of_suite(info.context.world, source)


@field("CheckSuite", "checkRuns")
def runs_of_suite(source: CheckSuite, info: Info, **arguments: Any) -> Connection:
    """List the runs of a suite; a filter shows the newest of each name unless it asks for ALL."""
    found = info.context.world.runs_in(source)
    filters = {key: value for key, value in (arguments.get("filterBy") or {}).items() if value is not None}
    if filters.get("checkType") == "LATEST":
        found = list({run.name: run for run in found}.values())
    statuses = filters.get("statuses") or ([filters["status"]] if "status" in filters else None)
    return Connection(
        [
            run
            for run in found
            if filters.get("checkName") in (None, run.name)
            and filters.get("appId") in (None, run.app_id)
            and (statuses is None or run.status.upper() in statuses)
            and ("conclusions" not in filters or upper(run.conclusion) in filters["conclusions"])
        ],
        **arguments,
    )


# ---- runs ----


@field("CheckRun", "checkSuite")
def suite_of_run(source: CheckRun, info: Info) -> CheckSuite:
    return info.context.world.state.suites[source.suite_id]


@field("CheckRun", "resourcePath")
def run_path(source: CheckRun, info: Info) -> str:
    return paths.of_run(info.context.world, source)


@field("CheckRun", "permalink")
@field("CheckRun", "url")
def run_url(source: CheckRun, info: Info) -> str:
    return info.context.world.base_url + paths.of_run(info.context.world, source)


@field("CheckRun", "detailsUrl")
def details_url(source: CheckRun, info: Info) -> str:
    return source.details_url or run_url(source, info)


@field("CheckRun", "externalId")
def external_id(source: CheckRun, _info: Info) -> str:
    return source.external_id


@field("CheckRun", "annotations")
def annotations(source: CheckRun, _info: Info, **page: Any) -> Connection:
    return Connection(source.annotations, **page)


@field("CheckAnnotation", "annotationLevel")
def annotation_level(source: Annotation, _info: Info) -> str:
    return source.annotation_level.upper()


@field("CheckAnnotation", "location")
def location(source: Annotation, _info: Info) -> dict[str, Any]:
    return {
        "start": {"line": source.start_line, "column": source.start_column},
        "end": {"line": source.end_line, "column": source.end_column},
    }


@field("CheckRun StatusContext", "isRequired")
async def is_required(source: CheckRun | CommitStatus, info: Info, **arguments: Any) -> bool:
    """Return whether a pull needs this check; a pinned one counts only from its App."""
    world, repo = info.context.world, info.context.world.repository_of(source)
    if arguments.get("pullRequestId"):
        pull: Pull | None = await expect(info.context, arguments["pullRequestId"], Pull, "PullRequest")
    else:
        pull = world.pull(repo, arguments.get("pullRequestNumber") or 0)
    if pull is None:
        raise QueryError("NOT_FOUND", "Could not resolve to a PullRequest; give pullRequestId or pullRequestNumber.")
    name = source.name if isinstance(source, CheckRun) else source.context
    return any(
        check.context == name and check.app_id in (None, source.app_id)
        for check in rules.required_checks(world, repo, pull.base_ref)
    )


# ---- statuses ----


@field("StatusContext", "state")
def context_state(source: CommitStatus, _info: Info) -> str:
    return source.state.upper()


@field("StatusContext", "creator")
def creator(source: CommitStatus, info: Info) -> User:
    return info.context.world.state.users[source.creator_id]


@field("StatusContext", "avatarUrl")
def status_avatar(source: CommitStatus, info: Info, **_arguments: Any) -> str:
    return f"{info.context.world.base_url}/_sandbox/avatars/{source.creator_id}"


@field("StatusContext", "commit")
def status_commit(source: CommitStatus, info: Info) -> CommitNode:
    return CommitNode(info.context.world.repository_of(source), source.sha)


@field("Status StatusCheckRollup", "commit")
def rollup_commit(source: StatusNode | RollupNode, _info: Info) -> CommitNode:
    return CommitNode(source.repo, source.sha)


@field("Status", "contexts")
def status_contexts(source: StatusNode, info: Info) -> list[CommitStatus]:
    return info.context.world.latest_statuses_of(source.repo, source.sha)


@field("Status", "context")
def status_context(source: StatusNode, info: Info, name: str) -> CommitStatus | None:
    return next((one for one in status_contexts(source, info) if one.context.lower() == name.lower()), None)


@field("Status", "state")
def status_state(source: StatusNode, info: Info) -> str:
    return combined([], status_contexts(source, info))


# ---- the roll-up ----


class ContextsPage(Connection):
    """A page of check runs and statuses; GitHub counts the two kinds apart as well."""

    @property
    def check_run_count(self) -> int:
        """How many of all items are check runs."""
        return sum(isinstance(item, CheckRun) for item in self.items)

    @property
    def status_context_count(self) -> int:
        """How many of all items are statuses."""
        return self.total_count - self.check_run_count


def combined(runs: list[CheckRun], statuses: list[CommitStatus]) -> str:
    """Return the state of the newest runs and statuses together: the worst one."""
    states = {one.state.upper() for one in statuses}
    for run in runs:
        states.add("PENDING" if run.conclusion is None else "FAILURE" if run.conclusion in FAILING else "SUCCESS")
    return next(state for state in ("FAILURE", "ERROR", "PENDING", "SUCCESS") if state in states or state == "SUCCESS")


@field("StatusCheckRollup", "state")
def rollup_state(source: RollupNode, info: Info) -> str:
    world = info.context.world
    return combined(world.latest_runs_of(source.repo, source.sha), world.latest_statuses_of(source.repo, source.sha))


@field("StatusCheckRollup", "contexts")
def rollup_contexts(source: RollupNode, info: Info, **page: Any) -> ContextsPage:
    """List every rolled up check run, reruns too (clients dedupe by App and name), and each newest status."""
    info.context.require(source.repo, "checks:read")
    world = info.context.world
    every = [*world.rolled_up_runs_of(source.repo, source.sha), *world.latest_statuses_of(source.repo, source.sha)]
    return ContextsPage(every, **page)
