"""The shapes of GitHub's webhook payloads, as far as events.py reads them; everything else in them is passed over.

https://docs.github.com/en/webhooks/webhook-events-and-payloads. Must not conclude anything from a payload.
"""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

_Id = Annotated[int, Field(gt=0, lt=2**63)]
_Number = Annotated[int, Field(gt=0, lt=2**31)]
# No control characters: git and GitHub have none in names, and PostgreSQL cannot keep a zero.
_SEEN = r"^[^\x00-\x1f\x7f]+$"
_Name = Annotated[str, Field(max_length=512, pattern=_SEEN)]
_Login = Annotated[str, Field(max_length=100, pattern=_SEEN)]
_NodeId = Annotated[str, Field(max_length=200, pattern=_SEEN)]
_Url = Annotated[str, Field(max_length=2000, pattern=_SEEN)]
_Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{40,64}$")]


class Part(BaseModel):
    """A piece of a payload."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class AccountPart(Part):
    """Who did something."""

    login: _Login
    type: str = "User"


class RepositoryPart(Part):
    """The repository it happened in."""

    id: _Id
    node_id: _NodeId
    full_name: Annotated[str, Field(max_length=200, pattern=r"^[\w.-]{1,100}/[\w.-]{1,100}$")]

    @property
    def pair(self) -> tuple[int, str]:
        """Id and full name."""
        return self.id, self.full_name


class InstallationPart(Part):
    """The App's installation that the delivery is for."""

    id: _Id


class LabelPart(Part):
    """A label of an issue."""

    name: str


class IssuePart(Part):
    """An issue, or a pull in its shape as an issue."""

    number: _Number
    node_id: _NodeId
    state: str = "open"
    labels: tuple[LabelPart, ...] = ()
    pull_request: dict[str, Any] | None = None  # there = this "issue" is a pull


class CommentPart(Part):
    """A comment on an issue or pull."""

    id: _Id
    node_id: _NodeId
    html_url: _Url
    body: str | None = None
    created_at: AwareDatetime
    user: AccountPart | None = None  # None = the account was deleted


class OwnerPart(Part):
    """The repository that a branch of a pull is in."""

    id: int


class SidePart(Part):
    """One side of a pull: head or base."""

    ref: _Name
    sha: _Hex
    repo: OwnerPart | None = None  # None = the fork was deleted


class PullPart(Part):
    """A pull."""

    number: _Number
    node_id: _NodeId
    state: str = "open"
    head: SidePart
    base: SidePart


class PullNumberPart(Part):
    """A pull as check events name it."""

    number: _Number


class AppPart(Part):
    """The App that reports a check."""

    id: _Id


class SuitePart(Part):
    """A check suite."""

    head_branch: str | None = None
    pull_requests: tuple[PullNumberPart, ...] = ()
    app: AppPart | None = None


class RunPart(Part):
    """A check run."""

    name: str
    external_id: str | None = None
    html_url: _Url | None = None
    check_suite: SuitePart | None = None
    pull_requests: tuple[PullNumberPart, ...] = ()
    app: AppPart | None = None


class ButtonPart(Part):
    """The button that was pressed."""

    identifier: Annotated[str, Field(max_length=20, pattern=_SEEN)]


class Payload(Part):
    """What every event has."""

    action: str = ""
    repository: RepositoryPart | None = None
    installation: InstallationPart | None = None
    sender: AccountPart | None = None


class RepositoryPayload(Payload):
    """An event that belongs to a repository."""

    repository: RepositoryPart


class IssuePayload(RepositoryPayload):
    """`issues`."""

    issue: IssuePart


class CommentPayload(RepositoryPayload):
    """`issue_comment`."""

    issue: IssuePart
    comment: CommentPart


class PullPayload(RepositoryPayload):
    """`pull_request` and `pull_request_review`."""

    pull_request: PullPart


class PushPayload(RepositoryPayload):
    """`push`."""

    ref: _Name


class RefPayload(RepositoryPayload):
    """`create` and `delete`, which name a branch without "refs/heads/"."""

    ref: _Name
    ref_type: str


class CheckRunPayload(RepositoryPayload):
    """`check_run`."""

    check_run: RunPart
    requested_action: ButtonPart | None = None


class CheckSuitePayload(RepositoryPayload):
    """`check_suite`."""

    check_suite: SuitePart


class BranchPart(Part):
    """A branch that contains a commit."""

    name: _Name


class StatusPayload(RepositoryPayload):
    """`status`."""

    branches: tuple[BranchPart, ...] = ()


class GroupPart(Part):
    """A merge group."""

    base_ref: _Name


class MergeGroupPayload(RepositoryPayload):
    """`merge_group`."""

    merge_group: GroupPart


class InstallationPayload(Payload):
    """`installation`."""

    installation: InstallationPart
    repositories: tuple[RepositoryPart, ...] = ()


class InstallationRepositoriesPayload(Payload):
    """`installation_repositories`."""

    installation: InstallationPart
    repositories_added: tuple[RepositoryPart, ...] = ()
    repositories_removed: tuple[RepositoryPart, ...] = ()
