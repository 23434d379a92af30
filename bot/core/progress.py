"""What one turn brought, for the metrics: landings, rollbacks, the end of the plan, and how long gates held something up.

Read off the plan's memory before and after the turn. Both are stored, so that neither a restart nor another process
counts a thing twice. Must not name anything: numbers only.
"""

from dataclasses import dataclass

from bot.core.decide import Decision
from bot.core.memory import Memory
from bot.core.model import PlanState
from bot.core.views import GateVerdict

_PASSED = f"{GateVerdict.PASS.value}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What happened between two turns of one plan."""

    merged: int = 0  # pulls that landed by Signalbox's decision
    merged_by_others: int = 0
    rollbacks: int = 0  # that were begun
    completed: bool = False
    waits: tuple[tuple[str, float], ...] = ()  # (gate, seconds) of each wait that is over


def progress(before: Memory, decision: Decision, *, was_open: bool) -> Progress:
    """Compare the memory that a turn began with and the one that it committed."""
    known = {each.pull for each in before.landings}
    landed = [each for each in decision.memory.landings if each.pull not in known]
    return Progress(
        merged=sum(each.decided for each in landed),
        merged_by_others=sum(not each.decided for each in landed),
        rollbacks=len(decision.memory.rollbacks) - len(before.rollbacks),
        completed=was_open and not decision.open and decision.view.state is PlanState.COMPLETED,
        waits=tuple(_ended(before, decision)),
    )


def _ended(before: Memory, decision: Decision) -> list[tuple[str, float]]:
    """A wait is over when its gate passes, when it waits for something else, and when the workstream is through."""
    after = decision.memory.seen
    return [
        (key.rpartition("/")[2], max((decision.view.now - seen.since).total_seconds(), 0.0))
        for key, seen in before.seen.items()
        if key.startswith("gate/")
        and not seen.value.startswith(_PASSED)
        and (key not in after or after[key].value != seen.value)
    ]
