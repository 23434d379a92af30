"""Gate: nobody holds this workstream back. Must not know when a hold ends: only a command lifts it."""

from bot.core.gates import Case, Gate
from bot.core.model import Order
from bot.core.text import cut, login, plain
from bot.core.views import GateResult, GateVerdict


def check(case: Case) -> GateResult:
    """Ask for whoever skipped it or holds it."""
    if (skipped := case.intent.skipped.get(case.key)) is not None:
        return _stopped("Skipped", skipped)
    if (held := case.intent.held.get(case.key)) is not None:
        return _stopped("Held", held)
    return GateResult(gate=GATE.name, verdict=GateVerdict.PASS, reason="Not held")


def _stopped(how: str, order: Order) -> GateResult:
    reason = f": {plain(cut(order.reason, 200))}" if order.reason.strip() else ""
    return GateResult(
        gate=GATE.name,
        verdict=GateVerdict.NEEDS_HUMAN,
        reason=f"{how} by {login(order.by)}{reason}",
        next_actor=login(order.by),
    )


GATE = Gate(name="hold", title="Hold", position=20, check=check)
