"""What a plan is and what people asked of it: the nouns that every other module speaks in.

Must not know GitHub's answers (facts.py) or what to do about them (decide.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NewType

Sha = NewType("Sha", str)  # 40 lower-case hex digits
Key = NewType("Key", str)  # a workstream's key as the plan writes it: "W1", "Agent A", "P2A.1"
Branch = NewType("Branch", str)  # a branch name without "refs/heads/"
PullNumber = NewType("PullNumber", int)
IssueNumber = NewType("IssueNumber", int)
NodeId = NewType("NodeId", str)  # GitHub's opaque GraphQL id
RunId = NewType("RunId", int)  # GitHub's number of a check run; that of a job of GitHub Actions is the same
Login = NewType("Login", str)
Revision = NewType("Revision", str)  # SHA-256 of a plan issue's whole body, hex

OWN_CHECK = "signalbox"  # the name of our check run; branch rules require it and pin it to this App
LABEL_PREFIX = "signalbox:"  # of the labels that stand for stages
CONFIG_PATH = ".github/signalbox.yml"  # on the base branch


class Severity(Enum):
    """How much a problem in a plan weighs."""

    ERROR = "error"  # blocks a start
    WARNING = "warning"  # doubtful: shown, does not block
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something about a plan or a config that its author should look at."""

    line: int  # 1-based line of the text it is about; 0 = the text as a whole
    severity: Severity
    code: str  # stable, lower case with dashes: "cycle", "unknown-need"
    message: str  # one plain sentence: what is wrong
    hint: str  # one plain sentence: what to do about it


class Sureness(Enum):
    """How plainly the text says what was understood."""

    STATED = "stated"  # a field, heading, row or list entry made for it says so
    DERIVED = "derived"  # prose, a drawing, a group or another place of the text says so
    GUESSED = "guessed"  # only form or position suggest it


class Aspect(Enum):
    """What of a workstream an origin is about."""

    WORKSTREAM = "workstream"  # that it is one, and its title
    BRANCH = "branch"
    FILE = "file"
    NEED = "need"
    ORDER = "order"  # its place in the stated merge order


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Why a plan was understood as it was: one thing, the line that says it, and how plainly."""

    kind: Aspect
    of: Key  # the workstream it is about
    what: str  # its title, branch, one path, the key it needs, or the number of its wave from 1
    line: int  # 1-based
    sure: Sureness


@dataclass(frozen=True, slots=True, kw_only=True)
class Workstream:
    """One unit of a plan: it gets one branch and one pull request."""

    key: Key
    title: str
    line: int  # 1-based line where the plan introduces it
    branch: Branch | None = None  # as the plan names it; None = named by Signalbox (see `branch_of`)
    files: tuple[str, ...] = ()  # owned paths and globs, relative to the repository's root
    needs: tuple[Key, ...] = ()  # workstreams that it states it depends on, in plan order, without itself
    scope: tuple[str, ...] = ()  # what to do, one entry per item, markdown inline text
    out_of_scope: tuple[str, ...] = ()
    acceptance: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()  # shell commands
    ticked: bool = False  # its checkbox in the plan is ticked


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan as it was read: workstreams in the order of the text, and every problem found on the way.

    `merge_order` is the order that the plan states beyond the needs, as waves: everything of one wave
    lands before anything of the next. None = the plan states none. A workstream may be missing from it.
    """

    title: str
    base: Branch | None  # the branch the plan names to merge into; None = the repository's default branch
    workstreams: tuple[Workstream, ...]
    merge_order: tuple[tuple[Key, ...], ...] | None
    problems: tuple[Problem, ...]
    origins: tuple[Origin, ...] = field(default=(), compare=False)  # a plan that moved down a line is the same plan

    def workstream(self, key: Key) -> Workstream | None:
        """Return the workstream of that key, None if the plan has none."""
        return next((each for each in self.workstreams if each.key == key), None)

    def prerequisites(self, key: Key) -> tuple[Key, ...]:
        """Return what must be DONE before `key` may merge, in plan order: its own needs and the wave before its own."""
        stream = self.workstream(key)
        if stream is None:
            return ()
        wanted = set(stream.needs)
        for before, wave in zip(self.merge_order or (), (self.merge_order or ())[1:], strict=False):
            if key in wave:
                wanted.update(before)
        return tuple(each.key for each in self.workstreams if each.key in wanted and each.key != key)

    @property
    def blocking(self) -> tuple[Problem, ...]:
        """The problems that forbid a start."""
        return tuple(each for each in self.problems if each.severity is Severity.ERROR)


class Stage(Enum):
    """Where a workstream is; derived from facts in every turn, never stored as truth."""

    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled-back"
    DONE = "done"
    VERIFYING = "verifying"
    FAILED = "failed"
    HELD = "held"
    NEEDS_QA = "needs-qa"
    QUEUED = "queued"
    MERGEABLE = "mergeable"
    RUNNING = "running"
    READY = "ready"
    WAITING = "waiting"

    @property
    def label(self) -> str:
        """The label that stands for it on the pull request."""
        return f"{LABEL_PREFIX}{self.value}"


class PlanState(Enum):
    """Where a plan as a whole is."""

    PREVIEW = "preview"  # read and shown; nobody has started it
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Role(Enum):
    """What a person may do in a repository, as `role_name` of the permission endpoint says, weakest first."""

    NONE = 0
    READ = 1
    TRIAGE = 2
    WRITE = 3
    MAINTAIN = 4
    ADMIN = 5

    def allows(self, needed: "Role") -> bool:
        """Say whether this role is at least `needed`."""
        return self.value >= needed.value


class Mode(Enum):
    """Who presses the button when a pull may merge."""

    AUTO = "auto"  # Signalbox merges
    MANUAL = "manual"  # Signalbox only opens the check


class MergeMethod(Enum):
    """How a pull lands on its base."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"


class OnRed(Enum):
    """What happens when a merge breaks the base."""

    ROLLBACK_PULL = "rollback_pull"  # a rollback is prepared as a pull request; people merge it
    ROLLBACK = "rollback"  # the same, and Signalbox merges it when its gates pass
    HOLD = "hold"  # nothing merges until somebody decides


class Update(Enum):
    """Whether Signalbox brings a pull's branch up to the base."""

    NEVER = "never"
    BEFORE_MERGE = "before_merge"  # when everything else passes
    ALWAYS_CURRENT = "always_current"  # whenever the base moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Somebody's standing order: who gave it, when, and the words they gave with it."""

    by: Login
    at: datetime  # UTC
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The revision that is in force, who put it there, and the base it started from."""

    by: Login
    at: datetime  # UTC
    revision: Revision
    base: Branch
    base_sha: Sha
    branch_prefix: str = "signalbox/"  # as the config had it then: branches keep their names when it changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """An edit of a running plan that somebody put into force; `Start.revision` is then that of the new text."""

    by: Login
    at: datetime  # UTC
    base_sha: Sha  # tip of the base then: the branches of what the edit added begin there


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A workstream that an accepted edit left out. It stays in sight until somebody skips it or writes it in again."""

    title: str
    by: Login
    at: datetime  # UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """An approval given by command. It counts for that head only."""

    by: Login
    at: datetime  # UTC
    head: Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """A wish to try a failed workstream again; it came true once the pull is no longer as it says here."""

    head: Sha  # the head that failed
    reopen: bool  # True = the pull was closed: reopen it. False = its checks failed: run them again on a new head


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A rolled back workstream that is to land again, on a new branch that brings its change anew."""

    by: Login
    at: datetime  # UTC
    attempt: int  # 2 = the first time again
    onto: Sha  # tip of the base that the new branch begins on
    before: Sha  # the change to bring anew: from this commit of the base ...
    landed: Sha  # ... to this one
    tree: Sha  # of `landed`
    failure: str  # what went wrong, one safe markdown sentence
    unclean: tuple[str, ...] = ()  # paths on which bringing it anew conflicts: the branch begins empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What commands asked for, folded. Levels, not events: repeating a command changes nothing."""

    start: Start | None = None
    accepted: Acceptance | None = None  # the last one
    joined: Mapping[Key, Acceptance] = field(default_factory=dict)  # what came in after the start, and with which edit
    pinned: Mapping[Key, Branch] = field(default_factory=dict)  # branches that no later text can rename
    removed: Mapping[Key, Removal] = field(default_factory=dict)
    paused: Order | None = None
    cancelled: Order | None = None
    held: Mapping[Key, Order] = field(default_factory=dict)
    skipped: Mapping[Key, Order] = field(default_factory=dict)
    handed_in: Mapping[Key, Order] = field(default_factory=dict)  # `ready`: make it ready for review
    approvals: Mapping[Key, tuple[Approval, ...]] = field(default_factory=dict)
    retries: Mapping[Key, Retry] = field(default_factory=dict)
    again: Mapping[Key, Again] = field(default_factory=dict)
    frozen: Order | None = None  # nothing merges into the base until somebody lifts it
    allowed: Mapping[str, Order] = field(default_factory=dict)  # sha of a landing -> who takes the base as good with it
    merges: Mapping[Key, Order] = field(default_factory=dict)  # `merge`: merge it when it may, in whatever mode
    updates: Mapping[Key, Sha] = field(default_factory=dict)  # `update`: bring this head up to the base


def branch_of(stream: Workstream, prefix: str) -> Branch:
    """Return the branch a workstream lives on: as the plan names it, else made of prefix, key and title."""
    if stream.branch is not None:
        return stream.branch
    words = f"{stream.key} {stream.title}".lower()
    slug = "-".join("".join(char if char.isascii() and char.isalnum() else " " for char in words).split())
    return Branch(f"{prefix}{slug[:60].rstrip('-')}")
