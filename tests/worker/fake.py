"""A GitHub port of plain values: says what it is told to say, and notes every write it is asked for."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bot.core.actions import (
    Action,
    BuildBranch,
    CreateRefs,
    EditComment,
    MergePull,
    Mutation,
    Outcome,
    OutcomeKind,
    PostComment,
    PutCheck,
    React,
    RerunJob,
    StartWorkflow,
    TryMerge,
)
from bot.core.examination import Examination
from bot.core.facts import (
    BaseFacts,
    CommitFacts,
    FailureFacts,
    OwnComment,
    PullFacts,
    QueueEntry,
    Step,
    WorkstreamFacts,
)
from bot.core.marker import read_marker
from bot.core.model import Branch, IssueNumber, Login, NodeId, PullNumber, Role, Sha
from bot.core.seal import read_sealed
from bot.github.port import (
    AppIdentity,
    ConversationReading,
    FailedDelivery,
    Installed,
    OpenPullReading,
    PlanQuestion,
    PlanReading,
    RepositoryRef,
)
from tests.build import a_base, a_repository, an_examination, an_issue

Answer = Outcome | Callable[[], Awaitable[Outcome]]
DONE = Outcome(kind=OutcomeKind.DONE)


class Fake:
    """Implements bot.github.port.GitHub. `answers`: what a kind of action gets instead of DONE, one after the other."""

    def __init__(self) -> None:
        self.issue = an_issue(body="# Plan\n\n## Workstreams\n\n### W1: Part\n- Branch: `part/w1`\n- Files: `a.py`\n")
        self.branches: dict[Branch, WorkstreamFacts] = {}
        self.outside: tuple[OpenPullReading, ...] = ()
        self.queues: dict[Branch, tuple[QueueEntry, ...]] = {}
        self.tags: dict[str, Sha] = {}
        self.base: BaseFacts = a_base()
        self.steps: tuple[Step, ...] | None = ()  # how the base moved, oldest first; None = it was rewritten
        self.on_base: dict[Sha, CommitFacts] = {}  # its commits with their checks
        self.said: dict[NodeId, FailureFacts] = {}  # what check runs say about how they failed
        self.comment: OwnComment | None = None
        self.talks: dict[int, ConversationReading] = {}  # what was said on an issue or pull
        self.foreign: set[int] = set()  # comments of our bot that were not written through this App
        self.labelled: tuple[IssueNumber, ...] = ()  # open issues with the plan label
        self.there: dict[str, NodeId] = {}  # journal key -> a comment of ours that GitHub has
        self.role_of: dict[Login, Role] = {Login("mia"): Role.MAINTAIN}
        self.read_error: Exception | None = None
        self.examination: Examination | Exception = an_examination()
        self.examinations = 0
        self.answers: dict[type[Action], list[Answer]] = {}
        self.meanwhile: dict[str, Callable[[], Awaitable[None]]] = {}  # what happens while a read of this name is made
        self.reads = 0
        self.searches = 0  # for plans that the store does not know
        self.first_pages: list[bool] = []  # of each read of the open pulls: whether it was of the first page only
        self.looked_for: list[tuple[str, datetime]] = []
        self.done: list[Action] = []  # what was asked for, in order
        self.repositories: list[tuple[int, int, str]] = []  # (installation, id, name) of those that the App may see
        self.unread: frozenset[int] = frozenset()  # installations that cannot be listed
        self.lost: list[FailedDelivery] = []  # webhooks that never arrived
        self.asked_again: list[int] = []  # those of them that were asked for again, by id
        self.body: str | None = None  # as the last write left the issue's
        self.time: datetime | None = None  # by its clock; None = as ours

    def did(self, kind: type[Action]) -> list[Action]:
        """The writes of one kind that it was asked for."""
        return [action for action in self.done if isinstance(action, kind)]

    async def read_plan(self, repository: RepositoryRef, question: PlanQuestion) -> PlanReading:
        self.reads += 1
        await self._happen("read_plan")
        if self.read_error is not None:
            raise self.read_error
        return PlanReading(
            repository=a_repository(),
            issue=self.issue,
            base=self.base,
            config_source=None,
            tags=self.tags,
            workstreams={branch: self.branches.get(branch, WorkstreamFacts()) for branch in question.branches},
            comment=self.comment if question.comment is not None else None,
            commits={sha: self.on_base[sha] for sha in question.commits if sha in self.on_base},
        )

    async def commits(self, repository: RepositoryRef, shas: Sequence[Sha]) -> dict[Sha, CommitFacts]:
        self.reads += 1
        return {sha: self.on_base[sha] for sha in shas if sha in self.on_base}

    async def failures(self, repository: RepositoryRef, runs: Sequence[NodeId]) -> dict[NodeId, FailureFacts]:
        self.reads += 1
        return {run: self.said.get(run, FailureFacts()) for run in runs}

    async def every_suite(
        self, repository: RepositoryRef, commits: Mapping[Sha, CommitFacts]
    ) -> dict[Sha, CommitFacts]:
        self.reads += 1
        return dict(commits)

    async def course(self, repository: RepositoryRef, tip: Sha, since: Sha) -> tuple[Step, ...] | None:
        self.reads += 1
        known = [step.before for step in self.steps or ()]
        return self.steps[known.index(since) :] if self.steps is not None and since in known else None

    async def open_pulls(
        self, repository: RepositoryRef, *, first_page_only: bool
    ) -> tuple[NodeId, tuple[OpenPullReading, ...]]:
        self.reads += 1
        self.first_pages.append(first_page_only)
        await self._happen("open_pulls")
        if self.read_error is not None:
            raise self.read_error
        return NodeId("R_77"), self.outside

    async def merge_queue(self, repository: RepositoryRef, base: Branch) -> tuple[QueueEntry, ...]:
        self.reads += 1
        return self.queues.get(base, ())

    async def role(self, repository: RepositoryRef, login: Login) -> Role:
        return self.role_of.get(login, Role.NONE)

    async def find_comment(
        self, repository: RepositoryRef, number: int, journal_key: str, since: datetime
    ) -> NodeId | None:
        self.looked_for.append((journal_key, since))
        await self._happen("find_comment")
        return self.there.get(journal_key)

    async def conversations(self, repository: RepositoryRef, numbers: Sequence[int]) -> dict[int, ConversationReading]:
        self.searches += 1
        await self._happen("conversations")
        return {number: self.talks[number] for number in numbers if number in self.talks}

    async def wrote(self, repository: RepositoryRef, comment: int) -> bool:
        return comment not in self.foreign

    async def labelled_issues(
        self, repository: RepositoryRef, label: str
    ) -> tuple[str | None, tuple[IssueNumber, ...]]:
        self.searches += 1
        return None, self.labelled

    async def issue_body(self, repository: RepositoryRef, number: IssueNumber) -> str:
        await self._happen("issue_body")
        return self.issue.body

    async def edit_issue_body(self, repository: RepositoryRef, number: IssueNumber, body: str) -> Outcome:
        self.body = body
        return DONE

    async def mutate(self, repository: RepositoryRef, actions: Sequence[Mutation]) -> list[Outcome]:
        return [await self._answer(action) for action in actions]

    async def merge_pull(self, repository: RepositoryRef, action: MergePull) -> Outcome:
        return await self._answer(action)

    async def build_branch(self, repository: RepositoryRef, action: BuildBranch) -> Outcome:
        return await self._answer(action)

    async def try_merge(self, repository: RepositoryRef, action: TryMerge) -> Outcome:
        return await self._answer(action)

    async def rerun_job(self, repository: RepositoryRef, action: RerunJob) -> Outcome:
        return await self._answer(action)

    async def start_workflow(self, repository: RepositoryRef, action: StartWorkflow) -> Outcome:
        return await self._answer(action)

    async def _happen(self, name: str) -> None:
        if name in self.meanwhile:
            await self.meanwhile[name]()

    async def _answer(self, action: Action) -> Outcome:
        self.done.append(action)
        waiting = self.answers.get(type(action))
        if waiting:
            answer = waiting.pop(0)
            return answer if isinstance(answer, Outcome) else await answer()
        return self._do(action)

    def _do(self, action: Action) -> Outcome:
        match action:
            case PostComment():
                node = NodeId(f"IC_{action.journal_key}")
                self.there[action.journal_key] = node
                if action.journal_key.startswith("status"):
                    self.comment = a_status_comment(node, action.body)
                return replace(DONE, result=node)
            case EditComment(comment=node) if self.comment is not None and node == self.comment.node_id:
                self.comment = a_status_comment(node, action.body)
                return DONE
            case PutCheck():
                return replace(DONE, result=f"CR_{action.head_sha[:8]}")
            case React():
                return DONE
            case CreateRefs(refs=refs):
                tags = {name.removeprefix("refs/tags/"): at for name, at in refs if name.startswith("refs/tags/")}
                self.tags = self.tags | tags
                return DONE
            case _:
                return DONE

    def open(self, branch: str, pull: PullFacts) -> None:
        """Let a branch have this pull."""
        self.branches[Branch(branch)] = WorkstreamFacts(pulls=(pull,))

    async def failed_deliveries(self, since: datetime) -> list[FailedDelivery]:
        return [each for each in self.lost if each.tried_at >= since]

    async def redeliver(self, delivery_id: int) -> Outcome:
        self.asked_again.append(delivery_id)
        return DONE

    async def installed_repositories(self) -> Installed:
        await self._happen("installed_repositories")
        listed = [each for each in self.repositories if each[0] not in self.unread]
        return Installed(repositories=listed, unread=self.unread)

    async def examine(self, full_name: str, base: Branch | None) -> Examination:
        self.examinations += 1
        if isinstance(self.examination, Exception):
            raise self.examination
        return self.examination

    def now(self) -> datetime:
        return self.time or datetime.now(UTC)

    async def app(self) -> AppIdentity:
        return AppIdentity(id=1001, slug="signalbox", url="https://x.example")


def a_status_comment(node: NodeId, body: str) -> OwnComment:
    """The status comment as a plan read shows it."""
    marker = read_marker(body)
    digest = marker.digest if marker is not None else ""
    return OwnComment(node_id=node, url="https://x.example", digest=digest, sealed=read_sealed(body))


def a_free_pull(number: int, **more: object) -> OpenPullReading:
    """An open pull as the turn over the repository sees it."""
    fields: dict[str, object] = {
        "node_id": NodeId(f"PR_{number}"), "url": f"https://x.example/{number}", "head": Branch(f"own/{number}"),
        "head_sha": f"{number:040x}", "own_checks": (), "cross_repository": False, "base": Branch("main"),
    }  # fmt: skip
    return OpenPullReading(number=PullNumber(number), **{**fields, **more})  # type: ignore[arg-type]
