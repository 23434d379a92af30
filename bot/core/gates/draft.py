"""Gate: somebody worked on it and handed it in. Must not look at what the work is."""

from bot.core.gates import OWNER, Case, Gate
from bot.core.views import GateResult, GateVerdict


def check(case: Case) -> GateResult:
    """Wait for a push, then for the pull to leave draft; without drafts, for `/signalbox ready`."""
    if not case.has_work:
        return _waiting(case, "Nobody has pushed yet")
    if case.pull.draft:
        return _waiting(case, "Still a draft")
    if not case.drafts and case.key not in case.intent.handed_in:
        return _waiting(case, "Not handed in yet: comment `/signalbox ready` on the pull request when it is done")
    return GateResult(gate=GATE.name, verdict=GateVerdict.PASS, reason="Handed in", url=case.pull.url)


def _waiting(case: Case, reason: str) -> GateResult:
    return GateResult(
        gate=GATE.name,
        verdict=GateVerdict.WAIT,
        reason=reason,
        url=case.pull.url,
        next_actor=OWNER,
    )


GATE = Gate(name="draft", title="Handed in", position=40, check=check)
