"""The port: what Signalbox asks of GitHub, in GitHub's words, as core types.

Implemented by client.py and by nothing else in `bot`. Reads raise ReadFailed (or NotInstalled, NotFound) and never
return half of what was asked; writes return an Outcome for each action and never retry by themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.core.actions import BuildBranch, MergePull, Mutation, Outcome, RerunJob, StartWorkflow, TryMerge
from bot.core.examination import Examination
from bot.core.facts import (
    BaseFacts,
    CommitFacts,
    FailureFacts,
    IssueFacts,
    OwnCheck,
    OwnComment,
    QueueEntry,
    RepositoryFacts,
    Step,
    WorkstreamFacts,
)
from bot.core.model import Branch, IssueNumber, Login, NodeId, PullNumber, Role, Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryRef:
    """Which repository, seen through which installation."""

    installation_id: int
    full_name: str  # "owner/name"
    repository_id: int | None = None  # stays when the name changes; None = only the name is known
    node_id: NodeId | None = None  # GraphQL mutations need it; None until a read has shown it


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanQuestion:
    """What one plan read asks for."""

    issue: IssueNumber
    base: Branch | None  # None = the default branch
    branches: tuple[Branch, ...]  # of the workstreams
    comment: NodeId | None  # the status comment, None if not known
    compare_branches: bool  # also count the commits that each branch has and the base has not (before a start)
    commits: tuple[Sha, ...] = ()  # of the base, to be read with their checks


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReading:
    """The answer to a PlanQuestion. `comment` is None also when somebody deleted it."""

    repository: RepositoryFacts
    issue: IssueFacts
    base: BaseFacts
    config_source: str | None
    tags: dict[str, Sha]
    workstreams: dict[Branch, WorkstreamFacts]
    comment: OwnComment | None
    commits: dict[Sha, CommitFacts] = field(default_factory=dict)  # without those that GitHub does not know


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPullReading:
    """An open pull of a repository, as far as the check outside plans needs it."""

    number: PullNumber
    node_id: NodeId
    url: str
    head: Branch
    head_sha: Sha
    base: Branch
    own_checks: tuple[OwnCheck, ...]
    cross_repository: bool
    queued: bool = False  # it is in GitHub's merge queue


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentReading:
    """A comment on an issue or pull."""

    id: int  # rises with time
    node_id: NodeId
    url: str
    body: str
    author: Login
    author_is_bot: bool
    ours: bool  # its author is this App's bot
    at: datetime  # UTC, when it was written
    edited: bool  # its text was changed since
    editor: Login | None  # who changed it last; None = nobody, or GitHub does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationReading:
    """What was said on an issue or pull, oldest first."""

    node_id: NodeId
    comments: tuple[CommentReading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppIdentity:
    """The App as GitHub knows it."""

    id: int
    slug: str  # its bot is "<slug>[bot]"
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedDelivery:
    """A webhook that never reached us, as GitHub's list of deliveries tells."""

    id: int  # of the newest attempt: what is to be sent again
    guid: str  # the same for all attempts
    tried_at: datetime  # UTC, of the newest attempt
    attempts: int  # the first one and those that were asked for, as far back as the list was read


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """All that the App may see, as far as it could be listed; suspended installations are left out."""

    repositories: list[tuple[int, int, str]]  # installation id, repository id, full name
    unread: frozenset[int] = frozenset()  # installations that could not be listed


class GitHub(Protocol):
    """Everything that Signalbox asks of GitHub. Safe for concurrent use."""

    async def read_plan(self, repository: RepositoryRef, question: PlanQuestion) -> PlanReading:
        """Read a plan and all its pulls: one GraphQL request per 20 workstreams, none of it cached.

        Raises ReadFailed on any error or partial answer, NotFound if issue or repository are gone.
        """

    async def commits(self, repository: RepositoryRef, shas: Sequence[Sha]) -> dict[Sha, CommitFacts]:
        """Read commits with their checks, one GraphQL request per 10; those that GitHub does not know are left out."""

    async def every_suite(
        self, repository: RepositoryRef, commits: Mapping[Sha, CommitFacts]
    ) -> dict[Sha, CommitFacts]:
        """Return the commits with the check runs of workflows that were started by hand, too: one request per 5."""

    async def course(self, repository: RepositoryRef, tip: Sha, since: Sha) -> tuple[Step, ...] | None:
        """Return the first-parent history from `since` (left out) to `tip`, oldest first.

        None if `since` is not in it, as far as 1,000 commits go: the branch was rewritten.
        """

    async def failures(self, repository: RepositoryRef, runs: Sequence[NodeId]) -> dict[NodeId, FailureFacts]:
        """Read what check runs say about how they ended, one GraphQL request per 10; an empty one for those that are gone."""

    async def open_pulls(
        self, repository: RepositoryRef, *, first_page_only: bool
    ) -> tuple[NodeId, tuple[OpenPullReading, ...]]:
        """Read the open pulls, last updated first (50 a page), with the repository's node id."""

    async def merge_queue(self, repository: RepositoryRef, base: Branch) -> tuple[QueueEntry, ...]:
        """Read a branch's merge queue, next entry first, one GraphQL request per 50; () where it has none.

        Raises NotInstalled if the App may not read it.
        """

    async def role(self, repository: RepositoryRef, login: Login) -> Role:
        """Return what a person may do, by `role_name`; NONE if GitHub knows no such collaborator."""

    async def find_comment(
        self, repository: RepositoryRef, number: int, journal_key: str, since: datetime
    ) -> NodeId | None:
        """Look for a comment of ours whose marker carries `journal_key`, among those since then. For after a crash."""

    async def conversations(self, repository: RepositoryRef, numbers: Sequence[int]) -> dict[int, ConversationReading]:
        """Read what was said on issues and pulls: one request for 10 of them and one for 100 comments more of one.

        Those that are gone are left out.
        """

    async def wrote(self, repository: RepositoryRef, comment: int) -> bool:
        """Say whether a comment was written through this App, and not only under its name."""

    async def labelled_issues(
        self, repository: RepositoryRef, label: str
    ) -> tuple[str | None, tuple[IssueNumber, ...]]:
        """Return the config on the default branch and the open issues that carry a label, one request for 100."""

    async def issue_body(self, repository: RepositoryRef, number: IssueNumber) -> str:
        """Return the newest body of an issue, not from any cache."""

    async def edit_issue_body(self, repository: RepositoryRef, number: IssueNumber, body: str) -> Outcome:
        """Replace the body of an issue."""

    async def mutate(self, repository: RepositoryRef, actions: Sequence[Mutation]) -> list[Outcome]:
        """Carry out actions of any kinds in as few GraphQL requests as is safe; one Outcome each, in order.

        Actions are independent: one that fails stops none of the others, except that after a request without an
        answer the remaining ones are not tried (LATER).
        """

    async def merge_pull(self, repository: RepositoryRef, action: MergePull) -> Outcome:
        """Merge with the judged head sha. MOVED on 409, LATER on GitHub's transient 405, REFUSED on any other 405."""

    async def build_branch(self, repository: RepositoryRef, action: BuildBranch) -> Outcome:
        """Create a branch as the action says; safe to repeat. See BuildBranch for the outcomes."""

    async def try_merge(self, repository: RepositoryRef, action: TryMerge) -> Outcome:
        """Learn what git's merge makes of two commits. See TryMerge for the outcomes."""

    async def rerun_job(self, repository: RepositoryRef, action: RerunJob) -> Outcome:
        """Run a job of GitHub Actions again. LATER while its workflow run goes on; REFUSED with a phrase that says why."""

    async def start_workflow(self, repository: RepositoryRef, action: StartWorkflow) -> Outcome:
        """Start a workflow on a branch. REFUSED if it is not there, takes no such start, or the App may not."""

    async def examine(self, full_name: str, base: Branch | None) -> Examination:
        """Examine a repository's set-up for the self-check, by seven reads; `base` None = its default branch."""

    def now(self) -> datetime:
        """Return what GitHub's clock shows (UTC), by which its times are to be compared; ours, until an answer told."""

    async def app(self) -> AppIdentity:
        """Return who we are."""

    async def failed_deliveries(self, since: datetime) -> list[FailedDelivery]:
        """List the App's deliveries that failed since then, the one tried longest ago first; some may have come later."""

    async def redeliver(self, delivery_id: int) -> Outcome:
        """Ask GitHub to send a delivery again, under its old GUID."""

    async def installed_repositories(self) -> Installed:
        """List everything that the App may see."""
