"""From GraphQL answers to core types: the last place where GitHub's JSON is seen as JSON.

Must not send anything or judge what it reads. A shape that the schema does not allow ends in a KeyError or TypeError,
which client.py reports as a failed read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.core.facts import (
    BaseFacts,
    BranchFacts,
    CheckFacts,
    CheckState,
    CommitFacts,
    IssueFacts,
    Mergeable,
    OwnCheck,
    OwnComment,
    PullFacts,
    PullState,
    QueueEntry,
    RepositoryFacts,
    RequiredCheck,
    ReviewFacts,
    ReviewState,
)
from bot.core.marker import read_marker
from bot.core.model import (
    LABEL_PREFIX,
    OWN_CHECK,
    Branch,
    IssueNumber,
    Login,
    MergeMethod,
    NodeId,
    PullNumber,
    RunId,
    Sha,
)
from bot.core.redaction import linked, without_secrets
from bot.core.seal import read_sealed
from bot.errors import ReadFailed
from bot.github.port import OpenPullReading

Json = Mapping[str, Any]

GHOST = Login("ghost")  # GitHub's own stand-in for a deleted account

# https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/troubleshooting-required-status-checks
PASSING = frozenset({"SUCCESS", "NEUTRAL", "SKIPPED"})

_MERGEABLE = {"MERGEABLE": Mergeable.YES, "CONFLICTING": Mergeable.NO, "UNKNOWN": Mergeable.UNKNOWN}
_STATUS_STATES = {"SUCCESS": CheckState.PASSED, "FAILURE": CheckState.FAILED, "ERROR": CheckState.FAILED}
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def login(actor: Json | None) -> Login:
    """Return a login in REST's form: GraphQL calls a bot "slug", REST and webhooks call it "slug[bot]"."""
    if actor is None:
        return GHOST
    name = str(actor["login"])
    return Login(f"{name}[bot]" if actor["__typename"] == "Bot" and not name.endswith("[bot]") else name)


def repository(data: Json) -> RepositoryFacts:
    """Read the repository."""
    return RepositoryFacts(
        id=data["databaseId"],
        node_id=NodeId(data["id"]),
        full_name=data["nameWithOwner"],
        url=data["url"],
        default_branch=default_branch(data),
        archived=data["isArchived"],
        merge_methods=merge_methods(data),
        # GitHub's search is by words, so that "signalbox" alone would be found too.
        labels={
            label["name"]: NodeId(label["id"])
            for label in data["labels"]["nodes"]
            if label["name"].startswith(LABEL_PREFIX)
        },
    )


def merge_methods(data: Json) -> frozenset[MergeMethod]:
    """Return the ways of merging that the repository allows."""
    allowed = {
        MergeMethod.MERGE: data["mergeCommitAllowed"],
        MergeMethod.SQUASH: data["squashMergeAllowed"],
        MergeMethod.REBASE: data["rebaseMergeAllowed"],
    }
    return frozenset(method for method, is_allowed in allowed.items() if is_allowed)


def default_branch(data: Json) -> Branch:
    """Return the default branch. An empty repository has none in GraphQL; GitHub will call its first one "main"."""
    ref = data["defaultBranchRef"]
    return Branch("main" if ref is None else ref["name"])


def issue(data: Json) -> IssueFacts:
    """Read the plan's issue."""
    return IssueFacts(
        number=IssueNumber(data["number"]),
        node_id=NodeId(data["id"]),
        url=data["url"],
        title=data["title"],
        body=data["body"],
        open=data["state"] == "OPEN",
        labels=tuple(label["name"] for label in data["labels"]["nodes"]),
        author=login(data["author"]),
        edited_at=moment(data["lastEditedAt"]),
        editor=None if data["editor"] is None else login(data["editor"]),
    )


def base(name: Branch, data: Json | None) -> BaseFacts:
    """Read the base and the checks that rulesets and classic protection ask for on it."""
    if data is None:
        return BaseFacts(name=name, sha=None)
    rules = data["rules"] or {"nodes": (), "pageInfo": {"hasNextPage": False}}
    if rules["pageInfo"]["hasNextPage"]:
        raise ReadFailed(f"the base {name} has more rules than one request shows")
    pinned = {
        (check["context"], check["integrationId"])
        for rule in rules["nodes"]
        for check in (rule["parameters"] or {}).get("requiredStatusChecks", ())
    }
    classic = (data["refUpdateRule"] or {}).get("requiredStatusCheckContexts") or ()
    names = {name for name, app_id in pinned if app_id is not None}
    pinned |= {(context, None) for context in classic if context is not None}
    # The rule that names no reporter says nothing beside one that does.
    wanted = sorted(
        ((context, app_id) for context, app_id in pinned if app_id is not None or context not in names),
        key=lambda check: (check[0], check[1] or 0),
    )
    return BaseFacts(
        name=name,
        sha=Sha(data["target"]["oid"]),
        tree=Sha(data["target"]["tree"]["oid"]),
        required_checks=tuple(RequiredCheck(name=context, app_id=app_id) for context, app_id in wanted),
        merge_queue=any(rule.get("type") == "MERGE_QUEUE" for rule in rules["nodes"]),
    )


def config(data: Json | None) -> str | None:
    """Return the config's text, None if there is no such file.

    GitHub shows no text of a binary or huge file, and an empty one would stand for the defaults: a character that no
    config may hold stands for it, so that the reader of configs reports it.
    """
    if not data:
        return None
    text = data.get("text")
    return "\0" if text is None else str(text)


def tags(nodes: Iterable[Json]) -> dict[str, Sha]:
    """Return what each tag points at, by full tag name ("signalbox/7/cp-0"), annotated tags followed to the commit."""
    return {
        f"{node['prefix']}{node['name']}".removeprefix("refs/tags/"): Sha(
            (node["target"].get("target") or node["target"])["oid"]
        )
        for node in nodes
    }


def comment(data: Json | None) -> OwnComment | None:
    """Read the status comment."""
    if not data:
        return None
    marker = read_marker(data["body"])
    return OwnComment(
        node_id=NodeId(data["id"]),
        url=data["url"],
        digest="" if marker is None else marker.digest,
        sealed=read_sealed(data["body"]),
    )


def branch(name: Branch, data: Json | None) -> BranchFacts | None:
    """Read a branch's tip."""
    if data is None:
        return None
    return BranchFacts(name=name, sha=Sha(data["target"]["oid"]), message=data["target"].get("message", ""))


def pull(data: Json, app_id: int) -> PullFacts:
    """Read one pull. What hangs on the head commit counts only if it is the head that the pull itself names."""
    state = PullState[data["state"]]
    nodes = data["commits"]["nodes"]
    commit = nodes[0]["commit"] if nodes else None
    # After a push GitHub can show the new head before its commit: then nothing is known about the head's checks.
    known = commit is not None and commit["oid"] == data["headRefOid"]
    rollup = commit["statusCheckRollup"] if commit is not None and known else None
    merge, trial = data["mergeCommit"], data["potentialMergeCommit"]
    return PullFacts(
        number=PullNumber(data["number"]),
        node_id=NodeId(data["id"]),
        url=data["url"],
        title=data["title"],
        body=data["body"],
        state=state,
        draft=data["isDraft"],
        head=Branch(data["headRefName"]),
        head_sha=Sha(data["headRefOid"]),
        head_message=commit["message"] if commit is not None and known else "",
        changed_files=data["changedFiles"],
        head_at=moment(commit["committedDate"]) if commit is not None and known else None,
        base=Branch(data["baseRefName"]),
        author=login(data["author"]),
        created_at=moment(data["createdAt"]) or _NEVER,
        mergeable=_MERGEABLE[data["mergeable"]],
        labels={label["name"]: NodeId(label["id"]) for label in data["labels"]["nodes"]},
        checks=() if rollup is None else checks(rollup["contexts"]["nodes"], app_id),
        checks_complete=known and (rollup is None or not rollup["contexts"]["pageInfo"]["hasNextPage"]),
        own_checks=own_checks(commit) if commit is not None and known else (),
        reviews=tuple(_reviews((data["latestOpinionatedReviews"] or {"nodes": ()})["nodes"])),
        trial_tree=None if trial is None else Sha(trial["tree"]["oid"]),
        trial_parents=() if trial is None else _shas(trial["parents"]["nodes"]),
        queued=(data.get("mergeQueueEntry") or {}).get("position"),
        queue_required=bool(data.get("isMergeQueueEnabled")),
        merge_sha=Sha(merge["oid"]) if state is PullState.MERGED and merge is not None else None,
        merged_at=moment(data["mergedAt"]),
        merged_by=None if data["mergedBy"] is None else login(data["mergedBy"]),
        closed_at=moment(data["closedAt"]),
    )


def open_pull(data: Json) -> OpenPullReading:
    """Read one open pull for the check outside plans."""
    nodes = data["commits"]["nodes"]
    commit = nodes[0]["commit"] if nodes else None
    known = commit is not None and commit["oid"] == data["headRefOid"]
    return OpenPullReading(
        number=PullNumber(data["number"]),
        node_id=NodeId(data["id"]),
        url=data["url"],
        head=Branch(data["headRefName"]),
        head_sha=Sha(data["headRefOid"]),
        base=Branch(data["baseRefName"]),
        own_checks=own_checks(commit) if commit is not None and known else (),
        cross_repository=data["isCrossRepository"],
        queued=bool(data.get("isInMergeQueue")),
    )


def queue_entry(data: Json) -> QueueEntry:
    """Read one entry of a merge queue. Our run on a pull counts only if it is on the head that the pull itself names."""
    pull, group = data["pullRequest"], data["headCommit"]
    commit = next((node["commit"] for node in pull["commits"]["nodes"]), None)
    known = commit is not None and commit["oid"] == pull["headRefOid"]
    return QueueEntry(
        position=data["position"],
        pull=PullNumber(pull["number"]),
        url=pull["url"],
        head=Sha(pull["headRefOid"]),
        own=next(iter(own_checks(commit)), None) if commit is not None and known else None,
        group=None if group is None else Sha(group["oid"]),
        shown=None if group is None else next(iter(own_checks(group)), None),
    )


def commits(asked: Sequence[Sha], data: Json, app_id: int) -> dict[Sha, CommitFacts]:
    """Read the commits that were asked for as `c<n>`; what GitHub does not know, or is no commit, is left out."""
    found = ((sha, data[f"c{number}"]) for number, sha in enumerate(asked))
    return {sha: commit(node, app_id) for sha, node in found if node}


def commit(data: Json, app_id: int) -> CommitFacts:
    """Read one commit with its checks."""
    rollup = data["statusCheckRollup"]
    return CommitFacts(
        sha=Sha(data["oid"]),
        tree=Sha(data["tree"]["oid"]),
        parents=_shas(data["parents"]["nodes"]),
        checks=() if rollup is None else checks(rollup["contexts"]["nodes"], app_id),
        checks_complete=rollup is None or not rollup["contexts"]["pageInfo"]["hasNextPage"],
    )


def _shas(nodes: Iterable[Json]) -> tuple[Sha, ...]:
    return tuple(Sha(node["oid"]) for node in nodes)


def own_checks(commit: Json) -> tuple[OwnCheck, ...]:
    """Return our runs on a commit, newest first."""
    suites = (commit["checkSuites"] or {"nodes": ()})["nodes"]
    runs = [run for suite in suites for run in (suite["checkRuns"] or {"nodes": ()})["nodes"]]
    runs.sort(key=lambda run: run["databaseId"] or 0, reverse=True)
    return tuple(
        OwnCheck(
            node_id=NodeId(run["id"]),
            status=run["status"].lower(),
            conclusion=None if run["conclusion"] is None else run["conclusion"].lower(),
            external_id=run["externalId"] or "",
            started_at=moment(run["startedAt"]),
            url=run["url"],
            title=run.get("title") or "",
        )
        for run in runs
    )


def checks(nodes: Iterable[Json], app_id: int) -> tuple[CheckFacts, ...]:
    """Return the result of each name by each reporter, without our own run; a namesake of it stays in.

    In one suite the newest run counts, for it is the last attempt. Two suites of one App are two workflows, or one that
    two events started: the job of one does not make up for a job of that name in the other that failed or still runs.
    """
    newest: dict[tuple[int | None, str, str], _Found] = {}
    for node in nodes:
        found = _run(node) if node["__typename"] == "CheckRun" else _status(node)
        if found.check.name == OWN_CHECK and found.check.app_id == app_id:
            continue
        attempt = (found.check.app_id, found.check.name, found.suite)
        if attempt not in newest or newest[attempt].age < found.age:
            newest[attempt] = found
    decisive: dict[tuple[int | None, str], _Found] = {}
    for found in newest.values():
        key = (found.check.app_id, found.check.name)
        if key not in decisive or decisive[key].weight < found.weight:
            decisive[key] = found
    return tuple(found.check for found in decisive.values())


@dataclass(frozen=True, slots=True)
class _Found:
    """One check run or status."""

    age: tuple[int, datetime]  # the highest is the newest
    suite: str  # node id, "" for a status
    check: CheckFacts

    @property
    def weight(self) -> tuple[int, tuple[int, datetime]]:
        """What it weighs beside a namesake from another suite; a run that a newer event made superfluous weighs little."""
        failed = self.check.state is CheckState.FAILED and self.check.conclusion not in {"cancelled", "stale"}
        return 2 if failed else 1 if self.check.state is CheckState.PENDING else 0, self.age


def _run(node: Json) -> _Found:
    app = node["checkSuite"]["app"]
    finished = node["status"] == "COMPLETED" and node["conclusion"] is not None
    word = node["conclusion"] if finished else node["status"]
    passed = CheckState.PASSED if word in PASSING else CheckState.FAILED
    started = moment(node["startedAt"])
    check = CheckFacts(
        name=node["name"],
        app_id=None if app is None else app["databaseId"],
        app_name="" if app is None else app["name"],
        state=passed if finished else CheckState.PENDING,
        conclusion=word.lower(),
        url=node["url"],
        started_at=started,
        completed_at=moment(node["completedAt"]) if finished else None,
        node_id=NodeId(node["id"]),
        run=None if node["databaseId"] is None else RunId(node["databaseId"]),
        app_slug="" if app is None else app["slug"],
        suite=NodeId(node["checkSuite"]["id"]),
    )
    return _Found((node["databaseId"] or 0, started or _NEVER), node["checkSuite"]["id"], check)


def _status(node: Json) -> _Found:
    created = moment(node["createdAt"])
    state = _STATUS_STATES.get(node["state"], CheckState.PENDING)
    check = CheckFacts(
        name=node["context"],
        app_id=None,
        app_name=login(node["creator"]),
        state=state,
        conclusion=node["state"].lower(),
        url=linked(node["targetUrl"] or ""),
        started_at=created,
        completed_at=None if state is CheckState.PENDING else created,
        words=without_secrets(node["description"] or ""),
    )
    return _Found((0, created or _NEVER), "", check)


def _reviews(nodes: Iterable[Json]) -> Iterable[ReviewFacts]:
    for node in nodes:
        if node["state"] in ReviewState.__members__:
            yield ReviewFacts(
                author=login(node["author"]),
                state=ReviewState[node["state"]],
                commit=None if node["commit"] is None else Sha(node["commit"]["oid"]),
                url=node["url"],
                at=moment(node["submittedAt"]),
            )


def moment(text: str | None) -> datetime | None:
    """Return a GraphQL DateTime in UTC."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
