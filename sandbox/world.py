"""The whole state of the stand-in GitHub and its look-ups; changes are made by `operations`, never by REST or GraphQL."""

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path

from pydantic import TypeAdapter

from sandbox.faults import Faults
from sandbox.git import Git
from sandbox.model import (
    App,
    BranchRule,
    Comment,
    Delivery,
    Installation,
    Issue,
    Label,
    Noded,
    Pull,
    QueueEntry,
    Reaction,
    Repository,
    Review,
    Ruleset,
    Token,
    User,
    decode_node_id,
)
from sandbox.reports import CheckRun, CheckSuite, CommitStatus, WorkflowDispatch
from sandbox.table import Table
from sandbox.webhooks import Hooks


class Clock:
    """The world's time: the machine's, plus what tests add by `advance`."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        """Return the time in UTC to the second, as GitHub's API shows times."""
        return (datetime.now(UTC) + self.offset).replace(microsecond=0)

    def advance(self, seconds: float) -> None:
        """Move the world's time forward."""
        self.offset += timedelta(seconds=seconds)


@dataclass
class State:
    """Every table, keyed by id (tokens by their secret); this is what is saved and loaded.

    Those that grow with the work are known by what their records hang on too.
    """

    last_id: int = 1000
    users: dict[int, User] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    repositories: dict[int, Repository] = field(default_factory=dict)
    labels: Table[Label] = field(default_factory=partial(Table, "repository_id"))
    issues: Table[Issue] = field(default_factory=partial(Table, "repository_id"))
    pulls: Table[Pull] = field(default_factory=partial(Table, "repository_id"))
    comments: Table[Comment] = field(default_factory=partial(Table, "thread_id"))
    reactions: Table[Reaction] = field(default_factory=partial(Table, "subject_id"))
    reviews: Table[Review] = field(default_factory=partial(Table, "pull_id"))
    suites: Table[CheckSuite] = field(default_factory=partial(Table, "head_sha"))
    runs: Table[CheckRun] = field(default_factory=partial(Table, "head_sha"))
    statuses: Table[CommitStatus] = field(default_factory=partial(Table, "sha"))
    rules: Table[BranchRule] = field(default_factory=partial(Table, "repository_id"))
    rulesets: Table[Ruleset] = field(default_factory=partial(Table, "repository_id"))
    queue: dict[int, QueueEntry] = field(default_factory=dict)
    dispatches: dict[int, WorkflowDispatch] = field(default_factory=dict)
    deliveries: dict[int, Delivery] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make tables again of what was loaded as plain dicts."""
        for each in fields(self):
            empty = each.default_factory() if callable(each.default_factory) else None
            if isinstance(empty, Table):
                setattr(self, each.name, Table(empty.key, getattr(self, each.name)))


@cache
def state_adapter() -> TypeAdapter[State]:
    """Return the (costly to build) reader and writer of the saved state."""
    return TypeAdapter(State)


class World:
    """State, clock, git repositories, webhook queue and faults of one stand-in GitHub.

    `base_url` is `http://127.0.0.1:PORT` without a trailing slash: REST, GraphQL, git and pages share it.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.base_url = "http://127.0.0.1"
        self.clock = Clock()
        self.faults = Faults()
        self.hooks = Hooks(self)
        self.state = State()
        self.unsaved = False  # set by every request that may write
        self.running: set[asyncio.Future[None]] = set()  # requests; each is done with its answer
        self.late: set[asyncio.Task[None]] = set()  # what is done after it was said to have failed
        self.queue_lock = asyncio.Lock()  # one thing at a time happens to the merge queues
        self._git: dict[int, Git] = {}
        self._named: dict[str, int] = {}  # the repository that a full name led to when it was last asked for

    # ---- storing ----

    @property
    def _file(self) -> Path:
        return self.data / "state.json"

    def save(self) -> None:
        """Write the state beside the git repositories; the old file is replaced in one step."""
        temporary = self._file.with_suffix(".tmp")
        temporary.write_bytes(state_adapter().dump_json(self.state))
        temporary.replace(self._file)
        self.unsaved = False

    def load(self) -> bool:
        """Read the saved state, if there is one; return whether there was."""
        if not self._file.exists():
            return False
        self.state = state_adapter().validate_json(self._file.read_bytes())
        return True

    def new_id(self) -> int:
        """Return an id that nothing else has."""
        self.state.last_id += 1
        return self.state.last_id

    def new_token(self, prefix: str) -> str:
        """Return a fresh secret; callers must treat it as opaque, as with GitHub's."""
        return f"{prefix}_{secrets.token_urlsafe(30)}"

    # ---- people and Apps ----

    def user(self, login: str) -> User | None:
        """Return the person, bot or organization of that login, in any case."""
        return next((user for user in self.state.users.values() if user.login.lower() == login.lower()), None)

    def user_by_id(self, user_id: int | None) -> User | None:
        """Return a user, or None for None."""
        return None if user_id is None else self.state.users[user_id]

    def app(self, slug: str) -> App | None:
        """Return the App of that slug."""
        return next((app for app in self.state.apps.values() if app.slug == slug), None)

    def app_of_bot(self, user: User) -> App | None:
        """Return the App whose bot this user is."""
        return next((app for app in self.state.apps.values() if app.bot_id == user.id), None)

    def installation_of(self, app: App, repo: Repository) -> Installation | None:
        """Return the App's installation that covers the repository."""
        return next((one for one in self.installations_on(repo) if one.app_id == app.id), None)

    def installations_on(self, repo: Repository) -> list[Installation]:
        """Return the installations of every App on the repository, oldest first."""
        return [
            one
            for one in self.state.installations.values()
            if one.account_id == repo.owner_id and (one.repository_ids is None or repo.id in one.repository_ids)
        ]

    # ---- repositories ----

    def repository(self, owner: str, name: str) -> Repository | None:
        """Return a repository by its full name, in any case."""
        wanted = f"{owner}/{name}".lower()
        known = self.state.repositories.get(self._named.get(wanted, 0))
        if known is None or self.full_name(known).lower() != wanted:  # never asked for, or moved since
            known = next((repo for repo in self.repositories() if self.full_name(repo).lower() == wanted), None)
            if known is not None:
                self._named[wanted] = known.id
        return known

    def moved_repository(self, owner: str, name: str) -> Repository | None:
        """Return the repository that had this full name before, if none has it now."""
        old = f"{owner}/{name}".lower()
        if self.repository(owner, name) is not None:
            return None
        return next((repo for repo in self.repositories() if old in repo.former_names), None)

    def move_repository(self, repo: Repository, owner_id: int, name: str) -> None:
        """Give a repository another owner or name: its old full name leads to it until somebody takes that."""
        before, old = self.git(repo).path, self.full_name(repo).lower()
        repo.owner_id, repo.name = owner_id, name
        del self._git[repo.id]
        after = self.git(repo).path
        after.parent.mkdir(parents=True, exist_ok=True)
        before.rename(after)
        repo.former_names = [each for each in (*repo.former_names, old) if each != self.full_name(repo).lower()]

    def repositories(self) -> list[Repository]:
        """Return all repositories, oldest first."""
        return list(self.state.repositories.values())

    def owner(self, repo: Repository) -> User:
        """Return the account that owns the repository."""
        return self.state.users[repo.owner_id]

    def full_name(self, repo: Repository) -> str:
        """Return `owner/name`."""
        return f"{self.owner(repo).login}/{repo.name}"

    def git(self, repo: Repository) -> Git:
        """Return the bare git repository behind a repository."""
        if repo.id not in self._git:
            self._git[repo.id] = Git(self.data / "git" / f"{self.full_name(repo)}.git".lower())
        return self._git[repo.id]

    def role(self, repo: Repository, user: User) -> str:
        """Return the user's role: `none`, `read`, `triage`, `write`, `maintain` or `admin`."""
        if repo.owner_id == user.id:
            return "admin"
        return repo.collaborators.get(user.id, "none" if repo.private else "read")

    # ---- issues, pulls and what hangs on them ----

    def issues_of(self, repo: Repository) -> list[Issue]:
        """Return the repository's issues without pulls, oldest first."""
        return self.state.issues.of(repo.id)

    def pulls_of(self, repo: Repository) -> list[Pull]:
        """Return the repository's pulls, oldest first."""
        return self.state.pulls.of(repo.id)

    def head_repository(self, pull: Pull) -> Repository:
        """Return the repository that a pull's head branch is in: its own, or a fork."""
        return self.state.repositories[pull.head_repository_id or pull.repository_id]

    def pulls_from(self, repo: Repository) -> list[Pull]:
        """Return the pulls whose head branches are in a repository; those from a fork are its parent's."""
        candidates = [*self.pulls_of(repo), *self.state.pulls.of(repo.parent_id)]
        return [pull for pull in candidates if self.head_repository(pull).id == repo.id]

    def threads_of(self, repo: Repository) -> list[Issue]:
        """Return issues and pulls together, by number."""
        return sorted([*self.issues_of(repo), *self.pulls_of(repo)], key=lambda one: one.number)

    def issue(self, repo: Repository, number: int) -> Issue | None:
        """Return an issue that is not a pull."""
        return next((issue for issue in self.issues_of(repo) if issue.number == number), None)

    def pull(self, repo: Repository, number: int) -> Pull | None:
        """Return a pull."""
        return next((pull for pull in self.pulls_of(repo) if pull.number == number), None)

    def thread(self, repo: Repository, number: int) -> Issue | None:
        """Return the issue or pull of that number."""
        return self.issue(repo, number) or self.pull(repo, number)

    def thread_by_id(self, thread_id: int) -> Issue:
        """Return the issue or pull that a comment hangs on; KeyError if it is gone."""
        return self.state.issues.get(thread_id) or self.state.pulls[thread_id]

    def repository_of(self, thing: Issue | Comment | Label | CheckRun | CheckSuite | CommitStatus) -> Repository:
        """Return the repository that a record belongs to (for a Review: that of its pull)."""
        return self.state.repositories[thing.repository_id]

    def author(self, thing: Issue | Comment | Review) -> User:
        """Return who wrote an issue, pull, comment or review."""
        return self.state.users[thing.author_id]

    def label(self, repo: Repository, name: str) -> Label | None:
        """Return the repository's label of that name, in any case."""
        return next((label for label in self.repository_labels(repo) if label.name.lower() == name.lower()), None)

    def repository_labels(self, repo: Repository) -> list[Label]:
        """Return all labels of the repository, oldest first."""
        return self.state.labels.of(repo.id)

    def labels_of(self, thread: Issue) -> list[Label]:
        """Return the labels on an issue or pull in the order in which they were added."""
        return [self.state.labels[label_id] for label_id in thread.label_ids]

    def assignees_of(self, thread: Issue) -> list[User]:
        """Return the people assigned to an issue or pull."""
        return [self.state.users[user_id] for user_id in thread.assignee_ids]

    def comments_of(self, thread: Issue) -> list[Comment]:
        """Return the comments on an issue or pull, oldest first."""
        return self.state.comments.of(thread.id)

    def reactions_of(self, subject: Issue | Comment) -> list[Reaction]:
        """Return the reactions to an issue, pull or comment, oldest first."""
        return self.state.reactions.of(subject.id)

    def reviews_of(self, pull: Pull) -> list[Review]:
        """Return the submitted reviews of a pull, oldest first."""
        return self.state.reviews.of(pull.id)

    # ---- checks and statuses ----

    def suites_of(self, repo: Repository, sha: str) -> list[CheckSuite]:
        """Return the check suites of a commit: one per App, and one for each workflow that was started there."""
        return [suite for suite in self.state.suites.of(sha) if suite.repository_id == repo.id]

    def runs_of(self, repo: Repository, sha: str) -> list[CheckRun]:
        """Return every check run of a commit, reruns included, oldest first."""
        return [run for run in self.state.runs.of(sha) if run.repository_id == repo.id]

    def rolled_up_runs_of(self, repo: Repository, sha: str) -> list[CheckRun]:
        """Return the check runs that a commit's roll-up and required checks know: none of a dispatched workflow.

        https://github.com/ThemeParks/ThemeParks_JavaScript/pull/37
        """
        suites = self.state.suites
        return [run for run in self.runs_of(repo, sha) if suites[run.suite_id].event != "workflow_dispatch"]

    def latest_runs_of(self, repo: Repository, sha: str) -> list[CheckRun]:
        """Return the newest run per App and name of a commit: those that count."""
        return list({(run.app_id, run.name): run for run in self.rolled_up_runs_of(repo, sha)}.values())

    def runs_in(self, suite: CheckSuite) -> list[CheckRun]:
        """Return the runs of a suite, oldest first."""
        return [run for run in self.state.runs.of(suite.head_sha) if run.suite_id == suite.id]

    def statuses_of(self, repo: Repository, sha: str) -> list[CommitStatus]:
        """Return every status of a commit, oldest first."""
        return [one for one in self.state.statuses.of(sha) if one.repository_id == repo.id]

    def latest_statuses_of(self, repo: Repository, sha: str) -> list[CommitStatus]:
        """Return the newest status per context (contexts compare without case)."""
        return list({one.context.lower(): one for one in self.statuses_of(repo, sha)}.values())

    # ---- rules ----

    def protection(self, repo: Repository, branch: str) -> BranchRule | None:
        """Return the classic protection of a branch."""
        return next((rule for rule in self.protections_of(repo) if rule.pattern == branch), None)

    def protections_of(self, repo: Repository) -> list[BranchRule]:
        """Return all classic protections of the repository."""
        return self.state.rules.of(repo.id)

    def rulesets_of(self, repo: Repository) -> list[Ruleset]:
        """Return the rulesets of the repository, active or not."""
        return self.state.rulesets.of(repo.id)

    def queue_of(self, repo: Repository, branch: str) -> list[QueueEntry]:
        """Return the merge queue of a branch, the entry that merges next first."""
        here = (repo.id, branch)
        return [entry for entry in self.state.queue.values() if (entry.repository_id, entry.base_ref) == here]

    def queue_entry(self, pull: Pull) -> QueueEntry | None:
        """Return the pull's entry in a merge queue."""
        return next((entry for entry in self.state.queue.values() if entry.pull_id == pull.id), None)

    # ---- global ids ----

    def by_node_id(self, node_id: str) -> Noded | None:
        """Return the stored record with that node id, or None.

        Git objects and refs are not stored records: for their kinds use `model.decode_node_id` and `World.git`.
        """
        decoded = decode_node_id(node_id)
        if decoded is None or len(decoded[1]) != 1 or not decoded[1][0].isdigit():
            return None
        kind, (number,) = decoded
        found = next((table[int(number)] for table in self._tables() if int(number) in table), None)
        return found if found is not None and found.kind == kind else None

    def _tables(self) -> Iterator[dict[int, Noded]]:
        for name in vars(self.state):
            table = getattr(self.state, name)
            if name not in ("last_id", "tokens", "deliveries"):
                yield table
