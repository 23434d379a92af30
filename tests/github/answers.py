"""GraphQL answers as GitHub gives them, with good defaults: every test writes only what it is about."""

from typing import Any

HEAD = "a" * 40
BASE = "b" * 40
TREE = "c" * 40
TIME = "2026-05-01T10:00:00Z"

Json = dict[str, Any]


def nodes(*entries: Json, more: bool = False, cursor: str | None = None) -> Json:
    return {"nodes": list(entries), "pageInfo": {"hasNextPage": more, "endCursor": cursor}}


def user(login: str = "wim") -> Json:
    return {"__typename": "User", "login": login}


def bot(login: str) -> Json:
    return {"__typename": "Bot", "login": login}


def run(name: str = "tests", **changes: Any) -> Json:
    app = changes.pop("app", {"databaseId": 9, "name": "CI", "slug": "ci"})
    return {
        "__typename": "CheckRun",
        "id": "CR_1",
        "databaseId": 1,
        "name": name,
        "status": "COMPLETED",
        "conclusion": "SUCCESS",
        "url": "https://example.org/run",
        "startedAt": TIME,
        "completedAt": TIME,
        "checkSuite": {"id": "CS_1", "app": app},
        **changes,
    }


def status(context: str = "lint", **changes: Any) -> Json:
    return {
        "__typename": "StatusContext",
        "context": context,
        "state": "SUCCESS",
        "description": None,
        "targetUrl": "https://example.org/status",
        "createdAt": TIME,
        "creator": user("ci"),
        **changes,
    }


def own_run(number: int = 1, **changes: Any) -> Json:
    return {
        "id": f"CR{number}",
        "databaseId": number,
        "status": "IN_PROGRESS",
        "conclusion": None,
        "externalId": "plan/7/r/h/d",
        "startedAt": TIME,
        "url": "https://example.org/own",
        **changes,
    }


def commit(*, checks: tuple[Json, ...] = (), own: tuple[Json, ...] = (), more: bool = False, **changes: Any) -> Json:
    return {
        "oid": HEAD,
        "message": "Open W1\n\nbody",
        "committedDate": TIME,
        "checkSuites": nodes({"checkRuns": nodes(*own)}) if own else nodes(),
        "statusCheckRollup": {"contexts": nodes(*checks, more=more)} if checks else None,
        **changes,
    }


def judged(sha: str = BASE, *parents: str, checks: tuple[Json, ...] = (), more: bool = False) -> Json:
    """A commit as the question for commits and their checks shows it."""
    return {
        "oid": sha,
        "tree": {"oid": TREE},
        "parents": nodes(*({"oid": parent} for parent in parents)),
        "statusCheckRollup": {"contexts": nodes(*checks, more=more)} if checks else None,
    }


def moved(sha: str, *parents: str, **changes: Any) -> Json:
    """A commit as a page of a history shows it."""
    return {
        "oid": sha,
        "messageHeadline": f"Commit {sha[-4:]}",
        "committedDate": TIME,
        "author": {"name": "Ada", "user": {"login": "ada"}},
        "tree": {"oid": tree_of(sha)},
        "parents": nodes(*({"oid": parent, "tree": {"oid": tree_of(parent)}} for parent in parents)),
        "associatedPullRequests": nodes(),
        **changes,
    }


def tree_of(sha: str) -> str:
    return f"{TREE[:20]}{sha[20:]}"


def pull(number: int = 3, *, head_commit: Json | None = None, **changes: Any) -> Json:
    return {
        "id": f"PR{number}",
        "number": number,
        "url": f"https://example.org/pull/{number}",
        "title": "W1",
        "body": "brief",
        "state": "OPEN",
        "isDraft": True,
        "isCrossRepository": False,
        "mergeable": "MERGEABLE",
        "createdAt": TIME,
        "mergedAt": None,
        "closedAt": None,
        "headRefName": "signalbox/w1",
        "headRefOid": HEAD,
        "baseRefName": "main",
        "changedFiles": 0,
        "author": bot("signalbox"),
        "mergedBy": None,
        "mergeCommit": None,
        "potentialMergeCommit": None,
        "labels": nodes({"id": "L1", "name": "signalbox:ready"}, {"id": "L2", "name": "other"}),
        "latestOpinionatedReviews": nodes(),
        "commits": nodes({"commit": head_commit or commit()}),
        **changes,
    }


def base(**changes: Any) -> Json:
    return {
        "name": "main",
        "target": {"oid": BASE, "tree": {"oid": TREE}},
        "refUpdateRule": None,
        "rules": nodes(),
        **changes,
    }


def rule(*checks: tuple[str, int | None]) -> Json:
    return {"parameters": {"requiredStatusChecks": [{"context": name, "integrationId": app} for name, app in checks]}}


def issue(**changes: Any) -> Json:
    return {
        "id": "I7",
        "number": 7,
        "url": "https://example.org/issues/7",
        "title": "Plan",
        "body": "the plan",
        "state": "OPEN",
        "lastEditedAt": None,
        "author": user("ada"),
        "editor": None,
        "labels": nodes({"name": "plan"}),
        **changes,
    }


def tip(name: str = "signalbox/w1", **changes: Any) -> Json:
    return {"name": name, "prefix": "refs/heads/", "target": {"oid": HEAD, "message": "Open W1"}, **changes}


def tag(name: str, sha: str, *, annotated: bool = False) -> Json:
    target = {"oid": "f" * 40, "target": {"oid": sha}} if annotated else {"oid": sha, "message": "m"}
    return {"name": name, "prefix": "refs/tags/", "target": target}


def repository(**changes: Any) -> Json:
    return {
        "id": "R1",
        "databaseId": 42,
        "nameWithOwner": "octo/demo",
        "url": "https://example.org/octo/demo",
        "isArchived": False,
        "mergeCommitAllowed": True,
        "squashMergeAllowed": True,
        "rebaseMergeAllowed": False,
        "defaultBranchRef": {"name": "main"},
        "labels": nodes({"id": "L1", "name": "signalbox:ready"}, {"id": "L9", "name": "signalbox"}),
        "issue": issue(),
        "tags": nodes(),
        "config": None,
        "base": base(),
        **changes,
    }


def plan(*, comment: Json | None = None, **changes: Any) -> Json:
    return {"data": {"repository": repository(**changes), "comment": comment}}
