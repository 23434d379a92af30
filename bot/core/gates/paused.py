"""Gate: the plan as a whole may move. Must not look at the workstream."""

from bot.core.gates import Case, Gate
from bot.core.text import cut, login, plain
from bot.core.views import GateResult, GateVerdict


def check(case: Case) -> GateResult:
    """Stop for a plan that was cancelled or paused, or whose issue is closed."""
    intent, issue = case.intent, case.facts.issue
    if intent.cancelled is not None:
        reason = f"The plan was cancelled by {login(intent.cancelled.by)}"
        return GateResult(gate=GATE.name, verdict=GateVerdict.BLOCK, reason=reason, url=issue.url)
    if not issue.open:
        return GateResult(
            gate=GATE.name,
            verdict=GateVerdict.NEEDS_HUMAN,
            reason=f"The plan's issue #{issue.number} is closed: reopen it to go on",
            url=issue.url,
            next_actor="whoever looks after the plan",
        )
    if intent.paused is not None:
        why = f": {plain(cut(intent.paused.reason, 200))}" if intent.paused.reason.strip() else ""
        return GateResult(
            gate=GATE.name,
            verdict=GateVerdict.WAIT,
            reason=f"The plan was paused by {login(intent.paused.by)}{why}",
            url=issue.url,
            next_actor=login(intent.paused.by),
        )
    return GateResult(gate=GATE.name, verdict=GateVerdict.PASS, reason="The plan is running")


GATE = Gate(name="paused", title="Plan", position=10, check=check)
