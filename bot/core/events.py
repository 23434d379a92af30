"""From a webhook's payload to what it wakes and what somebody typed: the only reader of GitHub's webhook bodies.

An event is a hint to look again, never the truth. Must not decide which plans are meant: worker/intake.py does.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from bot.core.commands.parse import commands_in
from bot.core.model import OWN_CHECK, Branch, IssueNumber, Login, NodeId, PullNumber
from bot.core.payloads import (
    CheckRunPayload,
    CheckSuitePayload,
    CommentPayload,
    InstallationPayload,
    InstallationRepositoriesPayload,
    IssuePayload,
    MergeGroupPayload,
    Payload,
    PullNumberPart,
    PullPayload,
    PushPayload,
    RefPayload,
    RepositoryItselfPayload,
    RepositoryPayload,
    StatusPayload,
)
from bot.errors import PayloadError


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanIssue:
    """Wake the plan in this issue; it may have become one just now."""

    number: IssueNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class PullWake:
    """Wake the plan that has this pull or its head branch."""

    number: PullNumber
    head: Branch | None  # None = not known, or a branch of a fork


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchWake:
    """Wake the plan that has this branch."""

    name: Branch


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseWake:
    """Wake every plan that merges into this branch."""

    name: Branch


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryWake:
    """Wake every plan of the repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideWake:
    """Wake the turn over the repository itself, which looks after pulls outside plans and after merge groups."""


# https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue
_GROUP = re.compile(r"gh-readonly-queue/(.+)/pr-\d+-[0-9a-f]{40,64}")

_MADE_FROM = re.compile(r"plan/([1-9][0-9]{0,9})/(?:[^/]*/[^/]*/([0-9a-f]{12})/)?")  # see actions.PutCheck

Wake = PlanIssue | PullWake | BranchWake | BaseWake | OutsideWake | RepositoryWake


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedCall:
    """A command somebody typed, or a button of our check run that somebody pressed."""

    verb: str
    words: tuple[str, ...]
    text: str
    line: int  # 1-based line of the comment; 0 = a button
    author: Login
    author_is_bot: bool
    issue: IssueNumber | None  # the plan's issue; None = known only by `pull` or `head`
    pull: PullNumber | None
    head: Branch | None  # of a button: the branch of the check's head, None if GitHub did not say
    mark: str  # of a button: what marks its check as that of a restored plan, see memory.Restored; "" = nothing
    subject: NodeId | None  # the issue or pull to reply to; None = a button
    comment_id: int | None  # None = a button
    comment: NodeId | None
    comment_url: str
    at: datetime | None  # UTC, when the comment was written; None = a button, which carries no time


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueSeen:
    """The issue of an `issues` event, so that intake can tell a plan from any other issue."""

    number: IssueNumber
    labelled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What one delivery says."""

    name: str  # GitHub's event: "push"
    action: str  # "" where the event has none
    installation_id: int | None = None
    repository_id: int | None = None
    full_name: str | None = None  # of the repository: "owner/name"
    sender: Login | None = None
    app_id: int | None = None  # of a check event: the App that reports the check
    wakes: tuple[Wake, ...] = ()
    commands: tuple[TypedCall, ...] = ()
    issue: IssueSeen | None = None
    installed: tuple[tuple[int, str], ...] = ()  # (id, full name) of repositories that the App may act on from now on
    removed: tuple[tuple[int, str], ...] = ()  # of those it may not act on any more
    uninstalled: bool = False  # the whole installation is gone or suspended


def is_read(event: str) -> bool:
    """Say whether Signalbox has a use for events of this name."""
    return event in _READERS


def read_event(event: str, payload: Mapping[str, Any]) -> Event:
    """Return what a delivery says; an event that Signalbox has no use for wakes nothing.

    PayloadError for a body that GitHub would not send. The shapes are those of
    https://docs.github.com/en/webhooks/webhook-events-and-payloads
    """
    reader = _READERS.get(event)
    if reader is None:
        action = payload.get("action")
        return Event(name=event, action=action if isinstance(action, str) else "")
    try:
        return reader(event, payload)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PayloadError(f"{event}: {where}: {first['msg']}") from error


_Reader = Callable[[str, Mapping[str, Any]], Event]


def _event(name: str, body: Payload, **said: Any) -> Event:
    """What every event says, and what this one says beyond it."""
    repository = body.repository
    return Event(
        name=name,
        action=body.action,
        installation_id=body.installation.id if body.installation is not None else None,
        repository_id=repository.id if repository is not None else None,
        full_name=repository.full_name if repository is not None else None,
        sender=Login(body.sender.login) if body.sender is not None else None,
        **said,
    )


def _issues(name: str, payload: Mapping[str, Any]) -> Event:
    body = IssuePayload.model_validate(payload)
    number = IssueNumber(body.issue.number)
    seen = IssueSeen(number=number, labelled=bool(body.issue.labels))
    return _event(name, body, wakes=(PlanIssue(number=number),), issue=seen)


def _comments(name: str, payload: Mapping[str, Any]) -> Event:
    """A new comment may hold commands; an edited one never does. One of a bot that changed or went may be ours."""
    body = CommentPayload.model_validate(payload)
    issue, author = body.issue, body.comment.user
    is_pull = issue.pull_request is not None
    wakes: tuple[Wake, ...] = ()
    if body.action in {"edited", "deleted"} and author is not None and author.type == "Bot" and not is_pull:
        wakes = (PlanIssue(number=IssueNumber(issue.number)),)
    if body.action != "created" or author is None:
        return _event(name, body, wakes=wakes)
    calls = tuple(
        TypedCall(
            verb=typed.verb,
            words=typed.words,
            text=typed.text,
            line=typed.line,
            author=Login(author.login),
            author_is_bot=author.type != "User",
            issue=None if is_pull else IssueNumber(issue.number),
            pull=PullNumber(issue.number) if is_pull else None,
            head=None,
            mark="",
            subject=NodeId(issue.node_id),
            comment_id=body.comment.id,
            comment=NodeId(body.comment.node_id),
            comment_url=body.comment.html_url,
            at=body.comment.created_at,
        )
        for typed in commands_in(body.comment.body or "")
    )
    return _event(name, body, commands=calls)


def _pulls(name: str, payload: Mapping[str, Any]) -> Event:
    body = PullPayload.model_validate(payload)
    pull = body.pull_request
    own = pull.head.repo is not None and pull.head.repo.id == body.repository.id
    number, head = PullNumber(pull.number), Branch(pull.head.ref)
    return _event(name, body, wakes=(PullWake(number=number, head=head if own else None),))


def _push(name: str, payload: Mapping[str, Any]) -> Event:
    body = PushPayload.model_validate(payload)
    if not _is_branch(body.ref):
        return _event(name, body, wakes=_of_tag(body.ref.removeprefix("refs/tags/")))
    return _event(name, body, wakes=_of_branch(body.ref.removeprefix("refs/heads/")))


def _is_branch(ref: str) -> bool:
    return ref.startswith("refs/heads/")


def _refs(name: str, payload: Mapping[str, Any]) -> Event:
    """`create` and `delete` name the branch without "refs/heads/"."""
    body = RefPayload.model_validate(payload)
    return _event(name, body, wakes=_of_branch(body.ref) if body.ref_type == "branch" else _of_tag(body.ref))


def _of_tag(tag: str) -> tuple[Wake, ...]:
    """A tag that shows a plan's checkpoint: somebody may have moved or deleted it."""
    plan = re.match(r"signalbox/([1-9][0-9]{0,9})/", tag)
    return (PlanIssue(number=IssueNumber(int(plan.group(1)))),) if plan is not None else ()


def _of_branch(branch: str) -> tuple[Wake, ...]:
    return BranchWake(name=Branch(branch)), BaseWake(name=Branch(branch))


def _check_runs(name: str, payload: Mapping[str, Any]) -> Event:
    body = CheckRunPayload.model_validate(payload)
    run = body.check_run
    head = run.check_suite.head_branch if run.check_suite is not None else None
    calls = _button(body, head) if body.action == "requested_action" and run.name == OWN_CHECK else ()
    app = run.app.id if run.app is not None else None
    return _event(name, body, wakes=_of_head(run.pull_requests, head), commands=calls, app_id=app)


def _check_suites(name: str, payload: Mapping[str, Any]) -> Event:
    body = CheckSuitePayload.model_validate(payload)
    suite = body.check_suite
    app = suite.app.id if suite.app is not None else None
    return _event(name, body, wakes=_of_head(suite.pull_requests, suite.head_branch), app_id=app)


def _of_head(pulls: tuple[PullNumberPart, ...], head: str | None) -> tuple[Wake, ...]:
    """What a check's head wakes. GitHub names neither pull nor branch for a head from a fork."""
    branch = Branch(head) if head else None
    # The base is verified by the checks on it, and one that came through GitHub's merge queue had them as a merge group:
    # the suite of the commit keeps the group's branch.
    group = _GROUP.fullmatch(branch) if branch is not None else None
    base: tuple[Wake, ...] = (BaseWake(name=branch),) if branch is not None else ()
    base = (*base, BaseWake(name=Branch(group[1]))) if group is not None else base
    if not pulls:
        return (BranchWake(name=branch), *base) if branch is not None else ()
    return (*(PullWake(number=PullNumber(pull.number), head=branch) for pull in pulls), *base)


def _button(body: CheckRunPayload, head: str | None) -> tuple[TypedCall, ...]:
    """A pressed button of our check: its identifier is the command, the run tells plan and pull."""
    words = body.requested_action.identifier.split() if body.requested_action is not None else []
    plan = _MADE_FROM.match(body.check_run.external_id or "")
    if not words or plan is None or body.sender is None:
        return ()
    pulls = body.check_run.pull_requests
    return (
        TypedCall(
            verb=words[0].lower(),
            words=tuple(words[1:]),
            text=f"/signalbox {' '.join(words)}",
            line=0,
            author=Login(body.sender.login),
            author_is_bot=body.sender.type != "User",
            issue=IssueNumber(int(plan.group(1))),
            pull=PullNumber(pulls[0].number) if len(pulls) == 1 else None,
            head=Branch(head) if head else None,
            mark=plan.group(2) or "",
            subject=None,
            comment_id=None,
            comment=None,
            comment_url=body.check_run.html_url or "",
            at=None,
        ),
    )


def _statuses(name: str, payload: Mapping[str, Any]) -> Event:
    """GitHub names the branches that contain the commit, ten at most."""
    body = StatusPayload.model_validate(payload)
    return _event(name, body, wakes=tuple(wake for branch in body.branches for wake in _of_branch(branch.name)))


def _merge_groups(name: str, payload: Mapping[str, Any]) -> Event:
    body = MergeGroupPayload.model_validate(payload)
    if body.repository is None:
        return _event(name, body)
    base = Branch(body.merge_group.base_ref.removeprefix("refs/heads/"))
    return _event(name, body, wakes=(BaseWake(name=base), OutsideWake()))


def _repository(name: str, payload: Mapping[str, Any]) -> Event:
    """Renamed, archived, another default branch: everything there is looked at anew."""
    body = RepositoryItselfPayload.model_validate(payload)
    if body.action == "deleted":
        return _event(name, body, removed=(body.repository.pair,))
    return _event(name, body, wakes=(RepositoryWake(),))


def _everywhere(name: str, payload: Mapping[str, Any]) -> Event:
    """Other rules or labels: everything in the repository is looked at anew."""
    return _event(name, RepositoryPayload.model_validate(payload), wakes=(RepositoryWake(),))


def _rules(name: str, payload: Mapping[str, Any]) -> Event:
    """Other rules. Those of a whole organization name no repository: the rounds look at everything anyway."""
    body = Payload.model_validate(payload)
    return _event(name, body, wakes=(RepositoryWake(),) if body.repository is not None else ())


def _installation(name: str, payload: Mapping[str, Any]) -> Event:
    body = InstallationPayload.model_validate(payload)
    repositories = body.repositories
    if body.action in {"deleted", "suspend"}:
        gone = tuple(each.pair for each in repositories)
        return _event(name, body, removed=gone, uninstalled=True)
    return _event(name, body, installed=tuple(each.pair for each in repositories))


def _installation_repositories(name: str, payload: Mapping[str, Any]) -> Event:
    body = InstallationRepositoriesPayload.model_validate(payload)
    return _event(
        name,
        body,
        installed=tuple(each.pair for each in body.repositories_added),
        removed=tuple(each.pair for each in body.repositories_removed),
    )


_READERS: Mapping[str, _Reader] = {
    "issues": _issues,
    "issue_comment": _comments,
    "pull_request": _pulls,
    "pull_request_review": _pulls,
    "push": _push,
    "create": _refs,
    "delete": _refs,
    "check_run": _check_runs,
    "check_suite": _check_suites,
    "status": _statuses,
    "merge_group": _merge_groups,
    "label": _everywhere,
    "repository": _repository,
    "branch_protection_rule": _everywhere,
    "repository_ruleset": _rules,
    "installation": _installation,
    "installation_repositories": _installation_repositories,
}
