"""The things that GitHub stores, as plain records that refer to each other by id; no look-ups, no rules, no I/O.

All ids come from one counter of the world, so an id names one thing whatever its kind. Times are UTC, to the second.
"""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

Json = dict[str, Any]

Role = Literal["none", "read", "triage", "write", "maintain", "admin"]
ROLES: tuple[Role, ...] = ("none", "read", "triage", "write", "maintain", "admin")
NO_SHA = "0" * 40


def encode_node_id(kind: str, *parts: int | str) -> str:
    """Return an opaque global id such as `PR_NDI`; `kind` is the prefix that GitHub uses for the type."""
    raw = ":".join(str(part) for part in parts).encode()
    return f"{kind}_{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"


def decode_node_id(node_id: str) -> tuple[str, list[str]] | None:
    """Return the kind and the parts that `encode_node_id` was given, or None for anything else."""
    kind, _, text = node_id.partition("_")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return (kind, raw.split(":")) if kind and raw else None


class Noded:
    """Gives a record with an `id` its global node id."""

    kind: ClassVar[str]
    id: int

    @property
    def node_id(self) -> str:
        """The global id, as in REST's `node_id` and GraphQL's `id`."""
        return encode_node_id(self.kind, self.id)


@dataclass
class User(Noded):
    """A person, a bot of an App, or an organization."""

    kind = "U"
    id: int
    login: str
    type: Literal["User", "Bot", "Organization"] = "User"
    name: str | None = None
    created_at: datetime | None = None

    @property
    def email(self) -> str:
        """The no-reply address that GitHub writes into commits made on the web."""
        return f"{self.id}+{self.login}@users.noreply.github.com"


@dataclass
class App(Noded):
    """A GitHub App; its private key is a file in the data folder, only the public half is kept here."""

    kind = "A"
    id: int
    slug: str
    name: str
    owner_id: int
    bot_id: int
    client_id: str
    public_key: str
    webhook_secret: str
    hook_id: int
    created_at: datetime
    hook_url: str | None = None
    older_keys: list[str] = field(default_factory=list)  # public halves of keys that still count beside `public_key`
    permissions: dict[str, str] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    description: str = ""


@dataclass
class Installation(Noded):
    """An App on an account; with `repository_ids` None it sees all of the account's repositories."""

    kind = "MDI"
    id: int
    app_id: int
    account_id: int
    permissions: dict[str, str]
    events: list[str]
    created_at: datetime
    repository_ids: list[int] | None = None
    suspended_at: datetime | None = None
    suspended_by_id: int | None = None


@dataclass
class Token:
    """A secret and whom it stands for: a person (`user_id`) or an installation with a subset of its rights."""

    token: str
    user_id: int | None = None
    installation_id: int | None = None
    permissions: dict[str, str] = field(default_factory=dict)
    repository_ids: list[int] | None = None  # None: every repository of the installation
    expires_at: datetime | None = None  # None: never


@dataclass
class Repository(Noded):
    """A repository's settings and people; its objects and refs are in a bare git repository beside."""

    kind = "R"
    id: int
    owner_id: int
    name: str
    created_at: datetime
    updated_at: datetime
    pushed_at: datetime
    description: str | None = None
    private: bool = False
    archived: bool = False
    default_branch: str = "main"
    allow_merge_commit: bool = True
    allow_squash_merge: bool = True
    allow_rebase_merge: bool = True
    allow_auto_merge: bool = False
    allow_update_branch: bool = False
    delete_branch_on_merge: bool = False
    collaborators: dict[int, Role] = field(default_factory=dict)  # user id -> role
    former_names: list[str] = field(
        default_factory=list
    )  # `owner/name` in lower case, redirected until somebody takes one
    last_number: int = 0  # issues and pulls share one number space
    parent_id: int | None = None  # the repository that it is a fork of
    merged_pulls: list[int] = field(default_factory=list)  # pull numbers in the order in which they were merged


@dataclass
class Label(Noded):
    """A label of a repository; issues and pulls refer to it by id, so a rename shows everywhere."""

    kind = "LA"
    id: int
    repository_id: int
    name: str
    color: str = "ededed"
    description: str | None = None
    default: bool = False


@dataclass
class Issue(Noded):
    """An issue, and the half of a pull that is one: title, body, state, labels, people."""

    kind = "I"
    id: int
    repository_id: int
    number: int
    title: str
    author_id: int
    created_at: datetime
    updated_at: datetime
    body: str | None = None
    state: Literal["open", "closed"] = "open"
    state_reason: str | None = None
    label_ids: list[int] = field(default_factory=list)
    assignee_ids: list[int] = field(default_factory=list)
    closed_at: datetime | None = None
    closed_by_id: int | None = None
    app_id: int | None = None  # the App it was made through
    last_edited_at: datetime | None = None
    editor_id: int | None = None


@dataclass
class Pull(Issue):
    """A pull request. `id` is the pull's; `issue_id` is the id that GitHub's issue endpoints show for it."""

    kind = "PR"
    issue_id: int = 0
    head_ref: str = ""
    head_sha: str = ""
    head_repository_id: int | None = (
        None  # the fork that the head branch is in; None: it is in the pull's own repository
    )
    base_ref: str = ""
    base_sha: str = ""  # the base branch's tip when the head or the base was last set
    draft: bool = False
    merged: bool = False
    merged_at: datetime | None = None
    merged_by_id: int | None = None
    merge_commit_sha: str | None = None
    maintainer_can_modify: bool = False
    requested_reviewer_ids: list[int] = field(default_factory=list)
    stack: Json | None = None  # of a native stack, as REST shows it; None: it is in none


@dataclass
class Comment(Noded):
    """A comment on an issue or pull; `thread_id` is the `id` of that Issue or Pull."""

    kind = "IC"
    id: int
    repository_id: int
    thread_id: int
    author_id: int
    body: str
    created_at: datetime
    updated_at: datetime
    app_id: int | None = None
    editor_id: int | None = None
    last_edited_at: datetime | None = None
    minimized_reason: str | None = None


@dataclass
class Reaction(Noded):
    """One person's reaction to an Issue, Pull or Comment (`subject_id`); `content` as in REST: `+1`, `eyes`, ..."""

    kind = "REA"
    id: int
    subject_id: int
    user_id: int
    content: str
    created_at: datetime


@dataclass
class Review(Noded):
    """A submitted review of a pull at one commit."""

    kind = "PRR"
    id: int
    pull_id: int
    author_id: int
    state: Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"]
    body: str
    commit_sha: str
    submitted_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class RequiredCheck:
    """A check that must pass; with `app_id` None anybody's check or status of that name counts."""

    context: str
    app_id: int | None = None


@dataclass
class BranchRule(Noded):
    """Classic branch protection of one branch (`pattern` is its name)."""

    kind = "BPR"
    id: int
    repository_id: int
    pattern: str
    requires_checks: bool = False
    checks: list[RequiredCheck] = field(default_factory=list)
    strict: bool = False
    requires_reviews: bool = False
    approvals: int = 0
    dismiss_stale_reviews: bool = False
    enforce_admins: bool = False
    allow_force_pushes: bool = False
    allow_deletions: bool = False
    required_linear_history: bool = False


@dataclass
class Ruleset(Noded):
    """A ruleset as GitHub's REST takes it: `rules`, `conditions` and `bypass_actors` keep their JSON form."""

    kind = "RRS"
    id: int
    repository_id: int
    name: str
    created_at: datetime
    updated_at: datetime
    target: str = "branch"
    enforcement: str = "active"
    rules: list[Json] = field(default_factory=list)
    conditions: Json = field(default_factory=dict)
    bypass_actors: list[Json] = field(default_factory=list)


@dataclass
class QueueEntry(Noded):
    """A pull in the merge queue of its base; with its group once that is built. The queue's order is the table's."""

    kind = "MQE"
    id: int
    repository_id: int
    base_ref: str
    pull_id: int
    enqueuer_id: int
    enqueued_at: datetime
    head_sha: str  # the pull's head when it was enqueued
    jump: bool = False
    base_sha: str | None = None  # what its group is built on: the group before it, or the base's tip
    group_sha: str | None = None  # the group's head; None: not built
    requested_at: datetime | None = None  # when checks were asked for on `group_sha`

    @property
    def state(self) -> str:
        """The entry's state as in GraphQL; whether its checks pass is looked at when the queue goes on."""
        return "AWAITING_CHECKS" if self.group_sha else "QUEUED"


@dataclass
class Delivery:
    """One webhook as sent (or lost); a redelivery is a new record with the same `guid`."""

    id: int
    guid: str
    app_id: int
    installation_id: int | None
    repository_id: int | None
    event: str
    action: str | None
    payload: Json
    created_at: datetime
    url: str = ""
    redelivery: bool = False
    delivered_at: datetime | None = None  # None: still pending
    duration: float = 0.0  # seconds
    status: str = "pending"
    status_code: int = 0
    request_headers: dict[str, str] = field(default_factory=dict)
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""

    @property
    def acknowledged(self) -> bool:
        """Whether the App has answered that it has it."""
        return 200 <= self.status_code < 300


@dataclass(frozen=True)
class MergeState:
    """Whether a pull can be merged: `mergeable` None while unknown, `state` as REST's `mergeable_state`."""

    mergeable: bool | None
    state: str


MERGE_STATE_UNKNOWN = MergeState(None, "unknown")
