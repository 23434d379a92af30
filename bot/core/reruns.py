"""Whether failed checks on the base run again before they count, and the words for it.

Part of verify.py. Only jobs of GitHub Actions: of any other check GitHub takes the wish from its own App alone. Must not
choose actions (base_ci.py does).
https://docs.github.com/en/rest/checks/runs#rerequest-a-check-run
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.core.config import Config
from bot.core.facts import CheckFacts, CheckState
from bot.core.ledger import Rerun
from bot.core.model import RunId, Sha
from bot.core.reported import ending, names_of
from bot.core.text import code, cut

ACTIONS = "github-actions"  # slug of GitHub's own App, the same on Enterprise Server

#: Endings that may be a whim. A job that was cancelled, or that could not start, ended by somebody's doing.
_WHIMS = frozenset({"failure", "timed_out"})
_TIMES = {1: "once", 2: "twice"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """Failed checks that do not count yet, since all of them run again."""

    now: tuple[CheckFacts, ...]  # those that GitHub is to be asked for now
    reason: str  # one safe markdown sentence without a full stop
    until: datetime  # when time alone ends it, UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """What was run again on one commit, and within which bounds more may be."""

    noted: tuple[Rerun, ...]
    config: Config
    landed: datetime  # UTC
    now: datetime  # UTC

    @property
    def since(self) -> datetime:
        """When CI last began with the commit, as far as Signalbox had a part in it."""
        return max([self.landed, *(each.at for each in self.noted if each.taken)])

    def failures(self, check: CheckFacts) -> int:
        """Return how often a check of that name failed before this run of it."""
        return len([each for each in self.noted if each.name == check.name and _ran(each, check.run)])

    def of(self, check: CheckFacts) -> Rerun | None:
        """Return the wish that this very run should run again."""
        return next((each for each in self.noted if each.run == check.run and each.name == check.name), None)

    def chance(
        self, failed: Iterable[CheckFacts], every: Iterable[CheckFacts], red_before: Iterable[CheckFacts]
    ) -> Chance | None:
        """Return what is still to come of the failed checks; None if one of them counts.

        `every`: all checks on the commit; `red_before`: those of the failed ones that had failed before the merge.
        """
        failed, never = tuple(failed), set(red_before)
        ends = [self._end(each) if each not in never else None for each in failed]
        if any(end is None or end <= self.now for end in ends):
            return None
        going = {each.suite for each in every if each.state is CheckState.PENDING}
        wished = [each for each in failed if (note := self.of(each)) is None or not note.taken]
        now = tuple(each for each in wished if each.suite not in going)
        tail = " when the rest of its workflow has run" if wished and not now else ""
        return Chance(now=now, reason=self.runs_again(failed) + tail, until=min(end for end in ends if end is not None))

    def _end(self, check: CheckFacts) -> datetime | None:
        """Until when a failed check is waited for, None = not at all."""
        note = self.of(check)
        if note is not None and note.refused:
            return None
        if note is not None and note.taken:
            return note.at + self.config.checks_grace  # GitHub shows the new run within moments
        runs = len([each for each in self.noted if each.name == check.name and not each.refused and each != note])
        able = check.app_slug == ACTIONS and check.run is not None and check.conclusion in _WHIMS
        if not able or runs >= self.config.retries:
            return None
        ended = check.completed_at or self.now
        in_time = ended < self.since + self.config.verify_timeout  # one that came too late is late already
        return ended + self.config.verify_timeout if in_time else None

    def runs_again(self, checks: Iterable[CheckFacts]) -> str:
        """Return that checks failed and run again: "`tests` failed once and runs again"."""
        first, *others = checks
        if others:
            return f"{names_of(each.name for each in (first, *others))} failed and run again"
        times = self.failures(first) + (first.state is CheckState.FAILED)
        return f"{_name(first)} failed {_often(times)} and runs again"

    def passed(self, checks: Iterable[CheckFacts], sha: Sha) -> tuple[str, ...]:
        """Return for each passed check that had failed: "`tests` failed once on `abc1234` and passed when it ran again"."""
        return tuple(
            f"{_name(each)} failed {_often(times)} on {code(sha[:7])} and passed when it ran again"
            for each in checks
            if (times := self.failures(each))
        )

    def ended(self, failed: Iterable[CheckFacts]) -> str:
        """Return how failed checks ended, first one that ran again or could not: "`tests` by CI failed twice"."""
        first, *others = sorted(failed, key=lambda each: self.of(each) is None and not self.failures(each))
        return self._ended(first) + (f", and {len(others)} more" if others else "")

    def _ended(self, check: CheckFacts) -> str:
        note, times = self.of(check), self.failures(check)
        words = ending(check)
        if times:
            words += f" {_often(times + 1)}" if check.conclusion in _WHIMS else f" after it had failed {_often(times)}"
        if note is None:
            return words
        if note.refused:
            return f"{words} and could not be run again: {note.refused}"
        return f"{words} and did not run again in time"


def _ran(note: Rerun, run: RunId | None) -> bool:
    return not note.refused and run is not None and note.run < run


def _often(times: int) -> str:
    return _TIMES.get(times, f"{times} times")


def _name(check: CheckFacts) -> str:
    return code(cut(check.name, 80))
