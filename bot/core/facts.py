"""What GitHub and the store say at one instant: the only thing that decisions are made from.

Filled by worker/observe.py through the GitHub port. Must not hold anything that was derived (stages, gates)
or wished for (Intent). All times are UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from bot.core.model import Branch, IssueNumber, Key, Login, MergeMethod, NodeId, PullNumber, Role, RunId, Sha


class CheckState(Enum):
    """What a check says about a commit, GitHub's many conclusions folded into three."""

    PENDING = "pending"  # queued, in progress, waiting, or started again
    PASSED = "passed"  # success, neutral or skipped: the three that GitHub lets through
    FAILED = "failed"  # everything else, "stale" included


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """The newest result of one name by one reporter on one commit: a check run or a commit status."""

    name: str
    app_id: int | None  # None = a commit status, which carries no App
    app_name: str  # the App's name, or the status's creator
    state: CheckState
    conclusion: str  # GitHub's own word in lower case: "success", "timed_out", "in_progress"
    url: str
    started_at: datetime | None = None
    completed_at: datetime | None = None
    node_id: NodeId | None = None  # of the check run; None = a commit status
    run: RunId | None = None  # of the check run; None = a commit status
    app_slug: str = ""  # the App's unique name: "github-actions"; "" = a commit status
    suite: NodeId | None = None  # what ran at once with it: a workflow run, where GitHub Actions reports it
    words: str = ""  # of a commit status: its description, as written


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationFacts:
    """A check run's remark on a line of a file, as written but without secrets."""

    path: str
    line: int  # 1-based, its first
    level: str  # "failure", "warning" or "notice"; "" if GitHub says none
    message: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureFacts:
    """What a check run says about how it ended, as its App wrote it but without secrets. All defaults = nothing."""

    title: str = ""
    summary: str = ""  # markdown, up to 65,535 characters, as `text`
    text: str = ""
    annotations: tuple[AnnotationFacts, ...] = ()  # the first 10
    annotation_count: int = 0  # of all of them
    details_url: str = ""  # where its App shows more


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCheck:
    """A check run named `signalbox` that this App put on a commit."""

    node_id: NodeId
    status: str  # "in_progress" or "completed"
    conclusion: str | None
    external_id: str  # see actions.PutCheck
    started_at: datetime | None
    url: str
    title: str = ""  # plain text; read only where merge groups are judged


class ReviewState(Enum):
    """The opinion of a review. Mere comments are no opinion."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFacts:
    """The latest opinion of one person who may write."""

    author: Login
    state: ReviewState
    commit: Sha | None  # the head it was given for
    url: str
    at: datetime | None = None


class PullState(Enum):
    """Open, merged, or closed without being merged: "closed" is never taken for "merged"."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


class Mergeable(Enum):
    """Whether GitHub could merge; UNKNOWN while it computes, and unknown is not yes."""

    YES = "mergeable"
    NO = "conflicting"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullFacts:
    """One pull request, as one GraphQL read shows it."""

    number: PullNumber
    node_id: NodeId
    url: str
    title: str
    body: str
    state: PullState
    draft: bool
    head: Branch
    head_sha: Sha
    head_message: str  # the head commit's whole message; tells the opening commit from work
    head_at: datetime | None  # committer date of the head
    changed_files: int  # how many files differ from the base
    base: Branch
    author: Login
    created_at: datetime
    mergeable: Mergeable
    labels: Mapping[str, NodeId] = field(default_factory=dict)
    checks: tuple[CheckFacts, ...] = ()  # of the head, without our own
    checks_complete: bool = True  # False = GitHub listed more checks than we read
    own_checks: tuple[OwnCheck, ...] = ()  # newest first
    reviews: tuple[ReviewFacts, ...] = ()
    trial_tree: Sha | None = None  # tree of GitHub's trial merge; None = GitHub shows none
    trial_parents: tuple[Sha, ...] = ()  # what that merge was made of: base, head
    merge_sha: Sha | None = None
    merged_at: datetime | None = None
    merged_by: Login | None = None
    closed_at: datetime | None = None
    queued: int | None = None  # its position in GitHub's merge queue, from 1; None = it is in none
    queue_required: bool = False  # GitHub merges into its base by the base's merge queue only


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """One pull in GitHub's merge queue, and the merge group that GitHub made of it and of everything ahead of it."""

    position: int  # from 1
    pull: PullNumber
    url: str
    head: Sha  # of the pull
    own: OwnCheck | None  # our newest run on that head
    group: Sha | None  # head of its merge group; None = not built yet
    shown: OwnCheck | None = None  # our newest run on the group's head


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchFacts:
    """A branch's tip."""

    name: Branch
    sha: Sha
    message: str  # the tip's whole message
    ahead: int | None = None  # commits that the base has not; None = not asked for
    behind: int | None = None  # commits of the base that it has not; None = not asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkstreamFacts:
    """What exists on GitHub for one workstream's branch name. Pulls are newest first, from this repository only."""

    branch: BranchFacts | None = None
    pulls: tuple[PullFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueFacts:
    """The plan's issue."""

    number: IssueNumber
    node_id: NodeId
    url: str
    title: str
    body: str
    open: bool
    labels: tuple[str, ...]
    author: Login
    edited_at: datetime | None = None
    editor: Login | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What stands in a comment's hidden line, as found: see seal.py."""

    payload: str = field(repr=False)  # base64
    code: str  # 64 hex digits


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnComment:
    """A comment that this App wrote. `digest` is read from its hidden marker, "" if it carries none."""

    node_id: NodeId
    url: str
    digest: str
    sealed: Sealed | None = None  # what it keeps for the case that the database is lost; None = nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredCheck:
    """A check that the base's branch rules ask for. app_id None = any reporter will do."""

    name: str
    app_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitFacts:
    """A commit of the base and what checks say about it."""

    sha: Sha
    tree: Sha
    parents: tuple[Sha, ...]
    checks: tuple[CheckFacts, ...] = ()  # without our own
    checks_complete: bool = True  # False = GitHub listed more checks than we read


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One move of the base along its first parents."""

    sha: Sha
    tree: Sha
    before: Sha  # its first parent
    tree_before: Sha
    headline: str
    author: str  # login, else the name in the commit
    at: datetime | None
    pulls: tuple[PullNumber, ...] = ()  # merged pulls that brought it


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Somebody's order that nothing merges into a base, or a plan's config that says so while it verifies."""

    issue: IssueNumber
    words: str  # why, one safe markdown sentence without a full stop
    outside: bool  # it also stops pulls that belong to no plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A plan that would merge into the base, and since when."""

    issue: IssueNumber
    key: Key  # its first workstream that may merge
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainFacts:
    """Who has the turn on the base: one plan at a time, from a merge until the base is verified."""

    holder: IssueNumber | None = None
    doing: str = ""  # what the holder does, one safe markdown sentence without a full stop
    since: datetime | None = None
    waiting: tuple[Waiting, ...] = ()  # all plans that wait, this one too, longest waiting first
    frozen: tuple[Freeze, ...] = ()  # by other plans


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseFacts:
    """The branch the plan merges into. sha None = it does not exist."""

    name: Branch
    sha: Sha | None
    tree: Sha | None = None
    required_checks: tuple[RequiredCheck, ...] = ()
    merge_queue: bool = False  # a rule has it merged into by GitHub's merge queue only


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryFacts:
    """The repository as the read found it."""

    id: int
    node_id: NodeId
    full_name: str  # "owner/name"
    url: str
    default_branch: Branch
    archived: bool
    merge_methods: frozenset[MergeMethod]
    labels: Mapping[str, NodeId]  # those that begin with "signalbox:"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFacts:
    """One slash command that waits for its answer, with its author's role as it is now."""

    id: int  # the store's number, rising with arrival
    verb: str  # lower case, as typed: may be unknown
    words: tuple[str, ...]  # what stands behind the verb, split at white space
    text: str  # the whole line as typed, at most 500 characters
    author: Login
    author_is_bot: bool
    role: Role
    pull: PullNumber | None  # the pull it was written on; None = on the plan's issue
    subject: NodeId  # the issue or pull that a reply goes to
    comment: NodeId | None  # what gets the reaction; None = a pressed button
    comment_url: str
    at: datetime
    serial: int = 0  # GitHub's number of the comment, which rises with time; 0 = a button
    source: str = ""  # see store/commands.py
    mark: str = ""  # of a button: that of its check, see memory.Restored; "" = it has none
    delivery: str = ""  # GUID of the delivery that brought it; "" = not known
    answer: "Answer | None" = None  # already decided in an earlier turn, not yet shown


class Verdict(Enum):
    """How a command ended."""

    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command's author is told: a reaction always, a reply if there is something to say."""

    verdict: Verdict
    reply: str = ""  # markdown without the marker; "" = the reaction says it all
    courtesy: bool = False  # to somebody who may not write: shown after all that the plan itself needs


class AuditKind(Enum):
    """What an entry of the audit trail tells of."""

    COMMAND = "command"  # somebody asked for something
    ACTION = "action"  # Signalbox changed something on GitHub, or tried to
    PLAN = "plan"  # the plan ended


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry of a plan's audit trail. All texts are plain, as somebody wrote them: unsafe as markdown."""

    at: datetime  # UTC; of a command: when it was given
    kind: AuditKind
    actor: str  # login; "" = Signalbox by itself
    what: str  # the command as typed, or what was done: "merge W1 (#12)"
    why: str = ""  # of a command: its author's role
    sha: Sha | None = None  # the commit that it was judged by or is about
    outcome: str | None = None  # a Verdict's or an OutcomeKind's word; None = nobody noted how it ended
    detail: str = ""  # the answer, or GitHub's words
    result: str = ""  # node id or sha of what came of it
    source: str = ""  # of a command: see CommandFacts
    delivery: str = ""  # of a command: GUID of the delivery that brought it
    turn: str = ""  # id of the turn that decided it, as in the log; filled in by the store


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """When a value was first seen: the memory behind every "since". `value` is compared, never shown."""

    value: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything one turn may know."""

    now: datetime  # when the turn began: what is waited for has been for so long at least
    app_id: int
    repository: RepositoryFacts
    issue: IssueFacts
    base: BaseFacts
    config_source: str | None  # text of .github/signalbox.yml on the base; None = no such file
    tags: Mapping[str, Sha]  # those below "signalbox/<issue>/", by full tag name
    workstreams: Mapping[Key, WorkstreamFacts]
    comment: OwnComment | None  # the status comment
    course: tuple[Step, ...] | None = ()  # moves of the base since Memory.tip, oldest first; None = it is not in there
    commits: Mapping[Sha, CommitFacts] = field(default_factory=dict)  # those that ledger.watched asked for
    rollback: WorkstreamFacts | None = None  # branch and pulls of the last rollback
    failures: Mapping[NodeId, FailureFacts] = field(default_factory=dict)  # those that failures.unexplained asked for
    train: TrainFacts = field(default_factory=TrainFacts)
    commands: tuple[CommandFacts, ...] = ()  # in the order of arrival
    trail: tuple[AuditEntry, ...] = ()  # of the audit trail, newest first; read only where a command asks for it
    answered: Mapping[Login, int] = field(default_factory=dict)  # commands, of who waits: see commands/bounds.py
    reading: timedelta = timedelta(0)  # from `now` until the read of the plan had ended, by GitHub's clock

    @property
    def read_at(self) -> datetime:
        """When the read had ended, by GitHub's clock as the times of comments: what it first shows may be as new as that."""
        return self.now + self.reading
