"""Two clocks: ours, which may be wrong, and GitHub's, which its answers tell. Every time that GitHub names goes by its own.

Tokens end and quotas fill up by GitHub's clock, so what it says of them becomes our time as it comes in; what GitHub is told
or asked about (a JWT, "since when") has to be its time. Must not move anybody's clock.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

log = structlog.get_logger()

Clock = Callable[[], datetime]

#: Clocks that differ by less are one: GitHub tells whole seconds, some time after it wrote them.
TOLERANCE = timedelta(seconds=30)


def utc_now() -> datetime:
    """Return this machine's time in UTC."""
    return datetime.now(UTC)


class Clocks:
    """Our clock, and how far GitHub's was ahead of it at the last answer. One object per process."""

    def __init__(self, ours: Clock = utc_now) -> None:
        self.now = ours
        self._ahead = timedelta(0)

    def hear(self, said: datetime | None) -> None:
        """Learn from the time that an answer carries, `date` (UTC); None = it carries none, and nothing is learned."""
        if said is None:
            return
        ahead = said - self.now()
        if abs(ahead) <= TOLERANCE:
            ahead = timedelta(0)
        if bool(ahead) != bool(self._ahead):
            log.warning(
                "clock.differs_from_github" if ahead else "clock.right_again", github_ahead=ahead.total_seconds()
            )
        self._ahead = ahead

    def githubs(self) -> datetime:
        """Return what GitHub's clock shows now (UTC)."""
        return self.now() + self._ahead

    def ours(self, githubs: datetime) -> datetime:
        """Return what our clock shows when GitHub's shows that (both UTC)."""
        return githubs - self._ahead
