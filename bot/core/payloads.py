"""The shapes of GitHub's webhook payloads, as far as events.py reads them; everything else in them is passed over.

https://docs.github.com/en/webhooks/webhook-events-and-payloads. Must not conclude anything from a payload.
"""

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

_Id = Annotated[int, Field(gt=0, lt=2**63)]
_Number = Annotated[int, Field(gt=0, lt=2**31)]
# No control characters: git and GitHub have none in names, and PostgreSQL cannot keep a zero.
_SEEN = r"^[^\x00-\x1f\x7f]+$"
_Name = Annotated[str, Field(max_length=512, pattern=_SEEN)]
_Login = Annotated[str, Field(max_length=100, pattern=_SEEN)]
_Branch = Annotated[str, Field(max_length=512, pattern=r"^[^\x00-\x1f\x7f]*$")]  # may be empty: no branch
_NodeId = Annotated[str, Field(max_length=200, pattern=_SEEN)]
_Url = Annotated[str, Field(max_length=2000, pattern=_SEEN)]


def _whole(text: str) -> str:
    """Refuse half of a surrogate pair, which JSON can say and no encoding can: nothing could store it."""
    text.encode()
    return text


_Text = Annotated[str, AfterValidator(_whole)]


class Part(BaseModel):
    """A piece of a payload."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class AccountPart(Part):
    """Who did something."""

    login: _Login
    type: str = "User"


def _or_nobody(value: object, read: ValidatorFunctionWrapHandler) -> AccountPart | None:
    """Who cannot be read is nobody: that costs a look at news that are none, where a refusal would cost the event."""
    try:
        account: AccountPart | None = read(value)
    except ValidationError:
        return None
    return account


class RepositoryPart(Part):
    """The repository it happened in."""

    id: _Id
    full_name: Annotated[str, Field(max_length=200, pattern=r"^[\w.-]{1,100}/[\w.-]{1,100}$")]

    @property
    def pair(self) -> tuple[int, str]:
        """Id and full name."""
        return self.id, self.full_name


class InstallationPart(Part):
    """The App's installation that the delivery is for."""

    id: _Id


class InstalledPart(InstallationPart):
    """The same where it is what the delivery is about: only there GitHub names the account too."""

    account: object


class IssuePart(Part):
    """An issue, or a pull in its shape as an issue."""

    number: _Number
    node_id: _NodeId
    labels: object = ()  # whether there are any is all that counts
    pull_request: dict[str, Any] | None = None  # there = this "issue" is a pull


class CommentPart(Part):
    """A comment on an issue or pull."""

    id: _Id
    node_id: _NodeId
    html_url: _Url
    body: _Text | None = None
    created_at: AwareDatetime
    user: AccountPart | None = None  # None = the account was deleted


class OwnerPart(Part):
    """The repository that a branch of a pull is in."""

    id: int


class HeadPart(Part):
    """The head of a pull."""

    ref: _Name
    repo: OwnerPart | None = None  # None = the fork was deleted


class PullPart(Part):
    """A pull."""

    number: _Number
    head: HeadPart


class PullNumberPart(Part):
    """A pull as check events name it."""

    number: _Number


class AppPart(Part):
    """The App that reports a check."""

    id: _Id


class SuitePart(Part):
    """A check suite."""

    head_branch: _Branch | None = None
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

    action: _Text = ""
    repository: RepositoryPart | None = None
    installation: InstallationPart | None = None
    sender: Annotated[AccountPart | None, WrapValidator(_or_nobody)] = None


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

    sender: AccountPart | None = None  # who pressed a button: a press of somebody unreadable must not pass unseen
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


class MergeGroupPayload(Payload):
    """`merge_group`, which GitHub may send without a repository."""

    merge_group: GroupPart


# An event's name is not signed, its body is. Where a body takes something away, it therefore has to be of a shape that no
# other event has, or an old "deleted" of a comment could be sent again as that of the repository.


class RepositoryItselfPayload(RepositoryPayload):
    """`repository`. Every other event of a repository has something else beside these that it is about."""

    model_config = ConfigDict(extra="forbid")

    changes: object = None
    organization: object = None
    enterprise: object = None


class InstallationPayload(Payload):
    """`installation`."""

    repository: None = None
    repositories_added: None = None
    installation: InstalledPart
    repositories: tuple[RepositoryPart, ...] = ()


class InstallationRepositoriesPayload(Payload):
    """`installation_repositories`."""

    repository: None = None
    installation: InstalledPart
    repositories_added: tuple[RepositoryPart, ...]
    repositories_removed: tuple[RepositoryPart, ...]
