"""The port, carried out: with git_database.py, workflows.py and own_app.py the only file that knows URLs.

Sits between the worker and transport.py. Must not decide anything, keep anything but the ids of repositories, or
retry a write.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from cachetools import LRUCache

from bot.core.actions import BuildBranch, MergePull, Mutation, Outcome, OutcomeKind, RerunJob, StartWorkflow, TryMerge
from bot.core.examination import Examination
from bot.core.facts import CommitFacts, FailureFacts, QueueEntry, Step
from bot.core.marker import read_marker
from bot.core.model import Branch, IssueNumber, Login, MergeMethod, NodeId, PullNumber, Role, Sha
from bot.errors import GitHubError, NotFound, ReadFailed
from bot.github import (
    checkup,
    conversations,
    explained,
    history,
    mutations,
    outcomes,
    queries,
    queue,
    readings,
    suites,
    trial,
    workflows,
)
from bot.github.answers import GraphQLError, documented_shapes
from bot.github.git_database import GitDatabase
from bot.github.own_app import failed_deliveries, installed_repositories
from bot.github.plan_read import PlanRead
from bot.github.port import (
    AppIdentity,
    ConversationReading,
    FailedDelivery,
    Installed,
    OpenPullReading,
    PlanQuestion,
    PlanReading,
    RepositoryRef,
)
from bot.github.transport import Transport

MAX_REPOSITORY_IDS = 4096

ROLES: Mapping[str, Role] = {
    "admin": Role.ADMIN,
    "maintain": Role.MAINTAIN,
    "write": Role.WRITE,
    "triage": Role.TRIAGE,
    "read": Role.READ,
    "none": Role.NONE,
}


class Client:
    """Everything that Signalbox asks of GitHub: implements port.GitHub. Safe for concurrent use."""

    def __init__(self, transport: Transport, app_id: int) -> None:
        self._transport = transport
        self._app_id = app_id
        self._repository_ids: LRUCache[tuple[int, int | str], NodeId] = LRUCache(MAX_REPOSITORY_IDS)

    # ---- reads ----

    async def read_plan(self, repository: RepositoryRef, question: PlanQuestion) -> PlanReading:
        """Read a plan and all its pulls: one GraphQL request per 20 workstreams, none of it cached.

        Where GitHub takes too long or finds it too heavy, by half as many at a time, down to one.
        With `compare_branches` one more per 20 branches that exist already; two more for a branch where pulls from
        forks of that name hide ours; one more per 100 tags beyond the first 100, at most 1,000. Raises ReadFailed on
        any error or partial answer, NotFound if issue or repository are gone.
        """
        reading = await self._of(repository).plan(question)
        self._repository_ids[_key(repository)] = reading.repository.node_id
        return reading

    async def commits(self, repository: RepositoryRef, shas: Sequence[Sha]) -> dict[Sha, CommitFacts]:
        """Read commits with their checks, one GraphQL request per 10; those that GitHub does not know are left out.

        Not cached: checks change. Raises ReadFailed, NotFound if the repository is gone.
        """
        return await self._of(repository).commits(shas)

    async def every_suite(self, repository: RepositoryRef, commits: suites.Commits) -> dict[Sha, CommitFacts]:
        """Return the commits with the check runs of workflows that were started by hand, too: one request per 5."""
        return await suites.every_suite(partial(self._ask, repository), commits, self._app_id)

    async def course(self, repository: RepositoryRef, tip: Sha, since: Sha) -> tuple[Step, ...] | None:
        """Return the first-parent history from `since` (left out) to `tip`, oldest first; () if they are the same.

        None if `since` is not in it, as far as 1,000 commits go: the branch was rewritten. At most 10 requests. Raises
        ReadFailed, also if GitHub does not know `tip`.
        """
        course = history.Course(tip, since)
        after: str | None = None
        for _ in range(history.MOST_PAGES):
            if course.ended:
                break
            variables = {"tip": tip, "after": after}
            request = queries.Request(operation="History", document=queries.HISTORY, variables=variables)
            data = await self._ask(repository, request)
            with documented_shapes(f"the history of {tip}"):
                page = data["repository"]["tip"]["history"]
                course.take(page["nodes"])
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        return course.steps

    async def failures(self, repository: RepositoryRef, runs: Sequence[NodeId]) -> dict[NodeId, FailureFacts]:
        """Read what check runs say about how they ended, one GraphQL request per 10; an empty one for those that are gone."""
        return await explained.failures(self._transport, repository, runs)

    async def open_pulls(
        self, repository: RepositoryRef, *, first_page_only: bool
    ) -> tuple[NodeId, tuple[OpenPullReading, ...]]:
        """Read the open pulls, last updated first (50 a page), with the repository's node id."""
        pulls: list[OpenPullReading] = []
        after: str | None = None
        while True:
            request = queries.Request(
                operation="OpenPulls",
                document=queries.OPEN_PULLS,
                variables={"app": self._app_id, "after": after},
            )
            data = (await self._ask(repository, request))["repository"]
            if data is None:
                raise NotFound(f"repository {repository.full_name}")
            page = data["pullRequests"]
            with documented_shapes("the open pulls"):
                pulls += [readings.open_pull(node) for node in page["nodes"]]
            if first_page_only or not page["pageInfo"]["hasNextPage"]:
                return NodeId(data["id"]), tuple(pulls)
            after = page["pageInfo"]["endCursor"]

    async def merge_queue(self, repository: RepositoryRef, base: Branch) -> tuple[QueueEntry, ...]:
        """Read a branch's merge queue, next entry first, one GraphQL request per 50; () where it has none.

        Not cached. Raises ReadFailed, NotFound if the repository is gone, NotInstalled if the App may not read it.
        """
        return await queue.entries(partial(self._ask, repository), base)

    async def role(self, repository: RepositoryRef, login: Login) -> Role:
        """Return what a person may do, by `role_name`; NONE if GitHub knows no such collaborator.

        A custom role has a name of its own and counts as the basic role that it builds on.
        https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
        """
        route = "/repos/{owner}/{name}/collaborators/{login}/permission"
        try:
            page = await self._transport.get(repository, route, {**_names(repository), "login": login}, cached=True)
        except NotFound:
            return Role.NONE
        with documented_shapes("a permission"):
            basic = ROLES.get(page.data["permission"], Role.NONE)
            return ROLES.get(page.data.get("role_name", ""), basic)

    async def find_comment(
        self, repository: RepositoryRef, number: int, journal_key: str, since: datetime
    ) -> NodeId | None:
        """Look for a comment of ours whose marker carries `journal_key`, among those since then. For after a crash.

        The marker alone proves nothing, since anybody can type one: the comment must come from this App.
        """
        route = "/repos/{owner}/{name}/issues/{number}/comments{?since,per_page}"
        names = {**_names(repository), "number": str(number), "since": f"{since:%Y-%m-%dT%H:%M:%SZ}", "per_page": "100"}
        with documented_shapes("comments"):
            async for comment in self._transport.get_all(repository, route, names):
                marker = read_marker(comment["body"] or "")
                app = comment.get("performed_via_github_app") or {}
                if marker is not None and marker.key == journal_key and app.get("id") == self._app_id:
                    return NodeId(comment["node_id"])
            return None

    async def conversations(self, repository: RepositoryRef, numbers: Sequence[int]) -> dict[int, ConversationReading]:
        """Read what was said on issues and pulls: one request for 10 of them and one for 100 comments more of one."""
        return await conversations.conversations(partial(self._ask, repository), numbers)

    async def wrote(self, repository: RepositoryRef, comment: int) -> bool:
        """Say whether a comment was written through this App, which GitHub tells only in REST."""
        route = "/repos/{owner}/{name}/issues/comments/{comment}"
        names = {**_names(repository), "comment": str(comment)}
        data = (await self._transport.get(repository, route, names)).data
        with documented_shapes("a comment"):
            return (data.get("performed_via_github_app") or {}).get("id") == self._app_id

    async def labelled_issues(
        self, repository: RepositoryRef, label: str
    ) -> tuple[str | None, tuple[IssueNumber, ...]]:
        """Return the config on the default branch and the open issues that carry a label, one request for 100."""
        return await conversations.labelled_issues(partial(self._ask, repository), label)

    async def issue_body(self, repository: RepositoryRef, number: IssueNumber) -> str:
        """Return the newest body of an issue, not from any cache."""
        request = queries.Request(operation="IssueBody", document=queries.ISSUE_BODY, variables={"issue": number})
        found = (await self._ask(repository, request))["repository"]
        if found is None or found["issue"] is None:
            raise NotFound(f"issue {number} of {repository.full_name}")
        return str(found["issue"]["body"])

    async def examine(self, full_name: str, base: Branch | None) -> Examination:
        """Examine a repository's set-up for the self-check, by seven reads; `base` None = its default branch."""
        return await checkup.examine(self._transport, self._ask, full_name, base)

    def now(self) -> datetime:
        """Return what GitHub's clock shows (UTC); ours, until an answer told."""
        return self._transport.now()

    async def app(self) -> AppIdentity:
        """Return who this App is; also the cheapest proof that id, key and clock are right."""
        data = (await self._transport.get(None, "/app")).data
        with documented_shapes("the App"):
            return AppIdentity(id=data["id"], slug=data["slug"], url=data["html_url"])

    async def failed_deliveries(self, since: datetime) -> list[FailedDelivery]:
        """List the App's deliveries that failed since then, the one tried longest ago first; some may have come later."""
        return await failed_deliveries(self._transport, since)

    async def installed_repositories(self) -> Installed:
        """List everything that the App may see. Raises only where the installations themselves cannot be listed."""
        return await installed_repositories(self._transport)

    # ---- writes ----

    async def edit_issue_body(self, repository: RepositoryRef, number: IssueNumber, body: str) -> Outcome:
        """Replace the body of an issue."""
        route = "/repos/{owner}/{name}/issues/{number}"
        names = {**_names(repository), "number": str(number)}
        reply = await self._transport.write(repository, "PATCH", route, names, {"body": body})
        return reply if isinstance(reply, Outcome) else outcomes.rest_outcome(reply, "Issues: read and write")

    async def mutate(self, repository: RepositoryRef, actions: Sequence[Mutation]) -> list[Outcome]:
        """Carry out actions of any kinds in as few GraphQL requests as is safe; one Outcome each, in order.

        Actions are independent: one that fails stops none of the others, except that after a request without an
        answer the remaining ones are not tried (LATER).
        """
        if not actions:
            return []
        try:
            node_id = await self._node_id(repository)
        except GitHubError as error:
            return [self._transport.outcome_of(error)] * len(actions)
        results: list[Outcome] = []
        for group in mutations.batches(actions):
            batch = mutations.batch(group, node_id, repository.full_name)
            answer = await self._transport.mutation(
                repository, "Apply", batch.document, batch.variables, weight=batch.weight
            )
            if not isinstance(answer, Outcome):
                results += outcomes.outcomes(batch, answer)
                limit = next((each for each in results if each.kind is OutcomeKind.LATER), None)
                if limit is None:
                    continue
                answer = limit  # GitHub asked for a pause: whoever goes on writing is shut out
            else:
                results += [answer] * len(group)
            rest = answer
            if answer.kind is OutcomeKind.UNKNOWN:
                rest = Outcome(kind=OutcomeKind.LATER, detail="not tried after a request without an answer")
            results += [rest] * (len(actions) - len(results))
            break
        return results

    async def merge_pull(self, repository: RepositoryRef, action: MergePull) -> Outcome:
        """Merge with the judged head sha. MOVED on 409, LATER on GitHub's transient 405, REFUSED on any other 405."""
        body = {"sha": action.head_sha, "merge_method": action.method.value}
        if action.method is not MergeMethod.REBASE:  # a rebase keeps the messages of its commits
            texts = {"commit_title": action.title, "commit_message": action.message}
            body |= {name: text for name, text in texts.items() if text}
        route = "/repos/{owner}/{name}/pulls/{number}/merge"
        names = {**_names(repository), "number": str(action.pull)}
        reply = await self._transport.write(repository, "PUT", route, names, body)
        return reply if isinstance(reply, Outcome) else outcomes.merge_outcome(reply)

    async def build_branch(self, repository: RepositoryRef, action: BuildBranch) -> Outcome:
        """Create a branch as the action says; safe to repeat. See BuildBranch for the outcomes."""
        return await trial.build_branch(GitDatabase(self._transport, repository), action)

    async def try_merge(self, repository: RepositoryRef, action: TryMerge) -> Outcome:
        """Learn what git's merge makes of two commits; safe to repeat. See TryMerge for the outcomes."""
        return await trial.try_merge(GitDatabase(self._transport, repository), action)

    async def rerun_job(self, repository: RepositoryRef, action: RerunJob) -> Outcome:
        """Run a job of GitHub Actions again. LATER while its workflow run goes on; REFUSED with a phrase that says why."""
        return await workflows.rerun_job(self._transport, repository, action)

    async def start_workflow(self, repository: RepositoryRef, action: StartWorkflow) -> Outcome:
        """Start a workflow on a branch. REFUSED if it is not there, takes no such start, or the App may not."""
        return await workflows.start_workflow(self._transport, repository, action)

    async def redeliver(self, delivery_id: int) -> Outcome:
        """Ask GitHub to send a delivery again, under its old GUID."""
        route = "/app/hook/deliveries/{delivery_id}/attempts"
        reply = await self._transport.write(None, "POST", route, {"delivery_id": str(delivery_id)})
        return reply if isinstance(reply, Outcome) else outcomes.rest_outcome(reply, "of the App itself")

    def _of(self, repository: RepositoryRef) -> PlanRead:
        numbers = partial(self._own_pulls, repository)
        return PlanRead(partial(self._ask, repository), numbers, repository.full_name, self._app_id)

    async def _own_pulls(self, repository: RepositoryRef, owner: str, branch: Branch) -> list[PullNumber]:
        """List the pulls of a branch of the repository's own, newest first; raises ReadFailed rather than miss one.

        REST tells heads by their owner, which GraphQL does not: a stranger's fork cannot get into the list.
        https://docs.github.com/en/rest/pulls/pulls#list-pull-requests
        """
        route = "/repos/{owner}/{name}/pulls{?head,state,per_page}"
        names = {**_names(repository), "head": f"{owner}:{branch}", "state": "all", "per_page": "100"}
        page = await self._transport.get(repository, route, names, cached=True)
        with documented_shapes("the pulls of a branch"):
            own = [
                PullNumber(pull["number"])
                for pull in page.data
                if pull["head"]["ref"] == branch
                and (pull["head"]["repo"] or {}).get("id") == pull["base"]["repo"]["id"]
            ]
        # the same owner may have forks, too; those are made by people whom it trusts
        if page.next_url is not None and len(own) < queries.PULLS_PER_BRANCH:
            raise ReadFailed(f"pulls from forks of {owner} crowd those of the branch {branch} out of sight")
        return own

    async def _ask(
        self,
        repository: RepositoryRef,
        request: queries.Request,
        *,
        forgive: Callable[[GraphQLError], bool] = lambda _: False,
        splits: bool = False,
    ) -> dict[str, Any]:
        variables = {**request.variables, **_names(repository)}
        if "$app:" in request.document:
            variables["app"] = self._app_id
        return await self._transport.query(
            repository,
            request.operation,
            request.document,
            variables,
            forgive=lambda error: forgive(error) or _hides_the_queue(error),
            splits=splits,
        )

    async def _node_id(self, repository: RepositoryRef) -> NodeId:
        """Return the repository's node id: as told, as a read has shown, else asked for."""
        if repository.node_id is not None:
            return repository.node_id
        key = _key(repository)
        if key not in self._repository_ids:
            request = queries.Request(operation="RepositoryId", document=queries.REPOSITORY_ID, variables={})
            data = await self._ask(repository, request)
            if data["repository"] is None:
                raise NotFound(f"repository {repository.full_name}")
            self._repository_ids[key] = NodeId(data["repository"]["id"])
        return self._repository_ids[key]


def _key(repository: RepositoryRef) -> tuple[int, int | str]:
    """Return what a repository is known by: a name may be another repository's tomorrow."""
    return repository.installation_id, repository.repository_id or repository.full_name


def _names(repository: RepositoryRef) -> dict[str, str]:
    owner, _, name = repository.full_name.partition("/")
    return {"owner": owner, "name": name}


def _hides_the_queue(error: GraphQLError) -> bool:
    """Say whether an error only means that the App may not see a pull's place in the merge queue: it reads as none."""
    return error.kind == "FORBIDDEN" and error.path[-1:] == ("mergeQueueEntry",)
