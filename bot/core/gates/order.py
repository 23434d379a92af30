"""Gate: everything that must land first has landed. Must not ask why a need is late; the need says so itself."""

from bot.core.gates import Case, Gate
from bot.core.text import name
from bot.core.views import GateResult, GateVerdict, Need


def check(case: Case) -> GateResult:
    """Wait for the first need that is not met, in plan order."""
    unmet = [need for need in case.needs if not need.met]
    if not unmet:
        return GateResult(gate=GATE.name, verdict=GateVerdict.PASS, reason=_passed(case.needs))
    first = unmet[0]
    number = f" (#{first.pull})" if first.pull is not None else ""
    more = f", and for {len(unmet) - 1} more" if len(unmet) > 1 else ""
    return GateResult(
        gate=GATE.name,
        verdict=GateVerdict.WAIT,
        reason=f"Waiting for {name(first.key)}{number}: {_why(first)}{more}",
        url=f"{case.facts.repository.url}/pull/{first.pull}" if first.pull is not None else None,
        next_actor=first.next_actor or name(first.key),
    )


def _passed(needs: tuple[Need, ...]) -> str:
    if not needs:
        return "Needs nothing"
    more = f" and {len(needs) - 3} more" if len(needs) > 3 else ""
    return f"Everything it needs has landed: {', '.join(name(need.key) for need in needs[:3])}{more}"


def _why(need: Need) -> str:
    """The need's own reason as the end of a sentence.

    Of a need that waits for its own needs only the next one is named: a chain of fifty must not become a text of fifty.
    """
    reason = need.waits_for or need.stage.value.replace("-", " ")
    if reason.startswith("Waiting for "):
        head = reason.partition(": ")[0]
        reason = head if head.count("`") % 2 == 0 else "waiting for its own needs"
    return reason[:1].lower() + reason[1:] if reason[1:2].islower() or reason[1:2] == " " else reason


GATE = Gate(name="order", title="Order", position=30, check=check)
