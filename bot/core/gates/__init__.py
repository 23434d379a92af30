"""Gates: named reasons that a pull request may or may not merge. One file each, found by registry.py.

A gate is a pure function of one Case. Must not look at other workstreams except through `Case.needs`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.core.config import Config
from bot.core.facts import Facts, PullFacts
from bot.core.model import Intent, Key, Plan, PullNumber, Workstream
from bot.core.verify import Verification
from bot.core.views import GateResult, Need, RollbackView

#: Whoever works on the workstream. Not "its author": for GitHub that is the bot, which opened the pull.
OWNER = "its owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """A merge with which the base is not verified yet."""

    what: str  # a workstream's key or "rollback 1", unsafe
    pull: PullNumber
    found: Verification | None  # None = the base does not show the merge yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One workstream and all that a gate may ask about it."""

    facts: Facts
    plan: Plan
    stream: Workstream
    pull: PullFacts  # an open pull
    needs: tuple[Need, ...]
    intent: Intent
    config: Config
    has_work: bool  # somebody pushed more than the opening commit
    drafts: bool  # False = the repository has no drafts; handing in is `/signalbox ready`
    head_since: datetime  # when this head was first seen, UTC
    behind: int | None = None  # commits of the base that its branch has not; None = not known
    unproven: Unproven | None = None  # the plan's oldest merge that is not verified
    returning: RollbackView | None = None  # the rollback under way

    @property
    def key(self) -> Key:
        """The workstream's key."""
        return self.stream.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate: `check` returns a GateResult whose `gate` is `name`."""

    name: str
    title: str  # as the tables show it: "Order"
    position: int  # where it stands in the tables, lowest first
    check: Callable[[Case], GateResult]
