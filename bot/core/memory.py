"""What a plan remembers from turn to turn: what people asked for, and when things were first seen.

Stored as one document per plan. Everything else is read from GitHub anew in every turn; must not hold anything that
GitHub can say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.examination import Examined
from bot.core.facts import Seen
from bot.core.ledger import Checkpoint, Judged, Landing, Rollback, Stray
from bot.core.model import Branch, Intent, Key, NodeId, Plan, PullNumber, Sha
from bot.core.trial import Tested


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one pull's comment on failed CI says, and the pull's newest green head. Digests are those of the markers."""

    green: Sha | None = None
    subject: NodeId | None = None  # the pull, where the comment is
    comment: NodeId | None = None  # None = none is written, as far as is known
    about: str = ""  # what the comment is to tell: see failures.about_of; "" = nothing
    sha: Sha | None = None  # the commit that failed last
    wanted: str = ""  # digest of the text that the comment is to show
    shown: str = ""  # digest of the text that it shows; "" = not known
    lost: int = 0  # comments that people deleted

    @property
    def settled(self) -> bool:
        """Whether the comment shows what it is to show."""
        return self.wanted == self.shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """That a pull was seen in GitHub's merge queue: if it left unmerged, it is not put in again for nothing."""

    head: Sha
    base: Sha | None  # tip of the base then
    asked: datetime | None = None  # UTC, when somebody last said `/signalbox merge` by then; None = nobody had


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """That the plan was restored after its database was lost: what was said before is not carried out again."""

    mark: str  # 12 hex digits; the checks that are written since carry it, see check.py
    newest: int  # serial of the newest comment that was there: all up to it was read then
    waiting: tuple[str, ...] = ()  # sources of the commands up to there that nobody had answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The whole memory of one plan."""

    intent: Intent = field(default_factory=Intent)
    approved_body: str | None = None  # the body that is in force, by `start` or by `accept`
    approved_plan: Plan | None = None  # as it was read then: a later reader must not read a running plan differently
    good_config: str | None = None  # the last text of .github/signalbox.yml without a mistake
    # "stage/W1", "gate/W1/checks", "head/W1" -> since when; "shown/W1": when the read had ended that first showed the head
    seen: Mapping[str, Seen] = field(default_factory=dict)
    comment: NodeId | None = None  # the status comment
    latest: Mapping[str, tuple[datetime, int]] = field(
        default_factory=dict
    )  # slot -> when its last command was written
    checks: Mapping[str, NodeId] = field(default_factory=dict)  # head sha -> our run, until a read shows it
    asked: tuple[Branch | None, tuple[Branch, ...]] = (
        None,
        (),
    )  # base and branches of the last read: a guess for the next
    tip_at: datetime | None = None  # when the base was first seen there, UTC
    tip: Sha | None = None  # tip of the base up to which its course was taken in; None = since the start
    judged: Mapping[Key, Judged] = field(default_factory=dict)  # merges that were tried, until they are in the ledger
    landings: tuple[Landing, ...] = ()  # in the order of landing
    checkpoints: tuple[Checkpoint, ...] = ()  # in the order of making, cp-0 first
    rollbacks: tuple[Rollback, ...] = ()  # in the order of numbers
    strays: tuple[Stray, ...] = ()  # the newest, oldest first
    trials: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # two heads -> the paths on which they conflict
    tested: Mapping[str, Tested] = field(default_factory=dict)  # combinations of heads -> what CI said of them together
    watched: tuple[Sha, ...] = ()  # commits that the last read looked at: a guess for the next
    adopted: tuple[Key, ...] = ()  # workstreams whose branch was there before they came in: it is not ours to delete
    queued: Mapping[str, Queued] = field(default_factory=dict)  # key, or "rollback 1" -> see merge_queue.py
    drafts: bool = True  # False = this repository refuses draft pull requests
    told: Mapping[PullNumber, Told] = field(default_factory=dict)  # what pulls' comments say of CI
    refusals: Mapping[str, str] = field(default_factory=dict)  # action -> GitHub's words, shown until it works
    examined: Examined | None = None  # what the last look at the set-up found; None = the plan is new
    heard: tuple[int, ...] = ()  # serials of the comments whose commands were answered, the newest, rising; keepsake.py
    restored: Restored | None = None  # None = the database was never lost
    lost: str = (
        ""  # why nothing is known of what was before the database was lost, one safe sentence; shown until a start
    )
