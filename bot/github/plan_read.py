"""A plan and everything that is judged of it, read in as few requests as GitHub answers.

Below client.py. Must not judge what it reads.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.core.facts import CommitFacts, PullFacts, WorkstreamFacts
from bot.core.model import Branch, Sha
from bot.errors import NotFound, ReadFailed
from bot.github import queries, readings
from bot.github.answers import GraphQLError, ResourceLimits, documented_shapes
from bot.github.port import PlanQuestion, PlanReading

MOST_PAGES_OF_FORK_PULLS = 4  # further requests for one branch whose name pulls from forks use too

Ask = Callable[..., Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class PlanRead:
    """Reads of one repository. Each raises as `ask` does, and NotFound for what is gone."""

    ask: Ask
    full_name: str
    app_id: int

    async def plan(self, question: PlanQuestion) -> PlanReading:
        """Read a plan; where GitHub finds one request too much, by half as many branches at a time."""
        size = queries.BRANCHES_PER_REQUEST
        while True:
            try:
                with documented_shapes("the plan"):
                    return await self._plan(question, size)
            except ResourceLimits:
                if size <= queries.FEWEST_BRANCHES:
                    raise
                size = max(size // 2, queries.FEWEST_BRANCHES)

    async def commits(self, shas: Sequence[Sha]) -> dict[Sha, CommitFacts]:
        """Read commits with their checks, one request per 10; those that GitHub does not know are left out."""
        found: dict[Sha, CommitFacts] = {}
        for start in range(0, len(shas), queries.COMMITS_PER_REQUEST):
            page = shas[start : start + queries.COMMITS_PER_REQUEST]
            data = (await self.ask(queries.commits_request(page)))["repository"]
            if data is None:
                raise NotFound(f"repository {self.full_name}")
            with documented_shapes("commits"):
                found |= readings.commits(page, data, self.app_id)
        return found

    async def _plan(self, question: PlanQuestion, size: int) -> PlanReading:
        pages = [question.branches[start : start + size] for start in range(0, len(question.branches), size)] or [()]
        commits = question.commits[: queries.COMMITS_PER_REQUEST]
        first = queries.plan_request(
            issue=question.issue, base=question.base, comment=question.comment, branches=pages[0], commits=commits
        )
        data = await self.ask(first, forgive=_comment_is_gone)
        found = data["repository"]
        if found is None or found["issue"] is None:
            raise NotFound(f"issue {question.issue} of {self.full_name}")
        facts = readings.repository(found)
        base = readings.base(question.base or facts.default_branch, found["base"])
        workstreams = await self._workstreams(pages[0], found)
        for page in pages[1:]:
            more = await self.ask(queries.branches_request(page))
            workstreams |= await self._workstreams(page, more["repository"])
        if question.compare_branches and base.sha is not None:
            workstreams = await self._compared(base.name, workstreams)
        judged = readings.commits(commits, found, self.app_id)
        judged |= await self.commits(question.commits[len(commits) :])
        return PlanReading(
            repository=facts,
            issue=readings.issue(found["issue"]),
            base=base,
            config_source=readings.config(found["config"]),
            tags=readings.tags(found["tags"]["nodes"]),
            workstreams=workstreams,
            comment=readings.comment(data.get("comment")),
            commits=judged,
        )

    async def _workstreams(self, branches: Sequence[Branch], data: Mapping[str, Any]) -> dict[Branch, WorkstreamFacts]:
        return {
            branch: WorkstreamFacts(
                branch=readings.branch(branch, data[f"b{number}"]),
                pulls=await self._pulls(branch, data[f"p{number}"]),
            )
            for number, branch in enumerate(branches)
        }

    async def _pulls(self, branch: Branch, page: Mapping[str, Any]) -> tuple[PullFacts, ...]:
        """Return the newest pulls of this repository's own branch, however many pulls forks open under its name."""
        nodes = [node for node in page["nodes"] if not node["isCrossRepository"]]
        crowded = len(nodes) < len(page["nodes"])
        for _ in range(MOST_PAGES_OF_FORK_PULLS):
            if not crowded or not page["pageInfo"]["hasNextPage"] or len(nodes) >= queries.PULLS_PER_BRANCH:
                break
            variables = {"head": branch, "after": page["pageInfo"]["endCursor"], "app": self.app_id}
            request = queries.Request(operation="MorePulls", document=queries.MORE, variables=variables)
            page = (await self.ask(request))["repository"]["pulls"]
            nodes += [node for node in page["nodes"] if not node["isCrossRepository"]]
        if crowded and page["pageInfo"]["hasNextPage"] and len(nodes) < queries.PULLS_PER_BRANCH:
            raise ReadFailed(f"pulls from forks crowd those of the branch {branch} out of sight")
        return tuple(readings.pull(node, self.app_id) for node in nodes[: queries.PULLS_PER_BRANCH])

    async def _compared(
        self, base: Branch, workstreams: dict[Branch, WorkstreamFacts]
    ) -> dict[Branch, WorkstreamFacts]:
        """Add to each branch that exists how many commits it has beyond the base, and how many it lacks."""
        compared = dict(workstreams)
        existing = [(name, stream.branch) for name, stream in workstreams.items() if stream.branch is not None]
        size = queries.BRANCHES_PER_REQUEST
        for start in range(0, len(existing), size):
            page = existing[start : start + size]
            counts = (await self.ask(queries.compare_request(base, [name for name, _ in page])))["repository"]["base"]
            for number, (name, branch) in enumerate(page):
                found = counts[f"c{number}"]
                known = replace(branch, ahead=found["aheadBy"], behind=found["behindBy"])
                compared[name] = replace(compared[name], branch=known)
        return compared


def _comment_is_gone(error: GraphQLError) -> bool:
    """Say whether an error only means that somebody deleted the status comment."""
    return error.kind == "NOT_FOUND" and error.path == ("comment",)
