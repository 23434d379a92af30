"""Reads a repository's set-up for the self-check: what the App may do and hears of, what the base asks for, who reports.

Below client.py. Seven requests, all of them reads, four as the App itself; five of them carry the ETag of the last answer
and cost nothing while nothing changed. Must not judge anything: core/diagnosis.py does.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.examination import Examination, Grant, Ground, Sent
from bot.core.facts import RequiredCheck
from bot.core.model import CONFIG_PATH, Branch
from bot.errors import NotFound
from bot.github import readings
from bot.github.answers import documented_shapes
from bot.github.port import RepositoryRef
from bot.github.queries import Request
from bot.github.transport import Transport

BASE_HEADS = 10  # newest commits of the base that are looked at for who reports what
PULL_HEADS = 15  # newest pulls the same
CHECKS_PER_HEAD = 50
SENT = 100  # newest webhooks of the App

Ask = Callable[[RepositoryRef, Request], Awaitable[dict[str, Any]]]  # a GraphQL read

# 28 connections (1 point) and at most 1,275 nodes. A roll-up lists every attempt; here only names count.
NAMES = f"""
fragment Names on Commit {{
  statusCheckRollup {{ contexts(first: {CHECKS_PER_HEAD}) {{ nodes {{
    __typename
    ... on CheckRun {{ name checkSuite {{ app {{ databaseId }} }} }}
    ... on StatusContext {{ context }}
  }} }} }}
}}"""


async def examine(transport: Transport, ask: Ask, full_name: str, base: Branch | None) -> Examination:
    """Examine a repository and its base; None = its default branch. Seven requests, four if the App may not look.

    Raises ReadFailed, also where GitHub refuses the App's key, NotInstalled or NotFound.
    """
    app = (await transport.get(None, "/app", cached=True)).data
    installed = await _installation(transport, full_name)
    hook = (await transport.get(None, "/app/hook/config", cached=True)).data
    page = await transport.get(None, "/app/hook/deliveries{?per_page}", {"per_page": str(SENT)})
    with documented_shapes("the App and its installation"):
        found = Examination(
            slug=app["slug"],
            wanted=_grant(app),
            granted=_grant(installed) if installed is not None else None,
            hook_url=hook.get("url") or "",
        )
        if installed is None:
            return found
        found = replace(
            found,
            grants_url=installed["html_url"],
            suspended=installed.get("suspended_at") is not None,
            sent=_sent(page.data, installed["id"]),
        )
        repository = RepositoryRef(installation_id=installed["id"], full_name=full_name)
    if found.suspended:
        return found
    return replace(found, ground=await _ground(transport, ask, repository, base))


async def _installation(transport: Transport, full_name: str) -> Mapping[str, Any] | None:
    route = "/repos/{owner}/{name}/installation"
    owner, _, name = full_name.partition("/")
    try:
        found: Mapping[str, Any] = (await transport.get(None, route, {"owner": owner, "name": name}, cached=True)).data
    except NotFound:
        return None
    return found


async def _ground(transport: Transport, ask: Ask, repository: RepositoryRef, base: Branch | None) -> Ground:
    data = (await ask(repository, _request(base)))["repository"]
    if data is None:
        raise NotFound(f"repository {repository.full_name}")
    owner, _, name = repository.full_name.partition("/")
    branch: Mapping[str, Any] = {}
    rules: list[Mapping[str, Any]] = []
    with documented_shapes("the base and its checks"):
        there = data["base"] is not None
        base = base or (Branch(data["base"]["name"]) if there else Branch("main"))
        if there:
            names = {"owner": owner, "name": name, "branch": base}
            of_branch = "/repos/{owner}/{name}/branches/{branch}"
            of_rules = "/repos/{owner}/{name}/rules/branches/{branch}{?per_page}"
            branch = (await transport.get(repository, of_branch, names, cached=True)).data
            asked = {**names, "per_page": "100"}
            rules = [each async for each in transport.get_all(repository, of_rules, asked, cached=True)]
        commits = [*data["base"]["target"]["history"]["nodes"]] if there else []
        commits += [node["commit"] for pull in data["pullRequests"]["nodes"] for node in pull["commits"]["nodes"]]
        return Ground(
            base=base,
            found=there,
            archived=data["isArchived"],
            merge_methods=readings.merge_methods(data),
            merge_queue=any(rule["type"] == "merge_queue" for rule in rules),
            required=_required(branch, rules),
            reported=frozenset(name for commit in commits for name in _names(commit)),
            heads=len(commits),
            config_source=readings.config(data["config"]),
        )


def _request(base: Branch | None) -> Request:
    """Ask for the base and for who reports on it and on the newest pulls. The caller adds `owner` and `name`."""
    variables = {"config": f"HEAD:{CONFIG_PATH}" if base is None else f"refs/heads/{base}:{CONFIG_PATH}"}
    declared, field = "", "base: defaultBranchRef"
    if base is not None:
        variables["base"] = f"refs/heads/{base}"
        declared, field = ", $base: String!", "base: ref(qualifiedName: $base)"
    document = f"""
query Ground($owner: String!, $name: String!, $config: String!{declared}) {{
  repository(owner: $owner, name: $name) {{
    isArchived mergeCommitAllowed squashMergeAllowed rebaseMergeAllowed
    config: object(expression: $config) {{ ... on Blob {{ text isBinary isTruncated }} }}
    {field} {{ name target {{ ... on Commit {{ history(first: {BASE_HEADS}) {{ nodes {{ ...Names }} }} }} }} }}
    pullRequests(first: {PULL_HEADS}, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
      nodes {{ commits(last: 1) {{ nodes {{ commit {{ ...Names }} }} }} }}
    }}
  }}
}}
{NAMES}"""
    return Request(operation="Ground", document=document, variables=variables)


def _grant(data: Mapping[str, Any]) -> Grant:
    return Grant(permissions=dict(data["permissions"]), events=frozenset(data["events"]))


def _sent(listed: list[Mapping[str, Any]], installation_id: int) -> tuple[Sent, ...]:
    """The App's newest webhooks of one installation, as GitHub lists them: newest first, each attempt by itself."""
    return tuple(
        Sent(at=datetime.fromisoformat(each["delivered_at"]), status=each["status_code"] or 0)
        for each in listed
        if each["installation_id"] == installation_id
    )


def _required(branch: Mapping[str, Any], rules: list[Mapping[str, Any]]) -> tuple[RequiredCheck, ...]:
    """The checks that classic protection and rulesets ask for, each with the App it is pinned to.

    https://docs.github.com/en/rest/branches/branches#get-a-branch shows classic protection to whoever may read, and
    https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch the active rules of all rulesets.
    """
    protection = branch.get("protection") or {}
    classic = (protection.get("required_status_checks") or {}) if protection.get("enabled") else {}
    wanted = {(check["context"], _app(check.get("app_id"))) for check in classic.get("checks") or ()}
    wanted |= {(context, None) for context in classic.get("contexts") or () if context not in dict(wanted)}
    for rule in rules:
        checks = (rule.get("parameters") or {}).get("required_status_checks") or ()
        wanted |= {(check["context"], _app(check.get("integration_id"))) for check in checks}
    listed = sorted(wanted, key=lambda check: (check[0], check[1] or 0))
    return tuple(RequiredCheck(name=context, app_id=app_id) for context, app_id in listed)


def _app(app_id: int | None) -> int | None:
    """Classic protection says -1 for "any source" in places."""
    return None if app_id is None or app_id < 0 else app_id


def _names(commit: Mapping[str, Any]) -> list[tuple[str, int | None]]:
    rollup = commit["statusCheckRollup"]
    found: list[tuple[str, int | None]] = []
    for node in rollup["contexts"]["nodes"] if rollup is not None else ():
        if node["__typename"] == "StatusContext":
            found.append((node["context"], None))
        else:
            app = node["checkSuite"]["app"]
            found.append((node["name"], app["databaseId"] if app is not None else None))
    return found
