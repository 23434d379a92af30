"""A GitHub that fits into a page: holds what the facts show, and does to it what the actions say.

For the properties of `decide` alone. What GitHub really does is the sandbox's business. The base and what its commits
hold is in toy_base.py.
"""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core import failures
from bot.core.actions import (
    Action,
    AddLabels,
    BuildBranch,
    ClosePull,
    CreateLabel,
    CreateRefs,
    DeleteBranch,
    EditComment,
    EmptyCommit,
    MarkReady,
    MergePull,
    OpenPull,
    Outcome,
    OutcomeKind,
    PostComment,
    PutCheck,
    React,
    RemoveLabels,
    ReopenPull,
    TickIssue,
    TryMerge,
    UpdateBranch,
)
from bot.core.decide import Decision, decide
from bot.core.facts import (
    BranchFacts,
    CommandFacts,
    Facts,
    Mergeable,
    OwnCheck,
    OwnComment,
    PullFacts,
    PullState,
    TrainFacts,
    WorkstreamFacts,
)
from bot.core.ledger import current_rollback
from bot.core.marker import read_marker
from bot.core.memory import Memory
from bot.core.model import Branch, Login, MergeMethod, NodeId, PullNumber, Sha
from bot.core.plan.tick import tick, untick
from bot.core.survey import survey
from bot.core.trials import learned
from tests.build import NOW, a_repository, an_issue, facts
from tests.core.toy_base import ToyBase, tree_sha


class Toy:
    """The world, the plan's memory, and a clock that moves a second per turn."""

    def __init__(self, body: str, *, config: str | None = None, trials: bool = True) -> None:
        self.trials = trials  # whether GitHub shows its trial merges
        self.memory = Memory()
        self.now: datetime = NOW
        self.issue = an_issue(body=body)
        self.repository = a_repository(labels={})
        self.config = config
        self.base = ToyBase()
        self.train = TrainFacts()
        self.tags: dict[str, Sha] = {}
        self.branches: dict[Branch, BranchFacts] = {}
        self.pulls: dict[PullNumber, PullFacts] = {}
        self.comment: OwnComment | None = None
        self.replies: list[str] = []
        self.reactions: list[str] = []
        self.commands: list[CommandFacts] = []
        self.merges: list[str] = []
        self.last: Decision | None = None

    def facts(self) -> Facts:
        found = survey(body=self.issue.body, title=self.issue.title, config_source=self.config, memory=self.memory)
        streams = {key: self._on(branch) for key, branch in found.branches.items()}
        back = current_rollback(self.memory.rollbacks, self.memory.landings)
        course = self.base.course(self.memory)
        return facts(
            now=self.now, repository=self.repository, issue=self.issue, tags=dict(self.tags), workstreams=streams,
            comment=self.comment, commands=tuple(self.commands), config_source=self.config, base=self.base.facts(),
            course=course, commits=self.base.commits(self.memory, course, streams), train=self.train,
            rollback=self._on(back.branch(self.issue.number)) if back is not None else None,
        )  # fmt: skip

    def _on(self, branch: Branch) -> WorkstreamFacts:
        """A branch and its pulls, newest first, with GitHub's trial merge of each."""
        return WorkstreamFacts(
            branch=self.branches.get(branch),
            pulls=tuple(self._tried(pull) for pull in reversed(self.pulls.values()) if pull.head == branch),
        )

    def _tried(self, pull: PullFacts) -> PullFacts:
        if not self.trials or pull.state is not PullState.OPEN:
            return pull
        tree = tree_sha(self.base.merged(self.base.tip, pull.head_sha))
        return replace(pull, trial_tree=tree, trial_parents=(self.base.tip, pull.head_sha))

    def turn(self) -> tuple[Action, ...]:
        """One turn: decide, and do all of it."""
        self.now += timedelta(seconds=1)
        decision = decide(self.facts(), self.memory)
        self.last = decision
        self.memory = decision.memory
        self.commands = []
        outcomes = {action: self.do(action) for action in decision.actions}
        self.memory = learned(failures.learned(self.memory, outcomes), outcomes)
        return decision.actions

    def settle(self, most: int = 30) -> None:
        """Turn until nothing is left to do."""
        for _ in range(most):
            if not self.turn():
                return
        raise AssertionError(f"it does not settle: {self.turn()}")

    def do(self, action: Action) -> Outcome:
        """Do one action, and say what came of it."""
        match action:
            case CreateLabel(name=name):
                self.repository = replace(self.repository, labels={**self.repository.labels, name: NodeId(f"L_{name}")})
            case CreateRefs(refs=refs):
                for name, sha in refs:
                    self.create_ref(name, sha)
            case DeleteBranch(branch=branch, expected=expected):
                assert self.branches[branch].sha == expected
                del self.branches[branch]
            case EmptyCommit():
                assert self.branches[action.branch].sha == action.expected
                self.push(action.branch, f"{action.headline}\n\n{action.body}", adds=False)
            case OpenPull():
                self.open_pull(action)
            case ReopenPull(pull=node):
                self.change(node, state=PullState.OPEN)
            case ClosePull(pull=node):
                self.change(node, state=PullState.CLOSED)
            case MarkReady(pull=node):
                self.change(node, draft=False)
            case AddLabels(subject=node, labels=labels):
                there = self.by_node(node).labels
                names = {value: name for name, value in self.repository.labels.items()}
                self.change(node, labels={**there, **{names[each]: each for each in labels}})
            case RemoveLabels(subject=node, labels=labels):
                there = self.by_node(node).labels
                self.change(node, labels={name: value for name, value in there.items() if value not in labels})
            case PutCheck():
                self.put_check(action)
            case PostComment() | EditComment():
                self.write(action)
                return Outcome(kind=OutcomeKind.DONE, result="IC")
            case React(content=content):
                self.reactions.append(content)
            case TickIssue():
                body = untick(tick(self.issue.body, action.keys), action.back)
                self.issue = replace(self.issue, body=body)
            case UpdateBranch() | BuildBranch() | TryMerge() | MergePull():
                return self.merge(action)
        return Outcome(kind=OutcomeKind.DONE)

    def merge(self, action: UpdateBranch | BuildBranch | TryMerge | MergePull) -> Outcome:
        """Do what git's merge does."""
        match action:
            case TryMerge():
                return Outcome(kind=OutcomeKind.DONE, tree=tree_sha(self.base.merged(action.onto, action.head)))
            case BuildBranch():
                assert action.branch not in self.branches
                built = self.base.built(action, self.now)
                tip = BranchFacts(name=action.branch, sha=built, message=action.message, ahead=1)
                self.branches[action.branch] = tip
                return Outcome(kind=OutcomeKind.DONE, result=built, tree=tree_sha(self.base.files[built]))
            case UpdateBranch():
                pull = self.by_node(action.pull)
                assert pull.head_sha == action.expected
                held = self.base.merged(self.base.tip, pull.head_sha)
                self.move(pull.head, "Merge the base", held, fork=self.base.tip)
            case MergePull():
                assert self.pulls[action.pull].head_sha == action.head_sha
                self.merges.append(action.key)
                self.land(action.pull, "signalbox[bot]", method=action.method)
        return Outcome(kind=OutcomeKind.DONE)

    def land(self, number: PullNumber, by: str, *, method: MergeMethod = MergeMethod.MERGE) -> Sha:
        """Merge a pull, whoever does it."""
        pull = self.pulls[number]
        assert pull.state is PullState.OPEN
        assert not pull.draft
        sha = self.base.land(pull, by, self.now, method)
        fields = {"merged_at": self.now, "merge_sha": sha, "merged_by": Login(by)}
        self.change(pull.node_id, state=PullState.MERGED, **fields)
        return sha

    def create_ref(self, name: str, sha: Sha) -> None:
        """Create a tag or a branch."""
        kind, short = name.removeprefix("refs/").split("/", 1)
        if kind == "tags":
            assert short not in self.tags
            self.tags[short] = sha
        else:
            assert Branch(short) not in self.branches
            self.branches[Branch(short)] = BranchFacts(name=Branch(short), sha=sha, message="base", ahead=0)

    def open_pull(self, action: OpenPull) -> None:
        """Open a pull for a branch."""
        number = PullNumber(100 + len(self.pulls))
        tip = self.branches[action.head]
        self.pulls[number] = PullFacts(
            number=number, node_id=NodeId(f"PR_{number}"), url=f"https://x/{number}", title=action.title,
            body=action.body, state=PullState.OPEN, draft=action.draft, head=action.head, head_sha=tip.sha,
            head_message=tip.message, head_at=self.now, changed_files=0, base=action.base,
            author=Login("signalbox[bot]"), created_at=self.now, mergeable=Mergeable.YES,
        )  # fmt: skip

    def write(self, action: PostComment | EditComment) -> None:
        """Write the status comment or a reply."""
        marker = read_marker(action.body)
        assert marker is not None
        if not marker.key.startswith("status"):
            self.replies.append(action.body)
            return
        assert isinstance(action, EditComment) == (self.comment is not None)
        self.comment = OwnComment(node_id=NodeId("IC_status"), url="https://x/c", digest=marker.digest)
        self.memory = replace(self.memory, comment=NodeId("IC_status"))

    def put_check(self, action: PutCheck) -> None:
        """Add or change our run on a head."""
        for pull in list(self.pulls.values()):
            if pull.head_sha != action.head_sha:
                continue
            run = OwnCheck(
                node_id=action.run or NodeId(f"CR_{action.head_sha[:8]}"), status=action.status,
                conclusion=action.conclusion, external_id=action.external_id, started_at=self.now, url="https://x/run",
            )  # fmt: skip
            assert action.run is not None or not pull.own_checks
            self.change(pull.node_id, own_checks=(run,))

    def push(self, branch: Branch, message: str, *, adds: bool = True) -> Sha:
        """Put a commit on a branch; its pull follows. With `adds` it brings something of its own."""
        old = self.branches[branch]
        held = self.base.files[old.sha] | ({f"{branch}: {message}"} if adds else set())
        return self.move(branch, message, held, fork=self.base.fork(old.sha))

    def move(self, branch: Branch, message: str, held: frozenset[str], *, fork: Sha) -> Sha:
        """Put a commit with this content on a branch."""
        old = self.branches[branch]
        sha = Sha(hashlib.sha1(f"{old.sha}{message}{self.now}".encode()).hexdigest())
        self.base.files[sha], self.base.forks[sha] = held, fork
        self.branches[branch] = BranchFacts(name=branch, sha=sha, message=message, ahead=(old.ahead or 0) + 1)
        for pull in list(self.pulls.values()):
            if pull.head == branch and pull.state is PullState.OPEN:
                self.change(pull.node_id, head_sha=sha, head_message=message, checks=(), own_checks=())
        return sha

    def change(self, node: NodeId, **fields: object) -> None:
        """Change fields of a pull."""
        pull = self.by_node(node)
        self.pulls[pull.number] = replace(pull, **fields)  # type: ignore[arg-type]

    def by_node(self, node: NodeId) -> PullFacts:
        return next(pull for pull in self.pulls.values() if pull.node_id == node)

    def pull(self, key: str) -> PullFacts:
        """The newest pull of a workstream."""
        return next(pull for pull in reversed(self.pulls.values()) if pull.title.startswith(f"{key}:"))
