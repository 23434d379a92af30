"""Core actions as batches of GraphQL mutations, in their order; what comes back is read by outcomes.py.

Must not send anything or drop an action. All values go through variables. The mutations of one request run one after
the other, so that a branch that the first creates can be committed to by the next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    PostComment,
    PutCheck,
    React,
    RemoveLabels,
    ReopenPull,
    UpdateBranch,
)
from bot.core.model import OWN_CHECK, NodeId

NO_COMMIT = "0" * 40  # as "before": the ref must not exist; as "after": delete it

# GitHub gives up on heavier requests ("Resource limits for this query exceeded"): five pulls, ten check runs or label
# changes, or twenty of the rest fill a request. https://github.com/Skydio/revup/issues/271
CAPACITY = 20
WEIGHTS: Mapping[type[Mutation], int] = {
    OpenPull: 4,
    ReopenPull: 4,
    ClosePull: 4,
    EnqueuePull: 4,
    UpdateBranch: 4,
    PutCheck: 2,
    CreateLabel: 2,
    AddLabels: 2,
    RemoveLabels: 2,
}
# These notify people; GitHub limits them by the minute however they are bundled, so each takes a place in the pacing.
NOTIFYING = (OpenPull, PostComment)


@dataclass(frozen=True, slots=True)
class Field:
    """One mutation: its name, the type of its input, the input, what to select, and where the result's id is."""

    name: str
    input_type: str
    values: Mapping[str, Any]
    selection: str = "clientMutationId"
    result: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One request: the actions it carries, alias `a<n>` for the n-th."""

    actions: tuple[Mutation, ...]
    fields: tuple[Field, ...]
    document: str
    variables: dict[str, Any]
    weight: int  # places in the pacing


def batches(actions: Sequence[Mutation]) -> list[tuple[Mutation, ...]]:
    """Cut the actions into requests without changing their order."""
    groups: list[list[Mutation]] = []
    room = 0
    for action in actions:
        weight = WEIGHTS.get(type(action), 1)
        if not groups or weight > room:
            groups.append([])
            room = CAPACITY
        groups[-1].append(action)
        room -= weight
    return [tuple(group) for group in groups]


def batch(actions: Sequence[Mutation], repository: NodeId, full_name: str) -> Batch:
    """Write one request for some actions on a repository."""
    fields = tuple(_field(action, repository, full_name) for action in actions)
    declared = ", ".join(f"$i{number}: {field.input_type}!" for number, field in enumerate(fields))
    body = "\n".join(
        f"  a{number}: {field.name}(input: $i{number}) {{ {field.selection} }}" for number, field in enumerate(fields)
    )
    return Batch(
        actions=tuple(actions),
        fields=fields,
        document=f"mutation Apply({declared}) {{\n{body}\n}}",
        variables={f"i{number}": dict(field.values) for number, field in enumerate(fields)},
        weight=max(1, sum(isinstance(action, NOTIFYING) for action in actions)),
    )


def _field(action: Mutation, repository: NodeId, full_name: str) -> Field:
    match action:
        case CreateRefs() | DeleteBranch() | EmptyCommit():
            return _git_field(action, repository, full_name)
        case OpenPull() | ReopenPull() | ClosePull() | MarkReady() | UpdateBranch() | EnqueuePull():
            return _pull_field(action, repository)
        case CreateLabel() | AddLabels() | RemoveLabels():
            return _label_field(action, repository)
        case PutCheck():
            return _check_field(action, repository)
        case PostComment() | EditComment() | React():
            return _comment_field(action)
        case _:
            assert_never(action)


def _git_field(action: CreateRefs | DeleteBranch | EmptyCommit, repository: NodeId, full_name: str) -> Field:
    if isinstance(action, EmptyCommit):
        # Without file changes GitHub makes an empty commit, signed by itself.
        # https://github.com/grafana/github-api-commit-action/pull/137
        values = {
            "branch": {"repositoryNameWithOwner": full_name, "branchName": action.branch},
            "expectedHeadOid": action.expected,
            "message": {"headline": action.headline, "body": action.body},
            "fileChanges": {},
        }
        result = ("commit", "oid")
        return Field("createCommitOnBranch", "CreateCommitOnBranchInput", values, "commit { oid }", result)
    if isinstance(action, CreateRefs):
        updates = [{"name": name, "beforeOid": NO_COMMIT, "afterOid": sha} for name, sha in action.refs]
    else:
        name = f"refs/heads/{action.branch}"
        updates = [{"name": name, "beforeOid": action.expected, "afterOid": NO_COMMIT}]
    return Field("updateRefs", "UpdateRefsInput", {"repositoryId": repository, "refUpdates": updates})


def _pull_field(
    action: OpenPull | ReopenPull | ClosePull | MarkReady | UpdateBranch | EnqueuePull, repository: NodeId
) -> Field:
    selection, result = "pullRequest { id }", ("pullRequest", "id")
    if isinstance(action, OpenPull):
        values: dict[str, Any] = {
            "repositoryId": repository,
            "headRefName": action.head,
            "baseRefName": action.base,
            "title": action.title,
            "body": action.body,
            "draft": action.draft,
        }
        return Field("createPullRequest", "CreatePullRequestInput", values, selection, result)
    of_pull = {"pullRequestId": action.pull}
    if isinstance(action, ReopenPull):
        return Field("reopenPullRequest", "ReopenPullRequestInput", of_pull, selection, result)
    if isinstance(action, ClosePull):
        return Field("closePullRequest", "ClosePullRequestInput", of_pull, selection, result)
    if isinstance(action, UpdateBranch):
        # GitHub does it after it has answered, so that the answer cannot tell the new head.
        method = "REBASE" if action.rebase else "MERGE"
        values = {**of_pull, "expectedHeadOid": action.expected, "updateMethod": method}
        return Field("updatePullRequestBranch", "UpdatePullRequestBranchInput", values)
    if isinstance(action, EnqueuePull):
        values = {**of_pull, "expectedHeadOid": action.expected}
        return Field("enqueuePullRequest", "EnqueuePullRequestInput", values)
    return Field("markPullRequestReadyForReview", "MarkPullRequestReadyForReviewInput", of_pull, selection, result)


def _label_field(action: CreateLabel | AddLabels | RemoveLabels, repository: NodeId) -> Field:
    if isinstance(action, CreateLabel):
        values = {
            "repositoryId": repository,
            "name": action.name,
            "color": action.color,
            "description": action.description,
        }
        return Field("createLabel", "CreateLabelInput", values, "label { id }", ("label", "id"))
    of_subject = {"labelableId": action.subject, "labelIds": list(action.labels)}
    if isinstance(action, AddLabels):
        return Field("addLabelsToLabelable", "AddLabelsToLabelableInput", of_subject)
    return Field("removeLabelsFromLabelable", "RemoveLabelsFromLabelableInput", of_subject)


def _check_field(action: PutCheck, repository: NodeId) -> Field:
    values: dict[str, Any] = {
        "repositoryId": repository,
        "name": OWN_CHECK,
        "status": action.status.upper(),
        "externalId": action.external_id,
        "output": {"title": action.title, "summary": action.summary},
        # An empty list takes away the buttons of an earlier state.
        "actions": [
            {"label": button.label, "description": button.description, "identifier": button.identifier}
            for button in action.buttons
        ],
    }
    if action.details_url:
        values["detailsUrl"] = action.details_url
    if action.conclusion is not None:
        values["conclusion"] = action.conclusion.upper()
    selection, result = "checkRun { id }", ("checkRun", "id")
    if action.run is None:
        return Field("createCheckRun", "CreateCheckRunInput", {**values, "headSha": action.head_sha}, selection, result)
    return Field("updateCheckRun", "UpdateCheckRunInput", {**values, "checkRunId": action.run}, selection, result)


def _comment_field(action: PostComment | EditComment | React) -> Field:
    if isinstance(action, PostComment):
        values = {"subjectId": action.subject, "body": action.body}
        result = ("commentEdge", "node", "id")
        return Field("addComment", "AddCommentInput", values, "commentEdge { node { id } }", result)
    if isinstance(action, EditComment):
        values = {"id": action.comment, "body": action.body}
        return Field("updateIssueComment", "UpdateIssueCommentInput", values, "issueComment { id }")
    return Field("addReaction", "AddReactionInput", {"subjectId": action.subject, "content": action.content})
