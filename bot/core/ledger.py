"""What the plan did to its base: every merge and its verification, the checkpoints, the rollbacks. Kept in Memory.

Must not hold anything that has not happened, nor decide anything: train.py writes it, from facts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.model import Branch, IssueNumber, Key, Login, PullNumber, Revision, RunId, Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a merge was judged by, noted before it is tried: it proves afterwards that just that landed."""

    head: Sha
    base: Sha  # tip of the base then
    tree: Sha | None  # what GitHub's trial merge of the two gives; None = it had none for just these two
    at: datetime  # UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """A check run on a landing that failed and is to run again: noted before GitHub is asked for it.

    A newer run of that name shows that it did run again, also if nobody saw GitHub's answer.
    """

    name: str
    run: RunId  # the one that failed
    at: datetime  # when GitHub was last asked for it, UTC
    taken: bool = False  # GitHub said that it runs again
    refused: str = ""  # why GitHub does not run it again, one safe phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """One merge into the base: of a workstream's pull, or of a rollback's."""

    key: Key | None  # None = of a rollback
    rollback: int | None = None  # its number
    pull: PullNumber
    branch: Branch
    head: Sha  # the head that was merged
    before: Sha  # tip of the base before it
    tree_before: Sha
    sha: Sha  # tip of the base after it: merge commit, squashed commit, or the last of the rebased ones
    tree: Sha
    at: datetime  # UTC
    by: Login
    decided: bool  # merged by Signalbox, by a decision of its own
    restores: tuple[str, Sha] | None = None  # of an exact rollback: the checkpoint and the tree that it puts back
    expected: Sha | None = None  # the tree that head and base give by git's own merge; None = not known yet
    green: datetime | None = None  # when the base was found good with it in
    evidence: tuple[str, ...] = ()  # what that was seen from, one safe markdown sentence each
    undone: int | None = None  # the rollback that took it back; 0 = people did
    reruns: tuple[Rerun, ...] = ()  # in the order in which they were wished
    lost: bool = False  # the base was rewritten before it was verified, and has not shown it since
    started: str = ""  # the workflow that was started on the base because of it

    @property
    def open(self) -> bool:
        """Whether the base still has to be verified with it in."""
        return self.green is None and self.undone is None

    @property
    def stands(self) -> bool:
        """Whether it was not taken back."""
        return self.undone is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A state of the base to which one can return. The tag only shows it: this record is what counts."""

    name: str  # "cp-2", or as somebody named it; its tag is "signalbox/<issue>/<name>"
    sha: Sha
    tree: Sha
    revision: Revision  # of the plan in force then
    at: datetime  # UTC
    landed: tuple[Key, ...]  # what stood then, in the order of landing
    pulls: tuple[PullNumber, ...] = ()  # of these landings: a key may land again later
    evidence: tuple[str, ...]
    by: Login | None = None  # who asked for it; None = it follows from a merge
    tagged: bool = False  # its tag was seen once: if it is gone or elsewhere now, somebody did that


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """One way back: it undoes what landed since a state of the base, by a pull request of its own."""

    number: int  # from 1
    to: str  # what it goes back to: a checkpoint's name, or "before W2" where there is none just there
    sha: Sha  # the commit it goes back to
    tree: Sha
    keys: tuple[Key, ...]  # what it undoes, newest first
    pulls: tuple[PullNumber, ...]  # their landings, in the same order
    changes: tuple[tuple[Sha, Sha], ...]  # of these landings: (the landing, the tree before it), in the same order
    reason: str  # one safe markdown sentence
    by: Login | None  # None = by the policy of the config
    at: datetime  # UTC
    onto: Sha  # tip of the base that its branch is built on
    exact: bool  # nothing but these landings lies between: the tree of the checkpoint is put back as it was
    unclean: tuple[str, ...] = ()  # paths that cannot be put back without a conflict: nothing was written
    built: Sha | None = None  # the commit of its branch
    built_tree: Sha | None = None
    merged: bool = False
    dropped: bool = False  # not wanted any more: people closed its pull, or the base turned green after all
    closed: bool = False  # of a dropped one: no pull of it is open

    @property
    def active(self) -> bool:
        """Whether it is still to be carried out."""
        return not self.merged and not self.dropped

    def branch(self, issue: IssueNumber) -> Branch:
        """Return the branch of its pull."""
        return Branch(f"signalbox/{issue}/rollback-{self.number}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A commit on the base that came by no decision of this plan: a push, an admin's merge, another plan or queue."""

    sha: Sha
    headline: str  # as written, unsafe
    author: str  # as written, unsafe
    pull: PullNumber | None  # the pull that brought it
    at: datetime | None
    tree: Sha | None = None
    before: Sha | None = None  # its first parent; None = not known any more
    tree_before: Sha | None = None


def landing_of(landings: Iterable[Landing], pull: PullNumber) -> Landing | None:
    """Return the landing of a pull, None if it has none."""
    return next((each for each in landings if each.pull == pull), None)


def unverified(landings: Iterable[Landing]) -> tuple[Landing, ...]:
    """Return the landings with which the base still has to be verified, oldest first."""
    return tuple(each for each in landings if each.open)


def standing(landings: Iterable[Landing]) -> tuple[Landing, ...]:
    """Return the workstreams' landings that were not taken back, oldest first."""
    return tuple(each for each in landings if each.stands and each.key is not None)


def is_chain(landings: Iterable[Landing], start: Sha, tip: Sha) -> bool:
    """Say whether nothing but these landings, all in their order, leads from `start` to `tip`."""
    at = start
    for each in landings:
        if each.before == at:
            at = each.sha
    return at == tip


def under_way(rollbacks: Sequence[Rollback]) -> Rollback | None:
    """Return the rollback that is still to be carried out: only the last one can be, it took the place of those before."""
    return rollbacks[-1] if rollbacks and rollbacks[-1].active else None


def current_rollback(rollbacks: Sequence[Rollback], landings: Iterable[Landing]) -> Rollback | None:
    """Return the rollback that is to be looked after: until its merge is verified, or its pull closed."""
    if not rollbacks:
        return None
    last = rollbacks[-1]
    is_open = any(each.rollback == last.number and each.open for each in landings)
    return last if last.active or is_open or (last.dropped and not last.closed) else None


def holds_undone(landings: Sequence[Landing], sha: Sha) -> bool:
    """Say whether the base at `sha` holds a change that was taken back only later: its tree would bring that in again."""
    at = next((number for number, each in enumerate(landings) if each.before == sha), len(landings))
    inside = landings[:at]
    taken_back = {each.rollback for each in inside if each.key is None}
    return any(each.undone is not None and each.undone not in taken_back for each in inside if each.key is not None)


def last_proven(landings: Sequence[Landing]) -> Sha | None:
    """Return the tip of the base before the merges that were not found good, taken back or not; None = there are none.

    What was red there is nobody's doing here; what is red since may be the work of any of these merges.
    """
    first: Sha | None = None
    for each in reversed(landings):
        if each.green is not None:
            break
        first = each.before
    return first


def watched(landings: Sequence[Landing], tip: Sha | None) -> tuple[Sha, ...]:
    """Return the commits whose checks decide about the base, each with the one before it; () = none."""
    pairs = [sha for each in unverified(landings) for sha in (each.sha, each.before)]
    more = [sha for sha in (last_proven(landings), tip) if sha is not None]
    return tuple(dict.fromkeys([*pairs, *more])) if pairs else ()
