"""A plan and everything that is judged of it, read in as few requests as GitHub answers.

Below client.py. Must not judge what it reads.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.core.facts import BranchFacts, CommitFacts, PullFacts, WorkstreamFacts
from bot.core.model import Branch, IssueNumber, PullNumber, Sha
from bot.errors import NotFound, ReadFailed
from bot.github import queries, readings
from bot.github.answers import GraphQLError, ResourceLimits, documented_shapes
from bot.github.pieces import in_pieces
from bot.github.port import PlanQuestion, PlanReading

Ask = Callable[..., Awaitable[dict[str, Any]]]
Numbers = Callable[[str, Branch], Awaitable[Sequence[PullNumber]]]

MOST_PAGES_OF_TAGS = 10  # more checkpoints than any plan has


@dataclass(frozen=True, slots=True)
class PlanRead:
    """Reads of one repository. Each raises as `ask` does, and NotFound for what is gone."""

    ask: Ask
    numbers: Numbers  # of the pulls whose branch is this repository's own, newest first
    full_name: str
    app_id: int

    async def plan(self, question: PlanQuestion) -> PlanReading:
        """Read a plan; where GitHub finds one request too much, by half as many branches at a time, down to one."""
        with documented_shapes("the plan"):
            return await self._plan(question)

    async def commits(self, shas: Sequence[Sha]) -> dict[Sha, CommitFacts]:
        """Read commits with their checks, one request per 10; those that GitHub does not know are left out."""
        found: dict[Sha, CommitFacts] = {}

        async def read(page: Sequence[Sha], splits: bool) -> Mapping[str, Any] | None:
            answer = await self.ask(queries.commits_request(page), splits=splits)
            data: Mapping[str, Any] | None = answer["repository"]
            return data

        for page, data in await in_pieces(shas, queries.COMMITS_PER_REQUEST, read):
            if data is None:
                raise NotFound(f"repository {self.full_name}")
            with documented_shapes("commits"):
                found |= readings.commits(page, data, self.app_id)
        return found

    async def _plan(self, question: PlanQuestion) -> PlanReading:
        first, data = await self._first(question)
        found = data["repository"]
        if found is None or found["issue"] is None:
            raise NotFound(f"issue {question.issue} of {self.full_name}")
        facts = readings.repository(found)
        owner = facts.full_name.partition("/")[0]  # as it is called now, and not as we may still call it
        base = readings.base(question.base or facts.default_branch, found["base"])
        workstreams = await self._workstreams(owner, first.branches, found)
        for page, more in await in_pieces(question.branches[len(first.branches) :], first.size, self._branches):
            workstreams |= await self._workstreams(owner, page, more)
        if question.compare_branches and base.sha is not None:
            workstreams = await self._compared(base.name, workstreams)
        judged = readings.commits(first.commits, found, self.app_id)
        judged |= await self.commits(question.commits[len(first.commits) :])
        return PlanReading(
            repository=facts,
            issue=readings.issue(found["issue"]),
            base=base,
            config_source=readings.config(found["config"]),
            tags=await self._tags(question.issue, found["tags"]),
            workstreams=workstreams,
            comment=readings.comment(data.get("comment")),
            commits=judged,
        )

    async def _first(self, question: PlanQuestion) -> tuple["_First", dict[str, Any]]:
        """Ask for the plan with as many branches and commits as GitHub can answer at once."""
        first = _First.of(question)
        while True:
            request = queries.plan_request(
                issue=question.issue,
                base=question.base,
                comment=question.comment,
                branches=first.branches,
                commits=first.commits,
            )
            try:
                return first, await self.ask(request, forgive=_comment_is_gone, splits=first.size > 1)
            except ResourceLimits:
                if first.size == 1:
                    raise
                first = first.half()

    async def _tags(self, issue: IssueNumber, page: Mapping[str, Any]) -> dict[str, Sha]:
        """Return a plan's tags, of which the first page is there. Raises ReadFailed if there are too many to read."""
        prefix = queries.tag_prefix(issue)
        tags = readings.tags(page["nodes"])
        for _ in range(MOST_PAGES_OF_TAGS - 1):
            if not page["pageInfo"]["hasNextPage"]:
                break
            variables = {"tags": prefix, "after": page["pageInfo"]["endCursor"]}
            request = queries.Request(operation="Tags", document=queries.TAGS, variables=variables)
            page = (await self.ask(request))["repository"]["tags"]
            tags |= readings.tags(page["nodes"])
        if page["pageInfo"]["hasNextPage"]:
            most = MOST_PAGES_OF_TAGS * queries.TAGS_PER_PAGE
            raise ReadFailed(f"more than {most} tags below {prefix}: delete those that are no checkpoints of the plan")
        return tags

    async def _branches(self, branches: Sequence[Branch], splits: bool) -> Mapping[str, Any]:
        found: Mapping[str, Any] = (await self.ask(queries.branches_request(branches), splits=splits))["repository"]
        return found

    async def _workstreams(
        self, owner: str, branches: Sequence[Branch], data: Mapping[str, Any]
    ) -> dict[Branch, WorkstreamFacts]:
        return {
            branch: WorkstreamFacts(
                branch=readings.branch(branch, data[f"b{number}"]),
                pulls=await self._pulls(owner, branch, data[f"p{number}"]),
            )
            for number, branch in enumerate(branches)
        }

    async def _pulls(self, owner: str, branch: Branch, page: Mapping[str, Any]) -> tuple[PullFacts, ...]:
        """Return the newest pulls of this repository's own branch, however many pulls forks open under its name."""
        nodes = [node for node in page["nodes"] if not node["isCrossRepository"]]
        crowded = len(nodes) < len(page["nodes"])
        if crowded and page["pageInfo"]["hasNextPage"]:
            known = {node["number"] for node in nodes}
            older = [number for number in await self.numbers(owner, branch) if number not in known]
            nodes += await self._own(older[: queries.PULLS_PER_BRANCH - len(nodes)])
        return tuple(readings.pull(node, self.app_id) for node in nodes)

    async def _own(self, numbers: Sequence[PullNumber]) -> list[Mapping[str, Any]]:
        if not numbers:
            return []
        found = (await self.ask(queries.pulls_request(numbers)))["repository"]
        return [found[f"p{place}"] for place in range(len(numbers))]

    async def _compared(
        self, base: Branch, workstreams: dict[Branch, WorkstreamFacts]
    ) -> dict[Branch, WorkstreamFacts]:
        """Add to each branch that exists how many commits it has beyond the base, and how many it lacks."""
        compared = dict(workstreams)
        existing = [(name, stream.branch) for name, stream in workstreams.items() if stream.branch is not None]

        async def read(page: Sequence[tuple[Branch, BranchFacts]], splits: bool) -> Mapping[str, Any]:
            request = queries.compare_request(base, [name for name, _ in page])
            counts: Mapping[str, Any] = (await self.ask(request, splits=splits))["repository"]["base"]
            return counts

        for page, counts in await in_pieces(existing, queries.BRANCHES_PER_REQUEST, read):
            for number, (name, branch) in enumerate(page):
                found = counts[f"c{number}"]
                known = replace(branch, ahead=found["aheadBy"], behind=found["behindBy"])
                compared[name] = replace(compared[name], branch=known)
        return compared


@dataclass(frozen=True, slots=True)
class _First:
    """How much of a plan's branches and commits goes into its first request."""

    size: int  # branches, and half as many commits
    branches: Sequence[Branch]
    commits: Sequence[Sha]

    @classmethod
    def of(cls, question: PlanQuestion) -> "_First":
        branches = question.branches[: queries.BRANCHES_PER_REQUEST]
        commits = question.commits[: queries.COMMITS_PER_REQUEST]
        return cls(max(len(branches), 2 * len(commits), 1), branches, commits)

    def half(self) -> "_First":
        """Return what is left of it where it was too much; one branch is the least."""
        size = self.size // 2
        return _First(size, self.branches[:size], self.commits[: size // 2])


def _comment_is_gone(error: GraphQLError) -> bool:
    """Say whether an error only means that somebody deleted the status comment."""
    return error.kind == "NOT_FOUND" and error.path == ("comment",)
