"""The texts and variables of every GraphQL read, and nothing else: readings.py understands the answers.

Every name from outside (branches, labels, the repository) goes through a variable, never into the text.

What one plan read costs, by GitHub's formula (requests for connections / 100 points, nodes as nested `first`s):
a branch asks for 1 + 3 x 8 connections and at most 828 nodes (3 pulls with 100 checks, 100 labels, 50 reviews, 1 commit,
2 check suites of 10 runs each, the 2 parents of the trial merge); a commit for 2 connections and 102 nodes (2 parents,
100 checks); the head of the read for 4 connections and 400 nodes.

| workstreams | commits | requests | connections | points | nodes, at most |
|---|---|---|---|---|---|
| 5 | 0 | 1 | 129 | 1 | 4,540 |
| 20 | 0 | 1 | 504 | 5 | 16,960 |
| 20 | 10 | 1 | 524 | 5 | 17,980 |
| 50 | 0 | 3 | 1,254 | 12 | 41,800 |

https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.model import CONFIG_PATH, LABEL_PREFIX, OWN_CHECK, Branch, IssueNumber, NodeId, PullNumber, Sha

BRANCHES_PER_REQUEST = 20
PULLS_PER_BRANCH = 3
COMMITS_PER_REQUEST = 10
COMMITS_PER_PAGE = 100  # of a history
TAGS_PER_PAGE = 100
CHECKS_PER_COMMIT = 100
OPEN_PULLS_PER_PAGE = 50
RUNS_PER_REQUEST = 10  # each may come with 131,070 characters of output
ANNOTATIONS_PER_RUN = 10
QUEUE_ENTRIES_PER_PAGE = 50

ACTOR = "fragment Actor on Actor { __typename login }"

OWN_RUNS = f"""
fragment OwnRuns on Commit {{
  oid
  checkSuites(first: 2, filterBy: {{appId: $app}}) {{
    nodes {{ checkRuns(first: 10, filterBy: {{checkName: "{OWN_CHECK}"}}) {{
      nodes {{ id databaseId status conclusion externalId startedAt url }}
    }} }}
  }}
}}"""

# The roll-up lists every attempt of every check, so the newest of a name is picked by readings.py.
ROLLUP = f"""
fragment Rollup on Commit {{
  statusCheckRollup {{ contexts(first: {CHECKS_PER_COMMIT}) {{
    pageInfo {{ hasNextPage }}
    nodes {{
      __typename
      ... on CheckRun {{
        id databaseId name status conclusion url startedAt completedAt
        checkSuite {{ id app {{ databaseId name slug }} }}
      }}
      ... on StatusContext {{ context state description targetUrl createdAt creator {{ ...Actor }} }}
    }}
  }} }}
}}"""

# `potentialMergeCommit` is GitHub's trial merge: null once the pull is merged, and where it conflicts. It can be of an
# older base, which its parents tell.
# `writersOnly`: an approval from somebody who may not write does not count for GitHub either.
PULL = """
fragment Pull on PullRequest {
  id number url title body state isDraft isCrossRepository mergeable createdAt mergedAt closedAt
  headRefName headRefOid baseRefName changedFiles isMergeQueueEnabled
  mergeQueueEntry { position }
  author { ...Actor }
  mergedBy { ...Actor }
  mergeCommit { oid }
  potentialMergeCommit { tree { oid } parents(first: 2) { nodes { oid } } }
  labels(first: 100) { nodes { id name } }
  latestOpinionatedReviews(first: 50, writersOnly: true) {
    nodes { state url submittedAt author { ...Actor } commit { oid } }
  }
  commits(last: 1) { nodes { commit {
    message committedDate
    ...OwnRuns
    ...Rollup
  } } }
}"""

COMMIT = """
fragment Judged on Commit { oid tree { oid } parents(first: 2) { nodes { oid } } ...Rollup }"""

# `refUpdateRule` is the part of classic branch protection that needs no administration permission;
# `branchProtectionRule` answers an App without it with an error, which would fail every read.
# It is null for a viewer whom no classic rule binds. `rules` are those of the active rulesets.
BASE = """
fragment Base on Ref {
  name
  target { oid ... on Commit { tree { oid } } }
  refUpdateRule { requiredStatusCheckContexts }
  rules(first: 100) {
    pageInfo { hasNextPage }
    nodes { type parameters { ... on RequiredStatusChecksParameters { requiredStatusChecks { context integrationId } } } }
  }
}"""

# Both for branches and for the tip of a tag: an annotated tag points at a commit by one more step.
TIP = """
fragment Tip on Ref {
  name prefix
  target { oid ... on Commit { message } ... on Tag { target { oid } } }
}"""

HEAD = f"""
    id databaseId nameWithOwner url isArchived mergeCommitAllowed squashMergeAllowed rebaseMergeAllowed
    defaultBranchRef {{ name }}
    labels(first: 100, query: "{LABEL_PREFIX}") {{ nodes {{ id name }} }}
    issue(number: $issue) {{
      id number url title body state lastEditedAt
      author {{ ...Actor }}
      editor {{ ...Actor }}
      labels(first: 100) {{ nodes {{ name }} }}
    }}
    tags: refs(refPrefix: $tags, first: {TAGS_PER_PAGE}) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ ...Tip }} }}
    config: object(expression: $config) {{ ... on Blob {{ text isBinary isTruncated }} }}"""

OPEN_PULLS = f"""
query OpenPulls($owner: String!, $name: String!, $app: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    id
    pullRequests(
      states: OPEN, first: {OPEN_PULLS_PER_PAGE}, after: $after, orderBy: {{field: UPDATED_AT, direction: DESC}}
    ) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{
        id number url headRefName headRefOid baseRefName isCrossRepository isInMergeQueue
        commits(last: 1) {{ nodes {{ commit {{ ...OwnRuns }} }} }}
      }}
    }}
  }}
}}
{OWN_RUNS}"""

# Asked for only where a pull is known to be in the queue: an App without the permission "Merge queues: read" may be
# refused. A page asks for 1 + 50 x 6 connections (3 points) and at most 2,250 nodes.
MERGE_QUEUE = f"""
query MergeQueue($owner: String!, $name: String!, $app: Int!, $branch: String!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    mergeQueue(branch: $branch) {{ entries(first: {QUEUE_ENTRIES_PER_PAGE}, after: $after) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{
        position
        headCommit {{ ...TitledRuns }}
        pullRequest {{ number url headRefOid commits(last: 1) {{ nodes {{ commit {{ ...TitledRuns }} }} }} }}
      }}
    }} }}
  }}
}}
{OWN_RUNS.replace("OwnRuns", "TitledRuns").replace("startedAt url", "startedAt url title")}"""

ISSUE_BODY = """
query IssueBody($owner: String!, $name: String!, $issue: Int!) {
  repository(owner: $owner, name: $name) { issue(number: $issue) { body } }
}"""

REPOSITORY_ID = """
query RepositoryId($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { id } }"""

# One page asks for 1 + 10 connections (1 point) and at most 110 nodes.
FAILURES = f"""
query Failures($runs: [ID!]!) {{
  nodes(ids: $runs) {{ ... on CheckRun {{
    title summary text detailsUrl
    annotations(first: {ANNOTATIONS_PER_RUN}) {{
      totalCount
      nodes {{ path annotationLevel title message location {{ start {{ line }} }} }}
    }}
  }} }}
}}"""

# A page asks for 1 connection (1 point) and at most 100 nodes.
TAGS = f"""
query Tags($owner: String!, $name: String!, $tags: String!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    tags: refs(refPrefix: $tags, first: {TAGS_PER_PAGE}, after: $after) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ ...Tip }}
    }}
  }}
}}
{TIP}"""

# Newest first and not only first parents: GitHub has no first-parent history, so that history.py walks it. A page asks
# for 1 + 2 x 100 connections (2 points) and at most 800 nodes.
HISTORY = f"""
query History($owner: String!, $name: String!, $tip: GitObjectID!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    tip: object(oid: $tip) {{ ... on Commit {{ history(first: {COMMITS_PER_PAGE}, after: $after) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{
        oid messageHeadline committedDate
        author {{ name user {{ login }} }}
        tree {{ oid }}
        parents(first: 2) {{ nodes {{ oid tree {{ oid }} }} }}
        associatedPullRequests(first: 5) {{ nodes {{ number mergedAt }} }}
      }}
    }} }} }}
  }}
}}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One GraphQL request."""

    operation: str
    document: str
    variables: dict[str, Any]


def tag_prefix(issue: IssueNumber) -> str:
    """Return what the refs of a plan's checkpoint tags begin with."""
    return f"refs/tags/signalbox/{issue}/"


def plan_request(
    *,
    issue: IssueNumber,
    base: Branch | None,
    comment: NodeId | None,
    branches: Sequence[Branch],
    commits: Sequence[Sha] = (),
) -> Request:
    """Ask for everything but further branches: repository, issue, base, config, tags, comment, commits, first branches.

    The caller adds `owner`, `name` and `app` to the variables.
    """
    config = f"HEAD:{CONFIG_PATH}" if base is None else f"refs/heads/{base}:{CONFIG_PATH}"
    variables: dict[str, Any] = {"issue": issue, "tags": tag_prefix(issue), "config": config}
    declared = ["$issue: Int!", "$tags: String!", "$config: String!"]
    base_field = "base: defaultBranchRef { ...Base }"
    if base is not None:
        declared.append("$base: String!")
        variables["base"] = f"refs/heads/{base}"
        base_field = "base: ref(qualifiedName: $base) { ...Base }"
    comment_field = ""
    if comment is not None:
        declared.append("$comment: ID!")
        variables["comment"] = comment
        comment_field = "comment: node(id: $comment) { ... on IssueComment { id url body } }"
    of_commits, commit_fields = _commits(commits, variables)
    of_branches, branch_fields = _branches(branches, variables)
    document = f"""
query Plan($owner: String!, $name: String!, {", ".join([*_app(branches), *declared, *of_commits, *of_branches])}) {{
  repository(owner: $owner, name: $name) {{{HEAD}
    {base_field}
{commit_fields}
{branch_fields}
  }}
  {comment_field}
}}
{BASE}{TIP}
{ACTOR}{_fragments(branches, commits)}"""
    return Request(operation="Plan", document=document, variables=variables)


def branches_request(branches: Sequence[Branch]) -> Request:
    """Ask for further branches of a plan and their pulls. The caller adds `owner`, `name` and `app`."""
    variables: dict[str, Any] = {}
    declared, fields = _branches(branches, variables)
    document = f"""
query PlanBranches($owner: String!, $name: String!, {", ".join([*_app(branches), *declared])}) {{
  repository(owner: $owner, name: $name) {{
{fields}
  }}
}}
{TIP}
{ACTOR}{_fragments(branches, ())}"""
    return Request(operation="PlanBranches", document=document, variables=variables)


def pulls_request(numbers: Sequence[PullNumber]) -> Request:
    """Ask for pulls by number, alias `p<n>` for the n-th. The caller adds `owner`, `name` and `app`."""
    declared = ", ".join(f"$n{place}: Int!" for place in range(len(numbers)))
    fields = "\n".join(f"    p{place}: pullRequest(number: $n{place}) {{ ...Pull }}" for place in range(len(numbers)))
    document = f"""
query OwnPulls($owner: String!, $name: String!, $app: Int!, {declared}) {{
  repository(owner: $owner, name: $name) {{
{fields}
  }}
}}
{PULL}{ROLLUP}{OWN_RUNS}
{ACTOR}"""
    variables = {f"n{place}": number for place, number in enumerate(numbers)}
    return Request(operation="OwnPulls", document=document, variables=variables)


def commits_request(commits: Sequence[Sha]) -> Request:
    """Ask for commits and their checks, alias `c<n>` for the n-th. The caller adds `owner` and `name`."""
    variables: dict[str, Any] = {}
    declared, fields = _commits(commits, variables)
    document = f"""
query Commits($owner: String!, $name: String!, {", ".join(declared)}) {{
  repository(owner: $owner, name: $name) {{
{fields}
  }}
}}
{ACTOR}{_fragments((), commits)}"""
    return Request(operation="Commits", document=document, variables=variables)


def compare_request(base: Branch, branches: Sequence[Branch]) -> Request:
    """Ask how many commits each branch has that the base has not, and the other way round.

    All of them must exist, else GitHub reports errors.

    The caller adds `owner` and `name`.
    """
    variables: dict[str, Any] = {"base": f"refs/heads/{base}"}
    variables |= {f"h{number}": f"refs/heads/{branch}" for number, branch in enumerate(branches)}
    declared = ", ".join(f"$h{number}: String!" for number in range(len(branches)))
    fields = " ".join(
        f"c{number}: compare(headRef: $h{number}) {{ aheadBy behindBy }}" for number in range(len(branches))
    )
    document = f"""
query Compare($owner: String!, $name: String!, $base: String!, {declared}) {{
  repository(owner: $owner, name: $name) {{ base: ref(qualifiedName: $base) {{ {fields} }} }}
}}"""
    return Request(operation="Compare", document=document, variables=variables)


def _branches(branches: Sequence[Branch], variables: dict[str, Any]) -> tuple[list[str], str]:
    """Return the variables to declare and the fields for some branches; their values go into `variables`."""
    declared = []
    fields = []
    for number, branch in enumerate(branches):
        variables |= {f"r{number}": f"refs/heads/{branch}", f"h{number}": branch}
        declared += [f"$r{number}: String!", f"$h{number}: String!"]
        fields.append(
            f"    b{number}: ref(qualifiedName: $r{number}) {{ ...Tip }}\n"
            f"    p{number}: pullRequests(headRefName: $h{number}, first: {PULLS_PER_BRANCH}, "
            "orderBy: {field: CREATED_AT, direction: DESC})"
            " { pageInfo { hasNextPage endCursor } nodes { ...Pull } }"
        )
    return declared, "\n".join(fields)


def _commits(commits: Sequence[Sha], variables: dict[str, Any]) -> tuple[list[str], str]:
    """Return the variables to declare and the fields for some commits; their values go into `variables`."""
    variables |= {f"c{number}": sha for number, sha in enumerate(commits)}
    declared = [f"$c{number}: GitObjectID!" for number in range(len(commits))]
    fields = "\n".join(f"    c{number}: object(oid: $c{number}) {{ ...Judged }}" for number in range(len(commits)))
    return declared, fields


def _app(branches: Sequence[Branch]) -> list[str]:
    """Declare the App's id only where a fragment uses it: an unused variable is an error."""
    return ["$app: Int!"] if branches else []


def _fragments(branches: Sequence[Branch], commits: Sequence[Sha]) -> str:
    """Return the fragments that branches and commits use: an unused one is an error."""
    of_both = ROLLUP if branches or commits else ""
    return of_both + (PULL + OWN_RUNS if branches else "") + (COMMIT if commits else "")
