"""What became of a write, from GitHub's words to an Outcome: mutations alias by alias, and the merge endpoint.

Must not decide what to do about it. GitHub's errors have few types, so some are told apart by their message; an
unknown message is REFUSED, never DONE.
"""

from datetime import timedelta
from typing import Any, assert_never

from bot.core.actions import (
    AddLabels,
    ClosePull,
    CreateLabel,
    CreateRefs,
    DeleteBranch,
    EditComment,
    EmptyCommit,
    EnqueuePull,
    MarkReady,
    Mutation,
    OpenPull,
    Outcome,
    OutcomeKind,
    PostComment,
    PutCheck,
    React,
    RemoveLabels,
    ReopenPull,
    UpdateBranch,
)
from bot.github.answers import GraphQLAnswer, GraphQLError, Reply, page_of
from bot.github.mutations import Batch, Field

TOO_QUICK_WAIT = timedelta(seconds=60)  # GitHub names no time for "was submitted too quickly"
BASE_MOVED_WAIT = timedelta(seconds=5)
NOT_PREPARED_WAIT = timedelta(seconds=30)  # what it took there: https://github.com/cli/cli/pull/8953

CONTENTS = "Contents: read and write (and Workflows, if the branch carries workflow files)"
NO_PERMISSION = "resource not accessible by integration"

# https://docs.github.com/en/pull-requests/reference/stacked-pull-requests-apis-and-webhooks
STACKED = (
    "This pull request is in one of GitHub's stacks, and merging one would merge all below it unjudged. Take it out of the "
    "stack and let it aim at the plan's base, or merge the stack by hand"
)

_TOO_QUICK = ("submitted too quickly", "secondary rate limit", "abuse detection", "resource limits for this query")
# "Expected branch to point to" is createCommitOnBranch's, "expected head" updatePullRequestBranch's, "head branch was
# modified" is said of merges, the others of refs.
_MOVED = (
    "expected branch to point to",
    "expected head",
    "head branch was modified",
    "but expected",
    "reference cannot be updated",
    "reference update failed",
    "reference does not exist",
)
_ALREADY = (
    "already exists",
    "already been taken",
    "already open",
    "already in the queue",  # https://github.com/ClickHouse/ClickHouse/pull/109183
    "not a draft",
    "not in draft",
    "already ready",
    "no new commits on the base branch",
)
_BROKEN = ("something went wrong while executing your query", "timedout", "timeout")


def outcomes(batch: Batch, answer: GraphQLAnswer) -> list[Outcome]:
    """Return one Outcome for each action of a request that GitHub answered."""
    whole = next((error for error in answer.errors if not error.path), None)
    by_alias: dict[str | int, GraphQLError] = {}
    for error in answer.errors:
        if error.path:
            by_alias.setdefault(error.path[0], error)
    result = []
    for number, (action, field) in enumerate(zip(batch.actions, batch.fields, strict=True)):
        alias = f"a{number}"
        own = by_alias.get(alias)
        data = answer.data.get(alias)
        if own is not None:
            result.append(_refused(action, own))
        elif data is not None:
            result.append(Outcome(kind=OutcomeKind.DONE, result=_result(field, data)))
        elif whole is not None:
            result.append(_refused(action, whole))
        else:
            result.append(Outcome(kind=OutcomeKind.UNKNOWN, detail="GitHub answered nothing for this action"))
    return result


def request_refused(reply: Reply) -> Outcome:
    """Return what it means for every action of a request that GitHub refused it as a whole, by another status than 200.

    A 403 that names no permission is about the installation, which is suspended or may be limited: nothing was done, and
    nobody said that it may not be.
    """
    passing = reply.status == 403 and NO_PERMISSION not in reply.message.lower()
    return Outcome(kind=OutcomeKind.LATER if passing else OutcomeKind.REFUSED, detail=reply.message)


def _result(field: Field, data: Any) -> str | None:
    for step in field.result:
        data = data.get(step) if isinstance(data, dict) else None
    return data if isinstance(data, str) else None


def _refused(action: Mutation, error: GraphQLError) -> Outcome:
    words = error.message.lower()
    if error.is_limit or error.kind == "RESOURCE_LIMITS_EXCEEDED" or _says(words, _TOO_QUICK):
        return Outcome(kind=OutcomeKind.LATER, detail=error.message, retry_after=TOO_QUICK_WAIT)
    if "rebase not prepared" in words:  # GitHub works out a rebase in the background after every push
        return Outcome(kind=OutcomeKind.LATER, detail=error.message, retry_after=NOT_PREPARED_WAIT)
    if error.kind == "STALE_DATA" or _says(words, _MOVED):
        return Outcome(kind=OutcomeKind.MOVED, detail=error.message)
    if _says(words, _ALREADY):
        return Outcome(kind=OutcomeKind.ALREADY, detail=error.message)
    if error.kind == "NOT_FOUND":
        return Outcome(kind=OutcomeKind.MOVED, detail=error.message)
    if _is_stacked(words):
        return Outcome(kind=OutcomeKind.REFUSED, detail=STACKED)
    if NO_PERMISSION in words:
        return Outcome(kind=OutcomeKind.REFUSED, detail=permission_hint(error.message, permission(action)))
    if error.kind in {"INTERNAL", "INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE"} or _says(words, _BROKEN):
        return Outcome(kind=OutcomeKind.UNKNOWN, detail=error.message)
    return Outcome(kind=OutcomeKind.REFUSED, detail=error.message)


def _says(words: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in words for phrase in phrases)


def _is_stacked(words: str) -> bool:
    """Whether GitHub refuses to merge or enqueue a pull because it is in a native stack; `words` in lower case.

    What it says: https://github.com/chdsbd/kodiak/issues/923 and
    https://github.com/microsoft/vscode-pull-request-github/issues/8912
    """
    return "stacked pr" in words or "part of a stack" in words


def permission(action: Mutation) -> str:
    """Return the permission of the App that an action needs."""
    match action:
        case CreateRefs() | DeleteBranch() | EmptyCommit():
            return CONTENTS
        case OpenPull() | ReopenPull() | ClosePull() | MarkReady():
            return "Pull requests: read and write"
        case UpdateBranch() | EnqueuePull():
            return f"Pull requests: read and write, and {CONTENTS}"
        case CreateLabel() | AddLabels() | RemoveLabels() | PostComment() | EditComment() | React():
            return "Issues and Pull requests: read and write"
        case PutCheck():
            return "Checks: read and write"
        case _:
            assert_never(action)


def permission_hint(message: str, needed: str) -> str:
    """Return GitHub's refusal with what an administrator can do about it."""
    return f"{message}. The App needs the permission {needed}; an administrator grants it in the App's installation."


def merge_outcome(reply: Reply) -> Outcome:
    """Return what the merge endpoint's reply means.

    https://docs.github.com/en/rest/pulls/pulls#merge-a-pull-request
    """
    words = reply.message.lower()
    match reply.status:
        case 200:
            return Outcome(kind=OutcomeKind.DONE, result=page_of(reply).data.get("sha"))
        case 409 | 404:
            return Outcome(kind=OutcomeKind.MOVED, detail=reply.message)
        case 405 if "base branch was modified" in words:
            # Two merges crossed; GitHub asks to try again. https://github.com/cli/cli/issues/12748
            return Outcome(kind=OutcomeKind.LATER, detail=reply.message, retry_after=BASE_MOVED_WAIT)
        case 403 | 405 if _is_stacked(words):
            return Outcome(kind=OutcomeKind.REFUSED, detail=STACKED)
        case 403 if NO_PERMISSION in words:
            hint = permission_hint(reply.message, "Contents: read and write")
            return Outcome(kind=OutcomeKind.REFUSED, detail=hint)
        case _:
            return Outcome(kind=OutcomeKind.REFUSED, detail=reply.message)


def branch_merge_outcome(reply: Reply) -> Outcome:
    """Return what it means that merging into a branch made no merge commit.

    https://docs.github.com/en/rest/branches/branches#merge-a-branch
    """
    words = reply.message.lower()
    if reply.status == 204:
        return Outcome(kind=OutcomeKind.ALREADY)
    if reply.status == 409 and "not authorized" in words:
        # A refused push has the same status. https://github.com/rust-lang/bors (src/github/api/operations.rs)
        return Outcome(kind=OutcomeKind.REFUSED, detail=permission_hint(reply.message, CONTENTS))
    if reply.status == 409 and "conflict" in words:
        return Outcome(kind=OutcomeKind.CONFLICT, detail=reply.message)
    return rest_outcome(reply, CONTENTS)


def rest_outcome(reply: Reply, needed: str) -> Outcome:
    """Return what the reply to any other REST write means. `needed` is the permission to name in a refusal."""
    if 200 <= reply.status < 300:
        return Outcome(kind=OutcomeKind.DONE)
    if reply.status in {404, 410}:
        return Outcome(kind=OutcomeKind.MOVED, detail=reply.message)
    if reply.status == 403 and NO_PERMISSION in reply.message.lower():
        return Outcome(kind=OutcomeKind.REFUSED, detail=permission_hint(reply.message, needed))
    return Outcome(kind=OutcomeKind.REFUSED, detail=reply.message)
