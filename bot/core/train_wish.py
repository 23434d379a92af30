"""What a plan wants of the train on its base after a turn's thinking; the store says whether it gets it.

Must not know who else wants it: that is settled under a lock, long after these facts were read.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from bot.core.model import Key


class WishKind(Enum):
    """What a plan wants of the turn on its base."""

    KEEP = "keep"  # something of it is unverified: nobody else may merge meanwhile
    TAKE = "take"  # it would merge now
    WAIT = "wait"  # it would merge, but another plan has the turn or freezes the base
    NONE = "none"  # it has nothing to merge and nothing to verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a plan wants, why, and whether it freezes its base meanwhile."""

    kind: WishKind
    doing: str = ""  # what it does while it has the turn, safe markdown without a full stop
    key: Key | None = None  # its first workstream that may merge; of KEEP, where none may, the one that is verified
    since: datetime | None = None  # UTC, since when that may merge; None = since now. Who waits already keeps its place
    frozen: str | None = None  # why nobody else may merge, safe markdown without a full stop; None = no freeze
    outside: bool = False  # `frozen` stops pulls outside plans too
