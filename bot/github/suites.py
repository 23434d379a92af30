"""The check runs of all suites of a commit: a workflow that was started by hand or by an App is in no roll-up.

Below client.py. GitHub leaves the suites of `workflow_dispatch` out of `statusCheckRollup`:
https://github.com/open-agreements/open-agreements/pull/393, https://github.com/ThemeParks/ThemeParks_JavaScript/pull/37
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.core.facts import CommitFacts
from bot.core.model import Sha
from bot.github import queries, readings
from bot.github.answers import documented_shapes
from bot.github.pieces import in_pieces

SUITES_PER_COMMIT = 20
RUNS_PER_SUITE = 50
COMMITS_PER_REQUEST = 5

# One page asks for 5 x (1 + 20) connections (1 point) and at most 5,100 nodes.
_FRAGMENT = f"""
fragment Suites on Commit {{
  checkSuites(first: {SUITES_PER_COMMIT}) {{
    pageInfo {{ hasNextPage }}
    nodes {{
      id app {{ databaseId name slug }}
      checkRuns(first: {RUNS_PER_SUITE}) {{
        pageInfo {{ hasNextPage }}
        nodes {{ id databaseId name status conclusion url startedAt completedAt }}
      }}
    }}
  }}
}}"""


Commits = Mapping[Sha, CommitFacts]
Ask = Callable[..., Awaitable[dict[str, Any]]]


async def every_suite(ask: Ask, commits: Commits, app_id: int) -> dict[Sha, CommitFacts]:
    """Return the commits with the check runs of all their suites, one request per 5. Raises as `ask` does."""
    found: dict[Sha, CommitFacts] = {}

    async def read(page: Sequence[Sha], splits: bool) -> Mapping[str, Any]:
        data: Mapping[str, Any] = (await ask(_request(page), splits=splits))["repository"]
        return data

    for page, data in await in_pieces(tuple(commits), COMMITS_PER_REQUEST, read):
        with documented_shapes("check suites"):
            found |= {sha: joined(commits[sha], data[f"c{number}"], app_id) for number, sha in enumerate(page)}
    return found


def _request(shas: Sequence[Sha]) -> queries.Request:
    """Ask for the suites of some commits, alias `c<n>` for the n-th. The asker adds `owner` and `name`."""
    declared = ", ".join(f"$c{number}: GitObjectID!" for number in range(len(shas)))
    fields = " ".join(f"c{number}: object(oid: $c{number}) {{ ...Suites }}" for number in range(len(shas)))
    document = f"""
query Suites($owner: String!, $name: String!, {declared}) {{
  repository(owner: $owner, name: $name) {{ {fields} }}
}}{_FRAGMENT}"""
    return queries.Request(
        operation="Suites", document=document, variables={f"c{number}": sha for number, sha in enumerate(shas)}
    )


def joined(commit: CommitFacts, data: Mapping[str, Any] | None, app_id: int) -> CommitFacts:
    """Return a commit with the check runs of all its suites; statuses and what is not among them stay."""
    if not data or data["checkSuites"] is None:
        return commit
    suites = data["checkSuites"]
    pages = [each["checkRuns"] or {"nodes": (), "pageInfo": {"hasNextPage": False}} for each in suites["nodes"]]
    nodes = [
        {**run, "__typename": "CheckRun", "checkSuite": {"id": suite["id"], "app": suite["app"]}}
        for suite, page in zip(suites["nodes"], pages, strict=True)
        for run in page["nodes"]
    ]
    found = readings.checks(nodes, app_id)
    names = {(each.app_id, each.name) for each in found}
    rest = tuple(each for each in commit.checks if (each.app_id, each.name) not in names)
    cut_short = any(page["pageInfo"]["hasNextPage"] for page in (suites, *pages))
    return replace(commit, checks=(*rest, *found), checks_complete=commit.checks_complete and not cut_short)
