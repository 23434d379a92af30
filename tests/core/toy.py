"""A GitHub that fits into a page: holds what the facts show, and does to it what the actions say.

For the properties of `decide` alone. What GitHub really does is the sandbox's business.
"""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.actions import (
    Action,
    AddLabels,
    CreateLabel,
    CreateRefs,
    DeleteBranch,
    EditComment,
    EmptyCommit,
    MarkReady,
    MergePull,
    OpenPull,
    PostComment,
    PutCheck,
    React,
    RemoveLabels,
    ReopenPull,
    TickIssue,
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
    WorkstreamFacts,
)
from bot.core.marker import read_marker
from bot.core.memory import Memory
from bot.core.model import Branch, Key, Login, NodeId, PullNumber, Sha
from bot.core.plan.tick import tick
from bot.core.survey import survey
from tests.build import NOW, a_repository, an_issue, facts


class Toy:
    """The world, the plan's memory, and a clock that moves a second per turn."""

    def __init__(self, body: str, *, config: str | None = None) -> None:
        self.memory = Memory()
        self.now: datetime = NOW
        self.issue = an_issue(body=body)
        self.repository = a_repository(labels={})
        self.config = config
        self.base = Sha("b" * 40)
        self.tags: dict[str, Sha] = {}
        self.branches: dict[Branch, BranchFacts] = {}
        self.pulls: dict[PullNumber, PullFacts] = {}
        self.comment: OwnComment | None = None
        self.replies: list[str] = []
        self.reactions: list[str] = []
        self.commands: list[CommandFacts] = []
        self.merges: list[Key] = []
        self.last: Decision | None = None

    def facts(self) -> Facts:
        found = survey(body=self.issue.body, title=self.issue.title, config_source=self.config, memory=self.memory)
        streams = {
            key: WorkstreamFacts(
                branch=self.branches.get(branch),
                pulls=tuple(pull for pull in reversed(self.pulls.values()) if pull.head == branch),
            )
            for key, branch in found.branches.items()
        }
        return facts(
            now=self.now, repository=self.repository, issue=self.issue, tags=dict(self.tags), workstreams=streams,
            comment=self.comment, commands=tuple(self.commands), config_source=self.config,
            base=replace(facts().base, sha=self.base),
        )  # fmt: skip

    def turn(self) -> tuple[Action, ...]:
        """One turn: decide, and do all of it."""
        self.now += timedelta(seconds=1)
        decision = decide(self.facts(), self.memory)
        self.last = decision
        self.memory = decision.memory
        self.commands = []
        for action in decision.actions:
            self.do(action)
        return decision.actions

    def settle(self, most: int = 30) -> None:
        """Turn until nothing is left to do."""
        for _ in range(most):
            if not self.turn():
                return
        raise AssertionError(f"it does not settle: {self.turn()}")

    def do(self, action: Action) -> None:
        match action:
            case CreateLabel(name=name):
                self.repository = replace(self.repository, labels={**self.repository.labels, name: NodeId(f"L_{name}")})
            case CreateRefs(refs=refs):
                for name, sha in refs:
                    kind, short = name.removeprefix("refs/").split("/", 1)
                    if kind == "tags":
                        self.tags[short] = sha
                    else:
                        assert Branch(short) not in self.branches
                        self.branches[Branch(short)] = BranchFacts(name=Branch(short), sha=sha, message="base", ahead=0)
            case DeleteBranch(branch=branch, expected=expected):
                assert self.branches[branch].sha == expected
                del self.branches[branch]
            case EmptyCommit():
                assert self.branches[action.branch].sha == action.expected
                self.push(action.branch, f"{action.headline}\n\n{action.body}")
            case OpenPull():
                number = PullNumber(100 + len(self.pulls))
                tip = self.branches[action.head]
                self.pulls[number] = PullFacts(
                    number=number, node_id=NodeId(f"PR_{number}"), url=f"https://x/{number}", title=action.title,
                    body=action.body, state=PullState.OPEN, draft=action.draft, head=action.head, head_sha=tip.sha,
                    head_message=tip.message, head_at=self.now, changed_files=0, base=action.base, author=Login("signalbox[bot]"),
                    created_at=self.now, mergeable=Mergeable.YES,
                )  # fmt: skip
            case ReopenPull(pull=node):
                self.change(node, state=PullState.OPEN)
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
            case PostComment():
                marker = read_marker(action.body)
                assert marker is not None
                if action.journal_key.startswith("status"):
                    assert self.comment is None
                    self.comment = OwnComment(node_id=NodeId("IC_status"), url="https://x/c", digest=marker.digest)
                    self.memory = replace(self.memory, comment=NodeId("IC_status"))
                else:
                    self.replies.append(action.body)
            case EditComment(body=body):
                marker = read_marker(body)
                assert self.comment is not None
                assert marker is not None
                self.comment = replace(self.comment, digest=marker.digest)
            case React(content=content):
                self.reactions.append(content)
            case MergePull():
                pull = self.pulls[action.pull]
                assert pull.head_sha == action.head_sha
                assert not pull.draft
                self.merges.append(action.key)
                self.base = Sha(hashlib.sha1(f"{self.base}{pull.head_sha}".encode()).hexdigest())
                self.change(pull.node_id, state=PullState.MERGED, merged_at=self.now, merge_sha=self.base)
            case TickIssue(keys=keys):
                self.issue = replace(self.issue, body=tick(self.issue.body, keys))

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

    def push(self, branch: Branch, message: str) -> Sha:
        """Put a commit on a branch; its pull follows."""
        old = self.branches[branch]
        sha = Sha(hashlib.sha1(f"{old.sha}{message}{self.now}".encode()).hexdigest())
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
        """The pull of a workstream."""
        return next(pull for pull in self.pulls.values() if pull.title.startswith(f"{key}:"))
