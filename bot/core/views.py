"""What was concluded from the facts, in the shape in which every surface shows it: check, comment, page, log, `why`.

One record per gate feeds them all, so no two surfaces can say different things. Must not choose words for a surface
(render/) or actions (decide.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from bot.core.config import Config
from bot.core.examination import Symptom
from bot.core.facts import BaseFacts, CheckFacts, IssueFacts, PullFacts, RepositoryFacts, TrainFacts
from bot.core.ledger import Checkpoint, Landing, Rollback, Stray
from bot.core.model import (
    Branch,
    Intent,
    Key,
    Plan,
    PlanState,
    Problem,
    PullNumber,
    Removal,
    Revision,
    Sha,
    Stage,
    Workstream,
)  # fmt: skip
from bot.core.verify import Verification


class GateVerdict(Enum):
    """May it pass, and if not, who is wanted."""

    PASS = "pass"  # noqa: S105 - a verdict, not a secret
    WAIT = "wait"  # time, a machine or another workstream will settle it
    NEEDS_HUMAN = "needs_human"  # somebody has to do something
    BLOCK = "block"  # a violation: it must not merge like this


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """One named reason that a pull may or may not merge."""

    gate: str  # the gate's name: "order"
    verdict: GateVerdict
    reason: str  # one plain sentence without a full stop, safe to put into markdown as it is
    url: str | None = None  # where to look
    since: datetime | None = None  # filled in by judge.py from memory
    next_actor: str = ""  # who moves next, safe markdown too: "CI", "a reviewer", "W1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A workstream that must be DONE first, and how far it is."""

    key: Key
    stage: Stage
    met: bool
    pull: PullNumber | None
    waits_for: str  # the one-line reason of its own first gate that does not pass, "" if met
    next_actor: str = ""  # who moves next, safe markdown; "" = whoever has the need itself


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkstreamView:
    """Where one workstream stands."""

    workstream: Workstream
    branch: Branch
    stage: Stage
    since: datetime  # UTC, when the stage was first seen
    needs: tuple[Need, ...]
    gates: tuple[GateResult, ...]  # every gate, in the order they are shown; empty once it has landed
    pull: PullFacts | None
    branch_sha: Sha | None  # tip of its branch, None = no branch
    landed_out_of_order: tuple[Key, ...] = ()  # needs that were not DONE when somebody merged it
    behind: int | None = None  # commits of the base that its branch has not; None = not known
    landing: Landing | None = None  # its merge, once the base shows it
    unseen: bool = False  # it was merged so long ago that the base should show it, and does not
    removed: Removal | None = None  # the accepted edit that left it out; None = it is in the plan
    ejected: bool = False  # GitHub's merge queue took this head out again, and nothing has changed since
    note: str = ""  # why it is in this stage where the gates do not say it ("closed without being merged")

    @property
    def blocking(self) -> tuple[GateResult, ...]:
        """The gates that do not pass, in the order they are shown."""
        return tuple(gate for gate in self.gates if gate.verdict is not GateVerdict.PASS)

    @property
    def asked_about(self) -> bool:
        """Whether an accepted edit left it out and nobody has said yet what becomes of it."""
        return self.removed is not None and self.stage not in {Stage.DONE, Stage.VERIFYING, Stage.CANCELLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """CI said no: to the head of a workstream's pull, or to the base after a pull was merged into it."""

    key: str  # the workstream's, or "rollback 1"
    pull: PullFacts
    sha: Sha  # the head, or the commit that the merge made
    checks: tuple[CheckFacts, ...]  # those that count and failed; on the base also those that never ended
    reason: str  # one safe markdown sentence without a full stop
    green: Sha | None = None  # of the head: an earlier one of this pull that was green
    landing: Landing | None = None  # of the base; None = of the head
    checkpoint: Checkpoint | None = None  # of the base: the newest one without this merge


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackView:
    """The rollback that is under way, or whose merge is being verified."""

    rollback: Rollback
    branch: Branch
    pull: PullFacts | None
    gates: tuple[GateResult, ...] = ()  # of its open pull
    ejected: bool = False  # as in WorkstreamView

    @property
    def ready(self) -> bool:
        """Whether its pull may be merged."""
        return bool(self.gates) and all(gate.verdict is GateVerdict.PASS for gate in self.gates)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """The whole plan as it stands after one turn's thinking."""

    state: PlanState
    plan: Plan  # the revision in force and, at the end, what accepted edits left out; before a start, the issue's body
    revision: Revision  # of the text in force
    pending: Plan | None  # the issue's body as it is now, where it differs from the revision in force
    problems: tuple[Problem, ...]  # of the plan in the issue and of its surroundings (branches, base)
    config: Config
    config_problems: tuple[Problem, ...]  # mistakes in .github/signalbox.yml; `config` is then the last good one
    intent: Intent
    repository: RepositoryFacts
    issue: IssueFacts
    base: BaseFacts
    streams: tuple[WorkstreamView, ...]  # in plan order
    waves: tuple[tuple[Key, ...], ...]
    tags: Mapping[str, Sha]  # below "signalbox/<issue>/": full name -> commit
    now: datetime
    checkpoints: tuple[Checkpoint, ...] = ()  # in the order of making
    landings: tuple[Landing, ...] = ()  # in the order of landing
    verifications: Mapping[PullNumber, Verification] = field(default_factory=dict)  # of the landings not verified yet
    rollback: RollbackView | None = None
    rollbacks: tuple[Rollback, ...] = ()  # all of them, in the order of numbers
    trials: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # see Memory
    strays: tuple[Stray, ...] = ()  # newest commits on the base by others, oldest first
    train: TrainFacts = field(default_factory=TrainFacts)
    pending_since: datetime | None = None  # UTC, when `pending` was written
    pending_problems: tuple[Problem, ...] = ()  # of `pending`, and of what it would run into
    symptoms: tuple[Symptom, ...] = ()  # what the self-check found, problems first
    lost: str = ""  # see Memory

    @property
    def approved(self) -> Plan:
        """The plan as the text in force reads: `plan` without what accepted edits left out."""
        left_out = self.intent.removed
        kept = tuple(each for each in self.plan.workstreams if each.key not in left_out)
        return replace(self.plan, workstreams=kept)

    def stream(self, key: Key) -> WorkstreamView:
        """Return the view of a workstream of the plan; KeyError for a key the plan has not."""
        for each in self.streams:
            if each.workstream.key == key:
                return each
        raise KeyError(key)

    @property
    def next_to_merge(self) -> WorkstreamView | None:
        """The first workstream, in plan order, that may merge now."""
        return next((each for each in self.streams if each.stage is Stage.MERGEABLE), None)
