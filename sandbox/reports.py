"""What CI and Apps report on commits, as plain records: suites, check runs, statuses, and workflows that were started."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sandbox.model import Json, Noded


@dataclass
class CheckSuite(Noded):
    """Check runs of one App for one commit that began together; status and conclusion follow from the runs."""

    kind = "CS"
    id: int
    repository_id: int
    app_id: int
    head_sha: str
    head_branch: str | None
    created_at: datetime
    updated_at: datetime
    before: str | None = None
    after: str | None = None
    status: str = "queued"
    conclusion: str | None = None
    event: str = "push"  # what started it; one of `workflow_dispatch` is in no roll-up


@dataclass
class WorkflowDispatch(Noded):
    """A workflow that somebody started by the API; its jobs are the runs of its suite."""

    kind = "WFR"
    id: int
    repository_id: int
    workflow: str  # path of its file
    ref: str  # full name
    sha: str
    suite_id: int
    actor_id: int
    created_at: datetime
    inputs: Json = field(default_factory=dict)


@dataclass
class Annotation:
    """One remark of a check run on lines of a file."""

    path: str
    start_line: int
    end_line: int
    annotation_level: Literal["notice", "warning", "failure"]
    message: str
    start_column: int | None = None
    end_column: int | None = None
    title: str | None = None
    raw_details: str | None = None


@dataclass
class CheckAction:
    """A button on a completed check run."""

    label: str
    description: str
    identifier: str


@dataclass
class CheckRun(Noded):
    """One check run; `status` and `conclusion` in REST's lower case."""

    kind = "CR"
    id: int
    repository_id: int
    suite_id: int
    app_id: int
    name: str
    head_sha: str
    started_at: datetime | None
    status: str = "queued"
    conclusion: str | None = None
    completed_at: datetime | None = None
    external_id: str = ""
    details_url: str | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[Annotation] = field(default_factory=list)
    actions: list[CheckAction] = field(default_factory=list)


@dataclass
class CommitStatus(Noded):
    """A commit status; a newer one of the same context replaces it in the combined state."""

    kind = "SC"
    id: int
    repository_id: int
    sha: str
    context: str
    state: Literal["error", "failure", "pending", "success"]
    creator_id: int
    created_at: datetime
    app_id: int | None = None
    description: str | None = None
    target_url: str | None = None
