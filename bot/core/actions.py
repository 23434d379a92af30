"""What a turn may do to GitHub: data only, one class per kind of write, in GitHub's words.

Every action is safe to repeat (SAFE), guarded by an expected sha (GUARDED), or journalled before it is tried (ONCE).
worker/apply.py carries them out; must not hold a reason or a choice.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import ClassVar

from bot.core.model import Branch, IssueNumber, Key, MergeMethod, NodeId, PullNumber, RunId, Sha


class Replay(Enum):
    """Why doing it twice does no harm."""

    SAFE = "safe"  # named or absolute: the second time changes nothing
    GUARDED = "guarded"  # GitHub compares an expected value and refuses
    ONCE = (
        "once"  # journalled before; after a crash it is looked for before it is tried again, and for a while it is not
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateLabel:
    """Create a repository label. A second one of that name is refused by GitHub."""

    replay: ClassVar[Replay] = Replay.GUARDED
    name: str  # at most 50 characters
    color: str  # 6 hex digits
    description: str  # at most 100 characters


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRefs:
    """Create refs, all or none; each must not exist yet."""

    replay: ClassVar[Replay] = Replay.GUARDED
    refs: tuple[tuple[str, Sha], ...]  # ("refs/heads/x", sha)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteBranch:
    """Delete a branch that Signalbox created, if its tip is still `expected`."""

    replay: ClassVar[Replay] = Replay.GUARDED
    branch: Branch
    expected: Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyCommit:
    """Put a commit without changes on a branch whose tip is `expected`."""

    replay: ClassVar[Replay] = Replay.GUARDED
    branch: Branch
    expected: Sha
    headline: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPull:
    """Open a pull request. GitHub refuses a second one for the same head and base."""

    replay: ClassVar[Replay] = Replay.GUARDED
    key: str  # what it is for: a workstream's key, or "rollback 1"
    head: Branch
    base: Branch
    title: str
    body: str
    draft: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenPull:
    """Reopen a closed pull request."""

    replay: ClassVar[Replay] = Replay.SAFE
    pull: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePull:
    """Close a pull request of ours without merging it."""

    replay: ClassVar[Replay] = Replay.SAFE
    pull: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkReady:
    """Take a pull out of draft."""

    replay: ClassVar[Replay] = Replay.SAFE
    pull: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class AddLabels:
    """Add labels to an issue or pull."""

    replay: ClassVar[Replay] = Replay.SAFE
    subject: NodeId
    labels: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveLabels:
    """Remove labels from an issue or pull; others stay untouched."""

    replay: ClassVar[Replay] = Replay.SAFE
    subject: NodeId
    labels: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAction:
    """A button on a completed check run (label 20, description 40, identifier 20 characters at most)."""

    label: str
    description: str
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PutCheck:
    """Create the `signalbox` check run on a head, or change the one that is there.

    `external_id` is "plan/<issue>/<revision:12>/<head:12>/<digest:12>", "outside/<head:12>/<digest:12>" or, on the head of
    a merge group, "group/<head:12>/<digest:12>": it says what the run was made from, and its digest what it shows, so that
    an unchanged one is never written again. A plan that was restored has its mark before the digest.
    """

    head_sha: Sha
    run: NodeId | None  # None = create
    status: str  # "in_progress" or "completed"
    conclusion: str | None  # "success", "failure" or "action_required" when completed
    title: str
    summary: str  # markdown, at most 65,535 characters; the only long field, so that every update replaces all
    external_id: str
    details_url: str
    buttons: tuple[CheckAction, ...] = ()  # at most 3

    @property
    def replay(self) -> Replay:
        """A second creation makes a second run; to change one is absolute."""
        return Replay.ONCE if self.run is None else Replay.SAFE

    @property
    def journal_key(self) -> str:
        """What the creation is noted under; every later read of the head shows it."""
        return f"check:{self.head_sha}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostComment:
    """Write a new comment. The body ends in a hidden marker that names `journal_key`, so that it can be found again."""

    replay: ClassVar[Replay] = Replay.ONCE
    journal_key: str  # "status" or "reply:<comment id>:<line>"
    number: int  # of the issue or pull
    subject: NodeId
    body: str
    kept: str = ""  # of the status comment: what keepsake.py packed, to be sealed into the body by who carries this out


@dataclass(frozen=True, slots=True, kw_only=True)
class EditComment:
    """Replace the body of a comment of ours."""

    replay: ClassVar[Replay] = Replay.SAFE
    comment: NodeId
    body: str
    kept: str = ""  # as in PostComment


@dataclass(frozen=True, slots=True, kw_only=True)
class React:
    """Put a reaction on a comment. GitHub keeps one of a kind per user."""

    replay: ClassVar[Replay] = Replay.SAFE
    subject: NodeId
    content: str  # GraphQL's ReactionContent: "EYES", "ROCKET", "CONFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePull:
    """Merge a pull whose head is still the one that was judged."""

    replay: ClassVar[Replay] = Replay.GUARDED
    key: str  # a workstream's key, or "rollback 1"
    pull: PullNumber
    head_sha: Sha
    method: MergeMethod
    title: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueuePull:
    """Put a pull into the merge queue of its base, if its head is still the one that was judged.

    GitHub refuses one that is there already (ALREADY), and one that the base's rules would not let merge.
    """

    replay: ClassVar[Replay] = Replay.GUARDED
    key: str  # a workstream's key, or "rollback 1"
    pull: NodeId
    expected: Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateBranch:
    """Bring a pull's branch up to its base by GitHub's own merge or rebase, if its head is still `expected`."""

    replay: ClassVar[Replay] = Replay.GUARDED
    key: Key
    pull: NodeId
    expected: Sha
    rebase: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of the base as git's merge can carry it elsewhere: it leads from one commit's tree to another tree.

    To take a landing back, `start` is the landing and `tree` that of the base before it; to bring it anew, `start` is
    the base before it and `tree` that of the landing. `start` must be an ancestor of what the change is carried onto.
    """

    start: Sha
    tree: Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildBranch:
    """Create a branch of one commit on `onto`.

    Outcomes: DONE with the commit as `result` and its tree as `tree`, also if the branch is there and holds just that;
    CONFLICT with `paths`, and nothing is left behind; MOVED if something else is on the branch, or came into the trial.
    """

    replay: ClassVar[Replay] = Replay.GUARDED
    what: str  # for the list of refusals: "rollback 1", "the new branch of W2"
    branch: Branch
    onto: Sha
    tree: (
        Sha | None
    )  # the commit's tree; None = what git's merge makes of `onto`, each of `changes` and each of `heads`
    changes: tuple[Change, ...]
    trial: Branch  # a branch of ours to try merges on, removed afterwards
    message: str
    heads: tuple[Sha, ...] = ()  # commits to merge after the changes, in this order


@dataclass(frozen=True, slots=True, kw_only=True)
class TryMerge:
    """Learn what git's merge makes of two commits, and change nothing. DONE with `tree`, or CONFLICT with `paths`."""

    replay: ClassVar[Replay] = Replay.SAFE
    onto: Sha
    head: Sha
    trial: Branch  # as in BuildBranch
    want_tree: bool = True  # False = it is enough to know whether they merge: DONE may come without `tree`, for less


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunJob:
    """Run a failed job of GitHub Actions again, and what depends on it: GitHub makes a new check run of that name.

    LATER while other jobs of its workflow run still run: GitHub refuses, so that a repetition cannot start it twice.
    """

    replay: ClassVar[Replay] = Replay.GUARDED
    job: RunId
    check: str  # the job's name
    sha: Sha  # the commit that it tests


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWorkflow:
    """Start a workflow on a branch. Doing it twice only tests twice."""

    replay: ClassVar[Replay] = Replay.SAFE
    workflow: str  # its file name: "ci.yml"
    ref: Branch
    pull: PullNumber  # the one whose landing it is started for


@dataclass(frozen=True, slots=True, kw_only=True)
class TickIssue:
    """Tick the checkboxes or lines of landed workstreams in the plan's newest body, and nothing else."""

    replay: ClassVar[Replay] = Replay.SAFE
    issue: IssueNumber
    keys: tuple[Key, ...]
    back: tuple[Key, ...] = ()  # those whose tick is taken back: they were rolled back


Mutation = (
    CreateLabel
    | CreateRefs
    | DeleteBranch
    | EmptyCommit
    | OpenPull
    | ReopenPull
    | ClosePull
    | EnqueuePull
    | UpdateBranch
    | MarkReady
    | AddLabels
    | RemoveLabels
    | PutCheck
    | PostComment
    | EditComment
    | React
)  # what one GraphQL request may carry many of

# What takes requests of its own. Of pulls for a merge queue the next is tried only where GitHub refused the one before.
Lone = MergePull | EnqueuePull | TickIssue | BuildBranch | TryMerge | RerunJob | StartWorkflow

Action = Mutation | Lone


def name_of(action: Action) -> str:
    """Return what an action is called where its refusal is shown: "merge W1", "put check"."""
    match action:
        case MergePull():
            return f"merge {action.key}"
        case EnqueuePull():
            return f"enqueue {action.key}"
        case OpenPull():
            return f"open the pull for {action.key}"
        case CreateRefs():
            return "create the branches"
        case BuildBranch():
            return f"prepare {action.what}"
        case UpdateBranch():
            return f"update the branch of {action.key}"
        case RerunJob():
            return f"run {action.check} again"
        case StartWorkflow():
            return f"start the workflow {action.workflow}"
        case _:
            words = "".join(f" {char.lower()}" if char.isupper() else char for char in type(action).__name__)
            return words.strip()


class OutcomeKind(Enum):
    """How a write ended."""

    DONE = "done"
    ALREADY = "already"  # it was so before
    CONFLICT = "conflict"  # git's merge found `paths` changed on both sides; nothing was written
    MOVED = "moved"  # the guard refused: the world is not as judged; look again
    REFUSED = "refused"  # GitHub says no, and will say it again
    LATER = "later"  # not now: limits, or GitHub is still thinking
    AWAITED = "awaited"  # not tried: an earlier try may yet take effect by itself
    UNKNOWN = "unknown"  # no answer: it may or may not have happened


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one action. A value, never an exception: refusals are expected."""

    kind: OutcomeKind
    detail: str = ""  # GitHub's message, without secrets
    retry_after: timedelta | None = None
    result: str | None = None  # node id of what was created, or the sha of the merge or commit
    tree: Sha | None = None  # of what a merge made
    paths: tuple[str, ...] = ()  # of a conflict
