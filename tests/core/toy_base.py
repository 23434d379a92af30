"""The base of the toy GitHub: what each commit holds, git's merge of two, and what CI says of each.

A commit holds a set of things; nothing ever conflicts. Must not know pulls beyond what it is given.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from bot.core.actions import BuildBranch
from bot.core.facts import BaseFacts, CheckFacts, CheckState, CommitFacts, PullFacts, Step, WorkstreamFacts
from bot.core.ledger import watched
from bot.core.memory import Memory
from bot.core.model import Branch, Key, MergeMethod, PullNumber, Sha
from tests.build import a_check

Files = frozenset[str]


def tree_sha(files: Iterable[str]) -> Sha:
    """What git would call a tree of these."""
    return Sha(hashlib.sha1("\n".join(sorted(files)).encode()).hexdigest())


def always_green(_held: Files) -> CheckState | None:
    return CheckState.PASSED


class ToyBase:
    """A branch as the list of its moves. `ci`: what CI says of a commit with that content, None = nothing."""

    def __init__(self) -> None:
        self.tip = Sha("b" * 40)
        self.files: dict[Sha, Files] = {self.tip: frozenset({"README"})}
        self.forks: dict[Sha, Sha] = {}  # a branch's commit -> the commit of the base that it has in it
        self.steps: list[Step] = []
        self.reports: dict[Sha, tuple[CheckFacts, ...]] = {}
        self.ci: Callable[[Files], CheckState | None] = always_green
        self.report(self.tip)

    def facts(self) -> BaseFacts:
        return BaseFacts(name=Branch("main"), sha=self.tip, tree=tree_sha(self.files[self.tip]))

    def fork(self, sha: Sha) -> Sha:
        """The newest commit of the base that a commit has in it."""
        return self.forks.get(sha, sha)

    def merged(self, onto: Sha, head: Sha) -> Files:
        """What git's merge of the two holds."""
        return self.carried(self.files[onto], start=self.files[self.fork(head)], end=self.files[head])

    @staticmethod
    def carried(onto: Files, *, start: Files, end: Files) -> Files:
        """What is left of `onto` when the way from `start` to `end` is gone with it."""
        return (onto - (start - end)) | (end - start)

    def built(self, action: BuildBranch, now: datetime) -> Sha:
        """Make the commit of a branch that Signalbox builds."""
        trees = {tree_sha(held): held for held in self.files.values()}
        held = trees[action.tree] if action.tree is not None else self.files[action.onto]
        for change in action.changes:
            held = self.carried(held, start=self.files[change.start], end=trees[change.tree])
        sha = Sha(hashlib.sha1(f"{action.branch}{now}".encode()).hexdigest())
        self.files[sha], self.forks[sha] = held, action.onto
        return sha

    def land(self, pull: PullFacts, by: str, now: datetime, method: MergeMethod = MergeMethod.MERGE) -> Sha:
        """Merge a pull. Each method moves the base by one commit here: of a rebase the toy knows one-commit pulls only."""
        held = self.merged(self.tip, pull.head_sha)
        return self.move(held, f"{method.value} #{pull.number}", by, now, pulls=(pull.number,))

    def move(self, held: Files, headline: str, by: str, now: datetime, *, pulls: tuple[PullNumber, ...] = ()) -> Sha:
        """Put a commit on the base; CI reports on it as `ci` says."""
        sha = Sha(hashlib.sha1(f"{self.tip}{headline}{now}{sorted(held)}".encode()).hexdigest())
        self.steps.append(
            Step(
                sha=sha, tree=tree_sha(held), before=self.tip, tree_before=tree_sha(self.files[self.tip]),
                headline=headline, author=by, at=now, pulls=pulls,
            )
        )  # fmt: skip
        self.tip, self.files[sha] = sha, held
        self.report(sha)
        return sha

    def report(self, sha: Sha) -> None:
        """Have CI report on a commit."""
        state = self.ci(self.files[sha])
        self.reports[sha] = () if state is None else (a_check(state=state),)

    def course(self, memory: Memory) -> tuple[Step, ...] | None:
        """The moves since the last turn, as observe asks for them."""
        start = memory.intent.start
        since = memory.tip or (start.base_sha if start is not None else None)
        if since is None or since == self.tip:
            return ()
        known = [step.before for step in self.steps]
        return tuple(self.steps[known.index(since) :]) if since in known else None

    def commits(
        self, memory: Memory, course: tuple[Step, ...] | None, streams: Mapping[Key, WorkstreamFacts]
    ) -> dict[Sha, CommitFacts]:
        """The commits that observe asks for, and no others."""
        merged = {pull.merge_sha for found in streams.values() for pull in found.pulls}
        fresh = [step for step in course or () if step.sha in merged]
        wanted = {*watched(memory.landings, self.tip), *(sha for step in fresh for sha in (step.sha, step.before))}
        parents = {step.sha: (step.before,) for step in self.steps}
        kept_by_clock = "checkpoint_every" in (memory.good_config or "")
        return {
            sha: CommitFacts(
                sha=sha, tree=tree_sha(self.files[sha]), parents=parents.get(sha, ()), checks=self.reports[sha]
            )
            for sha in {*wanted, *([self.tip] if fresh or kept_by_clock else [])}
        }
