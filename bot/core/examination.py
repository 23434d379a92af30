"""What an examination of a repository's set-up found on GitHub, and what a symptom is.

Filled by github/checkup.py, on a slow clock and for `signalbox doctor`; judged by diagnosis.py. Must not hold anything
that a decision is made from: an examination only ever leads to words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from bot.core.facts import RequiredCheck
from bot.core.model import Branch, MergeMethod


class Health(Enum):
    """How much a symptom weighs."""

    OK = "ok"
    WARNING = "warning"  # it works, but not as well or as safely as it could
    PROBLEM = "problem"  # something cannot work, or does not move


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One finding of the self-check. All texts are safe markdown in one line without a full stop."""

    code: str  # "permission-checks": stable, for machines
    health: Health
    what: str
    why: str = ""  # why it matters; "" where it is fine
    remedy: str = ""  # what to do; "" where it is fine


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What an App may do and what it hears of."""

    permissions: Mapping[str, str]  # "pull_requests" -> "read" or "write"
    events: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One webhook that GitHub has sent, or tried to."""

    at: datetime  # UTC
    status: int  # of our answer; 0 or 5xx where there was none


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The base branch as far as the set-up is about it. Checks and pulls are the newest few, see github/checkup.py."""

    base: Branch
    found: bool  # the branch exists
    archived: bool
    merge_methods: frozenset[MergeMethod]
    merge_queue: bool
    required: tuple[RequiredCheck, ...]  # of rulesets and of classic protection, each with the App it is pinned to
    reported: frozenset[
        tuple[str, int | None]
    ]  # name and App (None = a commit status) on the heads that were looked at
    heads: int  # how many heads of the base and of pulls were looked at
    config_source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """Everything that one examination read."""

    slug: str  # of the App
    wanted: Grant  # what the App asks for on its own page
    granted: Grant | None  # what the installation grants; None = the App is not installed on the repository
    grants_url: str = ""  # where an administrator grants it
    suspended: bool = False
    hook_url: str = ""  # where GitHub sends webhooks; "" = nowhere
    sent: tuple[Sent, ...] = ()  # webhooks of this installation among the App's newest, newest first
    ground: Ground | None = None  # None = the App may not look


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What a plan remembers of its last examination."""

    due: datetime  # UTC, when the next one is
    symptoms: tuple[Symptom, ...] = ()  # none that is fine
    protected: bool = (
        False  # the base was found to require our check, perhaps by a rule that a plan's own read cannot see
    )
